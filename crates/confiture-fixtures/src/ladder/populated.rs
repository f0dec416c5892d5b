//! The chain's twin with rows: every migration up and down again on filled tables.

mod compare;
pub(super) mod rows;
pub(super) mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use confiture_core::catalog::{Catalog, Kind, ObjectId, Observed};
use confiture_core::db::{DbFailure, ScratchDb, Session};
use confiture_core::migration::{Direction, Migration, Script, Step};
use confiture_core::plugin::{
    DataRecord, Isolation, RowChange, RowChangeKind, ScriptRun, SequenceBehind, StatementFailure,
};
use confiture_core::sql::Tokens;

use super::{dropped, in_one_transaction};
use crate::error::FixtureError;
use crate::generate::{RowCounts, RowGenerator, SeedFiles};
use crate::mention::contains;
use crate::runner::{ScriptTraits, run_in_transaction, run_script};
use compare::{Columns, Pair};
use rows::{Form, Reading, RowColumn, Table};
use tables::Stored;

/// A database in the state of the chain before the next migration, with rows in its tables.
#[derive(Debug)]
pub(super) struct Populated {
    database: ScratchDb,
    /// `None` only while the database is being cloned.
    session: Option<Session>,
    deadline: Option<Duration>,
    rows: u64,
    seed: u64,
    /// Tables of more rows are compared by hashes.
    most_texts: u64,
    /// Tables as they are now, with their rows.
    known: BTreeMap<u32, Table>,
    /// Columns each table had when it was filled last, and the rows it was to have.
    filled: BTreeMap<ObjectId, (Vec<String>, u64)>,
    /// Tables that stay as they are: the tool's own.
    left_alone: BTreeSet<ObjectId>,
    /// Tables without rows, and why.
    unfilled: BTreeMap<ObjectId, String>,
    /// Columns whose sequence was behind before the next migration, by table.
    behind: BTreeSet<(u32, String)>,
    /// When rows were first made, as the server writes it.
    began: String,
    /// The catalog here, while migrations are tried changed.
    observed: Option<Observed>,
}

/// Whether the twin is where the chain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    /// It is.
    Yes,
    /// Rows were in the way.
    No,
}

fn doing(doing: &'static str) -> impl Fn(DbFailure) -> FixtureError {
    move |source| FixtureError::Query { doing, source }
}

impl Populated {
    /// Takes over a clone of the chain's database.
    pub(super) fn new(
        database: ScratchDb,
        session: Session,
        options: &super::LadderOptions,
        left_alone: BTreeSet<ObjectId>,
    ) -> Self {
        Self {
            database,
            session: Some(session),
            deadline: options.deadline,
            rows: options.rows,
            seed: options.seed,
            most_texts: options.compared_as_text,
            known: BTreeMap::new(),
            filled: BTreeMap::new(),
            left_alone,
            unfilled: BTreeMap::new(),
            behind: BTreeSet::new(),
            began: String::new(),
            observed: None,
        }
    }

    pub(super) async fn close(mut self) {
        if let Some(session) = self.session.take() {
            session.close().await;
        }
        dropped(self.database).await;
    }

    /// Gets ready for the next migration to be tried: fills what is empty and observes.
    pub(super) async fn prepare(&mut self, before: &Catalog) -> Result<(), FixtureError> {
        self.fill(before).await?;
        let observed = match &self.observed {
            Some(observed) => observed.refresh(self.session()?).await,
            None => Observed::full(self.session()?).await,
        };
        self.observed = Some(observed.map_err(doing("read the catalog"))?);
        Ok(())
    }

    /// The catalog as [`prepare`](Self::prepare) saw it.
    pub(super) fn observed(&self) -> Option<&Observed> {
        self.observed.as_ref()
    }

    /// Rows of a table as they are between migrations.
    pub(super) fn known(&self, oid: u32) -> Option<&Table> {
        self.known.get(&oid)
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.known.values()
    }

    pub(super) fn database(&self) -> &ScratchDb {
        &self.database
    }

    /// Closes the session, so that the database can be cloned.
    pub(super) async fn suspend(&mut self) {
        if let Some(session) = self.session.take() {
            session.close().await;
        }
    }

    pub(super) fn set_deadline(&mut self, deadline: Option<Duration>) {
        self.deadline = deadline;
        if let Some(session) = &mut self.session {
            session.set_deadline(deadline);
        }
    }

