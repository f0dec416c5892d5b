//! Steps that change tables and types, each with its inverse.

use confiture_core::catalog::{Column, ConstraintType, Detail, Kind, Object, ObjectId};
use confiture_core::sql::{Quoted, quote_literal};

use super::choices::Choices;
use super::create::{self, set_options};
use super::extend::free_constraints;
use super::model::{SchemaModel, constraint_sql};
use super::step::Made;

/// A plain table.
fn table(model: &SchemaModel, choices: &mut Choices<'_>) -> Option<ObjectId> {
    choices.pick(&model.plain_tables()).cloned()
}

/// A column that nothing depends on, of a plain table.
fn free_column(
    model: &SchemaModel,
    choices: &mut Choices<'_>,
    fits: impl Fn(&Column) -> bool,
) -> Option<(ObjectId, String, Column)> {
    let mut free = Vec::new();
    for table in model.plain_tables() {
        for (name, column) in model.columns(&table) {
            let object = model.objects().get(&table.member(Kind::Column, &name));
            let silent = object.is_some_and(|object| object.comment.is_none());
            if silent && fits(&column) && !model.is_used(&table, &name) {
                free.push((table.clone(), name, column));
            }
        }
    }
    choices.pick(&free).cloned()
}

fn column_mut<'a>(model: &'a mut SchemaModel, table: &ObjectId, name: &str) -> Option<&'a mut Column> {
    match model.object_mut(&table.member(Kind::Column, name)) {
        Some(Object { detail: Detail::Column(column), .. }) => Some(column),
        _ => None,
    }
}

fn alter(table: &ObjectId, what: &str) -> String {
    format!("ALTER TABLE {} {what}", table.sql_name())
}

pub(super) fn add_column(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let table = table(model, choices)?;
    let taken: Vec<String> = model.columns(&table).into_iter().map(|(name, _)| name).collect();
    let name = model.column_name(&table, &taken, choices);
    let mut column = create::column(model, choices);
    // On a table with rows only a default makes it possible.
    column.not_null &= column.default.is_some();
    let at_risk = column.default.is_none() && model.refuses_null(&column.data_type);
    let sql = model.column_sql(&table, &name, &column);
    model.add_column(&table, &name, column);
    let drop = format!("DROP COLUMN {}", Quoted::ident(&name));
    let made = Made::new("add_column", alter(&table, &format!("ADD COLUMN {sql}")), alter(&table, &drop));
    if at_risk { made.map(Made::risky) } else { made }
}

/// Drops a column without properties that `ADD COLUMN` cannot say.
pub(super) fn drop_column(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let (table, name, column) = free_column(model, choices, |column| {
        column.statistics.is_none() && (!column.not_null || column.default.is_some())
    })?;
    let sql = model.column_sql(&table, &name, &column);
    model.drop_column(&table, &name);
    let drop = format!("DROP COLUMN {}", Quoted::ident(&name));
    let add = alter(&table, &format!("ADD COLUMN {sql}"));
    Made::new("drop_column", alter(&table, &drop), add).map(Made::risky)
}

pub(super) fn rename_column(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let (table, from, _) = free_column(model, choices, |_| true)?;
    let taken: Vec<String> = model.columns(&table).into_iter().map(|(name, _)| name).collect();
    let to = model.column_name(&table, &taken, choices);
    let object = model.remove(&table.member(Kind::Column, &from))?;
    model.insert(table.member(Kind::Column, &to), object.detail);
    let rename = |from: &str, to: &str| {
        alter(&table, &format!("RENAME COLUMN {} TO {}", Quoted::ident(from), Quoted::ident(to)))
    };
    Made::new("rename_column", rename(&from, &to), rename(&to, &from))
}

/// From a type to a wider one and back, with the expression where there is no cast by itself.
const CHANGES: [(&str, &str, bool); 8] = [
    ("integer", "bigint", false),
    ("smallint", "integer", false),
    ("text", "character varying", false),
    ("character varying(20)", "text", false),
    ("integer", "text", true),
    ("date", "timestamp without time zone", false),
    ("uuid", "text", true),
    ("boolean", "text", true),
];

pub(super) fn change_type(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let from = choices.below(CHANGES.len());
    let (from, to, with) = CHANGES[from];
    let fits =
        |column: &Column| column.data_type == from && column.default.is_none() && column.collation.is_none();
    let (table, name, _) = free_column(model, choices, fits)?;
    column_mut(model, &table, &name)?.data_type = to.to_owned();
    let quoted = Quoted::ident(&name);
    let change = |to: &str| {
        let using = if with { format!(" USING {quoted}::{to}") } else { String::new() };
        alter(&table, &format!("ALTER COLUMN {quoted} TYPE {to}{using}"))
    };
    Made::new("change_type", change(to), change(from))
}

