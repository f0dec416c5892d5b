//! Fingerprints of single rows: which ones differ.

use std::collections::BTreeMap;

use confiture_core::catalog::{ObjectId, with_fixed_settings};
use confiture_core::db::Reader;
use confiture_core::sql::Quoted;

use super::fingerprint::TableData;
use super::report::RowKey;
use crate::error::FixtureError;

/// Values of one row as text.
type Values = Vec<Option<String>>;

/// A hash of every value of a table, by the key of its row.
#[derive(Debug, Clone)]
pub struct RowFingerprints {
    /// The table.
    pub table: ObjectId,
    key: Vec<String>,
    columns: Vec<String>,
    /// Number and hashes of the rows by key; for tables without one, by all their hashes.
    rows: BTreeMap<Values, (u64, Values)>,
}

/// Which rows differ between two states of a table; each list is ordered by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowDifferences {
    /// Rows of the earlier state that are gone; without keys where the table has none.
    pub lost: Vec<RowKey>,
    /// Rows only the later state has.
    pub added: Vec<RowKey>,
    /// Rows of both with another value in these columns. Columns that only one state has do not count.
    pub changed: Vec<(RowKey, Vec<String>)>,
}

impl RowFingerprints {
    /// Reads every row of `table`; `None` when it has more than `limit`.
    ///
    /// One query; holds the key and one hash a column of each row in memory.
    ///
    /// # Errors
    /// [`FixtureError::Query`].
    pub async fn capture(
        reader: &dyn Reader,
        table: &TableData,
        limit: usize,
    ) -> Result<Option<Self>, FixtureError> {
        let mut parts: Vec<String> = (0..table.key.len()).map(|at| format!("n{at}")).collect();
        parts.extend((0..table.columns.len()).map(|at| format!("h{at}::text")));
        let names: Vec<String> = table
            .key
            .iter()
            .enumerate()
            .map(|(at, name)| format!("{}::text AS n{at}", Quoted::ident(name)))
            .collect();
        let names = if names.is_empty() { String::new() } else { format!("{}, ", names.join(", ")) };
        let array =
            if parts.is_empty() { "'{}'::text[]".to_owned() } else { format!("ARRAY[{}]", parts.join(", ")) };
        let arm = format!(
            "(SELECT 'r', {array} FROM (SELECT {names}{} FROM {} OFFSET 0) r LIMIT {})",
            table.hashes(),
            table.source(),
            limit.saturating_add(1).min(i64::MAX as usize)
        );
        let sql = with_fixed_settings("'' AS t, ", &arm, "'', ");
        let rows = reader.read(&sql, &[]).await;
        let rows =
            rows.map_err(|source| FixtureError::Query { doing: "read the fingerprints of rows", source })?;
        let mut found = Self {
            table: table.table.clone(),
            key: table.key.clone(),
            columns: table.columns.iter().map(|(name, _)| name.clone()).collect(),
            rows: BTreeMap::new(),
        };
        if rows.len() > limit.saturating_add(2) {
            return Ok(None);
        }
        for row in rows.iter().filter(|row| row.get::<_, &str>(0) == "r") {
            let mut values: Values = row.get(1);
            let hashes = values.split_off(found.key.len());
            let name = if found.key.is_empty() { hashes.clone() } else { values };
            found.rows.entry(name).or_insert((0, hashes)).0 += 1;
        }
        Ok(Some(found))
    }

    /// Which rows are different now from `earlier`. Tables without a key, or whose key changed, are compared
    /// by whole rows: a changed row is one lost and one added, without names.
    pub fn differences_from(&self, earlier: &Self) -> RowDifferences {
        let mut out = RowDifferences::default();
        if self.key != earlier.key || self.key.is_empty() {
            let (before, after) = (earlier.anonymous(&self.columns), self.anonymous(&earlier.columns));
            let surplus = |a: &BTreeMap<Values, u64>, b: &BTreeMap<Values, u64>| {
                let count =
                    |(row, count): (&Values, &u64)| count.saturating_sub(b.get(row).copied().unwrap_or(0));
                vec![RowKey(Vec::new()); a.iter().map(count).sum::<u64>() as usize]
            };
            (out.lost, out.added) = (surplus(&before, &after), surplus(&after, &before));
            return out;
        }
        let common: Vec<(usize, usize, &String)> = earlier
            .columns
            .iter()
            .enumerate()
            .filter_map(|(at, name)| Some((at, self.columns.iter().position(|other| other == name)?, name)))
            .collect();
        for (key, (_, before)) in &earlier.rows {
            let Some((_, after)) = self.rows.get(key) else {
                out.lost.push(RowKey::new(&earlier.key, key));
                continue;
            };
            let changed: Vec<String> = common
                .iter()
                .filter(|(a, b, _)| before[*a] != after[*b])
                .map(|(.., name)| (*name).clone())
                .collect();
            if !changed.is_empty() {
                out.changed.push((RowKey::new(&earlier.key, key), changed));
            }
        }
        let new = self.rows.keys().filter(|key| !earlier.rows.contains_key(*key));
        out.added = new.map(|key| RowKey::new(&self.key, key)).collect();
        out
    }

    /// Rows by the hashes of the columns that `others` has too, counted.
    fn anonymous(&self, others: &[String]) -> BTreeMap<Values, u64> {
        let mut names: Vec<(&String, usize)> = self
            .columns
            .iter()
            .enumerate()
            .filter(|(_, name)| others.contains(name))
            .map(|(at, n)| (n, at))
            .collect();
        names.sort();
        let mut counted = BTreeMap::new();
        for (count, hashes) in self.rows.values() {
            let row: Values = names.iter().map(|(_, at)| hashes[*at].clone()).collect();
            *counted.entry(row).or_insert(0) += count;
        }
        counted
    }
}
