//! Steps that make tables, types, sequences, indexes and views.

use confiture_core::catalog::{
    Column, Constraint, ConstraintType, Detail, Domain, Enum, Identity, Index, Kind, ObjectId, Range,
    Reference, Schema, Sequence, Table, View,
};
use confiture_core::sql::{Quoted, quote_literal};

use super::choices::Choices;
use super::model::{SchemaModel, composite as composite_detail, constraint, list};
use super::step::Made;
use super::types::{self, Class};

/// A column of a random type, without constraints.
pub(super) fn column(model: &SchemaModel, choices: &mut Choices<'_>) -> Column {
    let chosen = types::choose(model, choices);
    let mut column = Column { data_type: chosen.name, ..Column::default() };
    if choices.one_in(3) {
        column.default = chosen.default;
    }
    column.not_null = choices.one_in(4);
    if column.data_type == "text" && choices.one_in(6) {
        column.collation = Some("\"C\"".to_owned());
    }
    column
}

/// A table with up to seven columns, keys, checks and foreign keys.
pub(super) fn table(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let id = ObjectId::new(Kind::Table, [model.schema(choices), model.fresh(choices)]);
    model.insert(id.clone(), Detail::Table(Table::default()));
    let mut names: Vec<String> = Vec::new();
    for at in 0..=choices.below(7) {
        let name = model.column_name(&id, &names, choices);
        let column = match at {
            // The first one is a key more often than not.
            0 => Column { data_type: choices.of(["integer", "bigint"]).to_owned(), ..Column::default() },
            _ => column(model, choices),
        };
        model.add_column(&id, &name, column);
        names.push(name);
    }
    let first = names.first()?.clone();
    if choices.below(4) > 0 {
        let name = model.named(format!("{}_pkey", plain(id.name())));
        let definition = format!("PRIMARY KEY ({})", list(&[&first]));
        model.add_constraint(
            &id,
            &name,
            constraint(ConstraintType::PrimaryKey, definition, vec![first.clone()]),
        );
        if choices.one_in(3) {
            identity(model, &id, &first, choices);
        }
    }
    generated(model, &id, &mut names, choices);
    for _ in 0..choices.below(3) {
        if let Some((name, check)) = check(model, &id, choices) {
            model.add_constraint(&id, &name, check);
        }
    }
    if choices.one_in(3)
        && let Some((name, unique)) = unique(model, &id, choices)
    {
        model.add_constraint(&id, &name, unique);
    }
    for _ in 0..choices.below(3) {
        foreign_key_column(model, &id, &names, choices);
    }
    if choices.one_in(6) {
        set_options(model, &id, vec!["fillfactor=70".to_owned()]);
    }
    Made::new("create_table", model.create_table(&id), format!("DROP TABLE {}", id.sql_name()))
}

/// Makes a column an identity column, with its sequence.
fn identity(model: &mut SchemaModel, table: &ObjectId, name: &str, choices: &mut Choices<'_>) {
    let how = choices.of([Identity::Always, Identity::ByDefault]);
    let sequence = model.named(format!("{}_seq", plain(table.name())));
    let owner = table.member(Kind::Column, name);
    let Some(object) = model.object_mut(&owner) else { return };
    let Detail::Column(column) = &mut object.detail else { return };
    column.identity = Some(how);
    column.not_null = true;
    let detail = Sequence {
        maximum: if column.data_type == "bigint" { i64::MAX } else { i64::from(i32::MAX) },
        data_type: column.data_type.clone(),
        start: 1,
        increment: 1,
        minimum: 1,
        cache: 1,
        owned_by: Some(owner.clone()),
        identity: true,
        ..Sequence::default()
    };
    model.insert(ObjectId::new(Kind::Sequence, [table.part(0), sequence.as_str()]), Detail::Sequence(detail));
}

/// Sometimes a generated column over an integer one.
fn generated(model: &mut SchemaModel, table: &ObjectId, names: &mut Vec<String>, choices: &mut Choices<'_>) {
    if !choices.one_in(5) {
        return;
    }
    let columns = model.columns(table);
    let Some((from, _)) = columns.iter().find(|(_, column)| column.data_type == "integer") else { return };
    let name = model.column_name(table, names, choices);
    let expression = format!("({} * 2)", Quoted::ident(from));
    let generated =
        Column { data_type: "integer".to_owned(), generated: Some(expression), ..Column::default() };
    model.add_column(table, &name, generated);
    names.push(name);
}

