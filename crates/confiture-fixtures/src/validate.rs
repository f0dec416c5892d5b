//! `DataValidator`: whether the rows of a database are what its constraints and its past say.

mod fingerprint;
mod index;
mod invariant;
mod key;
mod loss;
mod report;
mod rows;
mod scan;
mod tables;

use std::collections::BTreeMap;

use confiture_core::catalog::ObjectId;
use confiture_core::db::{DbFailure, Reader};

use crate::error::FixtureError;
pub use fingerprint::{
    ColumnFingerprint, DataChange, DataDifference, DataFingerprint, TableData, TableFingerprint,
};
pub use invariant::Invariant;
pub use key::Link;
pub use loss::DataState;
pub use report::{KeyPart, NotExamined, RowKey, Rule, ValidationReport, Violation};
pub use rows::{RowDifferences, RowFingerprints};
use tables::{Table, Tables};

/// Keys of offending rows that are returned for each violation unless told otherwise.
const LIMIT: usize = 20;
/// Rows of a table whose fingerprints are kept one by one.
const ROWS: usize = 100_000;

/// Scans the rows of a database through any connection; writes nothing.
///
/// Everything is judged by reading the tables, never by what the catalog says was checked before: foreign
/// keys that are NOT VALID or whose triggers are disabled, checks over functions that were replaced, unique
/// indexes that are corrupt. Partitioned tables are scanned as a whole; members of extensions, foreign and
/// temporary tables are left out. Rows that row-level security hides would be missed: such tables are
/// reported as [not examined](ValidationReport::not_examined).
///
/// A database that others write to should be read in one `REPEATABLE READ` transaction.
///
/// # Example
/// ```no_run
/// # async fn example(client: tokio_postgres::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use confiture_fixtures::{DataValidator, Invariant};
///
/// let validator = DataValidator::new(&client);
/// let before = validator.state().await?;
/// // … run a migration …
/// let mut report = validator.no_loss(&before).await?;
/// report.extend(validator.constraints().await?);
/// let paid = Invariant::of_table("paid orders have a date", "shop", "orders", "status <> 'paid' OR paid_at IS NOT NULL");
/// report.extend(validator.invariant(&paid).await?);
/// assert!(report.holds(), "{report}");
/// # Ok(()) }
/// ```
pub struct DataValidator<'a> {
    reader: &'a dyn Reader,
    limit: usize,
    only: Option<Vec<(String, String)>>,
    rows: usize,
}

impl std::fmt::Debug for DataValidator<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataValidator")
            .field("limit", &self.limit)
            .field("only", &self.only)
            .finish_non_exhaustive()
    }
}

impl<'a> DataValidator<'a> {
    /// A validator of every table, which returns the keys of up to 20 rows for each violation.
    pub fn new(reader: &'a dyn Reader) -> Self {
        Self { reader, limit: LIMIT, only: None, rows: ROWS }
    }

    /// How many keys of offending rows are returned for each violation; the total is always exact.
    #[must_use]
    pub fn with_limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// Scans these tables alone, as `(schema, name)` without quotes. One that does not exist is an error of
    /// every scan.
    #[must_use]
    pub fn only<S: Into<String>>(self, tables: impl IntoIterator<Item = (S, S)>) -> Self {
        let only = tables.into_iter().map(|(schema, name)| (schema.into(), name.into())).collect();
        Self { only: Some(only), ..self }
    }

    /// Tables of up to this many rows can be compared row by row in [`no_loss`](Self::no_loss); larger ones
    /// by their fingerprints. 100 000 by default; each row costs its key and eight bytes a column.
    #[must_use]
    pub fn with_row_limit(self, rows: usize) -> Self {
        Self { rows, ..self }
    }

    /// Exact number of rows of each table; `None` for those whose rows row-level security may hide from the
    /// current role. One round trip besides the one that lists the tables.
    ///
    /// # Errors
    /// [`FixtureError::Query`], [`FixtureError::NoTable`].
    pub async fn row_counts(&self) -> Result<BTreeMap<ObjectId, Option<u64>>, FixtureError> {
        let tables = self.tables().await?;
        let arms: Vec<String> = tables
            .iter()
            .enumerate()
            .filter(|(_, table)| !table.hidden)
            .map(|(at, table)| format!("SELECT {at}, count(*) FROM {}", table.source()))
            .collect();
        let mut counts: BTreeMap<ObjectId, Option<u64>> =
            tables.iter().map(|table| (table.id.clone(), None)).collect();
        if arms.is_empty() {
            return Ok(counts);
        }
        for row in self.read("count rows", &arms.join(" UNION ALL ")).await? {
            let (at, count): (usize, u64) = (number(&row[0])?, number(&row[1])?);
            if let Some(table) = tables.iter().nth(at) {
                counts.insert(table.id.clone(), Some(count));
            }
        }
        Ok(counts)
    }

