//! What became of the rows of a table.

use std::collections::{HashMap, HashSet};

use confiture_core::plugin::{RowChange, RowChangeKind, RowExample};

use super::tables::{RowColumn, Table, shortened};

type Row = Vec<Option<String>>;

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
        let distinct: HashSet<Vec<Option<&str>>> =
            self.after.rows.iter().map(|row| pairs.iter().map(|(_, at)| value(row, *at)).collect()).collect();
        (distinct.len() == self.after.rows.len()).then_some(pairs)
    }

    /// What to call a change of values, each from one to another.
    fn kind(&self, column: &RowColumn, changed: &[(Option<&str>, Option<&str>)]) -> RowChangeKind {
        let name = column.name.clone();
        if changed.iter().all(|(was, is)| was.is_none() && is.is_some()) {
            return RowChangeKind::NullsFilled { column: name };
        }
        let stamp = |is: Option<&str>| is.is_some_and(|is| is >= self.began);
        if column.data_type.starts_with("timestamp") && changed.iter().all(|(_, is)| stamp(*is)) {
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
            let lost = before.rows.iter().filter(|row| value(row, at).is_some());
            let example = lost.clone().next().map(|row| RowExample {
                key: before.key_text(row),
                before: value(row, at).map(shortened),
                after: None,
            });
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
    let key_of = |text: &str| serde_json::from_str::<Vec<Option<String>>>(text).ok();
    let now: HashMap<Vec<Option<String>>, Option<&str>> = texts
        .iter()
        .filter_map(|row| Some((key_of(row.first()?.as_deref()?)?, row.get(1)?.as_deref())))
        .collect();
    let mut count = 0;
    let mut example = None;
    for row in &before.rows {
        let key: Vec<Option<String>> =
            before.key.iter().map(|&at| value(row, at).map(str::to_owned)).collect();
        let Some(after) = now.get(&key).copied() else { continue };
        let was = value(row, at);
        if was.is_some() && was != after {
            count += 1;
            example.get_or_insert_with(|| RowExample {
                key: before.key_text(row),
                before: was.map(shortened),
                after: after.map(shortened),
            });
        }
    }
    let from = before.columns[at].data_type.clone();
    let kind = RowChangeKind::Narrowed { column: column.to_owned(), from, to: to.to_owned() };
    (count > 0).then(|| change(before, kind, count, example))
}

fn value(row: &Row, at: usize) -> Option<&str> {
    row.get(at)?.as_deref()
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
    let now: HashMap<Vec<Option<&str>>, &Row> =
        after.rows.iter().map(|row| (key.iter().map(|(_, at)| value(row, *at)).collect(), row)).collect();
    let pairs: Vec<(&Row, Option<&Row>)> = before
        .rows
        .iter()
        .map(|row| {
            let key: Vec<Option<&str>> = key.iter().map(|(at, _)| value(row, *at)).collect();
            (row, now.get(&key).copied())
        })
        .collect();
    let whole = |row: &Row, table: &Table| RowExample { key: table.key_text(row), before: None, after: None };
    let lost: Vec<&Row> = pairs.iter().filter(|(_, now)| now.is_none()).map(|(row, _)| *row).collect();
    let example = lost.first().map(|row| whole(row, before));
    changes.push(change(before, RowChangeKind::RowsLost, lost.len(), example));
    let kept = pairs.len() - lost.len();
    let added = now.len().saturating_sub(kept);
    if added > 0 {
        let old: HashSet<Vec<Option<&str>>> =
            before.rows.iter().map(|row| key.iter().map(|(at, _)| value(row, *at)).collect()).collect();
        let new = now.iter().find(|(key, _)| !old.contains(*key)).map(|(_, row)| whole(row, after));
        changes.push(change(before, RowChangeKind::RowsAdded, added, new));
    }
    for (at, column) in before.columns.iter().enumerate() {
        let Some(place) = pair.same_type(column) else { continue };
        let others: Vec<(&Row, &Row)> = pairs
            .iter()
            .filter_map(|(row, now)| Some((*row, (*now)?)))
            .filter(|(row, now)| value(row, at) != value(now, place))
            .collect();
        // The loss of a value shows more than a value in the place of NULL.
        let shown = others.iter().find(|(row, _)| value(row, at).is_some()).or(others.first());
        let example = shown.map(|(row, now)| RowExample {
            key: before.key_text(row),
            before: value(row, at).map(shortened),
            after: value(now, place).map(shortened),
        });
        let values: Vec<_> = others.iter().map(|(row, now)| (value(row, at), value(now, place))).collect();
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
        let mut left: HashMap<Option<&str>, usize> = HashMap::new();
        for row in &after.rows {
            *left.entry(value(row, place)).or_default() += 1;
        }
        let mut gone: Vec<&Row> = Vec::new();
        for row in &before.rows {
            match left.get_mut(&value(row, at)) {
                Some(seen) if *seen > 0 => *seen -= 1,
                _ => gone.push(row),
            }
        }
        let new = left.iter().flat_map(|(value, count)| std::iter::repeat_n(*value, *count));
        let values: Vec<_> = gone.iter().map(|row| value(row, at)).zip(new).collect();
        // Which of the new values belongs to the row is not known.
        let example = gone.first().map(|row| RowExample {
            key: format!("{} = {}", column.name, value(row, at).map_or_else(|| "NULL".to_owned(), shortened)),
            before: None,
            after: None,
        });
        changes.push(change(before, pair.kind(column, &values), gone.len(), example));
    }
}

#[cfg(test)]
mod tests {
    use confiture_core::catalog::{Kind, ObjectId};

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
            rows: rows.iter().map(|row| row.iter().map(|v| v.map(str::to_owned)).collect()).collect(),
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