pub(super) fn set_options(model: &mut SchemaModel, table: &ObjectId, options: Vec<String>) {
    if let Some(object) = model.object_mut(table)
        && let Detail::Table(table) = &mut object.detail
    {
        table.options = options;
    }
}

/// A check of one of the table's columns, and its name.
pub(super) fn check(
    model: &SchemaModel,
    table: &ObjectId,
    choices: &mut Choices<'_>,
) -> Option<(String, Constraint)> {
    let columns = model.columns(table);
    let (column, shape) = choices.pick(&columns)?;
    let class = types::class_of(model, &shape.data_type);
    let quoted = Quoted::ident(column);
    let condition = types::condition(class, &shape.data_type, quoted.as_str(), choices);
    let name = model.named(format!("{}_check", plain(table.name())));
    Some((name, constraint(ConstraintType::Check, format!("CHECK ({condition})"), vec![column.clone()])))
}

/// A unique constraint over one or two of the table's columns, and its name.
pub(super) fn unique(
    model: &SchemaModel,
    table: &ObjectId,
    choices: &mut Choices<'_>,
) -> Option<(String, Constraint)> {
    let ordered = ordered_columns(model, table);
    let first = choices.pick(&ordered)?.clone();
    let mut columns = vec![first.clone()];
    if choices.one_in(2)
        && let Some(second) = choices.pick(&ordered).filter(|second| **second != first)
    {
        columns.push(second.clone());
    }
    // CREATE TABLE leaves out a constraint that says the same as another (parse_utilcmd.c).
    let known = model.members(table, Kind::Constraint).any(|(_, object)| match &object.detail {
        Detail::Constraint(constraint) => {
            constraint.columns == columns && constraint.constraint_type != ConstraintType::Check
        }
        _ => false,
    });
    if known {
        return None;
    }
    let name = model.named(format!("{}_key", plain(table.name())));
    let mut unique = constraint(ConstraintType::Unique, format!("UNIQUE ({})", list(&columns)), columns);
    unique.deferrable = choices.one_in(5);
    Some((name, unique))
}

/// Columns that a B-tree can hold.
pub(super) fn ordered_columns(model: &SchemaModel, table: &ObjectId) -> Vec<String> {
    let ordered = |data_type: &str| {
        matches!(types::class_of(model, data_type), Class::Integer | Class::Ordered | Class::Text)
    };
    let columns = model.columns(table).into_iter();
    columns.filter(|(_, column)| ordered(&column.data_type)).map(|(name, _)| name).collect()
}

/// Adds a column that refers to a key of any table, the table itself included.
fn foreign_key_column(
    model: &mut SchemaModel,
    table: &ObjectId,
    names: &[String],
    choices: &mut Choices<'_>,
) {
    let keys = model.keys();
    let Some((target, key, data_type)) = choices.pick(&keys).cloned() else { return };
    let mut taken: Vec<String> = names.to_vec();
    taken.extend(model.columns(table).into_iter().map(|(name, _)| name));
    let column = model.column_name(table, &taken, choices);
    model.add_column(table, &column, Column { data_type, ..Column::default() });
    let (name, foreign_key) = foreign_key(model, table, &column, &target, &key, choices);
    model.add_constraint(table, &name, foreign_key);
}

/// A foreign key from `column` to `key` of `target`, and its name.
pub(super) fn foreign_key(
    model: &SchemaModel,
    table: &ObjectId,
    column: &str,
    target: &ObjectId,
    key: &str,
    choices: &mut Choices<'_>,
) -> (String, Constraint) {
    let update = choices.of(["", " ON UPDATE CASCADE", " ON UPDATE SET NULL"]);
    let delete = choices.of(["", " ON DELETE CASCADE", " ON DELETE SET NULL", " ON DELETE RESTRICT"]);
    let definition = format!(
        "FOREIGN KEY ({}) REFERENCES {}({}){update}{delete}",
        Quoted::ident(column),
        target.sql_name(),
        Quoted::ident(key)
    );
    let name = model.named(format!("{}_fkey", plain(table.name())));
    let mut made = constraint(ConstraintType::ForeignKey, definition, vec![column.to_owned()]);
    made.references = Some(Reference { table: target.clone(), columns: vec![key.to_owned()] });
    made.deferrable = choices.one_in(4);
    made.deferred = made.deferrable && choices.one_in(2);
    (name, made)
}

