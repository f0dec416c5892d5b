//! One scan of a table: which rows break a rule, and what they are called.

use confiture_core::catalog::ObjectId;
use confiture_core::sql::Quoted;

use super::report::{RowKey, Rule, Violation};
use super::tables::Table;
use super::{key_of, number, unexpected};
use crate::error::FixtureError;

/// A query for offending rows.
pub(super) struct Scan<'t> {
    pub(super) rule: Rule,
    pub(super) object: ObjectId,
    /// The table whose rows it returns.
    pub(super) table: &'t Table,
    /// Another table it reads.
    pub(super) other: Option<&'t Table>,
    /// SELECT statement whose columns are `k1`, `k2`, …: the key of each offending row.
    pub(super) bad: String,
    /// What is said of `total` rows.
    pub(super) message: Box<dyn Fn(u64) -> String + Send + 't>,
}

impl Scan<'_> {
    /// `a AS k1, b AS k2`: the key of a table's rows, for [`Scan::bad`].
    pub(super) fn key(table: &Table) -> String {
        let parts: Vec<String> = key_of(table)
            .iter()
            .enumerate()
            .map(|(at, column)| format!("{} AS k{}", column_sql(column), at + 1))
            .collect();
        parts.join(", ")
    }

    /// `k1, k2`.
    pub(super) fn key_names(table: &Table) -> String {
        let names: Vec<String> = (1..=key_of(table).len()).map(|at| format!("k{at}")).collect();
        names.join(", ")
    }

    /// The table of this scan that hides rows.
    pub(super) fn hidden(&self) -> Option<&ObjectId> {
        [Some(self.table), self.other].into_iter().flatten().find(|table| table.hidden).map(|table| &table.id)
    }

    /// One row: how many are bad, and the first keys as JSON.
    pub(super) fn sql(&self, limit: usize) -> String {
        let names = Self::key_names(self.table);
        let texts: Vec<String> = names.split(", ").map(|name| format!("{name}::text")).collect();
        format!(
            "WITH bad AS MATERIALIZED ({}) SELECT (SELECT count(*) FROM bad), (SELECT json_agg(key) FROM \
             (SELECT ARRAY[{}] AS key FROM bad ORDER BY {names} LIMIT {limit}) s)",
            self.bad,
            texts.join(", ")
        )
    }

    /// What the answer means; `None` when no row is bad.
    ///
    /// # Errors
    /// [`FixtureError::Query`] for an answer that has no row or no number in it.
    pub(super) fn violation(&self, rows: &[Vec<Option<String>>]) -> Result<Option<Violation>, FixtureError> {
        let Some([total, keys]) = rows.first().map(Vec::as_slice) else {
            return Err(unexpected("a scan was not answered by one row of two values".to_owned()));
        };
        let total: u64 = number(total)?;
        if total == 0 {
            return Ok(None);
        }
        let columns = key_of(self.table);
        let keys: Vec<Vec<Option<String>>> = match keys {
            Some(text) => serde_json::from_str(text)
                .map_err(|error| unexpected(format!("the keys of rows are no JSON: {error}")))?,
            None => Vec::new(),
        };
        Ok(Some(Violation {
            rule: self.rule,
            object: self.object.clone(),
            message: (self.message)(total),
            total,
            rows: keys.iter().map(|key| RowKey::new(&columns, key)).collect(),
        }))
    }
}

/// A column of a key in SQL; the place of a row needs no quotes, its table is a name.
pub(super) fn column_sql(column: &str) -> String {
    match column {
        "tableoid" => "tableoid::regclass::text".to_owned(),
        "ctid" => "ctid".to_owned(),
        name => Quoted::ident(name).to_string(),
    }
}

/// `3 rows`.
pub(super) fn rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}
