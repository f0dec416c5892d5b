//! The six monitored operations: what a chain of migrations costs a server, night after night.

use std::collections::{BTreeMap, BTreeSet};

use confiture_core::catalog::{Catalog, ObjectId};
use confiture_core::db::Server;
use confiture_core::migration::{Direction, Script};
use confiture_core::report::{OperationProfile, PerformanceProfile};
use confiture_fixtures::{FixtureError, TestSource};

use crate::error::{PerfError, doing};
use crate::ground::Ground;
use crate::load::{Timed, Work, timed};
use crate::passes::{TimeOptions, concluded, in_turns, inconclusive, measured, refused};
use crate::stages::{StageOptions, Stages};

/// Rows of the table whose index is built.
const LARGE: u64 = 100_000;
/// Rows of each table that bulk inserts may refer to.
const PARENTS: u64 = 1000;
/// Tables that are tried for the bulk insert.
const CANDIDATES: usize = 8;

/// The names, in the order they are measured.
pub const OPERATIONS: [&str; 6] =
    ["forward", "rollback", "bulk-insert-10k", "bulk-insert-50k", "index-build", "multi-table"];

/// Measures the six operations of a chain; with a `base`, both in turns.
///
/// - `forward`: all migrations up on empty tables.
/// - `rollback`: all downs from the last migration to the first that has none.
/// - `bulk-insert-10k`, `-50k`: so many generated rows into the widest table of the last schema that takes them.
/// - `index-build`: an index on a column of that table with 100 000 rows.
/// - `multi-table`: the migration that locks most tables, by the locks that `profile` holds.
///
/// An operation that a chain does not have says why.
///
/// # Errors
/// When the server is lost, or refuses what is asked of it besides the migrations.
pub async fn operations(
    server: &Server,
    source: &TestSource,
    base: Option<&TestSource>,
    stage: &StageOptions,
    time: &TimeOptions,
    profile: &PerformanceProfile,
    doing: &mut (dyn FnMut(&str) + Send),
) -> Result<Vec<OperationProfile>, PerfError> {
    let mut found = Vec::new();
    let mut turns = Vec::new();
    let runs = if base.is_some() { time.needed(OPERATIONS.len()) } else { time.runs };
    for name in OPERATIONS {
        doing(&format!("operation {name}"));
        let mut operation = OperationProfile {
            name: name.to_owned(),
            what: String::new(),
            rows: 0,
            skipped: None,
            timings: None,
        };
        let head = Box::pin(Prepared::of(name, server, source, stage, profile)).await?;
        let head = match head {
            Ok(head) => head,
            Err(why) => {
                operation.skipped = Some(why);
                found.push((operation, false));
                continue;
            }
        };
        (operation.what, operation.rows) = (head.what.clone(), head.rows);
        let before = match base {
            None => None,
            Some(base) => Some(Box::pin(Prepared::of(name, server, base, stage, profile)).await?),
        };
        let compared = match &before {
            Some(Ok(before)) => {
                let both = (before.scripts(), head.scripts());
                let (old, new) = (before.timed(&both.0), head.timed(&both.1));
                let one = Box::pin(in_turns(old, new, runs, &time.rule)).await;
                turns.push(one.map(Ok).or_else(|error| refused(error).map(Err))?);
                true
            }
            _ => {
                let scripts = head.scripts();
                operation.timings = Some(alone(head.timed(&scripts), runs).await?);
                false
            }
        };
        found.push((operation, compared));
        head.ground.close().await?;
        if let Some(Ok(before)) = before {
            before.ground.close().await?;
        }
    }
    let mut verdicts = concluded(turns, &time.rule).into_iter();
    let conclude = |(mut operation, compared): (OperationProfile, bool)| {
        if compared {
            operation.timings = verdicts.next();
        }
        operation
    };
    Ok(found.into_iter().map(conclude).collect())
}

async fn alone(work: Timed<'_>, runs: usize) -> Result<confiture_core::report::Timings, FixtureError> {
    let mut times = Vec::new();
    // The first run is not counted: it warms caches.
    for run in 0..=runs {
        match timed(work).await {
            Ok(timing) if run > 0 => times.push(timing),
            Ok(_) => {}
            Err(error) => return Ok(inconclusive(refused(error)?)),
        }
    }
    Ok(measured(&times))
}

/// An operation on the ground it needs.
struct Prepared<'a> {
    ground: Ground,
    what: String,
    rows: u64,
    job: Job<'a>,
}

