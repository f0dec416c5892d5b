//! Rows that satisfy a catalog: types, keys, references, checks, partitions.

mod eval;
mod expr;
mod kind;
mod load;
mod partition;
mod pattern;
mod plan;
mod pool;
mod rng;
mod rows;
mod sample;
mod solve;
mod stats;
#[cfg(test)]
mod tests;
mod value;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use confiture_core::catalog::{Catalog, Kind, ObjectId};
use confiture_core::db::{DbFailure, Session};
use confiture_core::sql::{Quoted, quote_literal};
use serde::Serialize;

use crate::error::FixtureError;
use load::{Rows, load};
use plan::{Plan, Planner};
use pool::Pool;
use rows::Builder;

/// Rows of one COPY.
const CHUNK: u64 = 20_000;
/// Most parents that are asked for.
const PARENTS: u64 = 50_000;

/// How many rows each table gets.
///
/// # Example
/// ```
/// use confiture_fixtures::RowCounts;
/// use confiture_core::catalog::{Kind, ObjectId};
///
/// let orders = ObjectId::new(Kind::Table, ["public", "orders"]);
/// let counts = RowCounts::uniform(100).with_ratio(orders.clone(), 2.5);
/// assert_eq!(counts.of(&orders), 250);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RowCounts {
    rows: u64,
    exact: BTreeMap<ObjectId, u64>,
    ratios: BTreeMap<ObjectId, f64>,
}

impl RowCounts {
    /// So many rows in every table.
    pub fn uniform(rows: u64) -> Self {
        Self { rows, exact: BTreeMap::new(), ratios: BTreeMap::new() }
    }

    /// So many rows in `table`.
    #[must_use]
    pub fn with_rows(mut self, table: ObjectId, rows: u64) -> Self {
        self.exact.insert(table, rows);
        self
    }

    /// So many times the usual number of rows in `table`.
    #[must_use]
    pub fn with_ratio(mut self, table: ObjectId, ratio: f64) -> Self {
        self.ratios.insert(table, ratio);
        self
    }

    /// The rows `table` is to have.
    pub fn of(&self, table: &ObjectId) -> u64 {
        if let Some(rows) = self.exact.get(table) {
            return *rows;
        }
        match self.ratios.get(table) {
            Some(ratio) => (self.rows as f64 * ratio).round() as u64,
            None => self.rows,
        }
    }
}

/// What the server said of rows it refused, or why there are no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Name of the constraint or index.
    pub constraint: Option<String>,
    /// The server's code; `None` when no candidate could be built in the first place.
    pub sqlstate: Option<String>,
    /// What is the matter.
    pub message: String,
    /// Candidates it concerned.
    pub rows: u64,
}

impl Refusal {
    fn of(failure: &DbFailure, rows: u64) -> Self {
        Self { constraint: None, sqlstate: failure.sqlstate.clone(), message: failure.message.clone(), rows }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        if let Some(code) = &self.sqlstate {
            write!(f, " ({code})")?;
        }
        Ok(())
    }
}

/// One table after filling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableFill {
    /// The table.
    pub table: ObjectId,
    /// Rows it was to have.
    pub wanted: u64,
    /// Rows it had before.
    pub existing: u64,
    /// Rows that were put in.
    pub inserted: u64,
    /// Why nothing was tried: a foreign table, a partitioned table without partitions, an empty parent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    /// Why there are fewer than wanted, most frequent first; also what rows were refused on the way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refusal>,
}

impl TableFill {
    /// Whether it has as many rows as were wanted.
    pub fn is_full(&self) -> bool {
        self.existing + self.inserted >= self.wanted
    }
}

/// What came of filling, table by table in the order of filling.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Filled {
    /// One entry per table that was asked for; partitions are part of their partitioned table.
    pub tables: Vec<TableFill>,
}

impl Filled {
    /// Tables that have fewer rows than wanted.
    pub fn short(&self) -> impl Iterator<Item = &TableFill> {
        self.tables.iter().filter(|table| !table.is_full())
    }

