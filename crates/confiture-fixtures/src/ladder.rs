//! `Ladder`: the state before and after each migration, without replaying the chain.

mod application;
mod measure;
mod parameters;
mod populated;
mod queries;
mod round_trip;
mod seeded;
mod sequences;
mod trial;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::error::FixtureError;
use crate::generate::SeedFiles;
use crate::mention::Roles;
use crate::queries::QueryFile;
use crate::runner::{MigrationRunner, ScriptTraits, run_first, run_in_transaction, run_script};
use crate::setup::SetupFile;
pub use application::{Answer, Asked};
use confiture_core::Location;
use confiture_core::catalog::{Catalog, Kind, ObjectId, Observed};
use confiture_core::db::{DbFailure, Endpoint, ScratchDb, Server, ServerKind, Session};
use confiture_core::migration::layout::Loaded;
use confiture_core::migration::{Direction, Migration, Script, Step, TransactionMode};
use confiture_core::plugin::{
    DataRecord, Interruption, Isolation, Observation, RungRecord, ScriptRun, StatementFailure,
};
pub use measure::{Measured, RelationMeasure, StatementMeasure};
use populated::Populated;
pub use sequences::Sequences;
pub use trial::{Ground, TableRows, Trial, Want};

/// What every rung needs.
#[derive(Debug, Clone)]
pub struct LadderOptions {
    /// Files run on the fresh database before the first migration.
    pub setup: Vec<SetupFile>,
    /// Most time one statement of the user's may take; `None` waits for ever.
    pub deadline: Option<Duration>,
    /// Rows in each table when migrations are tried with rows; 0 for not at all.
    pub rows: u64,
    /// Seed of these rows.
    pub seed: u64,
    /// The user's own rows, which come before generated ones; also where `rows` is 0.
    pub seeds: SeedFiles,
    /// Tables of more rows are compared by 64-bit hashes of their values instead of the values, in less
    /// memory; findings name the key of a row then, not what its value was.
    pub compared_as_text: u64,
    /// Queries to try at every rung.
    pub queries: Vec<Arc<QueryFile>>,
    /// Roles as which queries are asked on rows ([`Ladder::ask`]), besides the user of the session.
    pub roles: Vec<String>,
}

impl Default for LadderOptions {
    fn default() -> Self {
        let (setup, seeds, queries) = (Vec::new(), SeedFiles::default(), Vec::new());
        let (deadline, roles) = (None, Vec::new());
        Self { setup, deadline, rows: 20, seed: 0, seeds, compared_as_text: 10_000, queries, roles }
    }
}

impl LadderOptions {
    /// Whether migrations are tried with rows.
    fn wants_rows(&self) -> bool {
        self.rows > 0 || !self.seeds.is_empty()
    }
}

/// The reason of checks that need rows where none are wanted.
pub const NO_ROWS: &str = "no rows are wanted";

/// How much is observed of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Only its up: for migrations that are not to be judged.
    Apply,
    /// Its up, what an interruption leaves, its rollback and the second up.
    Observe,
}

/// Climbs a chain of migrations on one scratch database, one migration a rung.
///
/// The chain's own database only ever goes forward. What has to be tried besides (rollback, second up,
/// interruption) is run in a transaction that is rolled back where that tells the same, and on a clone
/// of the current state where it does not; so a rung costs the same however long the chain is.
#[derive(Debug)]
pub struct Ladder<'a> {
    server: &'a Server,
    loaded: &'a Loaded,
    options: LadderOptions,
    chain: ScratchDb,
    /// `None` only while the chain's database is being cloned: a template must have no other session.
    session: Option<Session>,
    observed: Observed,
    next: usize,
    /// Migrations that were not applied.
    missing: Vec<usize>,
    /// The same state with rows; made when it is needed, from a clone.
    populated: Option<Populated>,
    /// Where sequences stand in the chain's database and in its twin, while migrations are tried changed.
    sequences: [Sequences; 2],
    /// Rows in the chain's database, while migrations are tried changed there.
    resting: BTreeMap<u32, populated::rows::Table>,
    /// Seed files the server refused, not told yet.
    refused_seeds: Vec<StatementFailure>,
    /// The tool's own tables, which get no rows.
    own_tables: BTreeSet<ObjectId>,
    queries: Vec<queries::Watched>,
}

