//! What each statement of the next migration locks, writes anew and reads, measured and taken back.

use std::collections::BTreeMap;

use confiture_core::db::{LockMode, ServerKind, Session};
use confiture_core::migration::{Script, Step, TransactionMode};
use confiture_core::plugin::StatementFailure;
use confiture_core::sql::{TransactionControl, TransactionSafety, Verb, classify};

use super::trial::doing;
use super::{Ground, Ladder, dropped, open, reaches_out};
use crate::error::FixtureError;
use crate::gauge::{Gauge, GaugedRelation};
use crate::runner::{ScriptTraits, failing_span, reset_session, send};

/// A migration that was run to see what it does, and taken back.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Where.
    pub ground: Ground,
    /// Rows of each table before it, by schema and name without quotes; those of a parent hold its children's.
    pub rows: BTreeMap<(String, String), u64>,
    /// Its statements as far as it got, by their index in the script; transaction control is left out.
    pub statements: BTreeMap<usize, StatementMeasure>,
    /// What ended it early.
    pub failure: Option<StatementFailure>,
}

/// What one statement did to relations that were there before the migration.
#[derive(Debug, Clone, Default)]
pub struct StatementMeasure {
    /// Those it locked, wrote anew or read, by their names when it began.
    pub relations: Vec<RelationMeasure>,
    /// Rows of the tables that hold another number when it begins than before the migration, as in [`Measured::rows`].
    pub rows: BTreeMap<(String, String), u64>,
    /// Whether its locks and reads could be seen: not where it refuses a transaction.
    pub complete: bool,
}

/// What one statement did to one relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationMeasure {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Whether it is an index.
    pub index: bool,
    /// The strongest lock the statement took that its transaction did not hold yet.
    pub lock: Option<LockMode>,
    /// It has another file than before: it was written anew.
    pub rewritten: bool,
    /// At least as many tuples were read as it had rows, and it had some.
    pub scanned: bool,
    /// Rows it held when the statement began.
    pub rows: u64,
    /// Rows the statement updated or deleted.
    pub changed: u64,
}

impl StatementMeasure {
    /// The relations that were written anew.
    pub fn rewritten(&self) -> impl Iterator<Item = &RelationMeasure> {
        self.relations.iter().filter(|relation| relation.rewritten)
    }

    /// The tables that were read from end to end.
    pub fn scanned(&self) -> impl Iterator<Item = &RelationMeasure> {
        self.relations.iter().filter(|relation| relation.scanned)
    }
}

impl Ladder<'_> {
    /// Runs the next migration on rows, or on what the chain's own tables hold where rows make it fail or
    /// cannot be made, and measures each statement; everything is taken back. `None` where there is nothing to
    /// run, or where it must not or cannot be run twice.
    ///
    /// Scripts that may run in a transaction are run in one; of others, on a clone, each statement in one of
    /// its own where it may. Scripts that commit midway are not measured.
    ///
    /// # Errors
    /// When rows cannot be made, or the server is lost or refuses what the ladder itself asks for.
    pub async fn measure(&mut self) -> Result<Option<Measured>, FixtureError> {
        let Some(migration) = self.next() else { return Ok(None) };
        let Step::Sql(up) = &migration.up else { return Ok(None) };
        if self.server.kind() == ServerKind::Given && reaches_out(migration) {
            return Ok(None);
        }
        let ground = self.prepare().await?;
        let measured = self.measure_on(up, ground).await?;
        match measured {
            Some(measured) if measured.failure.is_some() && ground == Ground::Rows => {
                let plain = self.measure_on(up, Ground::Chain).await?;
                let better = plain.filter(|plain| plain.failure.is_none());
                Ok(Some(better.unwrap_or(measured)))
            }
            measured => Ok(measured),
        }
    }

    async fn measure_on(&mut self, up: &Script, ground: Ground) -> Result<Option<Measured>, FixtureError> {
        if ScriptTraits::of(up).transaction_safe {
            let session = match (ground, &self.populated) {
                (Ground::Rows, Some(populated)) => populated.session()?,
                _ => self.session()?,
            };
            session.execute("BEGIN").await.map_err(doing("begin a transaction"))?;
            let measured = run(session, up, ground, true).await;
            if session.is_usable() {
                let ended = session.execute("ROLLBACK").await;
                if measured.is_ok() {
                    ended.map_err(doing("roll back a transaction"))?;
                }
                reset_session(session, up).await;
            }
            if let Some(populated) = &mut self.populated
                && populated.session().is_ok_and(|session| !session.is_usable())
            {
                populated.suspend().await;
                populated.resume().await?;
            }
            self.revive().await?;
            return measured.map(Some);
        }
        if up.transaction != TransactionMode::Autocommit
            || up.statements.iter().any(|statement| classify(&statement.sql).control.is_some())
        {
            return Ok(None);
        }
        let clone = match (ground, &mut self.populated) {
            (Ground::Rows, Some(populated)) => {
                populated.suspend().await;
                let clone = self.server.clone_database(populated.database(), "measured").await;
                populated.resume().await?;
                clone?
            }
            _ => self.clone_here("measured").await?,
        };
        let measured = match open(&clone, &self.options).await {
            Ok(session) => {
                let measured = run(&session, up, ground, false).await;
                session.close().await;
                measured
            }
            Err(error) => Err(error),
        };
        dropped(clone).await;
        measured.map(Some)
    }
}