enum Job<'a> {
    Scripts(Vec<(&'a Script, Direction)>),
    Statement(String),
    Rows { catalog: Box<Catalog>, table: ObjectId, rows: u64, seed: u64 },
}

impl<'a> Prepared<'a> {
    /// The scripts it runs; none where it runs something else.
    fn scripts(&self) -> Vec<(&'a Script, Direction)> {
        match &self.job {
            Job::Scripts(scripts) => scripts.clone(),
            Job::Statement(_) | Job::Rows { .. } => Vec::new(),
        }
    }

    fn timed<'b>(&'b self, scripts: &'b [(&'b Script, Direction)]) -> Timed<'b> {
        let work = match &self.job {
            Job::Scripts(_) => Work::Scripts(scripts),
            Job::Statement(sql) => Work::Statement(sql),
            Job::Rows { catalog, table, rows, seed } => {
                Work::Rows { catalog, table, rows: *rows, seed: *seed }
            }
        };
        Timed { ground: &self.ground, work }
    }

    /// The operation `name` of a chain, or why it has none.
    async fn of(
        name: &str,
        server: &Server,
        source: &'a TestSource,
        stage: &StageOptions,
        profile: &PerformanceProfile,
    ) -> Result<Result<Self, String>, PerfError> {
        let with = |rows: u64| {
            let mut stage = stage.clone();
            stage.ladder.rows = rows;
            stage
        };
        let migrations = &source.loaded.migrations;
        let end = migrations.len();
        match name {
            "forward" => {
                if let Some(why) = Box::pin(shared(server, source, with(0))).await? {
                    return Ok(Err(why));
                }
                let scripts: Vec<_> = migrations.iter().filter_map(|m| m.up.script()).collect();
                let scripts: Vec<_> = scripts.into_iter().map(|script| (script, Direction::Up)).collect();
                let what = format!("{} migrations up", scripts.len());
                Self::scripted(server, source, 0, with(0), what, scripts).await
            }
            "rollback" => {
                let downs = migrations.iter().rev().map_while(|migration| migration.down.script());
                let downs: Vec<_> = downs.map(|script| (script, Direction::Down)).collect();
                if downs.is_empty() {
                    return Ok(Err("the last migration cannot be rolled back".to_owned()));
                }
                if let Some(why) = Box::pin(shared(server, source, with(0))).await? {
                    return Ok(Err(why));
                }
                let what = format!("{} migrations down", downs.len());
                Self::scripted(server, source, end, with(PARENTS), what, downs).await
            }
            "multi-table" => {
                let Some((index, tables)) = widest(source, profile) else {
                    return Ok(Err("no migration changes two tables that were there before".to_owned()));
                };
                let migration = &migrations[index];
                let Some(script) = migration.up.script() else {
                    return Ok(Err("it has no script".to_owned()));
                };
                let what = format!("{}, which locks {tables} tables", migration.id);
                Self::scripted(server, source, index, stage.clone(), what, vec![(script, Direction::Up)])
                    .await
            }
            _ => Self::of_rows(name, server, source, with(PARENTS)).await,
        }
    }

    async fn scripted(
        server: &Server,
        source: &TestSource,
        index: usize,
        stage: StageOptions,
        what: String,
        scripts: Vec<(&'a Script, Direction)>,
    ) -> Result<Result<Self, String>, PerfError> {
        let rows = stage.ladder.rows;
        match Box::pin(Ground::lay(server, &source.loaded, index, stage)).await {
            Ok(ground) => Ok(Ok(Self { ground, what, rows, job: Job::Scripts(scripts) })),
            Err(error) => Ok(Err(refused(error)?)),
        }
    }

    /// Bulk inserts, and an index on what they put in.
    async fn of_rows(
        name: &str,
        server: &Server,
        source: &TestSource,
        stage: StageOptions,
    ) -> Result<Result<Self, String>, PerfError> {
        let added = match name {
            "bulk-insert-10k" => 10_000,
            "bulk-insert-50k" => 50_000,
            _ => LARGE - PARENTS,
        };
        let seed = stage.ladder.seed;
        let lay = Box::pin(Ground::lay(server, &source.loaded, source.loaded.migrations.len(), stage));
        let ground = match lay.await {
            Ok(ground) => ground,
            Err(error) => return Ok(Err(refused(error)?)),
        };
        let copy = ground.copy("schema").await?;
        let session = copy.session().await?;
        let catalog = Catalog::read(&session).await.map_err(doing("read the catalog"));
        session.close().await;
        copy.close().await?;
        let catalog = Box::new(catalog?);
        let Some((table, had)) = roomy(&ground, &catalog, added, seed).await? else {
            ground.close().await?;
            return Ok(Err(format!("no table takes {added} more generated rows")));
        };
        let (rows, named) = (had + added, crate::ground::sql_name(&table));
        if name != "index-build" {
            let what = format!("{added} rows into {named}");
            let job = Job::Rows { catalog, table, rows, seed };
            return Ok(Ok(Self { ground, what, rows: PARENTS, job }));
        }
        let session = ground.base.session().await?;
        let put_in = confiture_fixtures::RowGenerator::new(&session, &catalog)
            .rows(confiture_fixtures::RowCounts::uniform(0).with_rows(table.clone(), rows))
            .seed(seed)
            .server(server.kind());
        put_in.fill(std::slice::from_ref(&table)).await?;
        session.execute("VACUUM (FREEZE, ANALYZE)").await.map_err(doing("vacuum the tables"))?;
        let sql = format!(
            "SELECT pg_catalog.quote_ident(a.attname) FROM pg_catalog.pg_attribute a \
             WHERE a.attrelid = '{}'::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped \
             AND EXISTS (SELECT FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod \
               WHERE m.amname = 'btree' AND o.opcdefault AND o.opcintype = a.atttypid) ORDER BY a.attnum LIMIT 1",
            named.replace('\'', "''")
        );
        let column = session.query(&sql, &[]).await.map_err(doing("look for a column to index"));
        session.close().await;
        let column: Option<String> = column?.first().map(|row| row.get(0));
        let Some(column) = column else {
            ground.close().await?;
            return Ok(Err(format!("{named} has no column for a B-tree")));
        };
        let sql = format!("CREATE INDEX ON {named} ({column})");
        Ok(Ok(Self { ground, what: sql.clone(), rows, job: Job::Statement(sql) }))
    }
}

