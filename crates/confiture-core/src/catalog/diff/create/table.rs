//! Tables, their columns, constraints and indexes.

use std::fmt::Write as _;

use super::{clause, options_sql, sequence_options, server_options, with_options};
use crate::catalog::diff::{Pair, Step};
use crate::catalog::id::quote_ident;
use crate::catalog::{Catalog, Column, Constraint, Identity, Index, Kind, ObjectId, Persistence, Table};

/// A column as CREATE TABLE and ADD COLUMN take it.
pub(in crate::catalog) fn column_sql(catalog: &Catalog, id: &ObjectId, column: &Column) -> String {
    let mut sql = format!("{} {}", id.sql_name(), column.data_type);
    clause(&mut sql, " COMPRESSION ", column.compression.as_deref());
    clause(&mut sql, " COLLATE ", column.collation.as_deref());
    if !column.server_options.is_empty() {
        let options: Vec<&str> = column.server_options.iter().map(String::as_str).collect();
        sql.push_str(&server_options(&options));
    }
    if let Some(generated) = &column.generated {
        let how = if column.generated_virtual { "VIRTUAL" } else { "STORED" };
        let _ = write!(sql, " GENERATED ALWAYS AS ({generated}) {how}");
    }
    clause(&mut sql, " DEFAULT ", column.default.as_deref());
    if let Some(identity) = column.identity {
        let _ = write!(sql, " {}", identity_sql(catalog, id, identity));
    }
    if column.not_null {
        sql.push_str(" NOT NULL");
        if column.not_null_no_inherit {
            sql.push_str(" NO INHERIT");
        }
    }
    sql
}

/// `GENERATED … AS IDENTITY (…)` with the parameters of its sequence.
pub(in crate::catalog) fn identity_sql(catalog: &Catalog, column: &ObjectId, identity: Identity) -> String {
    let how = if identity == Identity::Always { "ALWAYS" } else { "BY DEFAULT" };
    let sequence = catalog
        .sequences()
        .find(|(_, s)| s.identity && s.owned_by.as_ref() == Some(column))
        .map(|(id, s)| format!(" (SEQUENCE NAME {} {})", id.sql_name(), sequence_options(s)));
    format!("GENERATED {how} AS IDENTITY{}", sequence.unwrap_or_default())
}

/// What CREATE TABLE cannot say about a column.
pub(in crate::catalog) fn column_extras(id: &ObjectId, column: &Column) -> Vec<Step> {
    let alter = format!("ALTER TABLE {} ALTER COLUMN {}", id.owner_sql(), id.sql_name());
    let mut steps = Vec::new();
    if let Some(storage) = &column.storage {
        steps.push(Step::new(4300, format!("{alter} SET STORAGE {storage}")));
    }
    if let Some(target) = column.statistics {
        steps.push(Step::new(4300, format!("{alter} SET STATISTICS {target}")));
    }
    if !column.options.is_empty() {
        steps.push(Step::new(4300, format!("{alter} SET ({})", options_sql(&column.options))));
    }
    steps
}