    /// Opens the session again.
    pub(super) async fn resume(&mut self) -> Result<(), FixtureError> {
        let mut session = self.database.session().await?;
        session.set_deadline(self.deadline);
        self.session = Some(session);
        Ok(())
    }

    pub(super) fn session(&self) -> Result<&Session, FixtureError> {
        self.session.as_ref().ok_or(FixtureError::Interrupted)
    }

    /// Runs seed files in a session of their own; the statement that was refused. `catalog` is the current one.
    pub(super) async fn sow(
        &mut self,
        seeds: &SeedFiles,
        at: Option<usize>,
        catalog: &Catalog,
    ) -> Result<Option<StatementFailure>, FixtureError> {
        let mut session = self.database.session().await?;
        session.set_deadline(self.deadline);
        let refused = seeds.first_failure(&session, at).await;
        session.close().await;
        if refused.as_ref().is_none_or(|refused| !refused.failure.is_connection_lost()) {
            self.look_again(catalog).await?;
        }
        Ok(refused)
    }

    /// Applies a migration without looking at what it does. `catalog` is that after it.
    pub(super) async fn follow(&mut self, up: &Script, catalog: &Catalog) -> Result<Followed, FixtureError> {
        let run = run_script(self.session()?, up, Direction::Up).await;
        if run.failure.is_some() {
            return Ok(Followed::No);
        }
        self.look_again(catalog).await?;
        Ok(Followed::Yes)
    }

    /// Reads all rows anew.
    async fn look_again(&mut self, catalog: &Catalog) -> Result<(), FixtureError> {
        self.begin().await?;
        let stored = tables::stored(self.session()?).await.map_err(doing("list tables"))?;
        self.known.clear();
        self.read(catalog, stored.into_iter()).await?;
        for table in self.known.values().filter(|table| !table.rows.is_empty()) {
            self.unfilled.remove(&table.stored.id);
        }
        Ok(())
    }

    /// Notes the time at which rows are first made.
    async fn begin(&mut self) -> Result<(), FixtureError> {
        if self.began.is_empty() {
            self.began = tables::now(self.session()?).await.map_err(doing("read the time"))?;
        }
        Ok(())
    }

    /// The rows of tables as `session` sees them, to be compared with those known.
    pub(super) async fn rows_like_known(
        &self,
        session: &Session,
        stored: BTreeMap<u32, Stored>,
    ) -> Result<BTreeMap<u32, Table>, FixtureError> {
        self.rows_of(session, self.alike(stored)).await
    }

    /// The rows of tables as `session` sees them, in the form that is said or by how many there are.
    async fn rows_of(
        &self,
        session: &Session,
        wanted: BTreeMap<u32, (Stored, Option<Form>)>,
    ) -> Result<BTreeMap<u32, Table>, FixtureError> {
        let how = Reading { most_texts: self.most_texts, began: &self.began };
        rows::read(session, &wanted, how).await.map_err(doing("read rows"))
    }

    /// These tables, to be read in the form of the known rows of each.
    fn alike(&self, stored: BTreeMap<u32, Stored>) -> BTreeMap<u32, (Stored, Option<Form>)> {
        let form = |oid: &u32| self.known.get(oid).and_then(Table::form);
        stored.into_iter().map(|(oid, stored)| (oid, (stored, form(&oid)))).collect()
    }

    /// The same with the known rows of the same name.
    fn alike_by_name(&self, stored: &BTreeMap<u32, Stored>) -> BTreeMap<u32, (Stored, Option<Form>)> {
        let named = |id: &ObjectId| self.known.values().find(|table| table.stored.id == *id);
        let form = |stored: &Stored| named(&stored.id).and_then(Table::form);
        stored.iter().map(|(oid, stored)| (*oid, (stored.clone(), form(stored)))).collect()
    }

    /// Reads the rows of these tables, except where they are none of the user's.
    async fn read(
        &mut self,
        catalog: &Catalog,
        stored: impl Iterator<Item = (u32, Stored)>,
    ) -> Result<(), FixtureError> {
        let wanted: BTreeMap<u32, (Stored, Option<Form>)> = stored
            .filter(|(_, stored)| catalog.contains(&stored.id) && !self.left_alone.contains(&stored.id))
            .filter(|(_, stored)| !stored.partition)
            .map(|(oid, stored)| (oid, (stored, None)))
            .collect();
        let oids: Vec<u32> = wanted.keys().copied().collect();
        let read = self.rows_of(self.session()?, wanted).await?;
        self.known.extend(read);
        self.new_behind(oids.into_iter()).await?;
        Ok(())
    }

