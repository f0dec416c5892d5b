//! What became of the rows of a table.

use std::collections::{HashMap, HashSet};

use confiture_core::plugin::{RowChange, RowChangeKind, RowExample};

use super::rows::{Cell, OwnedKey, RowColumn, Table};

/// How columns of one table are found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Columns {
    /// By their number: a renamed one is the same.
    Numbers,
    /// By their name.
    Names,
}

/// Two states of a table, and what tells them apart.
pub(super) struct Pair<'a> {
    pub(super) before: &'a Table,
    pub(super) after: &'a Table,
    pub(super) columns: Columns,
    /// Whether both are one relation, and not two of the same name.
    pub(super) same_relation: bool,
    /// When the database with rows was made: no generated point in time is later.
    pub(super) began: &'a str,
}

impl Pair<'_> {
    /// Place in `after` of a column of `before`.
    pub(super) fn place(&self, column: &RowColumn) -> Option<usize> {
        match self.columns {
            Columns::Numbers => self.after.columns.iter().position(|one| one.number == column.number),
            Columns::Names => self.after.column(&column.name),
        }
    }

    /// Place in `after` of a column of `before` that still has its type.
    fn same_type(&self, column: &RowColumn) -> Option<usize> {
        self.place(column).filter(|&at| self.after.columns[at].data_type == column.data_type)
    }

    /// Places of the key's columns before and after; `None` where rows cannot be told apart by them: a
    /// column of it was made anew, or does not tell rows apart any more.
    fn keys(&self) -> Option<Vec<(usize, usize)>> {
        if self.before.key.is_empty() {
            return None;
        }
        let pairs = self.before.key.iter().map(|&at| {
            let column = &self.before.columns[at];
            let now = self.same_type(column)?;
            let anew = self.same_relation && self.after.columns[now].number != column.number;
            (!anew).then_some((at, now))
        });
        let pairs: Vec<(usize, usize)> = pairs.collect::<Option<_>>()?;
        let rows = 0..self.after.rows.len();
        let distinct: HashSet<Vec<Cell<'_>>> =
            rows.map(|row| self.after.key_of(row, pairs.iter().map(|(_, at)| *at))).collect();
        (distinct.len() == self.after.rows.len()).then_some(pairs)
    }

    /// What to call a change of values, each from one to another.
    fn kind(&self, column: &RowColumn, changed: &[(Cell<'_>, Cell<'_>)]) -> RowChangeKind {
        let name = column.name.clone();
        if changed.iter().all(|(was, is)| was.is_null() && !is.is_null()) {
            return RowChangeKind::NullsFilled { column: name };
        }
        let stamped = changed.iter().all(|(_, is)| is.is_since(self.began));
        if column.data_type.starts_with("timestamp") && stamped {
            return RowChangeKind::Stamped { column: name };
        }
        RowChangeKind::ValuesChanged { column: name }
    }
}

/// What of the state before is not in the state after, which may have other columns.
///
/// Rows are told apart by their primary key; where there is none, or it changed, each column is compared
/// as a multiset of values.
pub(super) fn changes(pair: &Pair<'_>) -> Vec<RowChange> {
    let before = pair.before;
    let mut changes = Vec::new();
    for (at, column) in before.columns.iter().enumerate() {
        if pair.place(column).is_none() {
            let lost = (0..before.rows.len()).filter(|row| !before.cell(*row, at).is_null());
            let example = lost.clone().next();
            let example = example.and_then(|row| before.example_of(row, before.cell(row, at), Cell::Null));
            changes.push(change(
                before,
                RowChangeKind::ColumnDropped { column: column.name.clone() },
                lost.count(),
                example,
            ));
        }
    }
    match pair.keys() {
        Some(key) => by_key(pair, &key, &mut changes),
        None => by_value(pair, &mut changes),
    }
    changes.retain(|change| change.count > 0);
    changes
}

/// The table is gone, with these rows.
pub(super) fn dropped(before: &Table) -> RowChange {
    change(before, RowChangeKind::TableDropped, before.rows.len(), None)
}