/// The start of a name that others are made from, so that their suffix fits.
pub(super) fn plain(name: &str) -> String {
    name.chars().take(12).collect()
}

/// A partitioned table with one to three partitions.
pub(super) fn partitioned_table(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let id = ObjectId::new(Kind::Table, [model.schema(choices), model.fresh(choices)]);
    model.insert(id.clone(), Detail::Table(Table::default()));
    let mut names: Vec<String> = Vec::new();
    for at in 0..=1 + choices.below(3) {
        let name = model.column_name(&id, &names, choices);
        let mut made = match at {
            0 => Column { data_type: "integer".to_owned(), ..Column::default() },
            _ => column(model, choices),
        };
        made.not_null |= at == 0;
        model.add_column(&id, &name, made);
        names.push(name);
    }
    let key = Quoted::ident(names.first()?);
    let how = choices.of(["RANGE", "LIST", "HASH"]);
    if let Some(object) = model.object_mut(&id) {
        let by = Some(format!("{how} ({key})"));
        object.detail = Detail::Table(Table { partition_by: by, ..Table::default() });
    }
    let mut up = vec![model.create_table(&id)];
    let count = if how == "HASH" { 2 } else { 1 + choices.below(3) };
    for number in 0..count {
        let bound = partition_bound(how, number);
        let name = model.named(format!("{}_{number}", plain(id.name())));
        let partition = ObjectId::new(Kind::Table, [id.part(0), name.as_str()]);
        up.push(format!("CREATE TABLE {} PARTITION OF {} {bound}", partition.sql_name(), id.sql_name()));
        let table =
            Table { partition_of: Some(id.clone()), partition_bound: Some(bound), ..Table::default() };
        model.insert(partition.clone(), Detail::Table(table));
        for (name, column) in model.columns(&id) {
            model.add_column(&partition, &name, Column { inherited: true, ..column });
        }
    }
    Made::of("create_partitions", up, Some(vec![format!("DROP TABLE {}", id.sql_name())]))
}

/// The bound of the partition with this number, as the server prints it.
pub(super) fn partition_bound(how: &str, number: usize) -> String {
    match how {
        "RANGE" => format!("FOR VALUES FROM ({}) TO ({})", number * 100, (number + 1) * 100),
        "LIST" => format!("FOR VALUES IN ({}, {})", number * 2, number * 2 + 1),
        _ => format!("FOR VALUES WITH (modulus 4, remainder {number})"),
    }
}

pub(super) fn enumeration(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let id = ObjectId::new(Kind::Enum, [model.schema(choices), model.fresh(choices)]);
    let mut labels: Vec<String> = Vec::new();
    for _ in 0..=choices.below(4) {
        let label = super::identifier::identifier(choices);
        labels.push(super::identifier::unique(label, |label| labels.iter().any(|known| known == label)));
    }
    let quoted: Vec<String> = labels.iter().map(|label| quote_literal(label)).collect();
    let up = format!("CREATE TYPE {} AS ENUM ({})", id.sql_name(), quoted.join(", "));
    model.insert(id.clone(), Detail::Enum(Enum { labels }));
    Made::new("create_enum", up, format!("DROP TYPE {}", id.sql_name()))
}

