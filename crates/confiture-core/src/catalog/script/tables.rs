//! Tables with their columns, constraints and indexes, partitions and children.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::names::provided;
use super::node::{Node, Stub, place};
use crate::catalog::diff::create::{
    clause, column_extras, column_sql, comment_sql, constraint_sql, create, enabled_word, index_extras,
    index_sql, owner_sql, server_options, with_options,
};
use crate::catalog::diff::{Pair, Step};
use crate::catalog::id::quote_ident;
use crate::catalog::{
    Catalog, Column, Constraint, ConstraintType, Detail, Index, Kind, Object, ObjectId, Persistence, Table,
};

/// The phase of tables and of what stands with them.
const PHASE: u16 = 4100;

/// Whether tables are above or below `id`: constraints and indexes then have to wait for each other.
fn in_hierarchy(catalog: &Catalog, id: &ObjectId, table: &Table) -> bool {
    table.partition_by.is_some()
        || table.partition_of.is_some()
        || !table.inherits.is_empty()
        || has_heirs(catalog, id)
}

fn has_heirs(catalog: &Catalog, id: &ObjectId) -> bool {
    [Kind::Table, Kind::ForeignTable].into_iter().any(|kind| {
        catalog.of_kind(kind).any(|(_, object)| match &object.detail {
            Detail::Table(table) => table.inherits.contains(id),
            _ => false,
        })
    })
}

/// The table a constraint or index is of.
fn table_of<'a>(catalog: &'a Catalog, id: &ObjectId) -> Option<(ObjectId, &'a Table)> {
    [Kind::Table, Kind::ForeignTable].into_iter().find_map(|kind| {
        let table = ObjectId::new(kind, [id.part(0), id.part(1)]);
        match &catalog.get(&table)?.detail {
            Detail::Table(detail) => Some((table, detail)),
            _ => None,
        }
    })
}

/// Tables above: the one it is a partition of, or those it inherits from.
fn parents(table: &Table) -> impl Iterator<Item = &ObjectId> {
    table.partition_of.iter().chain(&table.inherits)
}

/// Whether CREATE TABLE states the constraint.
fn is_inline(catalog: &Catalog, id: &ObjectId, table: &Table, constraint: &Constraint) -> bool {
    constraint.constraint_type != ConstraintType::ForeignKey
        && constraint.validated
        && constraint.enforced
        && !constraint.inherited
        && !in_hierarchy(catalog, id, table)
}

/// Storage, statistics target and options of a column.
pub(super) fn extras(id: &ObjectId, column: &Column) -> Vec<String> {
    column_extras(id, column).into_iter().map(|step| step.sql).collect()
}