    /// Fills what is empty or has other columns than before, and tries the migration.
    ///
    /// After an up that failed the database is of no more use.
    pub(super) async fn climb(
        &mut self,
        migration: &Migration,
        up: &Script,
        before: &Catalog,
    ) -> Result<DataRecord, FixtureError> {
        self.fill(before).await?;
        match in_one_transaction(up) {
            true => self.climb_in_transaction(migration, up).await,
            false => self.climb_committed(migration, up).await,
        }
    }

    /// Tops tables up to the wanted number of rows, a few more where their columns changed.
    pub(super) async fn fill(&mut self, catalog: &Catalog) -> Result<(), FixtureError> {
        let have: BTreeMap<&ObjectId, u64> =
            self.known.values().map(|table| (&table.stored.id, table.rows.len() as u64)).collect();
        let mut counts = RowCounts::uniform(self.rows);
        let mut wanted = Vec::new();
        let mut columns_now = Vec::new();
        for (id, table) in catalog.tables() {
            if self.left_alone.contains(id) || table.partition_bound.is_some() {
                continue;
            }
            let columns: Vec<String> = catalog
                .columns_of(id)
                .into_iter()
                .map(|(id, column)| format!("{} {} {}", id.name(), column.data_type, column.not_null))
                .collect();
            let had = self.filled.get(id);
            let rows = have.get(id).copied().unwrap_or_default();
            let target = match had {
                Some((known, _)) if *known == columns && rows > 0 => continue,
                Some((known, target)) if *known == columns => *target,
                Some((_, target)) => (target + self.rows.div_ceil(4)).min(3 * self.rows),
                None => self.rows,
            };
            // What cannot be filled is not tried again until it changes.
            if had.is_some_and(|(known, _)| *known == columns) && self.unfilled.contains_key(id) {
                continue;
            }
            counts = counts.with_rows(id.clone(), target);
            wanted.push(id.clone());
            columns_now.push((id.clone(), columns, target));
        }
        if wanted.is_empty() {
            return Ok(());
        }
        self.begin().await?;
        let session = self.session()?;
        session.execute("BEGIN").await.map_err(doing("begin a transaction"))?;
        let filled = RowGenerator::new(session, catalog)
            .rows(counts)
            .seed(self.seed)
            .server(self.database.server().kind());
        let filled = filled.fill(&wanted).await?;
        let stored = tables::stored(session).await.map_err(doing("list tables"))?;
        session.execute("COMMIT").await.map_err(doing("commit rows"))?;
        for (id, columns, target) in columns_now {
            self.filled.insert(id, (columns, target));
        }
        for table in filled.tables {
            let empty = table.existing + table.inserted == 0;
            let why = table.skipped.clone().or_else(|| table.refused.first().map(ToString::to_string));
            match why {
                Some(why) if empty => self.unfilled.insert(table.table, why),
                _ => self.unfilled.remove(&table.table),
            };
        }
        // Triggers may have written elsewhere: read what is not as it was.
        self.known.retain(|oid, _| stored.contains_key(oid));
        let as_known = |oid: &u32, now: &Stored| {
            self.known.get(oid).is_some_and(|table| table.stored.signature == now.signature)
        };
        let changed: Vec<(u32, Stored)> =
            stored.into_iter().filter(|(oid, now)| now.writes > 0 || !as_known(oid, now)).collect();
        self.read(catalog, changed.into_iter()).await
    }

    async fn climb_in_transaction(
        &mut self,
        migration: &Migration,
        up: &Script,
    ) -> Result<DataRecord, FixtureError> {
        let session = self.session()?;
        session.execute("BEGIN").await.map_err(doing("begin a transaction"))?;
        let mut run = run_in_transaction(session, up, Direction::Up).await;
        run.isolation = Isolation::Clone;
        let mut record = self.record(run);
        if record.up.failure.is_some() {
            return Ok(record);
        }
        let stored = tables::stored(session).await.map_err(doing("list tables"))?;
        let touched = self.alike(self.touched(&stored));
        let after = self.rows_of(session, touched).await?;
        record.up_changes = self.up_changes(session, up, &stored, &after, true).await?;
        let watched = self.with_sequences(up, &stored);
        record.sequences_behind = self.new_behind(watched.into_iter()).await?;
        let session = self.session()?;
        if let Step::Sql(down) = &migration.down
            && ScriptTraits::of(down).transaction_safe
        {
            session.execute("SAVEPOINT confiture_down").await.map_err(doing("set a savepoint"))?;
            let mut run = run_in_transaction(session, down, Direction::Down).await;
            run.isolation = Isolation::Transaction;
            // A failure may come from sharing the transaction with the up (a new enum value, pending
            // trigger events): a clone decides.
            if run.failure.is_none() {
                let stored = tables::stored(session).await.map_err(doing("list tables"))?;
                record.down_changes = self.down_changes(session, stored, true).await?;
                record.down = Some(run);
            }
            session
                .execute("ROLLBACK TO SAVEPOINT confiture_down")
                .await
                .map_err(doing("roll back to a savepoint"))?;
        }
        session.execute("COMMIT").await.map_err(doing("commit a migration"))?;
        if let Step::Sql(down) = &migration.down
            && record.down.is_none()
        {
            // `known` is still what was before the up.
            self.down_on_clone(down, &mut record).await?;
        }
        self.advance(stored, after);
        Ok(record)
    }

