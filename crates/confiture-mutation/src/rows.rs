//! Rows that a migration left, compared without those that come out otherwise in every run.

use std::collections::{BTreeMap, BTreeSet};

use confiture_core::catalog::ObjectId;
use confiture_fixtures::TableRows;

/// Columns whose values come out otherwise in every run (`now()`, random numbers, sequences), by table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mask {
    columns: BTreeMap<ObjectId, BTreeSet<String>>,
}

impl Mask {
    /// What differs between two runs of the same.
    pub(crate) fn between(first: &[TableRows], second: &[TableRows]) -> Self {
        let mut mask = Self::default();
        for one in first {
            let Some(other) = second.iter().find(|other| other.table == one.table) else { continue };
            for column in &one.columns {
                if values(one, column) != values(other, column) {
                    mask.columns.entry(one.table.clone()).or_default().insert(column.clone());
                }
            }
        }
        mask
    }

    /// Both.
    pub(crate) fn and(mut self, other: Self) -> Self {
        for (table, columns) in other.columns {
            self.columns.entry(table).or_default().extend(columns);
        }
        self
    }

    /// Whether a column is masked.
    pub(crate) fn hides(&self, table: &ObjectId, column: &str) -> bool {
        self.columns.get(table).is_some_and(|columns| columns.contains(column))
    }

    /// The masked columns as `table.column`.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> + '_ {
        self.columns.iter().flat_map(|(table, columns)| {
            columns.iter().map(move |column| format!("{}.{column}", table.sql_name()))
        })
    }

    /// The rows of each table in an order of their own, masked columns left out.
    fn seen<'a>(&self, table: &'a TableRows) -> Vec<Vec<Option<&'a str>>> {
        let masked = self.columns.get(&table.table);
        let places: Vec<usize> = (0..table.columns.len())
            .filter(|&at| !masked.is_some_and(|masked| masked.contains(&table.columns[at])))
            .collect();
        let mut rows: Vec<Vec<Option<&str>>> = table
            .rows
            .iter()
            .map(|row| places.iter().map(|&at| row.get(at).and_then(Option::as_deref)).collect())
            .collect();
        rows.sort_unstable();
        rows
    }

    /// Whether the tables that two runs wrote to hold the same rows. A table that only one of them wrote to
    /// differs, unless it is empty there.
    pub(crate) fn same(&self, a: &[TableRows], b: &[TableRows]) -> bool {
        self.differing(a, b).next().is_none()
    }

    /// The tables whose rows differ: as the first run left them and as the second did.
    pub(crate) fn differing<'a>(
        &'a self,
        a: &'a [TableRows],
        b: &'a [TableRows],
    ) -> impl Iterator<Item = (Option<&'a TableRows>, Option<&'a TableRows>)> {
        let in_b = move |table: &ObjectId| b.iter().find(|other| other.table == *table);
        let both = a.iter().map(move |one| (Some(one), in_b(&one.table)));
        let only_b = b.iter().filter(move |other| !a.iter().any(|one| one.table == other.table));
        both.chain(only_b.map(|other| (None, Some(other)))).filter(|(one, other)| match (one, other) {
            (Some(one), Some(other)) => self.seen(one) != self.seen(other),
            (Some(one), None) | (None, Some(one)) => !one.rows.is_empty(),
            (None, None) => false,
        })
    }

    /// A text that is equal for equal rows.
    pub(crate) fn digest(&self, tables: &[TableRows]) -> String {
        let mut parts: Vec<String> = tables
            .iter()
            .filter(|table| !table.rows.is_empty())
            .map(|table| format!("{:?}{:?}", table.table, self.seen(table)))
            .collect();
        parts.sort_unstable();
        parts.concat()
    }
}

/// The values of one column, sorted.
fn values<'a>(table: &'a TableRows, column: &str) -> Vec<Option<&'a str>> {
    let at = table.columns.iter().position(|name| name == column);
    let value = |row: &'a Vec<Option<String>>| at.and_then(|at| row.get(at)).and_then(Option::as_deref);
    let mut values: Vec<Option<&str>> = table.rows.iter().map(value).collect();
    values.sort_unstable();
    values
}