pub(super) fn table(catalog: &Catalog, id: &ObjectId, object: &Object, table: &Table, out: &mut Vec<Node>) {
    let name = id.sql_name();
    let columns = catalog.columns_of(id);
    let partition = table.partition_of.as_ref().filter(|parent| same_columns(catalog, id, parent));
    let head = |with_expressions: bool| -> String {
        let kind = match (id.kind() == Kind::ForeignTable, table.persistence) {
            (true, _) => "FOREIGN TABLE",
            (false, Persistence::Unlogged) => "UNLOGGED TABLE",
            (false, Persistence::Permanent) => "TABLE",
        };
        let mut sql = format!("CREATE {kind} {name}");
        match (partition, &table.partition_bound) {
            (Some(parent), Some(bound)) => {
                let _ = write!(sql, " PARTITION OF {} {bound}", parent.sql_name());
            }
            _ => {
                let mut parts: Vec<String> = columns
                    .iter()
                    .map(|(id, column)| column_of(catalog, id, column, table, with_expressions))
                    .collect();
                for (constraint_id, constraint) in catalog.constraints_of(id) {
                    let check = constraint.constraint_type == ConstraintType::Check;
                    if is_inline(catalog, id, table, constraint) && (with_expressions || !check) {
                        parts.push(format!(
                            "CONSTRAINT {} {}",
                            constraint_id.sql_name(),
                            constraint_sql(constraint)
                        ));
                    }
                }
                match parts.is_empty() {
                    true => sql.push_str(" ()"),
                    false => drop(write!(sql, " (\n    {}\n)", parts.join(",\n    "))),
                }
            }
        }
        clause(&mut sql, " PARTITION BY ", table.partition_by.as_deref());
        clause(&mut sql, " USING ", table.access_method.as_deref().map(quote_ident).as_deref());
        clause(&mut sql, " SERVER ", table.server.as_deref().map(quote_ident).as_deref());
        if id.kind() == Kind::ForeignTable {
            let options: Vec<&str> = table.server_options.iter().map(String::as_str).collect();
            sql.push_str(&server_options(&options));
        }
        sql.push_str(&with_options(&table.options));
        clause(&mut sql, " TABLESPACE ", table.tablespace.as_deref().map(quote_ident).as_deref());
        sql
    };
    let rest = after_create(catalog, id, object, table);
    let with =
        |first: String| -> Vec<String> { std::iter::once(first).chain(rest.iter().cloned()).collect() };
    let mut node = Node::new(place(PHASE, id, 0), with(head(true)));
    if partition.is_none() {
        let first = Node::new(place(PHASE, id, 0), with(head(false)));
        let completed = expressions(catalog, id, table);
        node.stub = Some(Stub { first: first.sql, completed, mentions: first.mentions });
    }
    node = node.making(provided(catalog, id));
    if !in_hierarchy(catalog, id, table) {
        node.provides.push(format!("#key {name}"));
    }
    let mut links = Vec::new();
    match (partition, &table.partition_of, &table.partition_bound) {
        (Some(parent), ..) => node.provides.push(format!("#child {}", parent.sql_name())),
        (None, Some(parent), Some(bound)) => {
            let sql = format!("ALTER TABLE {} ATTACH PARTITION {name} {bound}", parent.sql_name());
            links.push((parent, sql));
        }
        _ => {}
    }
    for parent in &table.inherits {
        links.push((parent, format!("ALTER TABLE {name} INHERIT {}", parent.sql_name())));
    }
    out.push(node);
    for (number, (parent, sql)) in links.into_iter().enumerate() {
        let mut link = Node::new(place(PHASE, id, 5), vec![sql]);
        link.place.3 = format!("{number:04}");
        link.provides.push(format!("#child {}", parent.sql_name()));
        out.push(link);
    }
    if let Some(owner) = &object.owner {
        let sql = owner_sql(id, owner).into_iter().collect();
        out.push(Node::new(place(4900, id, 0), sql));
    }
}

