//! A changed migration in the place of the next one, tried and taken back.

use std::collections::BTreeMap;

use confiture_core::catalog::{Catalog, Observed};
use confiture_core::db::{LockMode, ScratchDb, Session, relation_locks};
use confiture_core::migration::{Direction, Migration, Script, Step};
use confiture_core::plugin::{
    DataRecord, Isolation, Observation, QueryRecord, RoundTrip, RungRecord, ScriptRun,
};

use super::populated::Populated;
use super::populated::rows::{self, Reading, Table};
use super::populated::tables::{self, Stored};
use super::{Ladder, Sequences, dropped, open, reading};
use crate::error::FixtureError;
use crate::runner::{ScriptTraits, run_in_transaction, run_query_within, run_script};

/// What to observe besides the state that a migration leaves and its rollback.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Want {
    /// The locks it holds at its end.
    pub locks: bool,
    /// A second up after the rollback.
    pub re_up: bool,
    /// A second up right after the first, as after an abort that nobody noticed.
    pub rerun: bool,
    /// Rows that are not what they were. They are always observed on tables with rows; in the chain's own
    /// database they need not be where no script reads or writes any.
    pub rows: bool,
}

/// The rows of one table after a migration, or after its rollback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRows {
    /// Schema and name.
    pub table: confiture_core::catalog::ObjectId,
    /// Its columns, generated ones left out.
    pub columns: Vec<String>,
    /// The columns of its primary key, as places in `columns`.
    pub key: Vec<usize>,
    /// Its rows in no order, each value as text, or that of a hash in a table of very many rows.
    pub rows: Vec<Vec<Option<String>>>,
}

/// What a migration did when it was tried.
#[derive(Debug, Clone)]
pub struct Trial {
    /// As [`Ladder::climb`] would have recorded it.
    pub record: RungRecord,
    /// Tables whose rows are not what they were before the up, or that are new.
    pub rows: Vec<TableRows>,
    /// The same after the rollback; `None` when there was none.
    pub rows_after_down: Option<Vec<TableRows>>,
    /// The strongest lock on each table, by schema and name as SQL writes them; `None` unless wanted, and where
    /// no transaction holds them until they can be read.
    pub locks: Option<BTreeMap<String, LockMode>>,
    /// What a second up right after the first said; `None` unless wanted and run. The catalog it left where
    /// it succeeded.
    pub rerun: Option<(ScriptRun, Option<Catalog>)>,
}

/// Where trials of the next migration are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// On tables with rows.
    Rows,
    /// In the chain's own database, whose tables hold only what migrations put there.
    Chain,
}