/// Why a chain cannot be run again on copies: roles belong to the whole server.
async fn shared(
    server: &Server,
    source: &TestSource,
    stage: StageOptions,
) -> Result<Option<String>, FixtureError> {
    let mut stages = Stages::start(server, &source.loaded, stage).await?;
    let mut why = None;
    while let Some(migration) = stages.next() {
        if let Some(refused) = stages.refused() {
            why = Some(format!("{}: {refused}", migration.id));
            break;
        }
        stages.advance(None).await?;
    }
    if let Some((migration, reason)) = stages.failed() {
        why.get_or_insert_with(|| format!("{migration} fails: {reason}"));
    }
    stages.close().await?;
    Ok(why)
}

/// The migration that locks most tables, two at least, and how many.
fn widest(source: &TestSource, profile: &PerformanceProfile) -> Option<(usize, usize)> {
    let mut tables: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for statement in profile.statements.iter().filter(|s| s.direction == Direction::Up) {
        let changed = statement.locks.iter().filter(|lock| {
            lock.existing && !lock.index && !["ACCESS SHARE", "ROW SHARE"].contains(&lock.mode.as_str())
        });
        let tables = tables.entry(&statement.migration).or_default();
        tables.extend(changed.map(|lock| lock.relation.as_str()));
    }
    let at = |id: &str| source.loaded.migrations.iter().position(|migration| migration.id == id);
    let wide = tables.into_iter().filter(|(_, tables)| tables.len() >= 2);
    let placed = wide.filter_map(|(id, tables)| Some((at(id)?, tables.len())));
    placed.max_by_key(|(index, count)| (*count, std::cmp::Reverse(*index)))
}

/// The widest table that takes so many rows more, and the rows it has.
async fn roomy(
    ground: &Ground,
    catalog: &Catalog,
    added: u64,
    seed: u64,
) -> Result<Option<(ObjectId, u64)>, PerfError> {
    let columns: BTreeMap<&ObjectId, usize> =
        catalog.tables().map(|(id, _)| (id, catalog.columns_of(id).len())).collect();
    let mut tables: Vec<_> = ground.filled.tables.iter().filter(|fill| fill.is_full()).collect();
    tables.sort_by_key(|fill| (std::cmp::Reverse(columns.get(&fill.table)), fill.table.clone()));
    for fill in tables.into_iter().take(CANDIDATES) {
        let had = fill.existing + fill.inserted;
        let work = Work::Rows { catalog, table: &fill.table, rows: had + added, seed };
        match timed(Timed { ground, work }).await {
            Ok(_) => return Ok(Some((fill.table.clone(), had))),
            Err(error) => drop(refused(error)?),
        }
    }
    Ok(None)
}