pub(super) fn set_default(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let plain = |column: &Column| column.generated.is_none() && column.identity.is_none();
    let (table, name, column) = free_column(model, choices, plain)?;
    let after = match column.default {
        Some(_) => None,
        None => Some(match column.data_type.as_str() {
            "integer" => choices.of(["0", "12"]).to_owned(),
            "text" => choices.of(["''::text", "'none'::text"]).to_owned(),
            "boolean" => "false".to_owned(),
            _ => format!("NULL::{}", column.data_type),
        }),
    };
    // A default of NULL is no default to the server.
    let after = after.filter(|default| !default.starts_with("NULL::"));
    if after == column.default {
        return None;
    }
    column_mut(model, &table, &name)?.default.clone_from(&after);
    let set = |default: Option<&String>| {
        let what = default.map_or("DROP DEFAULT".to_owned(), |default| format!("SET DEFAULT {default}"));
        alter(&table, &format!("ALTER COLUMN {} {what}", Quoted::ident(&name)))
    };
    Made::new("set_default", set(after.as_ref()), set(column.default.as_ref()))
}

pub(super) fn toggle_not_null(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let (table, name, column) = free_column(model, choices, |_| true)?;
    column_mut(model, &table, &name)?.not_null = !column.not_null;
    let set = |word: &str| alter(&table, &format!("ALTER COLUMN {} {word} NOT NULL", Quoted::ident(&name)));
    match column.not_null {
        true => Made::new("drop_not_null", set("DROP"), set("SET")),
        false => Made::new("set_not_null", set("SET"), set("DROP")).map(Made::risky),
    }
}

/// Adds a constraint to a table.
fn constrain(
    model: &mut SchemaModel,
    table: &ObjectId,
    what: &'static str,
    (name, constraint): (String, confiture_core::catalog::Constraint),
) -> Option<Made> {
    let up = alter(table, &format!("ADD {}", constraint_sql(&name, &constraint)));
    let down = alter(table, &format!("DROP CONSTRAINT {}", Quoted::ident(&name)));
    let validated = constraint.validated;
    model.add_constraint(table, &name, constraint);
    let made = Made::new(what, up, down);
    if validated { made.map(Made::risky) } else { made }
}

pub(super) fn add_check(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let table = table(model, choices)?;
    let (name, mut check) = create::check(model, &table, choices)?;
    check.validated = !choices.one_in(3) && !choices.data_safe();
    constrain(model, &table, "add_check", (name, check))
}

pub(super) fn add_unique(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let table = table(model, choices)?;
    let unique = create::unique(model, &table, choices)?;
    constrain(model, &table, "add_unique", unique)
}

pub(super) fn add_foreign_key(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let keys = model.keys();
    let (target, key, data_type) = choices.pick(&keys)?.clone();
    let mut fitting = Vec::new();
    for table in model.plain_tables() {
        for (name, column) in model.columns(&table) {
            if column.data_type == data_type && column.generated.is_none() {
                fitting.push((table.clone(), name));
            }
        }
    }
    let (table, column) = choices.pick(&fitting)?.clone();
    let (name, mut made) = create::foreign_key(model, &table, &column, &target, &key, choices);
    made.validated = !choices.one_in(3) && !choices.data_safe();
    constrain(model, &table, "add_foreign_key", (name, made))
}

pub(super) fn drop_constraint(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let mut free = Vec::new();
    for table in model.plain_tables() {
        free.extend(free_constraints(model, &table).into_iter().map(|found| (table.clone(), found)));
    }
    let (table, (name, constraint)) = choices.pick(&free)?.clone();
    model.remove(&table.member(Kind::Constraint, &name));
    if constraint.constraint_type == ConstraintType::Unique {
        model.remove(&table.member(Kind::Index, &name));
    }
    let up = alter(&table, &format!("DROP CONSTRAINT {}", Quoted::ident(&name)));
    Made::new("drop_constraint", up, alter(&table, &format!("ADD {}", constraint_sql(&name, &constraint))))
}

pub(super) fn drop_index(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let mut indexes = Vec::new();
    for table in model.plain_tables() {
        for (id, object) in model.members(&table, Kind::Index) {
            if let Detail::Index(index) = &object.detail
                && let Some(definition) = &index.definition
            {
                let unique = if index.unique { "UNIQUE " } else { "" };
                let name = Quoted::ident(id.name());
                let create = format!("CREATE {unique}INDEX {name} ON {} {definition}", table.sql_name());
                indexes.push((id.clone(), create));
            }
        }
    }
    let (id, create) = choices.pick(&indexes)?.clone();
    model.remove(&id);
    Made::new("drop_index", format!("DROP INDEX {}", id.sql_name()), create)
}