/// What follows CREATE TABLE: comments and what it cannot say.
fn after_create(catalog: &Catalog, id: &ObjectId, object: &Object, table: &Table) -> Vec<String> {
    let name = id.sql_name();
    let mut sql = Vec::new();
    for (column_id, column) in catalog.columns_of(id) {
        sql.extend(extras(column_id, column));
        if column.not_null_not_valid {
            // The constraint's name is no part of the catalog.
            sql.push(format!("ALTER TABLE {name} ADD NOT NULL {} NOT VALID", column_id.sql_name()));
        }
    }
    clause_of_type(&mut sql, &name, table);
    if table.row_security {
        sql.push(format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"));
    }
    if table.force_row_security {
        sql.push(format!("ALTER TABLE {name} FORCE ROW LEVEL SECURITY"));
    }
    if let Some(identity @ ("FULL" | "NOTHING")) = table.replica_identity.as_deref() {
        sql.push(format!("ALTER TABLE {name} REPLICA IDENTITY {identity}"));
    }
    sql.extend(object.comment.as_deref().and_then(|text| comment_sql(catalog, id, Some(text))));
    for (column_id, _) in catalog.columns_of(id) {
        let comment = catalog.get(column_id).and_then(|object| object.comment.as_deref());
        sql.extend(comment.and_then(|text| comment_sql(catalog, column_id, Some(text))));
    }
    sql
}

fn clause_of_type(sql: &mut Vec<String>, name: &str, table: &Table) {
    if let Some(of_type) = &table.of_type {
        sql.push(format!("ALTER TABLE {name} OF {of_type}"));
    }
}

/// A column in CREATE TABLE; without its default where that waits for something.
fn column_of(
    catalog: &Catalog,
    id: &ObjectId,
    column: &Column,
    table: &Table,
    with_expressions: bool,
) -> String {
    let mut column = column.clone();
    if !with_expressions {
        column.default = None;
    }
    if column.not_null_not_valid {
        column.not_null = false;
    }
    // Since version 17 a partition has the identity of its parent.
    if table.partition_of.is_some() {
        column.identity = None;
    }
    column_sql(catalog, id, &column)
}

/// Defaults and checks of a table that was made without them.
fn expressions(catalog: &Catalog, id: &ObjectId, table: &Table) -> Vec<String> {
    let name = id.sql_name();
    let mut sql = Vec::new();
    for (column_id, column) in catalog.columns_of(id) {
        if let Some(default) = &column.default {
            sql.push(format!(
                "ALTER TABLE {name} ALTER COLUMN {} SET DEFAULT {default}",
                column_id.sql_name()
            ));
        }
    }
    for (constraint_id, constraint) in catalog.constraints_of(id) {
        if constraint.constraint_type == ConstraintType::Check && is_inline(catalog, id, table, constraint) {
            let check = constraint_sql(constraint);
            sql.push(format!("ALTER TABLE {name} ADD CONSTRAINT {} {check}", constraint_id.sql_name()));
        }
    }
    sql
}

/// Whether PARTITION OF gives a partition the columns it has.
fn same_columns(catalog: &Catalog, id: &ObjectId, parent: &ObjectId) -> bool {
    let plain = |table: &ObjectId| -> Vec<(String, Column)> {
        let columns = catalog.columns_of(table).into_iter();
        columns
            .map(|(id, column)| {
                let (statistics, options) = (None, Vec::new());
                (id.name().to_owned(), Column { inherited: true, statistics, options, ..column.clone() })
            })
            .collect()
    };
    id.kind() == Kind::Table && plain(id) == plain(parent)
}

pub(super) fn constraint(
    pair: Pair<'_>,
    id: &ObjectId,
    object: &Object,
    constraint: &Constraint,
    out: &mut Vec<Node>,
) {
    let catalog = pair.before;
    let on = id.owner_sql();
    let comment = object.comment.as_deref().and_then(|text| comment_sql(catalog, id, Some(text)));
    let Some((table_id, table)) = table_of(catalog, id) else {
        // Of a domain.
        let sql: Vec<String> = create(pair, id).into_iter().map(|step| step.sql).collect();
        out.push(Node::new(place(1500, id, 10), sql));
        return;
    };
    let index = catalog.get(&table_id.member(Kind::Index, id.name()));
    let attached =
        matches!(index.map(|index| &index.detail), Some(Detail::Index(index)) if index.attached_to.is_some());
    let foreign = constraint.constraint_type == ConstraintType::ForeignKey;
    let stated = is_inline(catalog, &table_id, table, constraint);
    if stated
        || (constraint.inherited && !attached && !(foreign && has_own_name(catalog, id, table, constraint)))
    {
        if let Some(comment) = comment {
            let mut node = Node::new(place(4950, id, 0), vec![comment]);
            node.mentions.insert(on);
            out.push(node);
        }
        return;
    }
    let keyed = !foreign && constraint.constraint_type != ConstraintType::Check;
    let only = if keyed && table.partition_by.is_some() { "ONLY " } else { "" };
    let mut sql = vec![format!(
        "ALTER TABLE {only}{on} ADD CONSTRAINT {} {}",
        id.sql_name(),
        constraint_sql(constraint)
    )];
    sql.extend(comment);
    let phase = if foreign { 4500 } else { PHASE };
    let mut node = Node::new(place(phase, id, 10), sql);
    node.mentions.insert(format!("#child {on}"));
    if let Some(references) = &constraint.references {
        let target = references.table.sql_name();
        node.mentions.extend([
            format!("#key {target}"),
            format!("#attached {target}"),
            format!("#child {target}"),
        ]);
    }
    if keyed {
        node.provides.push(format!("{}.{}", quote_ident(id.part(0)), id.sql_name()));
        node.provides.push(format!("#key {on}"));
    } else {
        // What a child states itself has to be there before the parent hands its own down.
        let what = format!("{} below", if foreign { "#foreign" } else { "#check" });
        node.mentions.insert(format!("{what} {on}"));
        node.provides.extend(parents(table).map(|parent| format!("{what} {}", parent.sql_name())));
    }
    out.push(node);
}

/// Whether the parent's foreign key would be handed down under another name.
fn has_own_name(catalog: &Catalog, id: &ObjectId, table: &Table, constraint: &Constraint) -> bool {
    let same = |parent: &ObjectId| {
        matches!(
            catalog.get(&parent.member(Kind::Constraint, id.name())).map(|object| &object.detail),
            Some(Detail::Constraint(other)) if other.definition == constraint.definition
        )
    };
    // Those that stand for single partitions of the referenced table are made by the server.
    let mirrors =
        catalog.constraints_of(&ObjectId::new(Kind::Table, [id.part(0), id.part(1)])).any(|(other, c)| {
            other != id
                && !c.inherited
                && c.constraint_type == ConstraintType::ForeignKey
                && c.columns == constraint.columns
        });
    !mirrors && table.partition_of.is_some() && !parents(table).any(same)
}

pub(super) fn index(
    catalog: &Catalog,
    id: &ObjectId,
    object: &Object,
    index: &Index,
    left_out: &mut Vec<(ObjectId, &'static str)>,
    out: &mut Vec<Node>,
) {
    let table = table_of(catalog, id);
    let partitioned = table.as_ref().is_some_and(|(_, table)| table.partition_by.is_some());
    if !index.valid && !partitioned {
        left_out.push((id.clone(), "that it is INVALID: it is made valid"));
    }
    let on = id.owner_sql();
    let phase = if table.is_some() { PHASE } else { 4600 };
    let mut sql: Vec<String> =
        index_sql(id, index, if partitioned { "ONLY " } else { "" }).into_iter().collect();
    sql.extend(index_extras(id, index).into_iter().map(|step: Step| step.sql));
    if let (Some(tablespace), Some(_)) = (&index.tablespace, &index.constraint) {
        sql.push(format!("ALTER INDEX {} SET TABLESPACE {}", id.sql_name(), quote_ident(tablespace)));
    }
    sql.extend(object.comment.as_deref().and_then(|text| comment_sql(catalog, id, Some(text))));
    let mut node = Node::new(place(phase, id, 20), sql);
    node.mentions.insert(format!("#child {on}"));
    node.mentions.insert(on);
    if index.constraint.is_none() {
        node.provides = provided(catalog, id);
    } else {
        node.mentions.insert(id.sql_name());
    }
    if !node.sql.is_empty() {
        out.push(node);
    }
    if let Some(parent) = &index.attached_to {
        let sql = format!("ALTER INDEX {parent} ATTACH PARTITION {}", id.sql_name());
        let mut attach = Node::new(place(PHASE, id, 30), vec![sql]);
        // An index is attached when its own partitions are.
        attach.mentions.insert(format!("#attached {}", id.owner_sql()));
        if let Some((_, table)) = table {
            attach.provides.extend(parents(table).map(|parent| format!("#attached {}", parent.sql_name())));
        }
        out.push(attach);
    }
}

/// `DISABLE TRIGGER ALL` of tables whose foreign keys are not checked; triggers of users keep their state.
pub(super) fn disabled_foreign_keys(catalog: &Catalog, out: &mut Vec<Node>) {
    let mut tables = BTreeSet::new();
    for (id, object) in catalog.of_kind(Kind::Constraint) {
        if matches!(&object.detail, Detail::Constraint(constraint) if constraint.triggers_disabled) {
            tables.extend(table_of(catalog, id).map(|(table, _)| table));
        }
    }
    for id in tables {
        let name = id.sql_name();
        let mut sql = vec![format!("ALTER TABLE {name} DISABLE TRIGGER ALL")];
        for (trigger_id, trigger) in catalog.triggers_of(&id) {
            let word = enabled_word(trigger.enabled).unwrap_or("ENABLE");
            sql.push(format!("ALTER TABLE {name} {word} TRIGGER {}", trigger_id.sql_name()));
        }
        out.push(Node::new(place(4810, &id, 0), sql));
    }
}
