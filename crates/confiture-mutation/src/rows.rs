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
    /// What differs between two runs of the same; with it left out both are the same.
    ///
    /// Values are compared by column. Where every column holds the same values in both, but not together in the
    /// same rows, rows are told apart by their key; where that does not help, or only one of the runs wrote to the
    /// table, all of its columns are masked.
    pub(crate) fn between(first: &[TableRows], second: &[TableRows]) -> Self {
        let mut mask = Self::default();
        for one in first {
            if let Some(other) = second.iter().find(|other| other.table == one.table) {
                let differs = |column: &&String| values(one, column) != values(other, column);
                let differing = one.columns.iter().filter(differs);
                mask.hide(&one.table, differing);
                if mask.seen(one) != mask.seen(other) {
                    let differing = unlike(&mask, one, other);
                    mask.hide(&one.table, differing);
                }
            }
        }
        let left = mask.clone();
        for table in left.differing(first, second).filter_map(|(one, other)| one.or(other)) {
            mask.hide(&table.table, &table.columns);
        }
        mask
    }

    fn hide<'a>(&mut self, table: &ObjectId, columns: impl IntoIterator<Item = &'a String>) {
        let mut columns = columns.into_iter().cloned().peekable();
        if columns.peek().is_some() {
            self.columns.entry(table.clone()).or_default().extend(columns);
        }
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

    /// Whether no column of a table is compared, and so nothing of it, the number of its rows included.
    fn covers(&self, table: &TableRows) -> bool {
        !table.columns.is_empty() && table.columns.iter().all(|column| self.hides(&table.table, column))
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
            (Some(one), Some(other)) => {
                !(self.covers(one) && self.covers(other)) && self.seen(one) != self.seen(other)
            }
            (Some(one), None) | (None, Some(one)) => !self.covers(one) && !one.rows.is_empty(),
            (None, None) => false,
        })
    }

    /// A text that is equal for equal rows.
    pub(crate) fn digest(&self, tables: &[TableRows]) -> String {
        let mut parts: Vec<String> = tables
            .iter()
            .filter(|table| !table.rows.is_empty() && !self.covers(table))
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

/// The columns that differ between rows of the same key; none where there is no key, or it is masked.
fn unlike<'a>(mask: &Mask, one: &'a TableRows, other: &TableRows) -> Vec<&'a String> {
    let hidden = |at: &usize| one.columns.get(*at).is_none_or(|column| mask.hides(&one.table, column));
    if one.key.is_empty() || one.columns != other.columns || one.key.iter().any(hidden) {
        return Vec::new();
    }
    let key = |row: &Vec<Option<String>>| -> Vec<Option<String>> {
        one.key.iter().map(|&at| row.get(at).cloned().flatten()).collect()
    };
    let others: BTreeMap<_, _> = other.rows.iter().map(|row| (key(row), row)).collect();
    let differs = |at: usize| {
        one.rows.iter().any(|row| others.get(&key(row)).is_some_and(|other| row.get(at) != other.get(at)))
    };
    (0..one.columns.len()).filter(|&at| differs(at)).map(|at| &one.columns[at]).collect()
}

#[cfg(test)]
mod tests {
    use confiture_core::catalog::Kind;

    use super::*;

    /// A table `id, a, b` with these rows; `id` is its key.
    fn table(rows: &[[&str; 3]]) -> Vec<TableRows> {
        vec![TableRows {
            table: ObjectId::new(Kind::Table, ["public", "t"]),
            columns: ["id", "a", "b"].map(str::to_owned).to_vec(),
            key: vec![0],
            rows: rows.iter().map(|row| row.iter().map(|v| Some((*v).to_owned())).collect()).collect(),
        }]
    }

    fn masked(first: &[TableRows], second: &[TableRows]) -> Vec<String> {
        let mask = Mask::between(first, second);
        assert!(mask.same(first, second), "{mask:?}");
        assert_eq!(mask.digest(first), mask.digest(second));
        mask.names().map(|name| name.trim_start_matches("public.t.").to_owned()).collect()
    }

    #[test]
    fn what_differs_between_two_runs_is_masked_and_nothing_else() {
        let one = table(&[["1", "x", "y"], ["2", "x", "z"]]);
        assert_eq!(masked(&one, &one), [""; 0]);
        assert_eq!(masked(&one, &table(&[["1", "x", "y"], ["2", "x", "other"]])), ["b"]);
        // The same values, exchanged between rows.
        assert_eq!(masked(&one, &table(&[["1", "x", "z"], ["2", "x", "y"]])), ["b"]);
        let keyless = |mut tables: Vec<TableRows>| {
            tables[0].key.clear();
            tables
        };
        let exchanged = table(&[["1", "x", "z"], ["2", "x", "y"]]);
        assert_eq!(masked(&keyless(one.clone()), &keyless(exchanged)), ["a", "b", "id"]);
    }

    #[test]
    fn a_table_with_no_column_left_is_not_compared_nor_counted() {
        let (one, two) = (table(&[["1", "x", "y"]]), table(&[["1", "x", "y"], ["2", "x", "z"]]));
        assert_eq!(masked(&one, &two), ["a", "b", "id"]);
        assert_eq!(masked(&one, &[]), ["a", "b", "id"]);
        assert_eq!(masked(&[], &one), ["a", "b", "id"]);
        let part = Mask::between(&one, &table(&[["1", "x", "other"]]));
        assert!(!part.same(&one, &two) && !part.same(&one, &[]));
    }
}