/// Values that are others when cast back: `texts` are pairs of a row's key and the value.
pub(super) fn narrowed(
    before: &Table,
    column: &str,
    to: &str,
    texts: &[Vec<Option<String>>],
) -> Option<RowChange> {
    let at = before.column(column)?;
    let told: Vec<(OwnedKey, Cell<'_>)> = texts
        .iter()
        .filter_map(|row| {
            let key = before.read_key(row.first()?.as_deref()?)?;
            Some((key, before.rows.read(row.get(1)?.as_deref())))
        })
        .collect();
    let now: HashMap<Vec<Cell<'_>>, Cell<'_>> =
        told.iter().map(|(key, value)| (key.cells(), *value)).collect();
    let mut count = 0;
    let mut example = None;
    for row in 0..before.rows.len() {
        let Some(after) = now.get(&before.key_of(row, before.key.iter().copied())).copied() else { continue };
        let was = before.cell(row, at);
        if !was.is_null() && was != after {
            count += 1;
            example = example.or_else(|| before.example_of(row, was, after));
        }
    }
    let from = before.columns[at].data_type.clone();
    let kind = RowChangeKind::Narrowed { column: column.to_owned(), from, to: to.to_owned() };
    (count > 0).then(|| change(before, kind, count, example))
}

fn change(table: &Table, kind: RowChangeKind, count: usize, example: Option<RowExample>) -> RowChange {
    RowChange {
        table: table.stored.id.clone(),
        kind,
        count: count as u64,
        of: table.rows.len() as u64,
        example,
    }
}

fn by_key(pair: &Pair<'_>, key: &[(usize, usize)], changes: &mut Vec<RowChange>) {
    let (before, after) = (pair.before, pair.after);
    let key_before = |row: usize| before.key_of(row, key.iter().map(|(at, _)| *at));
    let key_after = |row: usize| after.key_of(row, key.iter().map(|(_, at)| *at));
    let now: HashMap<Vec<Cell<'_>>, usize> = (0..after.rows.len()).map(|row| (key_after(row), row)).collect();
    let places: Vec<Option<usize>> =
        (0..before.rows.len()).map(|row| now.get(&key_before(row)).copied()).collect();
    let kept: Vec<(usize, usize)> =
        places.iter().enumerate().filter_map(|(row, now)| Some((row, (*now)?))).collect();
    let lost = places.iter().position(Option::is_none);
    let example = lost.and_then(|row| before.example(row));
    changes.push(change(before, RowChangeKind::RowsLost, places.len() - kept.len(), example));
    let added = now.len().saturating_sub(kept.len());
    if added > 0 {
        let old: HashSet<usize> = kept.iter().map(|(_, now)| *now).collect();
        let new = (0..after.rows.len()).find(|row| !old.contains(row));
        let example = new.and_then(|row| after.example(row));
        changes.push(change(before, RowChangeKind::RowsAdded, added, example));
    }
    for (at, column) in before.columns.iter().enumerate() {
        let Some(place) = pair.same_type(column) else { continue };
        let cells = |(row, now): (usize, usize)| (before.cell(row, at), after.cell(now, place));
        let differs = |both: &(usize, usize)| {
            let (was, is) = cells(*both);
            was != is
        };
        let others: Vec<(usize, usize)> = kept.iter().copied().filter(differs).collect();
        // The loss of a value shows more than a value in the place of NULL.
        let shown = others.iter().find(|(row, _)| !before.cell(*row, at).is_null()).or(others.first());
        let example = shown.and_then(|both| {
            let (was, is) = cells(*both);
            before.example_of(both.0, was, is)
        });
        let values: Vec<_> = others.iter().map(|both| cells(*both)).collect();
        changes.push(change(before, pair.kind(column, &values), others.len(), example));
    }
}

fn by_value(pair: &Pair<'_>, changes: &mut Vec<RowChange>) {
    let (before, after) = (pair.before, pair.after);
    let (was, is) = (before.rows.len(), after.rows.len());
    changes.push(change(before, RowChangeKind::RowsLost, was.saturating_sub(is), None));
    changes.push(change(before, RowChangeKind::RowsAdded, is.saturating_sub(was), None));
    if was != is {
        return;
    }
    for (at, column) in before.columns.iter().enumerate() {
        let Some(place) = pair.same_type(column) else { continue };
        let mut left: HashMap<Cell<'_>, usize> = HashMap::new();
        for row in 0..is {
            *left.entry(after.cell(row, place)).or_default() += 1;
        }
        let mut gone: Vec<Cell<'_>> = Vec::new();
        for row in 0..was {
            let value = before.cell(row, at);
            match left.get_mut(&value) {
                Some(seen) if *seen > 0 => *seen -= 1,
                _ => gone.push(value),
            }
        }
        let new = left.iter().flat_map(|(value, count)| std::iter::repeat_n(*value, *count));
        let values: Vec<_> = gone.iter().copied().zip(new).collect();
        // Which of the new values belongs to the row is not known.
        let shown = gone.first().and_then(|value| value.shown());
        let example = shown.map(|value| RowExample {
            key: format!("{} = {value}", column.name),
            before: None,
            after: None,
        });
        changes.push(change(before, pair.kind(column, &values), gone.len(), example));
    }
}

#[cfg(test)]
mod tests {
    use confiture_core::catalog::{Kind, ObjectId};

    use super::super::rows::Rows;
    use super::super::tables::Stored;
    use super::*;

    fn table(columns: &[&str], key: &[usize], rows: &[&[Option<&str>]]) -> Table {
        let id = ObjectId::new(Kind::Table, ["public", "t"]);
        Table {
            stored: Stored { id, signature: String::new(), writes: 0, partitioned: false, partition: false },
            columns: columns
                .iter()
                .map(|name| {
                    let number = i16::from(name.as_bytes()[0]);
                    RowColumn { number, name: (*name).to_owned(), data_type: "timestamp".to_owned() }
                })
                .collect(),
            key: key.to_vec(),
            rows: Rows::Texts(
                rows.iter().map(|row| row.iter().map(|v| v.map(str::to_owned)).collect()).collect(),
            ),
        }
    }

    fn all(before: &Table, after: &Table) -> Vec<RowChange> {
        let (columns, same_relation) = (Columns::Names, true);
        changes(&Pair { before, after, columns, same_relation, began: "~" })
    }

    fn kinds(before: &Table, after: &Table) -> Vec<(RowChangeKind, u64)> {
        all(before, after).into_iter().map(|change| (change.kind, change.count)).collect()
    }

    #[test]
    fn rows_are_told_apart_by_their_key() {
        let before = table(&["id", "a"], &[0], &[&[Some("1"), Some("x")], &[Some("2"), Some("y")]]);
        let after = table(&["a", "id"], &[1], &[&[Some("z"), Some("2")], &[None, Some("3")]]);
        let changed = RowChangeKind::ValuesChanged { column: "a".to_owned() };
        assert_eq!(
            kinds(&before, &after),
            [(RowChangeKind::RowsLost, 1), (RowChangeKind::RowsAdded, 1), (changed, 1)]
        );
        assert_eq!(kinds(&before, &before), []);
        let change = all(&before, &after).pop().expect("a change");
        let example = change.example.expect("an example");
        assert_eq!(
            (example.key.as_str(), example.before.as_deref(), example.after.as_deref()),
            ("id = 2", Some("y"), Some("z"))
        );
    }

    #[test]
    fn without_a_key_columns_are_multisets() {
        let before = table(&["a"], &[], &[&[Some("x")], &[Some("x")], &[None]]);
        let reordered = table(&["a"], &[], &[&[None], &[Some("x")], &[Some("x")]]);
        let changed = table(&["a"], &[], &[&[None], &[None], &[Some("x")]]);
        assert_eq!(kinds(&before, &reordered), []);
        let values = RowChangeKind::ValuesChanged { column: "a".to_owned() };
        assert_eq!(kinds(&before, &changed), [(values, 1)]);
    }

    #[test]
    fn filled_nulls_stamps_and_keys_made_anew_are_told_from_changed_values() {
        let column = || "a".to_owned();
        let before = table(&["id", "a"], &[0], &[&[Some("1"), None], &[Some("2"), Some("x")]]);
        let filled = table(&["id", "a"], &[0], &[&[Some("1"), Some("y")], &[Some("2"), Some("x")]]);
        assert_eq!(kinds(&before, &filled), [(RowChangeKind::NullsFilled { column: column() }, 1)]);
        let stamped = table(&["id", "a"], &[0], &[&[Some("1"), Some("~1")], &[Some("2"), Some("~2")]]);
        assert_eq!(kinds(&before, &stamped), [(RowChangeKind::Stamped { column: column() }, 2)]);
        let mut anew = table(&["id", "a"], &[0], &[&[Some("2"), None], &[Some("1"), Some("x")]]);
        anew.columns[0].number += 1;
        assert_eq!(kinds(&before, &anew), []);
    }

    #[test]
    fn a_dropped_column_loses_its_values_and_an_empty_one_loses_nothing() {
        let before = table(&["id", "a", "b"], &[0], &[&[Some("1"), Some("x"), None]]);
        let after = table(&["id"], &[0], &[&[Some("1")]]);
        assert_eq!(kinds(&before, &after), [(RowChangeKind::ColumnDropped { column: "a".to_owned() }, 1)]);
    }
}
