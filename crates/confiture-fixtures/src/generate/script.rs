//! The rows of a database as a script that puts them into another one.

use std::io::{self, Write};

use confiture_core::catalog::{Catalog, Detail, ObjectId};
use confiture_core::db::Session;
use confiture_core::sql::{Quoted, quote_literal};

use crate::error::FixtureError;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowStyle {
    /// `COPY … FROM stdin`: fast; read by psql and by everything that reads pg_dump's output.
    #[default]
    Copy,
    /// One `INSERT` a row: read by everything.
    Insert,
}

/// Writes the rows of `tables`, in this order, as SQL, and sets the sequences behind them.
///
/// Partitions are part of their partitioned table; computed columns are left out. Names are qualified,
/// so the script does not depend on `search_path`. Costs one query a table, and holds one table in memory.
///
/// # Errors
/// [`FixtureError::Query`] when a table cannot be read, [`FixtureError::Output`] when `out` fails.
pub async fn write_rows(
    session: &Session,
    catalog: &Catalog,
    tables: &[ObjectId],
    style: RowStyle,
    out: &mut (dyn Write + Send),
) -> Result<(), FixtureError> {
    let failed = |source| FixtureError::Query { doing: "read generated rows", source };
    for table in tables {
        let columns: Vec<String> = catalog
            .columns_of(table)
            .into_iter()
            .filter(|(_, column)| column.generated.is_none())
            .map(|(id, _)| Quoted::ident(id.name()).as_str().to_owned())
            .collect();
        let Some(Detail::Table(found)) = catalog.get(table).map(|object| &object.detail) else { continue };
        let only = if found.partition_by.is_some() { "" } else { "ONLY " };
        let (name, list) = (table.sql_name(), columns.join(", "));
        match style {
            RowStyle::Copy => {
                let sql = format!("COPY (SELECT {list} FROM {only}{name}) TO STDOUT");
                let rows = session.copy_out(&sql).await.map_err(failed)?;
                let written = writeln!(out, "COPY {name} ({list}) FROM stdin;")
                    .and_then(|()| out.write_all(&rows))
                    .and_then(|()| out.write_all(b"\\.\n\n"));
                written.map_err(FixtureError::Output)?;
            }
            RowStyle::Insert => {
                let texts: Vec<String> = columns.iter().map(|column| format!("{column}::text")).collect();
                let sql = format!("SELECT {} FROM {only}{name}", texts.join(", "));
                let rows = session.query_simple(&sql).await.map_err(failed)?;
                for row in rows.rows {
                    let values: Vec<String> = row
                        .iter()
                        .map(|value| value.as_deref().map_or("NULL".to_owned(), quote_literal))
                        .collect();
                    write_insert(out, &name, &list, &values).map_err(FixtureError::Output)?;
                }
            }
        }
    }
    write_sequences(session, catalog, tables, out).await
}

fn write_insert(out: &mut (dyn Write + Send), name: &str, list: &str, values: &[String]) -> io::Result<()> {
    if values.is_empty() {
        return writeln!(out, "INSERT INTO {name} DEFAULT VALUES;");
    }
    writeln!(out, "INSERT INTO {name} ({list}) OVERRIDING SYSTEM VALUE VALUES ({});", values.join(", "))
}

async fn write_sequences(
    session: &Session,
    catalog: &Catalog,
    tables: &[ObjectId],
    out: &mut (dyn Write + Send),
) -> Result<(), FixtureError> {
    for (id, object) in catalog.of_kind(confiture_core::catalog::Kind::Sequence) {
        let Detail::Sequence(sequence) = &object.detail else { continue };
        let owner = sequence.owned_by.as_ref().and_then(ObjectId::owner_path);
        let wanted = owner.is_some_and(|(schema, name)| {
            tables.iter().any(|table| table.part(0) == schema && table.part(1) == name)
        });
        if !wanted {
            continue;
        }
        let sql = format!("SELECT last_value::text FROM {} WHERE is_called", id.sql_name());
        let failed = |source| FixtureError::Query { doing: "read a sequence", source };
        let rows = session.query_simple(&sql).await.map_err(failed)?.rows;
        if let Some(Some(last)) = rows.into_iter().flatten().next() {
            let name = quote_literal(&id.sql_name());
            writeln!(out, "SELECT pg_catalog.setval({name}, {last});").map_err(FixtureError::Output)?;
        }
    }
    Ok(())
}
