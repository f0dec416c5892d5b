//! What became of the rows of a table.

use std::collections::HashMap;

use confiture_core::plugin::{RowChange, RowChangeKind, RowExample};

use super::tables::{Table, shortened};

type Row = Vec<Option<String>>;

/// What of `before` is not in `after`, which may have other columns.
///
/// Rows are told apart by their primary key; where there is none, or it changed, each column is compared
/// as a multiset of values.
pub(super) fn changes(before: &Table, after: &Table) -> Vec<RowChange> {
    let mut changes = Vec::new();
    for (at, column) in before.columns.iter().enumerate() {
        if after.column(&column.name).is_none() {
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
    match keys(before, after) {
        Some(key) => by_key(before, after, &key, &mut changes),
        None => by_value(before, after, &mut changes),
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
    let now: HashMap<&str, Option<&str>> =
        texts.iter().filter_map(|row| Some((row.first()?.as_deref()?, row.get(1)?.as_deref()))).collect();
    let mut count = 0;
    let mut example = None;
    for row in &before.rows {
        let key: Vec<Option<&str>> = before.key.iter().map(|&at| value(row, at)).collect();
        let Ok(key) = serde_json::to_string(&key) else { continue };
        // PostgreSQL writes a blank after each comma.
        let Some(after) = now.iter().find_map(|(text, value)| same_json(text, &key).then_some(*value)) else {
            continue;
        };
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

fn same_json(a: &str, b: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(a).ok() == serde_json::from_str(b).ok()
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

/// Places of the key's columns before and after; `None` where rows cannot be told apart by them.
fn keys(before: &Table, after: &Table) -> Option<Vec<(usize, usize)>> {
    if before.key.is_empty() {
        return None;
    }
    let pairs = before.key.iter().map(|&at| {
        let column = &before.columns[at];
        let now = after.column(&column.name)?;
        (after.columns[now].data_type == column.data_type).then_some((at, now))
    });
    pairs.collect()
}

fn by_key(before: &Table, after: &Table, key: &[(usize, usize)], changes: &mut Vec<RowChange>) {
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
        let old: std::collections::HashSet<Vec<Option<&str>>> =
            before.rows.iter().map(|row| key.iter().map(|(at, _)| value(row, *at)).collect()).collect();
        let new = now.iter().find(|(key, _)| !old.contains(*key)).map(|(_, row)| whole(row, after));
        changes.push(change(before, RowChangeKind::RowsAdded, added, new));
    }
    for (at, column) in before.columns.iter().enumerate() {
        let Some(place) = after.column(&column.name) else { continue };
        if after.columns[place].data_type != column.data_type {
            continue;
        }
        let mut others = pairs
            .iter()
            .filter_map(|(row, now)| Some((*row, (*now)?)))
            .filter(|(row, now)| value(row, at) != value(now, place));
        let example = others.clone().next().map(|(row, now)| RowExample {
            key: before.key_text(row),
            before: value(row, at).map(shortened),
            after: value(now, place).map(shortened),
        });
        let count = others.by_ref().count();
        changes.push(change(
            before,
            RowChangeKind::ValuesChanged { column: column.name.clone() },
            count,
            example,
        ));
    }
}

fn by_value(before: &Table, after: &Table, changes: &mut Vec<RowChange>) {
    let (was, is) = (before.rows.len(), after.rows.len());
    changes.push(change(before, RowChangeKind::RowsLost, was.saturating_sub(is), None));
    changes.push(change(before, RowChangeKind::RowsAdded, is.saturating_sub(was), None));
    if was != is {
        return;
    }
    for (at, column) in before.columns.iter().enumerate() {
        let Some(place) = after.column(&column.name) else { continue };
        if after.columns[place].data_type != column.data_type {
            continue;
        }
        let mut left: HashMap<Option<&str>, i64> = HashMap::new();
        for row in &after.rows {
            *left.entry(value(row, place)).or_default() += 1;
        }
        let mut count = 0;
        let mut example = None;
        for row in &before.rows {
            let seen = left.entry(value(row, at)).or_default();
            *seen -= 1;
            if *seen < 0 {
                count += 1;
                example.get_or_insert_with(|| RowExample {
                    key: before.key_text(row),
                    before: value(row, at).map(shortened),
                    after: None,
                });
            }
        }
        changes.push(change(
            before,
            RowChangeKind::ValuesChanged { column: column.name.clone() },
            count,
            example,
        ));
    }
}

#[cfg(test)]
mod tests {
    use confiture_core::catalog::{Kind, ObjectId};

    use super::super::tables::{RowColumn, Stored};
    use super::*;

    fn table(columns: &[&str], key: &[usize], rows: &[&[Option<&str>]]) -> Table {
        let id = ObjectId::new(Kind::Table, ["public", "t"]);
        Table {
            stored: Stored { id, signature: String::new(), writes: 0 },
            columns: columns
                .iter()
                .map(|name| RowColumn { name: (*name).to_owned(), data_type: "text".to_owned() })
                .collect(),
            key: key.to_vec(),
            rows: rows.iter().map(|row| row.iter().map(|v| v.map(str::to_owned)).collect()).collect(),
        }
    }

    fn kinds(before: &Table, after: &Table) -> Vec<(RowChangeKind, u64)> {
        changes(before, after).into_iter().map(|change| (change.kind, change.count)).collect()
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
        let change = changes(&before, &after).pop().expect("a change");
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
    fn a_dropped_column_loses_its_values_and_an_empty_one_loses_nothing() {
        let before = table(&["id", "a", "b"], &[0], &[&[Some("1"), Some("x"), None]]);
        let after = table(&["id"], &[0], &[&[Some("1")]]);
        assert_eq!(kinds(&before, &after), [(RowChangeKind::ColumnDropped { column: "a".to_owned() }, 1)]);
    }
}