/// Drops a table that nothing hangs on but its constraints.
pub(super) fn drop_table(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let mut tables = model.plain_tables();
    tables.retain(|table| {
        let plain = model.objects().iter().all(|(id, object)| {
            let inside = id.owner_path() == Some((table.part(0), table.part(1)));
            let own = match &object.detail {
                Detail::Index(index) => index.definition.is_none(),
                Detail::Sequence(sequence) => {
                    let owner = sequence.owned_by.as_ref().and_then(ObjectId::owner_path);
                    return owner != Some((table.part(0), table.part(1)));
                }
                Detail::Column(column) => column.statistics.is_none(),
                Detail::Constraint(constraint) => constraint.validated,
                _ => true,
            };
            (!inside && id != table) || (object.comment.is_none() && own)
        });
        let quiet = model.table(table).is_some_and(|table| !table.row_security);
        plain && quiet && !model.is_mentioned(table)
    });
    let table = choices.pick(&tables)?.clone();
    let create = model.create_table(&table);
    let inside: Vec<ObjectId> = model
        .objects()
        .keys()
        .filter(|id| **id == table || id.owner_path() == Some((table.part(0), table.part(1))))
        .cloned()
        .collect();
    for id in inside {
        model.remove(&id);
    }
    Made::new("drop_table", format!("DROP TABLE {}", table.sql_name()), create).map(Made::risky)
}

/// A new value of an enum: PostgreSQL has no way to take it away again.
pub(super) fn add_enum_value(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let enums = model.of_kind(Kind::Enum);
    let id = choices.pick(&enums)?.clone();
    let Some(Object { detail: Detail::Enum(value), .. }) = model.object_mut(&id) else { return None };
    let label = super::identifier::identifier(choices);
    let label = super::identifier::unique(label, |label| value.labels.iter().any(|known| known == label));
    let mut up = format!("ALTER TYPE {} ADD VALUE {}", id.sql_name(), quote_literal(&label));
    if choices.one_in(2)
        && let Some(first) = value.labels.first()
    {
        up.push_str(&format!(" BEFORE {}", quote_literal(first)));
        value.labels.insert(0, label);
    } else {
        value.labels.push(label);
    }
    Made::of("add_enum_value", vec![up], None)
}

pub(super) fn set_fillfactor(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let table = table(model, choices)?;
    let before = model.table(&table)?.options.clone();
    let after = vec![format!("fillfactor={}", 50 + choices.below(50))];
    set_options(model, &table, after.clone());
    let set = |options: &[String]| match options {
        [] => alter(&table, "RESET (fillfactor)"),
        options => alter(&table, &format!("SET ({})", options.join(", "))),
    };
    Made::new("set_fillfactor", set(&after), set(&before))
}

pub(super) fn set_statistics(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let (table, name, column) = free_column(model, choices, |column| column.statistics.is_none())?;
    let target = i32::try_from(100 + choices.below(400)).unwrap_or(100);
    column_mut(model, &table, &name)?.statistics = Some(target);
    let set = |target: i32| {
        alter(&table, &format!("ALTER COLUMN {} SET STATISTICS {target}", Quoted::ident(&name)))
    };
    debug_assert!(column.statistics.is_none());
    Made::new("set_statistics", set(target), set(-1))
}

/// Renames a table that nothing outside of it names.
pub(super) fn rename_table(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let mut tables = model.plain_tables();
    tables.retain(|table| {
        let owns = model.objects().values().any(|object| match &object.detail {
            Detail::Sequence(sequence) => {
                sequence.owned_by.as_ref().and_then(ObjectId::owner_path)
                    == Some((table.part(0), table.part(1)))
            }
            _ => false,
        });
        !owns && !model.is_mentioned(table)
    });
    let from = choices.pick(&tables)?.clone();
    let to = ObjectId::new(Kind::Table, [from.part(0), model.fresh(choices).as_str()]);
    let inside: Vec<ObjectId> = model
        .objects()
        .keys()
        .filter(|id| id.owner_path() == Some((from.part(0), from.part(1))))
        .cloned()
        .collect();
    for id in inside {
        if let Some(object) = model.remove(&id) {
            model.put(to.member(id.kind(), id.name()), object);
        }
    }
    let object = model.remove(&from)?;
    model.put(to.clone(), object);
    let rename =
        |from: &ObjectId, to: &ObjectId| alter(from, &format!("RENAME TO {}", Quoted::ident(to.name())));
    Made::new("rename_table", rename(&from, &to), rename(&to, &from))
}