    /// Rows that were put in.
    pub fn inserted(&self) -> u64 {
        self.tables.iter().map(|table| table.inserted).sum()
    }
}

/// Fills tables with rows that satisfy everything their catalog demands.
///
/// Values depend on the seed, on names and on the number of the row, never on OIDs or on the order in
/// which tables are given: the same seed and catalog give the same rows. They are plausible for most
/// rows, and in small shares what later migrations stumble on: NULL in one row of eight where it is
/// allowed, duplicates in columns that are not unique, texts of full length and in several scripts,
/// numbers that the next narrower type does not hold.
///
/// Works in the transaction the session is in, or in one of its own. A session that may write exists in
/// databases only that confiture made ([`ScratchDb::session`](confiture_core::db::ScratchDb::session)).
///
/// # Example
/// ```no_run
/// # async fn example(session: confiture_core::db::Session) -> Result<(), Box<dyn std::error::Error>> {
/// use confiture_core::catalog::Catalog;
/// use confiture_fixtures::{RowCounts, RowGenerator};
///
/// let catalog = Catalog::read(&session).await?;
/// let filled = RowGenerator::new(&session, &catalog).rows(RowCounts::uniform(100)).seed(7).fill_all().await?;
/// for table in filled.short() {
///     println!("{}: {} rows, {:?}", table.table, table.inserted, table.refused);
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct RowGenerator<'a> {
    session: &'a Session,
    catalog: &'a Catalog,
    seed: u64,
    rows: RowCounts,
}

impl<'a> RowGenerator<'a> {
    /// A generator of 100 rows a table with seed 0.
    ///
    /// `catalog` must be that of the session's database.
    pub fn new(session: &'a Session, catalog: &'a Catalog) -> Self {
        Self { session, catalog, seed: 0, rows: RowCounts::uniform(100) }
    }

    /// Other seeds give other rows.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many rows tables are to have; rows that are there already count.
    #[must_use]
    pub fn rows(mut self, rows: RowCounts) -> Self {
        self.rows = rows;
        self
    }

    /// Fills every table, parents before children.
    ///
    /// # Errors
    /// As [`fill`](Self::fill).
    pub async fn fill_all(&self) -> Result<Filled, FixtureError> {
        let mut tables: Vec<ObjectId> = self.catalog.tables().map(|(id, _)| id.clone()).collect();
        tables.extend(self.catalog.of_kind(Kind::ForeignTable).map(|(id, _)| id.clone()));
        self.fill(&tables).await
    }

    /// Fills these tables, parents before children; foreign keys to other tables draw from the rows these
    /// have. A partition stands for its partitioned table. Costs one query for all tables and four
    /// messages for each, one more for each parent that is not filled in the same call.
    ///
    /// # Errors
    /// [`FixtureError::Query`] when the session cannot write (it is read-only, or its transaction has
    /// failed) or is lost. Rows the server refuses are no error but in [`TableFill::refused`].
    pub async fn fill(&self, tables: &[ObjectId]) -> Result<Filled, FixtureError> {
        let failed = |source| FixtureError::Query { doing: "generate rows", source };
        let own = self.begin().await.map_err(failed)?;
        let mut run = Run {
            session: self.session,
            catalog: self.catalog,
            rows: &self.rows,
            pools: Vec::new(),
            known: BTreeMap::new(),
            filled: Vec::new(),
            sequences: BTreeMap::new(),
        };
        let outcome = run.fill(self.seed, tables).await;
        let end = match (&outcome, own) {
            (Ok(()), true) => "COMMIT",
            (Ok(()), false) => "RELEASE SAVEPOINT confiture_rows",
            (Err(_), true) => "ROLLBACK",
            (Err(_), false) => "ROLLBACK TO SAVEPOINT confiture_rows",
        };
        let ended = self.session.execute(end).await;
        outcome.map_err(failed)?;
        ended.map_err(failed)?;
        Ok(Filled { tables: run.filled })
    }