pub(super) fn domain(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let id = ObjectId::new(Kind::Domain, [model.schema(choices), model.fresh(choices)]);
    let (base, class, default) = types::choose_base(choices);
    let default = choices.one_in(3).then(|| default.to_owned());
    let mut up = format!("CREATE DOMAIN {} AS {base}", id.sql_name());
    if let Some(default) = &default {
        up.push_str(&format!(" DEFAULT {default}"));
    }
    let checked = choices.one_in(2).then(|| types::condition(class, base, "VALUE", choices));
    let domain = Domain { base_type: base.to_owned(), default, ..Domain::default() };
    model.insert(id.clone(), Detail::Domain(domain));
    if let Some(condition) = checked {
        let name = model.named(format!("{}_check", plain(id.name())));
        up.push_str(&format!(" CONSTRAINT {} CHECK ({condition})", Quoted::ident(&name)));
        let check = constraint(ConstraintType::Check, format!("CHECK ({condition})"), Vec::new());
        model.insert(id.member(Kind::Constraint, &name), Detail::Constraint(check));
    }
    Made::new("create_domain", up, format!("DROP DOMAIN {}", id.sql_name()))
}

pub(super) fn composite(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let id = ObjectId::new(Kind::Composite, [model.schema(choices), model.fresh(choices)]);
    model.insert(id.clone(), composite_detail());
    let mut names: Vec<String> = Vec::new();
    for _ in 0..=choices.below(3) {
        let name = model.column_name(&id, &names, choices);
        let (base, ..) = types::choose_base(choices);
        model.add_column(&id, &name, Column { data_type: base.to_owned(), ..Column::default() });
        names.push(name);
    }
    let attributes: Vec<String> =
        model.columns(&id).iter().map(|(name, column)| model.column_sql(&id, name, column)).collect();
    let up = format!("CREATE TYPE {} AS ({})", id.sql_name(), attributes.join(", "));
    Made::new("create_composite", up, format!("DROP TYPE {}", id.sql_name()))
}

pub(super) fn range(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let schema = model.schema(choices);
    let id = ObjectId::new(Kind::Range, [schema.clone(), model.fresh(choices)]);
    let subtype = choices.of(["integer", "bigint", "date", "numeric", "double precision", "uuid"]);
    // Named here, so that two ranges never want the same name.
    let name = model.named(format!("{}_multi", plain(id.name())));
    let multirange = Quoted::qualified([schema.as_str(), name.as_str()]).to_string();
    let up = format!(
        "CREATE TYPE {} AS RANGE (subtype = {subtype}, multirange_type_name = {multirange})",
        id.sql_name()
    );
    let range = Range { subtype: subtype.to_owned(), multirange, ..Range::default() };
    model.insert(id.clone(), Detail::Range(range));
    Made::new("create_range", up, format!("DROP TYPE {}", id.sql_name()))
}

pub(super) fn sequence(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let id = ObjectId::new(Kind::Sequence, [model.schema(choices), model.fresh(choices)]);
    let (data_type, maximum) =
        choices.of([("bigint", i64::MAX), ("integer", 2_147_483_647), ("smallint", 32_767)]);
    let sequence = Sequence {
        data_type: data_type.to_owned(),
        start: choices.of([1, 10, 100]),
        increment: choices.of([1, 2, 50]),
        minimum: 1,
        maximum,
        cache: choices.of([1, 20]),
        cycle: choices.one_in(3),
        ..Sequence::default()
    };
    let up = format!(
        "CREATE SEQUENCE {} AS {data_type} INCREMENT BY {} START WITH {} CACHE {}{}",
        id.sql_name(),
        sequence.increment,
        sequence.start,
        sequence.cache,
        if sequence.cycle { " CYCLE" } else { "" }
    );
    model.insert(id.clone(), Detail::Sequence(sequence));
    Made::new("create_sequence", up, format!("DROP SEQUENCE {}", id.sql_name()))
}

pub(super) fn schema(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    // Names that begin with pg_ belong to the system; none of ours does.
    let id = ObjectId::new(Kind::Schema, [model.fresh(choices)]);
    let name = Quoted::ident(id.name());
    model.insert(id.clone(), Detail::Schema(Schema {}));
    Made::new("create_schema", format!("CREATE SCHEMA {name}"), format!("DROP SCHEMA {name}"))
}