/// Runs `up` statement by statement and reads the gauge after each.
async fn run(session: &Session, up: &Script, ground: Ground, within: bool) -> Result<Measured, FixtureError> {
    let mut before = Gauge::read(session).await.map_err(doing("measure"))?;
    let mut counted = before.rows(session).await.map_err(doing("count rows"))?;
    let known = before.clone();
    let mut rows = BTreeMap::new();
    for (oid, state) in known.relations.iter().filter(|(_, state)| state.is_table()) {
        rows.insert(
            (state.schema.clone(), state.name.clone()),
            counted.get(oid).copied().unwrap_or_default(),
        );
    }
    let mut measured = Measured { ground, rows, statements: BTreeMap::new(), failure: None };
    // Counting has read them.
    before = Gauge::read(session).await.map_err(doing("measure"))?;
    for (index, statement) in up.statements.iter().enumerate() {
        let class = classify(&statement.sql);
        if matches!(class.control, Some(TransactionControl::Begin | TransactionControl::Commit)) {
            continue;
        }
        let alone =
            !within && matches!(class.transaction, TransactionSafety::Refused | TransactionSafety::Depends);
        let own = !within && !alone;
        let sent = async {
            if own {
                session.execute("BEGIN").await?;
            }
            send(session, statement, &up.source.text).await
        };
        if let Err(failure) = sent.await {
            let span = failing_span(&up.source.text, statement, &failure);
            measured.failure =
                Some(StatementFailure { statement: Some(index), failure, location: up.locate(span) });
            break;
        }
        let after = Gauge::read(session).await.map_err(doing("measure"))?;
        let relations = since(&after, &before, &known, &counted, !alone);
        let rows = moved(&known, &counted, &measured.rows);
        measured.statements.insert(index, StatementMeasure { relations, rows, complete: !alone });
        for (oid, count) in &mut counted {
            *count = rows_after(*count, before.relations.get(oid), after.relations.get(oid), class.verb);
        }
        before = after;
        if own {
            if let Err(failure) = session.execute("COMMIT").await {
                let location = up.locate(statement.span.clone());
                measured.failure = Some(StatementFailure { statement: Some(index), failure, location });
                break;
            }
            before = Gauge::read(session).await.map_err(doing("measure"))?;
        }
    }
    Ok(measured)
}

/// The tables that hold another number of rows than at the start, by the names they had then.
fn moved(
    known: &Gauge,
    counted: &BTreeMap<u32, u64>,
    start: &BTreeMap<(String, String), u64>,
) -> BTreeMap<(String, String), u64> {
    let tables = known.relations.iter().filter(|(_, state)| state.is_table());
    let counts = tables
        .filter_map(|(oid, state)| Some(((state.schema.clone(), state.name.clone()), *counted.get(oid)?)));
    counts.filter(|(name, rows)| start.get(name) != Some(rows)).collect()
}

/// How many rows a table holds after a statement.
fn rows_after(rows: u64, was: Option<&GaugedRelation>, is: Option<&GaugedRelation>, verb: Verb) -> u64 {
    let (Some(was), Some(is)) = (was, is) else { return rows };
    if verb == Verb::Truncate && was.file != is.file {
        return 0;
    }
    rows.saturating_add_signed(is.grown - was.grown)
}

/// What changed since `before`, of relations in `known`, with the names they had then.
fn since(
    now: &Gauge,
    before: &Gauge,
    known: &Gauge,
    rows: &BTreeMap<u32, u64>,
    complete: bool,
) -> Vec<RelationMeasure> {
    let mut all = Vec::new();
    let stored = |relation: &GaugedRelation| relation.is_table() || relation.is_index();
    for (oid, was) in before.relations.iter().filter(|(oid, _)| known.relations.contains_key(oid)) {
        // One that is gone held a lock that nobody waits for any more.
        let Some(is) = now.relations.get(oid).filter(|relation| stored(relation)) else { continue };
        let rows = rows.get(oid).copied().unwrap_or_default();
        let (lock, had) = (now.locks.get(oid).copied(), before.locks.get(oid).copied());
        let relation = RelationMeasure {
            schema: was.schema.clone(),
            name: was.name.clone(),
            index: was.is_index(),
            lock: lock.filter(|_| complete && lock > had),
            rewritten: is.file != was.file,
            scanned: complete
                && !was.is_index()
                && rows > 0
                && is.returned.saturating_sub(was.returned) >= rows,
            rows,
            changed: is.changed.saturating_sub(was.changed),
        };
        if relation.lock.is_some() || relation.rewritten || relation.scanned || relation.changed > 0 {
            all.push(relation);
        }
    }
    all
}