pub(super) fn create_table(pair: Pair<'_>, id: &ObjectId, table: &Table) -> Vec<Step> {
    let name = id.sql_name();
    let columns = pair.before.columns_of(id);
    let foreign = id.kind() == Kind::ForeignTable;
    let kind = match (foreign, table.persistence) {
        (true, _) => "FOREIGN TABLE",
        (false, Persistence::Unlogged) => "UNLOGGED TABLE",
        (false, Persistence::Permanent) => "TABLE",
    };
    let mut sql = format!("CREATE {kind} {name}");
    let own: Vec<String> = columns
        .iter()
        .filter(|(_, column)| !column.inherited)
        .map(|(id, column)| column_sql(pair.before, id, column))
        .collect();
    match (&table.partition_of, &table.partition_bound, &table.of_type) {
        (Some(parent), Some(bound), _) => {
            let _ = write!(sql, " PARTITION OF {} {bound}", parent.sql_name());
        }
        (_, _, Some(of_type)) => {
            let _ = write!(sql, " OF {of_type}");
        }
        _ => {
            let _ = write!(sql, " (\n    {}\n)", own.join(",\n    "));
        }
    }
    if own.is_empty() && table.partition_of.is_none() && table.of_type.is_none() {
        sql = format!("CREATE {kind} {name} ()");
    }
    if !table.inherits.is_empty() {
        let parents: Vec<String> = table.inherits.iter().map(ObjectId::sql_name).collect();
        let _ = write!(sql, " INHERITS ({})", parents.join(", "));
    }
    clause(&mut sql, " PARTITION BY ", table.partition_by.as_deref());
    clause(&mut sql, " USING ", table.access_method.as_deref());
    clause(&mut sql, " SERVER ", table.server.as_deref().map(quote_ident).as_deref());
    if foreign {
        let options: Vec<&str> = table.server_options.iter().map(String::as_str).collect();
        sql.push_str(&server_options(&options));
    }
    sql.push_str(&with_options(&table.options));
    clause(&mut sql, " TABLESPACE ", table.tablespace.as_deref().map(quote_ident).as_deref());
    // Partitions follow their parents.
    let rank = if table.partition_of.is_some() || !table.inherits.is_empty() { 4150 } else { 4100 };
    let mut steps = vec![Step::new(rank, sql)];
    for (id, column) in columns {
        steps.extend(column_extras(id, column));
    }
    if table.row_security {
        steps.push(Step::new(4200, format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")));
    }
    if table.force_row_security {
        steps.push(Step::new(4200, format!("ALTER TABLE {name} FORCE ROW LEVEL SECURITY")));
    }
    if let Some(identity @ ("FULL" | "NOTHING")) = table.replica_identity.as_deref() {
        steps.push(Step::new(4200, format!("ALTER TABLE {name} REPLICA IDENTITY {identity}")));
    }
    steps
}

/// ADD COLUMN, unless the column comes with its relation or from a parent.
pub(super) fn add_column(pair: Pair<'_>, id: &ObjectId, column: &Column) -> Vec<Step> {
    let on = id.owner_sql();
    let (schema, relation) = (id.part(0), id.part(1));
    if id.kind() == Kind::Attribute {
        if !pair.after.contains(&ObjectId::new(Kind::Composite, [schema, relation])) {
            return Vec::new();
        }
        let mut sql = format!("ALTER TYPE {on} ADD ATTRIBUTE {} {}", id.sql_name(), column.data_type);
        clause(&mut sql, " COLLATE ", column.collation.as_deref());
        return vec![Step::new(4200, sql)];
    }
    let table = [Kind::Table, Kind::ForeignTable]
        .into_iter()
        .any(|kind| pair.after.contains(&ObjectId::new(kind, [schema, relation])));
    if !table || column.inherited {
        return Vec::new();
    }
    let sql = format!("ALTER TABLE {on} ADD COLUMN {}", column_sql(pair.before, id, column));
    // In the order they had.
    let mut steps = vec![Step::new(4200 + (column.position.min(99) as u16), sql)];
    steps.extend(column_extras(id, column));
    steps
}

/// A constraint as ADD CONSTRAINT takes it after its name.
pub(in crate::catalog) fn constraint_sql(constraint: &Constraint) -> String {
    let mut sql = constraint.definition.clone();
    for (flag, words) in [
        (constraint.no_inherit, " NO INHERIT"),
        (constraint.deferrable, " DEFERRABLE"),
        (constraint.deferred, " INITIALLY DEFERRED"),
        (!constraint.enforced, " NOT ENFORCED"),
        (!constraint.validated && constraint.enforced, " NOT VALID"),
    ] {
        if flag {
            sql.push_str(words);
        }
    }
    sql
}

pub(super) fn create_index(catalog: &Catalog, id: &ObjectId, index: &Index) -> Vec<Step> {
    let mut steps = Vec::new();
    if index.attached_to.is_none()
        && let Some(sql) = index_sql(id, index, "")
    {
        let of_view = catalog.contains(&ObjectId::new(Kind::MaterializedView, [id.part(0), id.part(1)]));
        steps.push(Step::new(if of_view { 4695 } else { 4400 }, sql));
    }
    steps.extend(index_extras(id, index));
    steps
}

/// CREATE INDEX with `only` (`ONLY ` or nothing) before the table; `None` for what a constraint makes.
pub(in crate::catalog) fn index_sql(id: &ObjectId, index: &Index, only: &str) -> Option<String> {
    let (name, on) = (quote_ident(id.name()), id.owner_sql());
    let unique = if index.unique { "UNIQUE " } else { "" };
    let (head, predicate) = split_predicate(index.definition.as_ref()?);
    let tablespace = match &index.tablespace {
        Some(tablespace) => format!(" TABLESPACE {}", quote_ident(tablespace)),
        None => String::new(),
    };
    Some(format!("CREATE {unique}INDEX {name} ON {only}{on} {head}{tablespace}{predicate}"))
}

/// What CREATE INDEX and ADD CONSTRAINT cannot say about an index.
pub(in crate::catalog) fn index_extras(id: &ObjectId, index: &Index) -> Vec<Step> {
    let (name, on) = (quote_ident(id.name()), id.owner_sql());
    let qualified = id.sql_name();
    let mut steps = Vec::new();
    if !index.options.is_empty() {
        let sql = format!("ALTER INDEX {qualified} SET ({})", options_sql(&index.options));
        steps.push(Step::new(4800, sql));
    }
    for entry in &index.statistics {
        if let Some((column, target)) = entry.split_once('=') {
            let sql = format!("ALTER INDEX {qualified} ALTER COLUMN {column} SET STATISTICS {target}");
            steps.push(Step::new(4800, sql));
        }
    }
    if index.clustered {
        steps.push(Step::new(4800, format!("ALTER TABLE {on} CLUSTER ON {name}")));
    }
    if index.replica_identity {
        steps.push(Step::new(4800, format!("ALTER TABLE {on} REPLICA IDENTITY USING INDEX {name}")));
    }
    steps
}

/// An index definition before its predicate, and the predicate (TABLESPACE comes between them).
pub(super) fn split_predicate(definition: &str) -> (&str, &str) {
    // The server prints the predicate last and in parentheses; a WHERE inside quotes does not open one.
    let mut from = definition.len();
    while let Some(at) = definition[..from].rfind(" WHERE (") {
        let quotes = |c: char| definition[..at].matches(c).count();
        if quotes('\'') % 2 == 0 && quotes('"') % 2 == 0 {
            return definition.split_at(at);
        }
        from = at;
    }
    (definition, "")
}
