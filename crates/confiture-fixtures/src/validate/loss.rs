//! Whether what was there is still there.

use confiture_core::catalog::{Catalog, Kind, ObjectId};

use super::fingerprint::{DataChange, DataDifference, DataFingerprint, TableData};
use super::report::{Rule, ValidationReport, Violation};
use super::rows::RowFingerprints;
use super::scan::rows;
use super::tables::Tables;
use super::{DataValidator, NotExamined, hides_rows};
use crate::error::FixtureError;

/// The rows of a database at one moment, as far as a later comparison needs them.
#[derive(Debug, Clone)]
pub struct DataState {
    /// Counts and hashes of every table.
    pub fingerprint: DataFingerprint,
    /// Single rows of the tables that are not too large.
    pub rows: Vec<RowFingerprints>,
    /// Tables whose rows row-level security may have hidden from the role: nothing is known of them.
    pub hidden: Vec<ObjectId>,
}

impl DataValidator<'_> {
    /// Takes down the rows of the tables, for [`no_loss`](Self::no_loss) later. One query for all tables and
    /// one for each that is not larger than [`with_row_limit`](Self::with_row_limit) says.
    ///
    /// # Errors
    /// [`FixtureError::Query`], [`FixtureError::NoTable`].
    pub async fn state(&self) -> Result<DataState, FixtureError> {
        let chosen = self.tables().await?;
        let all = TableData::of(&self.catalog().await?);
        let of = |hidden: bool| -> Vec<&ObjectId> {
            chosen.iter().filter(|table| table.hidden == hidden).map(|table| &table.id).collect()
        };
        let (seen, hidden) = (of(false), of(true).into_iter().cloned().collect());
        let tables: Vec<TableData> = all.into_iter().filter(|data| seen.contains(&&data.table)).collect();
        let fingerprint = DataFingerprint::capture(self.reader, &tables).await?;
        let mut kept = Vec::new();
        for table in &tables {
            let small =
                fingerprint.tables.iter().any(|t| t.table == table.table && t.rows <= self.rows as u64);
            if small {
                kept.extend(RowFingerprints::capture(self.reader, table, self.rows).await?);
            }
        }
        Ok(DataState { fingerprint, rows: kept, hidden })
    }

    /// Compares with an earlier state: tables and columns that are gone, rows that are gone, values that are
    /// others. Rows, tables and columns that came in addition are no loss.
    ///
    /// A table whose fingerprint differs is read row by row where its state was; otherwise a table that has
    /// more rows than before cannot be judged and is reported as not examined, as is one whose rows
    /// row-level security may hide from the role, now or when the state was taken.
    ///
    /// # Errors
    /// [`FixtureError::Query`], [`FixtureError::NoTable`].
    pub async fn no_loss(&self, before: &DataState) -> Result<ValidationReport, FixtureError> {
        let mut report = ValidationReport::default();
        let catalog = self.catalog().await?;
        let tables = Tables::read(self.reader, None).await?;
        let seen = |table: &ObjectId| !tables.hidden().any(|hidden| hidden == table);
        let hidden = before.fingerprint.tables.iter().map(|table| &table.table).filter(|table| !seen(table));
        for table in before.hidden.iter().chain(hidden) {
            let reason = hides_rows(table);
            report.not_examined.push(NotExamined { object: table.clone(), rule: Rule::NoLoss, reason });
        }
        let now: Vec<TableData> = TableData::of(&catalog)
            .into_iter()
            .filter(|now| before.fingerprint.tables.iter().any(|table| table.table == now.table))
            .filter(|now| seen(&now.table))
            .collect();
        let after = DataFingerprint::capture(self.reader, &now).await?;
        let differences = after.differences_from(&before.fingerprint);
        for table in before.fingerprint.tables.iter().filter(|table| seen(&table.table)) {
            report.examined.push((Rule::NoLoss, table.table.clone()));
            let of_table: Vec<&DataDifference> = differences
                .iter()
                .filter(|d| d.table == table.table && d.change != DataChange::New)
                .collect();
            if of_table.is_empty() {
                continue;
            }
            let known = before.rows.iter().find(|rows| rows.table == table.table);
            let data = now.iter().find(|now| now.table == table.table);
            let single = match (known, data) {
                (Some(known), Some(data)) => {
                    // Rows may have come in addition.
                    let found = RowFingerprints::capture(self.reader, data, usize::MAX).await?;
                    found.map(|found| found.differences_from(known))
                }
                _ => None,
            };
            for difference in of_table.iter().filter(|d| d.change == DataChange::Gone) {
                report.violations.push(gone(difference, table.rows, &table.columns));
            }
            match single {
                Some(single) => self.rows_lost(&table.table, single, &mut report),
                None if data.is_some() => unnamed(&of_table, &mut report),
                None => {}
            }
        }
        Ok(report)
    }

    fn rows_lost(&self, table: &ObjectId, found: super::RowDifferences, report: &mut ValidationReport) {
        let named = |keys: Vec<super::RowKey>| -> Vec<super::RowKey> {
            keys.into_iter().filter(|key| !key.0.is_empty()).take(self.limit).collect()
        };
        if !found.lost.is_empty() {
            let total = found.lost.len() as u64;
            report.violations.push(Violation {
                rule: Rule::NoLoss,
                object: table.clone(),
                message: format!("{} of {table} lost", rows(total)),
                total,
                rows: named(found.lost),
            });
        }
        let columns: std::collections::BTreeSet<&String> =
            found.changed.iter().flat_map(|(_, c)| c).collect();
        for column in columns {
            let keys: Vec<super::RowKey> = found
                .changed
                .iter()
                .filter(|(_, c)| c.contains(column))
                .map(|(key, _)| key.clone())
                .collect();
            let total = keys.len() as u64;
            let object = table.member(Kind::Column, column);
            report.violations.push(Violation {
                rule: Rule::NoLoss,
                message: format!("{object} has another value in {}", rows(total)),
                object,
                total,
                rows: named(keys),
            });
        }
    }

    async fn catalog(&self) -> Result<Catalog, FixtureError> {
        let read = Catalog::read(self.reader).await;
        read.map_err(|source| FixtureError::Query { doing: "read the catalog", source })
    }
}