impl<'a> Ladder<'a> {
    /// Creates the chain's database, runs the setup files and creates the tool's tracking table.
    ///
    /// # Errors
    /// [`FixtureError::Setup`] for a setup statement that fails, [`FixtureError::Database`] for the rest.
    pub async fn start(
        server: &'a Server,
        loaded: &'a Loaded,
        options: LadderOptions,
    ) -> Result<Self, FixtureError> {
        let chain = server.create_database("chain").await?;
        let session = open(&chain, &options).await?;
        for file in &options.setup {
            file.run(&session).await?;
        }
        let before = table_names(&session).await?;
        MigrationRunner::new(&session, loaded).await?;
        let mut own_tables = table_names(&session).await?;
        own_tables.retain(|table| !before.contains(table));
        let observed = observe(&session, None).await?;
        let queries = options.queries.iter().map(|file| queries::Watched::new(Arc::clone(file))).collect();
        let mut ladder = Self {
            server,
            loaded,
            options,
            chain,
            session: Some(session),
            observed,
            next: 0,
            missing: Vec::new(),
            populated: None,
            sequences: Default::default(),
            resting: BTreeMap::new(),
            refused_seeds: Vec::new(),
            own_tables,
            queries,
        };
        ladder.try_queries().await?;
        Ok(ladder)
    }