    /// A script that cannot run in one transaction: committed, and rolled back on a clone.
    async fn climb_committed(
        &mut self,
        migration: &Migration,
        up: &Script,
    ) -> Result<DataRecord, FixtureError> {
        let session = self.session()?;
        let mut run = run_script(session, up, Direction::Up).await;
        run.isolation = Isolation::Clone;
        let mut record = self.record(run);
        if record.up.failure.is_some() {
            return Ok(record);
        }
        let stored = tables::stored(session).await.map_err(doing("list tables"))?;
        // No transaction tells which tables were written to.
        let touched: BTreeMap<u32, Stored> = stored
            .iter()
            .filter(|(oid, _)| self.known.contains_key(oid))
            .map(|(o, s)| (*o, s.clone()))
            .collect();
        let oids: Vec<u32> = touched.keys().copied().collect();
        let after = self.rows_of(session, self.alike(touched)).await?;
        record.up_changes = self.up_changes(session, up, &stored, &after, false).await?;
        record.sequences_behind = self.new_behind(oids.into_iter()).await?;
        if let Step::Sql(down) = &migration.down {
            // `known` is still what was before the up.
            self.down_on_clone(down, &mut record).await?;
        }
        self.advance(stored, after);
        Ok(record)
    }

    async fn down_on_clone(&mut self, down: &Script, record: &mut DataRecord) -> Result<(), FixtureError> {
        self.suspend().await;
        let clone = self.database.server().clone_database(&self.database, "rows_down").await;
        self.resume().await?;
        let clone = clone?;
        let mut session = clone.session().await?;
        session.set_deadline(self.deadline);
        let mut run = run_script(&session, down, Direction::Down).await;
        run.isolation = Isolation::Clone;
        if run.failure.is_none() {
            let stored = tables::stored(&session).await.map_err(doing("list tables"))?;
            record.down_changes = self.down_changes(&session, stored, false).await?;
        }
        record.down = Some(run);
        session.close().await;
        dropped(clone).await;
        Ok(())
    }

    /// Known tables whose sequences `up` may have moved or left behind.
    pub(super) fn with_sequences(&self, up: &Script, stored: &BTreeMap<u32, Stored>) -> Vec<u32> {
        let draws = up.statements.iter().any(|statement| {
            ["sequence", "nextval", "setval", "identity"].iter().any(|word| contains(&statement.sql, word))
        });
        let written = |(oid, stored): (&u32, &Stored)| (draws || stored.writes > 0).then_some(*oid);
        stored.iter().filter(|(oid, _)| self.known.contains_key(oid)).filter_map(written).collect()
    }

    pub(super) fn record(&self, up: ScriptRun) -> DataRecord {
        DataRecord {
            rows: self.known.values().map(|table| table.rows.len() as u64).sum(),
            unfilled: self.unfilled.iter().map(|(id, why)| (id.clone(), why.clone())).collect(),
            up,
            up_changes: Vec::new(),
            sequences_behind: Vec::new(),
            down: None,
            down_changes: Vec::new(),
        }
    }

    /// Known tables that were written to or are stored otherwise.
    pub(super) fn touched(&self, stored: &BTreeMap<u32, Stored>) -> BTreeMap<u32, Stored> {
        let known = |oid: &u32, now: &Stored| {
            self.known.get(oid).is_some_and(|table| now.writes > 0 || table.stored.signature != now.signature)
        };
        stored.iter().filter(|(oid, now)| known(oid, now)).map(|(oid, now)| (*oid, now.clone())).collect()
    }