impl Ladder<'_> {
    /// Gets ready to try the next migration changed: on tables with rows, where rows are wanted and there can
    /// be any, else in the chain's own database.
    ///
    /// # Errors
    /// When rows cannot be made or the server is lost.
    pub async fn prepare(&mut self) -> Result<Ground, FixtureError> {
        if self.next().is_none() {
            return Ok(Ground::Chain);
        }
        let before = self.observed.catalog().clone();
        match self.with_rows(self.next, super::Depth::Observe, &before).await? {
            Ok(mut populated) => {
                populated.prepare(&before).await?;
                self.populated = Some(populated);
                Ok(Ground::Rows)
            }
            Err(_) => {
                self.rest().await?;
                Ok(Ground::Chain)
            }
        }
    }

    /// Takes note of the rows in the chain's own database; for trials on [`Ground::Chain`] where
    /// [`prepare`](Self::prepare) chose another.
    ///
    /// # Errors
    /// When the server is lost.
    pub async fn rest(&mut self) -> Result<(), FixtureError> {
        let session = self.session()?;
        let mut stored = tables::stored(session).await.map_err(doing("list tables"))?;
        stored.retain(|_, table| !table.partition && !self.own_tables.contains(&table.id));
        let wanted = stored.into_iter().map(|(oid, stored)| (oid, (stored, None))).collect();
        let reading = Reading { most_texts: self.options.compared_as_text, began: "" };
        self.resting = rows::read(session, &wanted, reading).await.map_err(doing("read rows"))?;
        Ok(())
    }

    /// Tries `changed` where the next migration of the chain stands, on the state [`prepare`](Self::prepare)
    /// made, and leaves everything as it was.
    ///
    /// Scripts that may run in a transaction are run in one that is rolled back, others on a clone.
    ///
    /// # Errors
    /// When the server is lost or refuses what the ladder itself asks for; what it refuses of the migration is
    /// in the trial.
    pub async fn attempt(
        &mut self,
        changed: &Migration,
        ground: Ground,
        want: Want,
    ) -> Result<Trial, FixtureError> {
        let scripts = [&changed.up, &changed.down].into_iter().filter_map(Step::script);
        let within = scripts.map(ScriptTraits::of).all(|traits| traits.transaction_safe);
        match (within, ground) {
            (true, Ground::Rows) => {
                let populated = self.populated.take();
                let result = match &populated {
                    Some(populated) => {
                        let session = populated.session()?;
                        self.attempt_within(session, Some(populated), changed, want).await
                    }
                    None => Err(FixtureError::Interrupted),
                };
                self.populated = populated;
                if let Some(populated) = &mut self.populated
                    && populated.session().is_ok_and(|session| !session.is_usable())
                {
                    populated.suspend().await;
                    populated.resume().await?;
                }
                result
            }
            (true, Ground::Chain) => {
                let result = self.attempt_within(self.session()?, None, changed, want).await;
                self.revive().await?;
                result
            }
            (false, _) => self.attempt_on_clone(changed, ground, want).await,
        }
    }

    async fn attempt_within(
        &self,
        session: &Session,
        populated: Option<&Populated>,
        changed: &Migration,
        want: Want,
    ) -> Result<Trial, FixtureError> {
        self.sequences[usize::from(populated.is_some())].restore(session).await?;
        session.execute("BEGIN").await.map_err(doing("begin a transaction"))?;
        let stage = Stage { ladder: self, session, populated, within: true };
        let result = Box::pin(stage.run(changed, want)).await;
        if session.is_usable() {
            let ended = session.execute("ROLLBACK").await;
            if result.is_ok() {
                ended.map_err(doing("roll back a transaction"))?;
            }
        }
        result
    }

    async fn attempt_on_clone(
        &mut self,
        changed: &Migration,
        ground: Ground,
        want: Want,
    ) -> Result<Trial, FixtureError> {
        let clone = match (ground, &mut self.populated) {
            (Ground::Rows, Some(populated)) => {
                populated.suspend().await;
                let clone = self.server.clone_database(populated.database(), "trial").await;
                populated.resume().await?;
                clone?
            }
            _ => self.clone_here("trial").await?,
        };
        let result = self.attempt_in(&clone, ground, changed, want).await;
        dropped(clone).await;
        result
    }

    async fn attempt_in(
        &self,
        clone: &ScratchDb,
        ground: Ground,
        changed: &Migration,
        want: Want,
    ) -> Result<Trial, FixtureError> {
        let session = open(clone, &self.options).await?;
        let populated = self.populated.as_ref().filter(|_| ground == Ground::Rows);
        let stage = Stage { ladder: self, session: &session, populated, within: false };
        let result = Box::pin(stage.run(changed, want)).await;
        session.close().await;
        result
    }

    /// Where the sequences of the chain's own database stand, as [`prepare`](Self::prepare) found them.
    pub fn sequences(&self) -> &Sequences {
        &self.sequences[0]
    }

    /// The rows of the tables that trials are made on, as they are before the next migration; none where trials
    /// are made in the chain's own database.
    pub fn known_rows(&self) -> Vec<TableRows> {
        let tables = self.populated.as_ref().map(Populated::tables).into_iter().flatten();
        tables.cloned().map(table_rows).collect()
    }

    /// Whether a table had rows to try the next migration on.
    pub fn has_rows_of(&self, table: &confiture_core::catalog::ObjectId) -> bool {
        let mut tables = self.populated.as_ref().map(Populated::tables).into_iter().flatten();
        tables.any(|known| known.stored.id == *table)
    }

    /// What `queries` answer after `first` (SQL) and `changed` in the place of the next migration, and, where `undone`
    /// is given, after that (SQL again) and its rollback: the first value of the first row of each, `None` for NULL, no row, and what the server
    /// refuses. In the chain's own database; leaves everything as it was.
    ///
    /// # Errors
    /// When the server is lost or refuses what the ladder itself asks for.
    pub async fn answers(
        &mut self,
        first: &str,
        changed: &Migration,
        undone: Option<&str>,
        queries: &[String],
    ) -> Result<Vec<Option<String>>, FixtureError> {
        let scripts = [&changed.up, &changed.down].into_iter().filter_map(Step::script);
        if scripts.map(ScriptTraits::of).all(|traits| traits.transaction_safe) {
            let session = self.session()?;
            self.sequences[0].restore(session).await?;
            session.execute("BEGIN").await.map_err(doing("begin a transaction"))?;
            let stage = Stage { ladder: self, session, populated: None, within: true };
            let answers = stage.answers(first, changed, undone, queries).await;
            if session.is_usable() {
                session.execute("ROLLBACK").await.map_err(doing("roll back a transaction"))?;
            }
            self.revive().await?;
            return answers;
        }
        let clone = self.clone_here("answers").await?;
        let session = open(&clone, &self.options).await?;
        let stage = Stage { ladder: self, session: &session, populated: None, within: false };
        let answers = stage.answers(first, changed, undone, queries).await;
        session.close().await;
        dropped(clone).await;
        answers
    }

    /// The catalog that the chain would lead to with `changed` in the place of the next migration, up to and
    /// including the one at `end`; what failed on the way otherwise, with its place.
    ///
    /// In a transaction that is rolled back, or on a clone where a script refuses one.
    ///
    /// # Errors
    /// When the server is lost or refuses what the ladder itself asks for.
    pub async fn foresee(
        &mut self,
        changed: &Migration,
        end: usize,
    ) -> Result<Result<Catalog, (usize, ScriptRun)>, FixtureError> {
        let later = (self.next + 1..=end).filter_map(|at| Some((at, self.loaded.migrations.get(at)?)));
        let steps = std::iter::once((self.next, changed)).chain(later);
        let scripts: Vec<(usize, &Script)> =
            steps.filter_map(|(at, migration)| Some((at, migration.up.script()?))).collect();
        if !scripts.iter().all(|(_, up)| ScriptTraits::of(up).transaction_safe) {
            let clone = self.clone_here("later").await?;
            let session = open(&clone, &self.options).await?;
            let outcome = self.foresee_in(&session, false, &scripts).await;
            session.close().await;
            dropped(clone).await;
            return outcome;
        }
        let session = self.session()?;
        self.sequences[0].restore(session).await?;
        session.execute("BEGIN").await.map_err(doing("begin a transaction"))?;
        let outcome = self.foresee_in(session, true, &scripts).await;
        if session.is_usable() {
            session.execute("ROLLBACK").await.map_err(doing("roll back a transaction"))?;
        }
        self.revive().await?;
        outcome
    }

    async fn foresee_in(
        &self,
        session: &Session,
        within: bool,
        scripts: &[(usize, &Script)],
    ) -> Result<Result<Catalog, (usize, ScriptRun)>, FixtureError> {
        let stage = Stage { ladder: self, session, populated: None, within };
        for (at, up) in scripts {
            let run = stage.script(up, Direction::Up).await?;
            if run.failure.is_some() {
                return Ok(Err((*at, run)));
            }
        }
        Ok(Ok(stage.catalog(&self.observed).await?.catalog().clone()))
    }
}