    /// The migration the next [`climb`](Self::climb) applies.
    pub fn next(&self) -> Option<&'a Migration> {
        self.loaded.migrations.get(self.next)
    }

    /// The place in the chain of the migration the next [`climb`](Self::climb) applies.
    pub fn position(&self) -> usize {
        self.next
    }

    /// The tool's own tables, which get no rows.
    pub fn own_tables(&self) -> &BTreeSet<ObjectId> {
        &self.own_tables
    }

    /// Why the next migration is not tried in databases besides the chain's: it may change what all databases of
    /// the server share. `None` where nothing speaks against it.
    pub fn next_is_shared(&self) -> Option<&'static str> {
        let migration = self.next()?;
        if self.server.kind() == ServerKind::Given && reaches_out(migration) {
            return Some(REACHES_OUT);
        }
        (Roles::of(migration) == Roles::Change)
            .then_some("it may change what all databases of the server share")
    }

    /// Most time one statement of the user's may take.
    pub fn deadline(&self) -> Option<Duration> {
        self.options.deadline
    }

    /// Most time one statement of the user's may take from now on; `None` waits for ever.
    pub fn set_deadline(&mut self, deadline: Option<Duration>) {
        self.options.deadline = deadline;
        if let Some(session) = &mut self.session {
            session.set_deadline(deadline);
        }
        if let Some(populated) = &mut self.populated {
            populated.set_deadline(deadline);
        }
    }

    /// The catalog at the current rung.
    pub fn catalog(&self) -> &Catalog {
        self.observed.catalog()
    }

    /// The chain's database.
    pub fn database(&self) -> &ScratchDb {
        &self.chain
    }

    /// A record of the next migration in which nothing happened yet.
    pub fn record(&self) -> RungRecord {
        let before = self.observed.catalog().clone();
        RungRecord {
            before: before.clone(),
            after: before,
            up: None,
            round_trip: None,
            interruption: None,
            data: Observation::Not(NO_ROWS.to_owned()),
            refused: None,
            missing_before: self.missing.clone(),
            queries: self.queries.is_empty().then(Vec::new),
        }
    }

    /// Applies the next migration and observes it; `None` at the end of the chain.
    ///
    /// A migration that fails leaves what it leaves (nothing, when its tool runs it in a transaction) and
    /// the chain goes on.
    ///
    /// # Errors
    /// When the server is lost or refuses what the ladder itself asks for.
    pub async fn climb(&mut self, depth: Depth) -> Result<Option<RungRecord>, FixtureError> {
        let Some(migration) = self.next() else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        let mut record = self.record();
        let rows_before = record.before.clone();
        if self.options.wants_rows() {
            record.data = Observation::Not("the migration was not applied".to_owned());
        }
        if self.server.kind() == ServerKind::Given && reaches_out(migration) {
            record.refused = Some(REACHES_OUT.to_owned());
            self.missing.push(index);
            return Ok(Some(record));
        }
        let Step::Sql(up) = &migration.up else {
            self.missing.push(index);
            return Ok(Some(record));
        };
        if depth == Depth::Observe && may_remain(up) {
            record.interruption = self.interrupt(up).await?;
        }
        let mut populated = match self.with_rows(index, depth, &record.before).await? {
            Ok(populated) => Some(populated),
            Err(observation) => {
                record.data = observation;
                None
            }
        };
        let roles = Roles::of(migration);
        let with_rows = async {
            match &mut populated {
                Some(populated) => Some(populated.climb(migration, up, &rows_before).await),
                None => None,
            }
        };
        let empty = Box::pin(self.climb_empty(migration, up, depth, &mut record));
        let with_rows = if roles == Roles::MayChange {
            // One after the other: roles belong to both.
            empty.await?;
            Box::pin(with_rows).await
        } else {
            // Two databases, two backends: they run side by side.
            let (climbed, with_rows) = tokio::join!(empty, Box::pin(with_rows));
            climbed?;
            with_rows
        };
        if let (Some(populated), Some(with_rows)) = (populated, with_rows) {
            let applied = record.up.as_ref().is_some_and(|run| run.failure.is_none());
            let usable = match with_rows {
                Ok(observed) => {
                    let applied = observed.up.failure.is_none();
                    record.data = Observation::Made(Box::new(observed));
                    applied
                }
                Err(error) => {
                    record.data = Observation::Not(format!("could not be tried with rows: {error}"));
                    false
                }
            };
            if usable && applied {
                self.populated = Some(populated);
            } else {
                populated.close().await;
            }
        }
        if record.up.as_ref().is_some_and(|run| run.failure.is_some()) {
            self.missing.push(index);
        } else {
            if depth == Depth::Apply {
                self.follow(up).await?;
            }
            self.sow(Some(index)).await?;
        }
        Ok(Some(record))
    }

    /// Applies the next migration without looking: no record, no rollback, no rows, no queries. The
    /// [`catalog`](Self::catalog) is out of date until [`look`](Self::look).
    pub(crate) async fn pass(&mut self) -> Result<(), FixtureError> {
        let Some(migration) = self.next() else { return Ok(()) };
        let index = self.next;
        self.next += 1;
        let refused = self.server.kind() == ServerKind::Given && reaches_out(migration);
        let Step::Sql(up) = &migration.up else {
            self.missing.push(index);
            return Ok(());
        };
        if refused {
            self.missing.push(index);
            return Ok(());
        }
        let run = run_script(self.session()?, up, Direction::Up).await;
        self.lost(&run).await?;
        self.revive().await?;
        match run.failure {
            None => self.entered(migration).await?,
            Some(_) => self.missing.push(index),
        }
        Ok(())
    }

    /// Sees what migrations that were [passed](Self::pass) have made.
    pub(crate) async fn look(&mut self) -> Result<(), FixtureError> {
        self.observed = observe(self.session()?, None).await?;
        self.try_queries().await.map(drop)
    }

    /// Migrations that were not applied, ascending.
    pub(crate) fn missing(&self) -> &[usize] {
        &self.missing
    }

    /// Has the next migration that is tried with rows get new ones, made for the tables as they are then.
    pub(crate) async fn renew_rows(&mut self) {
        if let Some(populated) = self.populated.take() {
            populated.close().await;
        }
    }

    /// Writes a migration that was applied into the tool's table.
    async fn entered(&self, migration: &Migration) -> Result<(), FixtureError> {
        let runner = MigrationRunner::attached(self.session()?, self.loaded);
        if let Err(failure) = runner.record(migration, Direction::Up).await {
            tracing::debug!(migration = %migration.id, %failure, "not recorded in the tool's table");
        }
        Ok(())
    }

    /// The twin with rows, or why there is none.
    async fn with_rows(
        &mut self,
        index: usize,
        depth: Depth,
        before: &Catalog,
    ) -> Result<Result<Populated, Observation<DataRecord>>, FixtureError> {
        let migration = &self.loaded.migrations[index];
        let unwanted = depth == Depth::Apply || !self.options.wants_rows();
        if unwanted && !self.options.seeds.is_empty() && Roles::of(migration) != Roles::Change {
            // The twin follows the chain with the user's rows.
            return Ok(Err(Observation::Not(NO_ROWS.to_owned())));
        }
        let populated = self.populated.take();
        let not = if unwanted {
            Some(Observation::Not(NO_ROWS.to_owned()))
        } else if Roles::of(migration) == Roles::Change {
            Some(Observation::Not("it may change what all databases of the server share".to_owned()))
        } else if populated::nothing_to_fill(before, &self.own_tables) {
            Some(Observation::Nothing("there is no table yet"))
        } else {
            None
        };
        if let Some(not) = not {
            if let Some(populated) = populated {
                populated.close().await;
            }
            return Ok(Err(not));
        }
        if let Some(populated) = populated {
            return Ok(Ok(populated));
        }
        Ok(Ok(self.twin(index).await?))
    }

    /// Applies the migration to the chain and tries its rollback.
    async fn climb_empty(
        &mut self,
        migration: &Migration,
        up: &Script,
        depth: Depth,
        record: &mut RungRecord,
    ) -> Result<(), FixtureError> {
        let run = self.up(up).await?;
        record.after = self.observed.catalog().clone();
        // Also after a failure: what it left may matter to the next migration.
        let queries = self.try_queries().await?;
        if run.failure.is_none() {
            record.queries = Some(queries);
            self.entered(migration).await?;
            if depth == Depth::Observe
                && let Step::Sql(down) = &migration.down
            {
                record.round_trip = Some(self.round_trip(up, down, &record.before).await?);
                self.revive().await?;
            }
        }
        record.up = Some(run);
        Ok(())
    }

    /// Applies a script to the chain and observes what it made.
    async fn up(&mut self, up: &Script) -> Result<ScriptRun, FixtureError> {
        if !in_one_transaction(up) {
            let run = run_script(self.session()?, up, Direction::Up).await;
            self.lost(&run).await?;
            self.revive().await?;
            self.observed = observe(self.session()?, Some(&self.observed)).await?;
            return Ok(run);
        }
        // Observed before it commits: then only what it wrote has to be looked at.
        let session = self.session()?;
        let begun = session.execute("BEGIN").await;
        begun.map_err(|source| FixtureError::Query { doing: "begin a transaction", source })?;
        let mut run = run_in_transaction(session, up, Direction::Up).await;
        run.isolation = Isolation::Chain;
        self.lost(&run).await?;
        if run.failure.is_none() {
            let session = self.session()?;
            let observed = self.observed.refresh_within(session).await.map_err(reading)?;
            match session.execute("COMMIT").await {
                Ok(_) => self.observed = observed.committed(),
                // What the commit set off was refused: nothing of the migration stays.
                Err(failure) => {
                    let span = up.statements.last().map_or(up.span.clone(), |last| last.span.clone());
                    let location = up.locate(span);
                    run.failure = Some(StatementFailure { statement: None, failure, location });
                    self.lost(&run).await?;
                    self.revive().await?;
                }
            }
            return Ok(run);
        }
        self.revive().await?;
        let ended = self.session()?.execute("ROLLBACK").await;
        ended.map_err(|source| FixtureError::Query { doing: "roll back a transaction", source })?;
        Ok(run)
    }

    /// A clone of the current state, the caller's to write in and to close.
    ///
    /// # Errors
    /// When the server refuses the clone.
    pub async fn clone_here(&mut self, label: &str) -> Result<ScratchDb, FixtureError> {
        if let Some(session) = self.session.take() {
            session.close().await;
        }
        let cloned = self.server.clone_database(&self.chain, label).await;
        self.session = Some(open(&self.chain, &self.options).await?);
        Ok(cloned?)
    }

    /// Drops the chain's database.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn close(mut self) -> Result<(), FixtureError> {
        if let Some(populated) = self.populated.take() {
            populated.close().await;
        }
        if let Some(session) = self.session.take() {
            session.close().await;
        }
        dropped(self.chain).await;
        Ok(())
    }

    /// Leaves the chain's database in place and returns where it is.
    ///
    /// # Errors
    /// When its mark cannot be written.
    pub async fn keep(mut self) -> Result<Endpoint, FixtureError> {
        if let Some(populated) = self.populated.take() {
            populated.close().await;
        }
        if let Some(session) = self.session.take() {
            session.close().await;
        }
        Ok(self.chain.keep().await?)
    }

    /// The session of the chain's database; no transaction is open in it.
    ///
    /// # Errors
    /// When it was lost and not opened again.
    pub fn session(&self) -> Result<&Session, FixtureError> {
        self.session.as_ref().ok_or(FixtureError::Interrupted)
    }

    /// Opens the session again when a statement that overran its deadline took it along.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn revive(&mut self) -> Result<(), FixtureError> {
        if self.session.as_ref().is_none_or(|session| !session.is_usable()) {
            if let Some(session) = self.session.take() {
                session.close().await;
            }
            self.session = Some(open(&self.chain, &self.options).await?);
        }
        Ok(())
    }

    /// Turns a failure that means the server is gone into an error with the end of its log.
    ///
    /// A script that ended its own session (`pg_terminate_backend`) has only failed.
    async fn lost(&self, run: &ScriptRun) -> Result<(), FixtureError> {
        match &run.failure {
            Some(StatementFailure { failure, location, .. }) => self.lost_at("run", failure, location).await,
            None => Ok(()),
        }
    }

    async fn lost_at(
        &self,
        doing: &str,
        failure: &DbFailure,
        location: &Location,
    ) -> Result<(), FixtureError> {
        if failure.deadline.is_some() || !failure.is_connection_lost() {
            return Ok(());
        }
        if let Ok(session) = self.chain.session().await {
            session.close().await;
            return Ok(());
        }
        let step = format!("{doing} {}:{}", location.file.display(), location.line);
        Err(self.server.explain(step, failure.clone()).into())
    }

    /// Runs all but the last statement of `up` on a clone, then `up` again, as a second attempt would.
    async fn interrupt(&mut self, up: &Script) -> Result<Option<Interruption>, FixtureError> {
        let clone = self.clone_here("interrupted").await?;
        let session = open(&clone, &self.options).await?;
        let limit = up.statements.len().saturating_sub(1);
        let first = run_first(&session, up, Direction::Up, limit).await;
        self.lost(&first).await?;
        if !session.is_usable() {
            session.close().await;
            dropped(clone).await;
            return Ok(None);
        }
        let after = observe(&session, Some(&self.observed)).await?;
        let left = self.observed.catalog().diff(after.catalog());
        let rerun = if left.is_empty() || first.failure.is_some() {
            None
        } else {
            let again = run_script(&session, up, Direction::Up).await;
            self.lost(&again).await?;
            again.failure
        };
        session.close().await;
        dropped(clone).await;
        Ok(Some(Interruption { statements_run: first.statements_run, left, rerun }))
    }
}