    pub(super) async fn up_changes(
        &self,
        session: &Session,
        up: &Script,
        stored: &BTreeMap<u32, Stored>,
        after: &BTreeMap<u32, Table>,
        in_transaction: bool,
    ) -> Result<Vec<RowChange>, FixtureError> {
        let mut changes = Vec::new();
        let replaced = self.replaced(session, stored).await?;
        for (oid, before) in &self.known {
            let (after, columns) = match (stored.contains_key(oid), after.get(oid)) {
                (true, Some(after)) => (after, Columns::Numbers),
                (true, None) => continue,
                (false, _) => match replaced.get(&before.stored.id) {
                    Some(after) => (after, Columns::Names),
                    None => {
                        changes.push(compare::dropped(before));
                        continue;
                    }
                },
            };
            let same_relation = columns == Columns::Numbers;
            let pair = Pair { before, after, columns, same_relation, began: &self.began };
            changes.extend(compare::changes(&pair));
            if !same_relation {
                continue;
            }
            let known: BTreeSet<i16> = before.columns.iter().map(|column| column.number).collect();
            for column in after.columns.iter().filter(|column| !known.contains(&column.number)) {
                changes.extend(left_null(up, before, after, &column.name));
            }
            for column in &before.columns {
                let Some(now) = pair.place(column).map(|at| &after.columns[at]) else { continue };
                if now.data_type != column.data_type && is_cast_worth_it(&column.data_type, &now.data_type) {
                    changes.extend(narrowed(session, &pair, column, now, in_transaction).await?);
                }
            }
        }
        changes.retain(|change| change.count > 0);
        Ok(changes)
    }

    /// The new tables that stand under the names of dropped ones.
    async fn replaced(
        &self,
        session: &Session,
        stored: &BTreeMap<u32, Stored>,
    ) -> Result<BTreeMap<ObjectId, Table>, FixtureError> {
        let gone: BTreeSet<&ObjectId> = self
            .known
            .iter()
            .filter(|(oid, _)| !stored.contains_key(oid))
            .map(|(_, table)| &table.stored.id)
            .collect();
        let wanted: BTreeMap<u32, Stored> = stored
            .iter()
            .filter(|(oid, now)| gone.contains(&now.id) && !self.known.contains_key(oid))
            .map(|(oid, now)| (*oid, now.clone()))
            .collect();
        let read = self.rows_of(session, self.alike_by_name(&wanted)).await?;
        Ok(read.into_values().map(|table| (table.stored.id.clone(), table)).collect())
    }

    /// The sequences of these tables that fell behind since this was last asked.
    async fn new_behind(
        &mut self,
        oids: impl Iterator<Item = u32>,
    ) -> Result<Vec<SequenceBehind>, FixtureError> {
        let new = self.behind(self.session()?, oids).await?;
        self.behind.extend(new.iter().map(|(oid, behind)| (*oid, behind.column.clone())));
        Ok(new.into_iter().map(|(_, behind)| behind).collect())
    }

    /// The same without taking note of them.
    pub(super) async fn behind(
        &self,
        session: &Session,
        oids: impl Iterator<Item = u32>,
    ) -> Result<Vec<(u32, SequenceBehind)>, FixtureError> {
        let behind = tables::sequences_behind(session, oids).await.map_err(doing("read sequences"))?;
        let new = behind.into_iter().filter(|(oid, one)| !self.behind.contains(&(*oid, one.column.clone())));
        Ok(new.collect())
    }

    /// What differs from the known rows, table by table of the same name; in the transaction of the up, only
    /// those it wrote to or changed are read.
    pub(super) async fn down_changes(
        &self,
        session: &Session,
        stored: BTreeMap<u32, Stored>,
        in_transaction: bool,
    ) -> Result<Vec<RowChange>, FixtureError> {
        let mut changes = Vec::new();
        let mut again = BTreeMap::new();
        let by_name: BTreeMap<&ObjectId, (&u32, &Stored)> =
            stored.iter().map(|(oid, stored)| (&stored.id, (oid, stored))).collect();
        for (oid, before) in &self.known {
            match by_name.get(&before.stored.id) {
                None => changes.push(compare::dropped(before)),
                Some((now, stored))
                    if !in_transaction
                        || *now != oid
                        || stored.writes > 0
                        || stored.signature != before.stored.signature =>
                {
                    again.insert(**now, (*stored).clone());
                }
                Some(_) => {}
            }
        }
        let after = self.rows_of(session, self.alike_by_name(&again)).await?;
        let known: BTreeMap<&ObjectId, &Table> =
            self.known.values().map(|table| (&table.stored.id, table)).collect();
        for table in after.values() {
            if let Some(before) = known.get(&table.stored.id) {
                let same_relation = self
                    .known
                    .iter()
                    .any(|(oid, one)| one.stored.id == before.stored.id && again.contains_key(oid));
                let (columns, began) = (Columns::Names, self.began.as_str());
                let pair = Pair { before, after: table, columns, same_relation, began };
                changes.extend(compare::changes(&pair));
            }
        }
        changes.retain(|change| change.count > 0);
        Ok(changes)
    }