/// One trial under way.
struct Stage<'a> {
    ladder: &'a Ladder<'a>,
    session: &'a Session,
    populated: Option<&'a Populated>,
    /// In a transaction that the caller rolls back.
    within: bool,
}

impl Stage<'_> {
    async fn run(&self, changed: &Migration, want: Want) -> Result<Trial, FixtureError> {
        let base = self.populated.and_then(Populated::observed).unwrap_or(&self.ladder.observed);
        let mut trial = Trial {
            record: self.ladder.record(),
            rows: Vec::new(),
            rows_after_down: None,
            locks: None,
            rerun: None,
        };
        let Step::Sql(up) = &changed.up else { return Ok(trial) };
        let run = self.script(up, Direction::Up).await?;
        let applied = run.failure.is_none();
        trial.record.up = Some(run.clone());
        let mut data = self.populated.map(|populated| populated.record(run));
        if applied {
            self.observe(changed, up, base, want, &mut trial, data.as_mut()).await?;
        }
        if let Some(data) = data {
            trial.record.data = Observation::Made(Box::new(data));
        }
        Ok(trial)
    }

    async fn answers(
        &self,
        first: &str,
        changed: &Migration,
        undone: Option<&str>,
        queries: &[String],
    ) -> Result<Vec<Option<String>>, FixtureError> {
        if !first.is_empty() && self.session.execute(first).await.is_err() {
            return Ok(vec![None; queries.len()]);
        }
        let nothing = || Ok(vec![None; queries.len()]);
        if let Some(up) = changed.up.script()
            && self.script(up, Direction::Up).await?.failure.is_some()
        {
            return nothing();
        }
        if let (Some(then), Some(down)) = (undone, changed.down.script()) {
            if !then.is_empty() && self.session.execute(then).await.is_err() {
                return nothing();
            }
            if self.script(down, Direction::Down).await?.failure.is_some() {
                return nothing();
            }
        }
        let mut answers = Vec::with_capacity(queries.len());
        for query in queries {
            if self.within {
                let set = self.session.execute("SAVEPOINT confiture_answer").await;
                set.map_err(doing("set a savepoint"))?;
            }
            let answer = self.session.query_simple(query).await;
            if answer.is_err() && self.within {
                let ended = self.session.execute("ROLLBACK TO SAVEPOINT confiture_answer").await;
                ended.map_err(doing("roll back to a savepoint"))?;
            }
            let first = answer.ok().and_then(|answer| answer.rows.into_iter().next());
            answers.push(first.and_then(|row| row.into_iter().next()).flatten());
        }
        Ok(answers)
    }

    async fn observe(
        &self,
        changed: &Migration,
        up: &Script,
        base: &Observed,
        want: Want,
        trial: &mut Trial,
        mut data: Option<&mut DataRecord>,
    ) -> Result<(), FixtureError> {
        let session = self.session;
        if want.locks && self.within {
            trial.locks = Some(self.locks().await?);
        }
        let observed = self.catalog(base).await?;
        trial.record.after = observed.catalog().clone();
        let (stored, after) = self.stored(want).await?;
        if let (Some(populated), Some(data)) = (self.populated, data.as_deref_mut()) {
            data.up_changes = populated.up_changes(session, up, &stored, &after, self.within).await?;
            let watched = populated.with_sequences(up, &stored);
            let behind = populated.behind(session, watched.into_iter()).await?;
            data.sequences_behind = behind.into_iter().map(|(_, behind)| behind).collect();
        }
        trial.rows = self.changed(after);
        if self.within {
            trial.record.queries = self.queries().await?;
        }
        if want.rerun {
            trial.rerun = self.rerun(up, &observed).await?;
        }
        if let Step::Sql(down) = &changed.down {
            self.round_trip(up, down, &observed, want, trial, data).await?;
        }
        Ok(())
    }

    async fn round_trip(
        &self,
        up: &Script,
        down: &Script,
        observed: &Observed,
        want: Want,
        trial: &mut Trial,
        data: Option<&mut DataRecord>,
    ) -> Result<(), FixtureError> {
        let session = self.session;
        let run = self.script(down, Direction::Down).await?;
        let mut trip = RoundTrip {
            down: run.clone(),
            after_down: observed.catalog().clone(),
            down_differences: Vec::new(),
            down_unstable: Vec::new(),
            re_up: None,
            re_up_differences: Vec::new(),
            re_up_unstable: Vec::new(),
        };
        if run.failure.is_none() {
            let rolled_back = self.catalog(observed).await?;
            trip.down_differences = trial.record.before.diff(rolled_back.catalog());
            trip.after_down = rolled_back.catalog().clone();
            let (stored, after) = self.stored(want).await?;
            trial.rows_after_down = Some(self.changed(after));
            if let (Some(populated), Some(data)) = (self.populated, data) {
                data.down_changes = populated.down_changes(session, stored, self.within).await?;
                data.down = Some(run);
            }
            if want.re_up {
                let re_up = self.script(up, Direction::Up).await?;
                if re_up.failure.is_none() {
                    let again = self.catalog(&rolled_back).await?;
                    trip.re_up_differences = trial.record.after.diff(again.catalog());
                }
                trip.re_up = Some(re_up);
            }
        }
        trial.record.round_trip = Some(trip);
        Ok(())
    }

    /// The up once more on the state it left; taken back.
    async fn rerun(
        &self,
        up: &Script,
        observed: &Observed,
    ) -> Result<Option<(ScriptRun, Option<Catalog>)>, FixtureError> {
        if !self.within {
            return Ok(None);
        }
        let session = self.session;
        session.execute("SAVEPOINT confiture_rerun").await.map_err(doing("set a savepoint"))?;
        let run = self.script(up, Direction::Up).await?;
        let catalog = match run.failure {
            None => Some(self.catalog(observed).await?.catalog().clone()),
            Some(_) => None,
        };
        let ended = session.execute("ROLLBACK TO SAVEPOINT confiture_rerun").await;
        ended.map_err(doing("roll back to a savepoint"))?;
        Ok(Some((run, catalog)))
    }

    async fn script(&self, script: &Script, direction: Direction) -> Result<ScriptRun, FixtureError> {
        let mut run = match self.within {
            true => run_in_transaction(self.session, script, direction).await,
            false => run_script(self.session, script, direction).await,
        };
        run.isolation = if self.within { Isolation::Transaction } else { Isolation::Clone };
        self.ladder.lost(&run).await?;
        Ok(run)
    }

    async fn catalog(&self, base: &Observed) -> Result<Observed, FixtureError> {
        let observed = match self.within {
            true => base.refresh_within(self.session).await,
            false => base.refresh(self.session).await,
        };
        observed.map_err(reading)
    }

    /// Tables whose rows may be others than before: all of them where no transaction tells.
    fn written(&self, stored: &BTreeMap<u32, Stored>) -> BTreeMap<u32, Stored> {
        let own = &self.ladder.own_tables;
        let may_differ = |oid: &u32, now: &Stored| {
            let known = self.known(*oid);
            let same = known.is_some_and(|table| table.stored.signature == now.signature);
            !now.partition && !own.contains(&now.id) && (!self.within || now.writes > 0 || !same)
        };
        let written = stored.iter().filter(|(oid, now)| may_differ(oid, now));
        written.map(|(oid, now)| (*oid, now.clone())).collect()
    }

    /// The rows of a table before the migration.
    fn known(&self, oid: u32) -> Option<&Table> {
        match self.populated {
            Some(populated) => populated.known(oid),
            None => self.ladder.resting.get(&oid),
        }
    }

    /// Those whose rows are not what they were. What a server counts as written in a transaction may be from
    /// the one before.
    fn changed(&self, after: BTreeMap<u32, Table>) -> Vec<TableRows> {
        let sorted = |table: &Table| {
            let mut rows = table.rows.clone().into_texts();
            rows.sort_unstable();
            rows
        };
        let same = |oid: &u32, table: &Table| {
            self.known(*oid)
                .is_some_and(|known| known.columns == table.columns && sorted(known) == sorted(table))
        };
        after
            .into_iter()
            .filter(|(oid, table)| !same(oid, table))
            .map(|(_, table)| table_rows(table))
            .collect()
    }

    /// Every table, and the rows of those that may have others than before; nothing where they are not wanted.
    async fn stored(
        &self,
        want: Want,
    ) -> Result<(BTreeMap<u32, Stored>, BTreeMap<u32, Table>), FixtureError> {
        if !want.rows && self.populated.is_none() {
            return Ok(Default::default());
        }
        let stored = tables::stored(self.session).await.map_err(doing("list tables"))?;
        let rows = self.rows(&stored).await?;
        Ok((stored, rows))
    }

    /// The rows of these tables.
    async fn rows(&self, stored: &BTreeMap<u32, Stored>) -> Result<BTreeMap<u32, Table>, FixtureError> {
        let written = self.written(stored);
        match self.populated {
            Some(populated) => populated.rows_like_known(self.session, written).await,
            None => {
                let wanted = written.into_iter().map(|(oid, stored)| (oid, (stored, None))).collect();
                let most_texts = self.ladder.options.compared_as_text;
                let read = rows::read(self.session, &wanted, Reading { most_texts, began: "" }).await;
                read.map_err(doing("read rows"))
            }
        }
    }

    async fn locks(&self) -> Result<BTreeMap<String, LockMode>, FixtureError> {
        let held = relation_locks(self.session, self.session.backend_pid()).await;
        let mut strongest: BTreeMap<String, LockMode> = BTreeMap::new();
        for lock in held.map_err(doing("read locks"))? {
            let mode = strongest.entry(format!("{}.{}", lock.schema, lock.name)).or_insert(lock.mode);
            *mode = (*mode).max(lock.mode);
        }
        Ok(strongest)
    }

    /// The query files on the state the up left.
    async fn queries(&self) -> Result<Option<Vec<QueryRecord>>, FixtureError> {
        let mut records = Vec::with_capacity(self.ladder.queries.len());
        for watched in &self.ladder.queries {
            let after = run_query_within(self.session, watched.script()).await?;
            records.push(watched.record(after));
        }
        Ok(Some(records))
    }
}

fn table_rows(table: Table) -> TableRows {
    TableRows {
        table: table.stored.id,
        columns: table.columns.into_iter().map(|column| column.name).collect(),
        key: table.key,
        rows: table.rows.into_texts(),
    }
}

pub(super) fn doing(doing: &'static str) -> impl Fn(confiture_core::db::DbFailure) -> FixtureError {
    move |source| FixtureError::Query { doing, source }
}
