//! Rows as SQL, with the rows they refer to.

use confiture_core::catalog::{Catalog, ConstraintType, ObjectId};
use confiture_core::sql::{Quoted, quote_literal};
use confiture_fixtures::TableRows;

use crate::rows::Mask;

/// The condition that a row holds these values; masked columns are left out.
pub(super) fn is_row(shape: &TableRows, row: &[Option<String>], mask: &Mask) -> String {
    let values = shape.columns.iter().zip(row).filter(|(column, _)| !mask.hides(&shape.table, column));
    let parts: Vec<String> = values
        .map(|(column, value)| {
            let column = Quoted::ident(column);
            match value {
                Some(value) => format!("{column}::text = {}", quote_literal(value)),
                None => format!("{column} IS NULL"),
            }
        })
        .collect();
    if parts.is_empty() { "true".to_owned() } else { parts.join(" AND ") }
}

/// `INSERT`s of the row that the migration finds under the key of `row`, and before it of those it refers to.
///
/// `known` are the rows of all tables before the migration. `None` when the row is not among them, when its
/// table has no key, or when references go round in a circle.
pub(super) fn with_parents(
    before: &Catalog,
    known: &[TableRows],
    shape: &TableRows,
    row: &[Option<String>],
) -> Option<String> {
    let table = known.iter().find(|rows| rows.table == shape.table)?;
    let start = table.rows.iter().find(|old| {
        !table.key.is_empty()
            && table.key.iter().all(|&at| {
                let name = &table.columns[at];
                let now = shape.columns.iter().position(|column| column == name).and_then(|at| row.get(at));
                now.is_some_and(|now| old.get(at) == Some(now))
            })
    });
    let start =
        start.or_else(|| table.rows.iter().find(|old| table.key.is_empty() && old.as_slice() == row))?;
    of_rows(before, known, [(table, start.as_slice())])
}

/// `INSERT`s of rows and before each of those it refers to; `None` when references go round in a circle.
pub(super) fn of_rows<'a>(
    before: &Catalog,
    known: &'a [TableRows],
    rows: impl IntoIterator<Item = (&'a TableRows, &'a [Option<String>])>,
) -> Option<String> {
    let mut inserts = Vec::new();
    for (table, row) in rows {
        insert(before, known, table, row, &mut Vec::new(), &mut inserts)?;
    }
    Some(inserts.concat())
}

fn insert<'a>(
    before: &Catalog,
    known: &'a [TableRows],
    table: &'a TableRows,
    row: &'a [Option<String>],
    under_way: &mut Vec<(&'a ObjectId, &'a [Option<String>])>,
    inserts: &mut Vec<String>,
) -> Option<()> {
    if under_way.contains(&(&table.table, row)) {
        return None;
    }
    under_way.push((&table.table, row));
    let value = |rows: &TableRows, row: &'a [Option<String>], column: &str| -> Option<&'a String> {
        row.get(rows.columns.iter().position(|name| name == column)?)?.as_ref()
    };
    for (_, constraint) in before.constraints_of(&table.table) {
        let Some(to) = constraint.references.as_ref() else { continue };
        if constraint.constraint_type != ConstraintType::ForeignKey {
            continue;
        }
        let values: Option<Vec<&String>> =
            constraint.columns.iter().map(|column| value(table, row, column)).collect();
        let Some(values) = values else { continue };
        let parents = known.iter().find(|rows| rows.table == to.table)?;
        let parent = parents.rows.iter().find(|parent| {
            to.columns
                .iter()
                .zip(&values)
                .all(|(column, wanted)| value(parents, parent, column) == Some(*wanted))
        })?;
        if !(to.table == table.table && parent.as_slice() == row) {
            insert(before, known, parents, parent, under_way, inserts)?;
        }
    }
    under_way.pop();
    let columns: Vec<String> = table.columns.iter().map(|column| Quoted::ident(column).to_string()).collect();
    let values: Vec<String> = row
        .iter()
        .map(|value| value.as_ref().map_or_else(|| "NULL".to_owned(), |v| quote_literal(v)))
        .collect();
    let statement = format!(
        "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({});\n",
        table.table.sql_name(),
        columns.join(", "),
        values.join(", ")
    );
    if !inserts.contains(&statement) {
        inserts.push(statement);
    }
    Some(())
}