    /// All that constraints and indexes say: [`foreign_keys`](Self::foreign_keys),
    /// [`checks`](Self::checks), [`not_null`](Self::not_null), [`unique`](Self::unique) and
    /// [`indexes`](Self::indexes).
    ///
    /// # Errors
    /// [`FixtureError::Query`], [`FixtureError::NoTable`].
    pub async fn constraints(&self) -> Result<ValidationReport, FixtureError> {
        let mut report = self.foreign_keys().await?;
        report.extend(self.checks().await?);
        report.extend(self.not_null().await?);
        report.extend(self.unique().await?);
        report.extend(self.indexes().await?);
        Ok(report)
    }

    async fn tables(&self) -> Result<Tables, FixtureError> {
        Tables::read(self.reader, self.only.as_deref()).await
    }

    /// Rows of one statement, as text.
    async fn read(&self, doing: &'static str, sql: &str) -> Result<Vec<Vec<Option<String>>>, FixtureError> {
        let rows = self.reader.read_text(sql).await;
        rows.map(|rows| rows.rows).map_err(|source| FixtureError::Query { doing, source })
    }

    /// Runs a scan, and notes in `report` what it found; what the server cannot compute is not examined.
    async fn scan(&self, scan: scan::Scan<'_>, report: &mut ValidationReport) -> Result<(), FixtureError> {
        if let Some(table) = scan.hidden() {
            let reason = hides_rows(table);
            report.not_examined.push(NotExamined { object: scan.object.clone(), rule: scan.rule, reason });
            return Ok(());
        }
        match self.reader.read_text(&scan.sql(self.limit)).await {
            Ok(found) => {
                report.examined.push((scan.rule, scan.object.clone()));
                if let Some(violation) = scan.violation(&found.rows)? {
                    report.violations.push(violation);
                }
                Ok(())
            }
            // An expression that fails on a row is an answer about the data; a lost connection is not.
            Err(failure) if is_of_data(&failure) => {
                let reason = format!("the scan fails: {failure}");
                report.not_examined.push(NotExamined { object: scan.object, rule: scan.rule, reason });
                Ok(())
            }
            Err(source) => Err(FixtureError::Query { doing: "scan a table", source }),
        }
    }
}

fn hides_rows(table: &ObjectId) -> String {
    format!("row-level security hides rows of {table} from this role")
}

/// Whether the server could not compute something, rather than not answer: data exceptions, missing
/// rights and functions, errors of functions; not a syntax error, which would be ours.
fn is_of_data(failure: &DbFailure) -> bool {
    let code = failure.sqlstate.as_deref().unwrap_or_default();
    let class = code.get(..2).filter(|_| code != "42601").unwrap_or_default();
    matches!(class, "22" | "23" | "42" | "0A" | "P0" | "38" | "39" | "XX")
}

/// A number the server answered with; anything else must not pass for 0.
fn number<T: std::str::FromStr>(text: &Option<String>) -> Result<T, FixtureError> {
    let said = text.as_deref().unwrap_or("NULL");
    said.parse().map_err(|_| unexpected(format!("a number was to come, {said:?} came")))
}

/// An answer that is none to what was asked.
fn unexpected(message: String) -> FixtureError {
    let source = DbFailure { message, ..DbFailure::default() };
    FixtureError::Query { doing: "read the server's answer", source }
}

/// A table as a violation's keys name its rows.
fn key_of(table: &Table) -> Vec<String> {
    match (table.key.is_empty(), table.partitioned) {
        (false, _) => table.key.clone(),
        (true, false) => vec!["ctid".to_owned()],
        (true, true) => vec!["tableoid".to_owned(), "ctid".to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_no_number_is_not_zero() {
        let read = |text: Option<&str>| number::<u64>(&text.map(str::to_owned));
        assert_eq!(read(Some("0")).expect("a number"), 0);
        let error = read(Some("many")).unwrap_err().to_string();
        assert_eq!(error, "read the server's answer: a number was to come, \"many\" came");
        assert!(read(None).is_err());
    }

    #[test]
    fn a_scan_without_an_answer_is_not_clean() {
        let id = ObjectId::new(confiture_core::catalog::Kind::Table, ["public", "t"]);
        let table =
            Table { id: id.clone(), partitioned: false, partition: false, hidden: false, key: Vec::new() };
        let message = Box::new(|_| String::new());
        let scan = scan::Scan {
            rule: Rule::Check,
            object: id,
            table: &table,
            other: None,
            bad: String::new(),
            message,
        };
        let answer = |total: &str| vec![vec![Some(total.to_owned()), None]];
        assert_eq!(scan.violation(&answer("0")).expect("an answer"), None);
        assert_eq!(scan.violation(&answer("2")).expect("an answer").map(|v| v.total), Some(2));
        assert!(scan.violation(&[]).is_err());
        assert!(scan.violation(&answer("")).is_err());
    }
}