    /// Takes what the up left for what is known.
    fn advance(&mut self, stored: BTreeMap<u32, Stored>, after: BTreeMap<u32, Table>) {
        self.known.extend(after);
        self.known.retain(|oid, _| stored.get(oid).is_some_and(|now| !now.partition));
        for (oid, now) in stored {
            if let Some(table) = self.known.get_mut(&oid) {
                table.stored = now;
            }
        }
    }
}

async fn narrowed(
    session: &Session,
    pair: &Pair<'_>,
    was: &RowColumn,
    now: &RowColumn,
    in_transaction: bool,
) -> Result<Option<RowChange>, FixtureError> {
    let after = pair.after;
    if after.key.is_empty() || after.key.iter().any(|&at| after.columns[at].number == was.number) {
        return Ok(None);
    }
    let texts = tables::cast_back(session, in_transaction, after, &now.name, &was.data_type).await;
    let texts = texts.map_err(doing("cast values back"))?;
    Ok(texts.and_then(|texts| compare::narrowed(pair.before, &was.name, &now.data_type, &texts.rows)))
}

/// Whether a value that comes back otherwise from a cast has lost something: not in types that write the
/// same value in several ways.
fn is_cast_worth_it(from: &str, to: &str) -> bool {
    let normalises =
        |name: &str| matches!(name, "json" | "jsonb" | "xml" | "uuid" | "inet" | "cidr" | "interval");
    !(normalises(from) || normalises(to) || to.starts_with("citext") || from.starts_with("bit"))
}

/// A column the up adds and assigns, in rows that were there and have no value in it.
fn left_null(up: &Script, before: &Table, after: &Table, column: &str) -> Option<RowChange> {
    let table = after.stored.id.name();
    let mut fills = up.statements.iter().filter(|statement| {
        ["update", "set", column, table].iter().all(|word| contains(&statement.sql, word))
            && !contains(&statement.sql, "conflict")
    });
    let fill = fills.next()?;
    if chooses(&fill.sql) {
        return None;
    }
    // A row that lacks a value which the statement uses has nothing to be filled from.
    let uses: Vec<usize> = (0..after.columns.len())
        .filter(|&at| after.columns[at].name != column && contains(&fill.sql, &after.columns[at].name))
        .collect();
    let gone = |name: &str| after.column(name).is_none() && contains(&fill.sql, name);
    if before.columns.iter().any(|column| gone(&column.name)) {
        return None;
    }
    let at = after.column(column)?;
    let filled = |row: usize, at: usize| !after.cell(row, at).is_null();
    let rows = 0..after.rows.len();
    let empty = rows.clone().filter(|&row| !filled(row, at) && uses.iter().all(|&at| filled(row, at)));
    let count = empty.clone().count() as u64;
    if !rows.clone().any(|row| filled(row, at)) {
        return None;
    }
    let example = empty.clone().next().and_then(|row| after.example(row));
    Some(RowChange {
        table: before.stored.id.clone(),
        kind: RowChangeKind::LeftNull { column: column.to_owned() },
        count,
        of: after.rows.len() as u64,
        example,
    })
}

/// Whether a statement says by a property which rows it means (`WHERE status = 'done'`), and so means no
/// others; a range or a remainder of numbers is a batch instead.
fn chooses(sql: &str) -> bool {
    let tokens: Vec<_> = Tokens::new(sql).filter(|token| !token.kind.is_trivia()).collect();
    let mut condition = tokens.iter().skip_while(|token| !token.is_word(sql, "where"));
    condition.any(|token| {
        token.kind.is_string() || ["true", "false", "null"].iter().any(|word| token.is_word(sql, word))
    })
}

/// Nothing to observe while no table is there to be filled.
pub(super) fn nothing_to_fill(catalog: &Catalog, left_alone: &BTreeSet<ObjectId>) -> bool {
    !catalog.of_kind(Kind::Table).any(|(id, _)| !left_alone.contains(id))
}