/// The tables of a database.
async fn table_names(session: &Session) -> Result<BTreeSet<ObjectId>, FixtureError> {
    const QUERY: &str = "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c \
                         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                         WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p')";
    let rows = session.query_simple(QUERY).await;
    let rows = rows.map_err(|source| FixtureError::Query { doing: "list tables", source })?.rows;
    Ok(rows.iter().map(|row| ObjectId::new(Kind::Table, row.iter().flatten())).collect())
}

/// Why a migration is not run on a server of somebody else's.
pub(crate) const REACHES_OUT: &str =
    "it changes what all databases of the server share, which confiture does only on a private server";

/// Whether a script of `migration` changes more of the server than its own database and roles.
pub(crate) fn reaches_out(migration: &Migration) -> bool {
    [&migration.up, &migration.down]
        .into_iter()
        .filter_map(Step::script)
        .any(|script| ScriptTraits::of(script).cluster_wide)
}

/// A session that keeps the deadline.
async fn open(database: &ScratchDb, options: &LadderOptions) -> Result<Session, FixtureError> {
    let mut session = database.session().await?;
    session.set_deadline(options.deadline);
    Ok(session)
}

/// Drops a clone. What was found on it counts even when that fails; the next run tries again.
async fn dropped(clone: ScratchDb) {
    let name = clone.name().to_owned();
    if let Err(error) = clone.close().await {
        tracing::warn!(name, %error, "a scratch database could not be dropped");
    }
}

/// Whether all of a script stands in one transaction, of its tool's or its own.
fn in_one_transaction(script: &Script) -> bool {
    let traits = ScriptTraits::of(script);
    traits.transaction_safe
        && match script.transaction {
            TransactionMode::Wrapped => true,
            TransactionMode::Batch => traits.own_transaction || traits.statements > 1,
            TransactionMode::Autocommit => traits.own_transaction,
        }
}

/// Whether statements of `script` stay when a later one fails.
fn may_remain(script: &Script) -> bool {
    let traits = ScriptTraits::of(script);
    match script.transaction {
        TransactionMode::Autocommit => traits.statements > 1 && !traits.own_transaction,
        TransactionMode::Wrapped | TransactionMode::Batch => traits.commits_midway,
    }
}

/// The catalog as `session` sees it, from the previous observation where there is one.
async fn observe(session: &Session, base: Option<&Observed>) -> Result<Observed, FixtureError> {
    let observed = match base {
        Some(base) => base.refresh(session).await,
        None => Observed::full(session).await,
    };
    observed.map_err(reading)
}

fn reading(source: DbFailure) -> FixtureError {
    FixtureError::Query { doing: "read the catalog", source }
}