/// An index on a plain table: plain, unique, partial, on an expression, GIN, GiST, hash or BRIN.
pub(super) fn index(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let tables = model.plain_tables();
    let table = choices.pick(&tables)?.clone();
    let columns = model.columns(&table);
    let (column, shape) = choices.pick(&columns)?;
    let quoted = Quoted::ident(column);
    let class = types::class_of(model, &shape.data_type);
    let own = |text: &str| text.contains('.');
    let mut index = Index { valid: true, ready: true, ..Index::default() };
    index.columns = vec![Some(column.clone())];
    let (method, key) = match class {
        Class::Contained => ("gin", quoted.to_string()),
        Class::Spatial if !own(&shape.data_type) => ("gist", quoted.to_string()),
        Class::Spatial => ("btree", quoted.to_string()),
        Class::Opaque => return None,
        Class::Text if shape.collation.is_none() && shape.data_type == "text" && choices.one_in(3) => {
            index.columns = vec![None];
            index.expression_or_predicate = true;
            ("btree", format!("lower({quoted})"))
        }
        _ => match choices.below(6) {
            1 => ("btree", format!("{quoted} DESC")),
            2 => ("btree", format!("{quoted} NULLS FIRST")),
            3 if class == Class::Integer => ("brin", quoted.to_string()),
            4 if class == Class::Integer => ("hash", quoted.to_string()),
            _ => ("btree", quoted.to_string()),
        },
    };
    let mut definition = format!("USING {method} ({key}");
    index.unique = method == "btree" && choices.one_in(4) && !choices.data_safe();
    if method == "btree" && choices.one_in(4) {
        let others = ordered_columns(model, &table);
        if let Some(other) = choices.pick(&others).filter(|other| *other != column) {
            definition.push_str(&format!(", {}", Quoted::ident(other)));
            index.columns.push(Some(other.clone()));
        }
    }
    definition.push(')');
    if choices.one_in(4) {
        definition.push_str(&format!(" WHERE ({quoted} IS NOT NULL)"));
        index.expression_or_predicate = true;
    }
    index.access_method = method.to_owned();
    index.definition = Some(definition.clone());
    let name = model.named(format!("{}_idx", plain(table.name())));
    let unique = if index.unique { "UNIQUE " } else { "" };
    let id = table.member(Kind::Index, &name);
    let up = format!("CREATE {unique}INDEX {} ON {} {definition}", Quoted::ident(&name), table.sql_name());
    model.insert(id.clone(), Detail::Index(index));
    let made = Made::new("create_index", up, format!("DROP INDEX {}", id.sql_name()));
    if unique.is_empty() { made } else { made.map(Made::risky) }
}

/// A view's query over some columns of a table, as the server prints it, and those columns.
pub(super) fn query(
    model: &SchemaModel,
    table: &ObjectId,
    choices: &mut Choices<'_>,
) -> Option<(String, Vec<(String, Column)>)> {
    let columns = model.columns(table);
    let count = 1 + choices.below(columns.len().max(1));
    let shown: Vec<(String, Column)> = columns.into_iter().take(count).collect();
    let filtered = choices.one_in(2);
    let (first, _) = shown.first()?;
    let names: Vec<String> = shown.iter().map(|(name, _)| Quoted::ident(name).to_string()).collect();
    let mut query = format!("SELECT {}\n   FROM {}", names.join(",\n    "), table.sql_name());
    if filtered {
        query.push_str(&format!("\n  WHERE ({} IS NOT NULL)", Quoted::ident(first)));
    }
    let bare = |column: &Column| Column {
        data_type: column.data_type.clone(),
        collation: column.collation.clone(),
        ..Column::default()
    };
    Some((query, shown.iter().map(|(name, column)| (name.clone(), bare(column))).collect()))
}

pub(super) fn view(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let tables = model.plain_tables();
    let table = choices.pick(&tables)?.clone();
    let (definition, columns) = query(model, &table, choices)?;
    let id = ObjectId::new(Kind::View, [model.schema(choices), model.fresh(choices)]);
    let mut with = "";
    let mut options = Vec::new();
    if choices.one_in(4) {
        with = " WITH (security_barrier=true)";
        options.push("security_barrier=true".to_owned());
    }
    let up = format!("CREATE VIEW {}{with} AS\n {definition}", id.sql_name());
    model.insert(id.clone(), Detail::View(View { definition, options }));
    for (name, column) in columns {
        model.add_column(&id, &name, column);
    }
    Made::new("create_view", up, format!("DROP VIEW {}", id.sql_name()))
}