    /// Sets a savepoint, in a transaction of its own where there is none; true then.
    async fn begin(&self) -> Result<bool, DbFailure> {
        match self.session.execute("SAVEPOINT confiture_rows").await {
            Ok(_) => Ok(false),
            Err(failure) if failure.sqlstate.as_deref() == Some("25P01") => {
                self.session.execute("BEGIN; SAVEPOINT confiture_rows").await?;
                Ok(true)
            }
            Err(failure) => Err(failure),
        }
    }
}

type Parent = (ObjectId, Vec<String>);

/// One call of [`RowGenerator::fill`].
struct Run<'a> {
    session: &'a Session,
    catalog: &'a Catalog,
    rows: &'a RowCounts,
    pools: Vec<Pool>,
    known: BTreeMap<Parent, usize>,
    filled: Vec<TableFill>,
    sequences: BTreeMap<String, i64>,
}

impl Run<'_> {
    async fn fill(&mut self, seed: u64, tables: &[ObjectId]) -> Result<(), DbFailure> {
        let planner = Planner::new(self.catalog, seed);
        let mut wanted: BTreeSet<ObjectId> = BTreeSet::new();
        for table in tables {
            let root = self.root(table);
            match planner.unfillable(&root) {
                None => drop(wanted.insert(root)),
                Some(reason) => self.skip(&root, 0, reason),
            }
        }
        let plans: BTreeMap<ObjectId, Plan> =
            wanted.into_iter().map(|id| (id.clone(), planner.plan(&id, &BTreeMap::new()))).collect();
        let mut counts = self.count(plans.keys()).await?;
        let needed: BTreeSet<Parent> = plans
            .values()
            .flat_map(|plan| &plan.references)
            .map(|reference| (reference.parent.clone(), reference.parent_columns.clone()))
            .collect();
        let mut altered = false;
        for id in order(&plans) {
            let plan = &plans[&id];
            if altered {
                // A trigger of a table before may have put rows in here.
                counts.extend(self.count([&id].into_iter()).await?);
            }
            altered |= plan.altered;
            self.table(plan, counts.get(&id).copied().unwrap_or(0), &needed).await?;
        }
        self.set_sequences().await
    }

    /// The partitioned table that takes a partition's rows.
    fn root(&self, table: &ObjectId) -> ObjectId {
        let mut table = table.clone();
        while let Some((_, found)) = self.catalog.tables().find(|(id, _)| **id == table)
            && let Some(parent) = &found.partition_of
        {
            table = parent.clone();
        }
        table
    }

    fn skip(&mut self, table: &ObjectId, existing: u64, reason: String) {
        if self.filled.iter().any(|known| known.table == *table) {
            return;
        }
        self.filled.push(TableFill {
            table: table.clone(),
            wanted: self.rows.of(table),
            existing,
            inserted: 0,
            skipped: Some(reason),
            refused: Vec::new(),
        });
    }

    /// Rows of each table, in one query.
    async fn count<'t>(
        &self,
        tables: impl Iterator<Item = &'t ObjectId>,
    ) -> Result<BTreeMap<ObjectId, u64>, DbFailure> {
        let tables: Vec<&ObjectId> = tables.collect();
        if tables.is_empty() {
            return Ok(BTreeMap::new());
        }
        let counts: Vec<String> = tables
            .iter()
            .map(|id| format!("(SELECT pg_catalog.count(*) FROM {})", self.rows_of(id)))
            .collect();
        let mut found = BTreeMap::new();
        // A row has at most 1664 columns.
        for (tables, counts) in tables.chunks(1000).zip(counts.chunks(1000)) {
            let answer = self.session.query_simple(&format!("SELECT {}", counts.join(", "))).await?;
            let numbers =
                answer.rows.into_iter().flatten().map(|text| text.and_then(|text| text.parse().ok()));
            found.extend(tables.iter().zip(numbers).map(|(id, count)| ((*id).clone(), count.unwrap_or(0))));
        }
        Ok(found)
    }

    /// The table without those that inherit from it, unless these are its partitions.
    fn rows_of(&self, table: &ObjectId) -> String {
        let partitioned =
            self.catalog.tables().any(|(id, found)| id == table && found.partition_by.is_some());
        format!("{}{}", if partitioned { "" } else { "ONLY " }, table.sql_name())
    }

    async fn table(
        &mut self,
        plan: &Plan,
        existing: u64,
        needed: &BTreeSet<Parent>,
    ) -> Result<(), DbFailure> {
        let wanted = self.rows.of(&plan.id);
        let mut fill = TableFill {
            table: plan.id.clone(),
            wanted,
            existing,
            inserted: 0,
            skipped: None,
            refused: Vec::new(),
        };
        if existing >= wanted {
            self.filled.push(fill);
            return Ok(());
        }
        let mut parents = Vec::new();
        for reference in &plan.references {
            let parent = (reference.parent.clone(), reference.parent_columns.clone());
            let pool = self.pool(&parent).await?;
            let optional = reference.columns.iter().any(|at| !plan.columns[*at].not_null);
            if self.pools[pool].is_empty() && !optional && reference.parent != plan.id {
                let reason = format!("{} refers to {}, which has no rows", reference.name, reference.parent);
                self.skip(&plan.id, existing, reason);
                return Ok(());
            }
            parents.push(pool);
        }
        let mut builder = Builder::new(plan, parents, existing);
        if existing > 0 {
            for row in self.existing_keys(plan).await? {
                builder.remember(&row);
            }
        }
        let own: Vec<&Parent> = needed.iter().filter(|(table, _)| *table == plan.id).collect();
        let mut tuples: Vec<Vec<Vec<value::Value>>> = own.iter().map(|_| Vec::new()).collect();
        let mut as_built = existing == 0;
        let mut tries = 0;
        while fill.inserted < wanted - existing && tries < 4 {
            let missing = wanted - existing - fill.inserted;
            let mut rows = Rows::default();
            let places = plan.provided();
            // Where the server refused many, more candidates than rows that are missing.
            let batch = if tries == 0 { missing } else { (missing * 3).max(50) };
            while rows.count < batch.min(CHUNK) {
                let Some(values) = builder.build(&mut self.pools) else { break };
                for ((_, columns), tuples) in own.iter().zip(&mut tuples) {
                    tuples.extend(plan.tuple(&values, columns));
                }
                rows.push(&places, &values);
            }
            if rows.count == 0 {
                break;
            }
            let loaded = load(self.session, plan, &rows, missing).await?;
            as_built &= loaded.as_built;
            fill.inserted += loaded.kept;
            if loaded.kept < rows.count.min(missing) {
                tries += 1;
            }
            builder.go_on();
            for refusal in loaded.refused {
                let same = |known: &&mut Refusal| {
                    known.constraint == refusal.constraint && known.sqlstate == refusal.sqlstate
                };
                match fill.refused.iter_mut().find(same) {
                    Some(known) => known.rows += refusal.rows,
                    None => fill.refused.push(refusal),
                }
            }
        }
        for (name, count) in &builder.refused {
            fill.refused.push(Refusal {
                constraint: Some(name.clone()),
                sqlstate: None,
                message: format!("no further row was found that satisfies {name}"),
                rows: *count,
            });
        }
        fill.refused.sort_by_key(|refusal| std::cmp::Reverse(refusal.rows));
        for (name, last) in builder.sequences() {
            let known = self.sequences.entry(name.to_owned()).or_insert(last);
            *known = (*known).max(last);
        }
        for ((table, columns), tuples) in own.into_iter().zip(tuples) {
            let parent = (table.clone(), columns.clone());
            let computed =
                plan.columns.iter().any(|column| column.generated && columns.contains(&column.name));
            if as_built && !computed {
                let pool = Pool::new(tuples);
                match self.known.get(&parent) {
                    Some(at) => self.pools[*at] = pool,
                    None => {
                        self.known.insert(parent, self.pools.len());
                        self.pools.push(pool);
                    }
                }
            } else {
                // What is there now is asked for when a child needs it.
                self.known.remove(&parent);
            }
        }
        self.filled.push(fill);
        Ok(())
    }

    /// Where the parent's keys are kept; asks the server for them when they are not known.
    async fn pool(&mut self, parent: &Parent) -> Result<usize, DbFailure> {
        if let Some(at) = self.known.get(parent) {
            return Ok(*at);
        }
        let (table, columns) = parent;
        let quoted: Vec<String> =
            columns.iter().map(|name| Quoted::ident(name).as_str().to_owned()).collect();
        let texts: Vec<String> = quoted.iter().map(|name| format!("{name}::text")).collect();
        let present: Vec<String> = quoted.iter().map(|name| format!("{name} IS NOT NULL")).collect();
        let order: Vec<String> = (1..=columns.len()).map(|at| at.to_string()).collect();
        let sql = format!(
            "SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT {PARENTS}",
            texts.join(", "),
            self.rows_of(table),
            present.join(" AND "),
            order.join(", ")
        );
        let answer = self.session.query_simple(&sql).await?;
        let kinds: Vec<kind::Kind> = columns
            .iter()
            .map(|name| {
                let found = self.catalog.columns_of(table).into_iter().find(|(id, _)| id.name() == name);
                found.map_or(kind::Kind::Named(String::new(), Vec::new()), |(_, column)| {
                    kind::Kind::read(&column.data_type, self.catalog)
                })
            })
            .collect();
        let tuples = answer.rows.into_iter().map(|row| {
            let values = row.into_iter().zip(&kinds);
            values
                .map(|(text, kind)| text.map_or(value::Value::Null, |text| solve::read(&text, kind)))
                .collect()
        });
        let at = self.pools.len();
        self.pools.push(Pool::new(tuples.collect()));
        self.known.insert(parent.clone(), at);
        Ok(at)
    }

    /// The rows that are there, in the columns that keys and sequences need.
    async fn existing_keys(&self, plan: &Plan) -> Result<Vec<Vec<value::Value>>, DbFailure> {
        let mut places: BTreeSet<usize> = BTreeSet::new();
        for key in &plan.keys {
            let parts = key.parts.iter().chain(&key.predicate);
            places.extend(parts.flat_map(expr::Expr::columns));
        }
        places.extend((0..plan.columns.len()).filter(|at| plan.columns[*at].sequence.is_some()));
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let columns: Vec<String> = places
            .iter()
            .map(|at| format!("{}::text", Quoted::ident(&plan.columns[*at].name).as_str()))
            .collect();
        let sql = format!("SELECT {} FROM {}", columns.join(", "), self.rows_of(&plan.id));
        let answer = self.session.query_simple(&sql).await?;
        let rows = answer.rows.into_iter().map(|row| {
            let mut values = vec![value::Value::Null; plan.columns.len()];
            for (at, text) in places.iter().zip(row) {
                if let Some(text) = text {
                    values[*at] = solve::read(&text, &plan.columns[*at].kind);
                }
            }
            values
        });
        Ok(rows.collect())
    }

    /// Moves sequences past the values that were written beside them.
    async fn set_sequences(&self) -> Result<(), DbFailure> {
        if self.sequences.is_empty() {
            return Ok(());
        }
        let calls: Vec<String> = self
            .sequences
            .iter()
            .map(|(name, last)| format!("pg_catalog.setval({}, {last})", quote_literal(name)))
            .collect();
        for calls in calls.chunks(1000) {
            self.session.execute(&format!("SELECT {}", calls.join(", "))).await?;
        }
        Ok(())
    }
}

/// Parents before children. In a cycle the table with the fewest references that must be there goes first.
fn order(plans: &BTreeMap<ObjectId, Plan>) -> Vec<ObjectId> {
    let mut left: BTreeSet<&ObjectId> = plans.keys().collect();
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let waits = |id: &ObjectId, strict: bool| {
            let plan = &plans[id];
            plan.references
                .iter()
                .filter(|reference| {
                    let must = reference.columns.iter().all(|at| plan.columns[*at].not_null);
                    reference.parent != *id && left.contains(&reference.parent) && (must || !strict)
                })
                .count()
        };
        let Some(next) = left.iter().copied().min_by_key(|id| (waits(id, true), waits(id, false), *id))
        else {
            break;
        };
        left.remove(next);
        ordered.push(next.clone());
    }
    ordered
}