/// A table or column that is no longer there.
fn gone(
    difference: &DataDifference,
    count: u64,
    columns: &std::collections::BTreeMap<String, super::ColumnFingerprint>,
) -> Violation {
    let (object, total, message) = match &difference.column {
        None => {
            let table = difference.table.clone();
            let message = format!("{table} is gone with {}", rows(count));
            (table, count, message)
        }
        Some(column) => {
            let object = difference.table.member(Kind::Column, column);
            let present = columns.get(column).map_or(0, |column| column.present);
            let message = format!("{object} is gone with {present} values");
            (object, present, message)
        }
    };
    Violation { rule: Rule::NoLoss, object, message, total, rows: Vec::new() }
}

/// Losses of a table whose rows were not taken down one by one.
fn unnamed(differences: &[&DataDifference], report: &mut ValidationReport) {
    let grown =
        differences.iter().any(|d| matches!(d.change, DataChange::Rows { before, after } if after > before));
    for difference in differences {
        let table = &difference.table;
        let object = match &difference.column {
            Some(column) => table.member(Kind::Column, column),
            None => table.clone(),
        };
        let (total, message) = match difference.change {
            DataChange::Rows { before, after } if after < before => {
                (before - after, format!("{} of {table} lost", rows(before - after)))
            }
            DataChange::Present { before, after } if after < before => {
                (before - after, format!("{object} lost {} values", before - after))
            }
            DataChange::Values if !grown => (1, format!("{object} has other values")),
            DataChange::Moved if !grown => (1, format!("values of {object} stand in other rows")),
            _ => continue,
        };
        report.violations.push(Violation { rule: Rule::NoLoss, object, message, total, rows: Vec::new() });
    }
    if grown {
        let reason =
            "it has more rows than before, and too many to have been taken down one by one".to_owned();
        let object = differences[0].table.clone();
        report.not_examined.push(NotExamined { object, rule: Rule::NoLoss, reason });
    }
}
