//! Rows that satisfy a catalog: types, keys, references, checks, partitions.

mod bulk;
mod cycle;
mod document;
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
mod run;
mod sample;
mod script;
mod seeds;
mod solve;
mod stats;
#[cfg(test)]
mod tests;
mod value;
mod words;

use std::collections::BTreeMap;

use confiture_core::catalog::{Catalog, Kind, ObjectId};
use confiture_core::db::{DbFailure, ServerKind, Session};
use serde::Serialize;

use crate::error::FixtureError;
use run::Run;
pub use script::{RowStyle, write_rows};
pub use seeds::SeedFiles;
pub use stats::{ColumnStatistics, Statistics, TableStatistics};

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
    statistics: Option<&'a Statistics>,
    server: ServerKind,
}

impl<'a> RowGenerator<'a> {
    /// A generator of 100 rows a table with seed 0.
    ///
    /// `catalog` must be that of the session's database.
    pub fn new(session: &'a Session, catalog: &'a Catalog) -> Self {
        Self {
            session,
            catalog,
            seed: 0,
            rows: RowCounts::uniform(100),
            statistics: None,
            server: ServerKind::Given,
        }
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

    /// Shares of NULLs, numbers of different values, their frequencies and widths as in these statistics,
    /// instead of the usual ones; for row counts see [`Statistics::row_counts`].
    #[must_use]
    pub fn statistics(mut self, statistics: &'a Statistics) -> Self {
        self.statistics = Some(statistics);
        self
    }

    /// Whose server it is; taken for somebody else's unless told.
    ///
    /// On a private one, and as a superuser, tables that get 5 000 rows or more have their indexes built and
    /// their foreign keys checked once behind the rows, which is several times faster. Definitions, names and
    /// OIDs stay as they are; the rows are the same.
    #[must_use]
    pub fn server(mut self, server: ServerKind) -> Self {
        self.server = server;
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
        let mut run = Run::new(self.session, self.catalog, &self.rows, self.statistics);
        run.bulk = self.server == ServerKind::Private;
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
        let answer = self.session.query_simple("SHOW transaction_read_only").await?;
        if answer.rows.iter().flatten().any(|value| value.as_deref() == Some("on")) {
            return Err(DbFailure {
                sqlstate: Some("25006".to_owned()),
                message: "the session is read-only: rows are put only into databases that confiture created"
                    .to_owned(),
                ..DbFailure::default()
            });
        }
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
