//! Steps on what stands around tables: views, routines, triggers, policies, comments, privileges, partitions.

use confiture_core::catalog::{
    Column, Constraint, Detail, Kind, MaterializedView, Object, ObjectId, Policy, Privilege, Routine,
    StatisticsObject, Trigger,
};
use confiture_core::sql::{Quoted, quote_literal};

use super::choices::Choices;
use super::create::{ordered_columns, partition_bound, plain, query};
use super::model::SchemaModel;
use super::step::Made;
use super::types;

pub(super) fn materialized_view(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let tables = model.plain_tables();
    let table = choices.pick(&tables)?.clone();
    let (definition, columns) = query(model, &table, choices)?;
    let id = ObjectId::new(Kind::MaterializedView, [model.schema(choices), model.fresh(choices)]);
    let populated = !choices.one_in(3);
    let data = if populated { "WITH DATA" } else { "WITH NO DATA" };
    let up = format!("CREATE MATERIALIZED VIEW {} AS\n {definition}\n{data}", id.sql_name());
    let view = MaterializedView { definition, populated, ..MaterializedView::default() };
    model.insert(id.clone(), Detail::MaterializedView(view));
    for (name, column) in columns {
        model.add_column(&id, &name, column);
    }
    Made::new("create_materialized_view", up, format!("DROP MATERIALIZED VIEW {}", id.sql_name()))
}

/// Replaces the query of a view by one with other rows.
pub(super) fn replace_view(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let views = model.of_kind(Kind::View);
    let id = choices.pick(&views)?.clone();
    let (first, _) = model.columns(&id).into_iter().next()?;
    let Some(Object { detail: Detail::View(view), .. }) = model.object_mut(&id) else { return None };
    let before = view.definition.clone();
    let plain = before.split("\n  WHERE ").next()?;
    let after = match choices.below(2) {
        0 => format!("{plain}\n  WHERE ({} IS NULL)", Quoted::ident(&first)),
        _ => plain.to_owned(),
    };
    let with = if view.options.is_empty() { "" } else { " WITH (security_barrier=true)" };
    view.definition.clone_from(&after);
    let replace = |query: &str| format!("CREATE OR REPLACE VIEW {}{with} AS\n {query}", id.sql_name());
    Made::new("replace_view", replace(&after), replace(&before))
}

/// Drops a view that nothing hangs on.
pub(super) fn drop_view(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let free = |id: &ObjectId| {
        let object = model.objects().get(id);
        object.is_some_and(|object| object.comment.is_none()) && !model.is_mentioned(id)
    };
    let views: Vec<ObjectId> = model.of_kind(Kind::View).into_iter().filter(free).collect();
    let id = choices.pick(&views)?.clone();
    let Some(Object { detail: Detail::View(view), .. }) = model.remove(&id) else { return None };
    for (name, _) in model.columns(&id) {
        model.remove(&id.member(Kind::Column, &name));
    }
    let with = if view.options.is_empty() { "" } else { " WITH (security_barrier=true)" };
    let down = format!("CREATE VIEW {}{with} AS\n {}", id.sql_name(), view.definition);
    Made::new("drop_view", format!("DROP VIEW {}", id.sql_name()), down)
}

/// A routine with what all of them have here.
fn routine(arguments: &str, result: Option<&str>, language: &str, body: String) -> Routine {
    Routine {
        arguments: arguments.to_owned(),
        result: result.map(str::to_owned),
        language: language.to_owned(),
        body,
        volatility: "VOLATILE".to_owned(),
        parallel: "UNSAFE".to_owned(),
        cost: "100".to_owned(),
        rows: "0".to_owned(),
        ..Routine::default()
    }
}

/// The statement that makes or replaces a routine.
fn create_routine(id: &ObjectId, routine: &Routine) -> String {
    let name = Quoted::qualified([id.part(0), id.part(1)]);
    let (noun, returns) = match &routine.result {
        Some(result) => ("FUNCTION", format!(" RETURNS {result}")),
        None => ("PROCEDURE", String::new()),
    };
    let strict = if routine.strict { " STRICT" } else { "" };
    let volatility = if noun == "FUNCTION" { format!(" {}", routine.volatility) } else { String::new() };
    let body = quote_literal(&routine.body);
    format!(
        "CREATE OR REPLACE {noun} {name}({}){returns} LANGUAGE {}{volatility}{strict} AS {body}",
        routine.arguments, routine.language
    )
}

pub(super) fn function(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let (schema, name) = (model.schema(choices), model.fresh(choices));
    let (arguments, types, result, body) = choices.of([
        ("a integer", "integer", "integer", "SELECT a + 1"),
        ("", "", "text", "SELECT 'it''s'::text"),
        ("a integer, b text DEFAULT 'x'::text", "integer, text", "text", "SELECT b || a::text"),
        ("VARIADIC a integer[]", "integer[]", "bigint", "SELECT count(*) FROM unnest(a)"),
    ]);
    let types: String = types.to_owned();
    let id = ObjectId::new(Kind::Function, [schema, name, types]);
    let mut made = routine(arguments, Some(result), "sql", body.to_owned());
    made.volatility = choices.of(["VOLATILE", "STABLE", "IMMUTABLE"]).to_owned();
    made.strict = choices.one_in(4);
    let up = create_routine(&id, &made);
    model.insert(id.clone(), Detail::Routine(made));
    Made::new("create_function", up, format!("DROP FUNCTION {}", id.sql_name()))
}

pub(super) fn procedure(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let id =
        ObjectId::new(Kind::Procedure, [model.schema(choices), model.fresh(choices), "integer".to_owned()]);
    let body = choices.of(["BEGIN PERFORM a; END", "BEGIN RAISE NOTICE 'a is %', a; END"]);
    let made = routine("IN a integer", None, "plpgsql", body.to_owned());
    let up = create_routine(&id, &made);
    model.insert(id.clone(), Detail::Routine(made));
    Made::new("create_procedure", up, format!("DROP PROCEDURE {}", id.sql_name()))
}

/// Gives a function of SQL another body of the same type.
pub(super) fn replace_function(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let functions = model.of_kind(Kind::Function);
    let id = choices.pick(&functions)?.clone();
    let Some(Object { detail: Detail::Routine(routine), .. }) = model.object_mut(&id) else { return None };
    if routine.language != "sql" {
        return None;
    }
    let before = create_routine(&id, routine);
    let cut = routine.body.split(" LIMIT ").next().unwrap_or_default().to_owned();
    routine.body = format!("{cut} LIMIT {}", 1 + choices.below(9));
    let after = create_routine(&id, routine);
    Made::new("replace_function", after, before)
}

/// A trigger with a function of its own.
pub(super) fn trigger(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let tables = model.plain_tables();
    let table = choices.pick(&tables)?.clone();
    let id = ObjectId::new(Kind::Function, [model.schema(choices), model.fresh(choices), String::new()]);
    let made = routine("", Some("trigger"), "plpgsql", "BEGIN RETURN NEW; END".to_owned());
    let function = create_routine(&id, &made);
    model.insert(id.clone(), Detail::Routine(made));
    let name = model.named(format!("{}_trigger", plain(table.name())));
    let when = choices.of(["BEFORE", "AFTER"]);
    let event = choices.of(["INSERT", "UPDATE", "DELETE", "INSERT OR UPDATE"]);
    let each = choices.of(["ROW", "STATEMENT"]);
    let called = Quoted::qualified([id.part(0), id.part(1)]);
    let quoted = Quoted::ident(&name);
    let on = table.sql_name();
    let definition =
        format!("CREATE TRIGGER {quoted} {when} {event} ON {on} FOR EACH {each} EXECUTE FUNCTION {called}()");
    model.insert(
        table.member(Kind::Trigger, &name),
        Detail::Trigger(Trigger { definition: definition.clone(), ..Trigger::default() }),
    );
    let drop = vec![format!("DROP TRIGGER {quoted} ON {on}"), format!("DROP FUNCTION {}", id.sql_name())];
    Made::of("create_trigger", vec![function, definition], Some(drop))
}

/// Row-level security and a policy.
pub(super) fn policy(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let mut tables = model.plain_tables();
    tables.retain(|table| model.table(table).is_some_and(|table| !table.row_security));
    let table = choices.pick(&tables)?.clone();
    let columns = model.columns(&table);
    let (column, shape) = choices.pick(&columns)?;
    let class = types::class_of(model, &shape.data_type);
    let using = types::condition(class, &shape.data_type, Quoted::ident(column).as_str(), choices);
    let command = choices.of(["SELECT", "UPDATE", "DELETE", "ALL"]);
    let permissive = !choices.one_in(3);
    let name = model.named(format!("{}_policy", plain(table.name())));
    let (quoted, on) = (Quoted::ident(&name), table.sql_name());
    let how = if permissive { "PERMISSIVE" } else { "RESTRICTIVE" };
    let create = format!("CREATE POLICY {quoted} ON {on} AS {how} FOR {command} USING {using}");
    let policy = Policy {
        command: command.to_owned(),
        permissive,
        roles: vec!["public".to_owned()],
        using: Some(using),
        check: None,
    };
    model.insert(table.member(Kind::Policy, &name), Detail::Policy(policy));
    if let Some(Object { detail: Detail::Table(table), .. }) = model.object_mut(&table) {
        table.row_security = true;
    }
    let enable = |word: &str| format!("ALTER TABLE {on} {word} ROW LEVEL SECURITY");
    Made::of(
        "create_policy",
        vec![enable("ENABLE"), create],
        Some(vec![format!("DROP POLICY {quoted} ON {on}"), enable("DISABLE")]),
    )
}

pub(super) fn statistics(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let mut tables = model.plain_tables();
    tables.retain(|table| ordered_columns(model, table).len() > 1);
    let table = choices.pick(&tables)?.clone();
    let mut columns: Vec<String> = ordered_columns(model, &table).into_iter().take(2).collect();
    let id = ObjectId::new(Kind::StatisticsObject, [model.schema(choices), model.fresh(choices)]);
    columns = columns.iter().map(|name| Quoted::ident(name).to_string()).collect();
    columns.sort();
    let definition =
        format!("CREATE STATISTICS {} ON {} FROM {}", id.sql_name(), columns.join(", "), table.sql_name());
    let made = StatisticsObject { definition: definition.clone(), table: Some(table), statistics: None };
    model.insert(id.clone(), Detail::StatisticsObject(made));
    Made::new("create_statistics", definition, format!("DROP STATISTICS {}", id.sql_name()))
}

/// A comment on anything that takes one, or another comment.
pub(super) fn comment(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let targets: Vec<ObjectId> =
        model.objects().keys().filter(|id| commented(id).is_some()).cloned().collect();
    let id = choices.pick(&targets)?.clone();
    let noun = commented(&id)?;
    let text =
        choices.of(["a note", "it's", "two\nlines", "naïve 数据", "100% \\ \"quoted\"", "-- not a comment"]);
    let object = model.object_mut(&id)?;
    let before = object.comment.replace(text.to_owned());
    let say = |text: Option<&str>| {
        format!("COMMENT ON {noun} IS {}", text.map_or("NULL".to_owned(), quote_literal))
    };
    Made::new("comment", say(Some(text)), say(before.as_deref()))
}

/// What follows `COMMENT ON`, for the kinds that are commented here.
fn commented(id: &ObjectId) -> Option<String> {
    let noun = match id.kind() {
        Kind::Table => "TABLE",
        Kind::View => "VIEW",
        Kind::MaterializedView => "MATERIALIZED VIEW",
        Kind::Sequence => "SEQUENCE",
        Kind::Schema => "SCHEMA",
        Kind::Enum | Kind::Composite | Kind::Range => "TYPE",
        Kind::Domain => "DOMAIN",
        Kind::Function => "FUNCTION",
        Kind::Column => {
            let (schema, table) = id.owner_path()?;
            return Some(format!("COLUMN {}", Quoted::qualified([schema, table, id.name()])));
        }
        _ => return None,
    };
    Some(format!("{noun} {}", id.sql_name()))
}

/// Kinds that take grants, what `GRANT … ON` calls them, and a privilege `PUBLIC` does not have by itself.
fn grantable(id: &ObjectId) -> Option<(&'static str, &'static [&'static str])> {
    Some(match id.kind() {
        Kind::Table | Kind::View => ("TABLE", &["SELECT", "INSERT", "UPDATE"]),
        Kind::Sequence => ("SEQUENCE", &["USAGE"]),
        Kind::Schema => ("SCHEMA", &["USAGE"]),
        _ => return None,
    })
}

pub(super) fn grant(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let mut open = Vec::new();
    for id in model.objects().keys() {
        let Some((noun, privileges)) = grantable(id) else { continue };
        for privilege in privileges {
            if !model.objects().contains_key(&id.privilege("", privilege)) {
                open.push((id.clone(), noun, *privilege));
            }
        }
    }
    let (id, noun, privilege) = choices.pick(&open)?.clone();
    model.insert(id.privilege("", privilege), Detail::Privilege(Privilege::default()));
    let name = id.sql_name();
    let up = format!("GRANT {privilege} ON {noun} {name} TO PUBLIC");
    Made::new("grant", up, format!("REVOKE {privilege} ON {noun} {name} FROM PUBLIC"))
}

pub(super) fn revoke(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let granted = model.of_kind(Kind::Privilege);
    let privilege = choices.pick(&granted)?.clone();
    let id = privilege.privilege_target()?;
    let (noun, _) = grantable(&id)?;
    let word = privilege.name().to_owned();
    model.remove(&privilege);
    let name = id.sql_name();
    let up = format!("REVOKE {word} ON {noun} {name} FROM PUBLIC");
    Made::new("revoke", up, format!("GRANT {word} ON {noun} {name} TO PUBLIC"))
}

pub(super) fn alter_sequence(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let mut sequences = model.of_kind(Kind::Sequence);
    sequences.retain(|id| match model.objects().get(id).map(|object| &object.detail) {
        Some(Detail::Sequence(sequence)) => sequence.owned_by.is_none(),
        _ => false,
    });
    let id = choices.pick(&sequences)?.clone();
    let Some(Object { detail: Detail::Sequence(sequence), .. }) = model.object_mut(&id) else { return None };
    let before = std::mem::replace(&mut sequence.increment, 3 + i64::try_from(choices.below(5)).unwrap_or(0));
    let alter = |increment: i64| format!("ALTER SEQUENCE {} INCREMENT BY {increment}", id.sql_name());
    Made::new("alter_sequence", alter(sequence.increment), alter(before))
}

pub(super) fn alter_domain(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let mut domains = model.of_kind(Kind::Domain);
    domains.retain(|id| match model.objects().get(id).map(|object| &object.detail) {
        Some(Detail::Domain(domain)) => domain.base_type == "integer",
        _ => false,
    });
    let id = choices.pick(&domains)?.clone();
    let Some(Object { detail: Detail::Domain(domain), .. }) = model.object_mut(&id) else { return None };
    let before = domain.default.replace(choices.of(["1", "42"]).to_owned());
    let alter = |default: Option<&String>| match default {
        Some(default) => format!("ALTER DOMAIN {} SET DEFAULT {default}", id.sql_name()),
        None => format!("ALTER DOMAIN {} DROP DEFAULT", id.sql_name()),
    };
    Made::new("alter_domain", alter(domain.default.as_ref()), alter(before.as_ref()))
}

/// Partitioned tables with how they are partitioned and the numbers of the partitions they could have.
fn partitioned(model: &SchemaModel) -> Vec<(ObjectId, String)> {
    let tables = model.of_kind(Kind::Table).into_iter();
    tables
        .filter_map(|id| {
            let how = model.table(&id)?.partition_by.as_ref()?.split(' ').next()?.to_owned();
            Some((id, how))
        })
        .collect()
}

/// A table of its own that becomes a partition.
pub(super) fn attach_partition(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let (parent, how) = choices.pick(&partitioned(model))?.clone();
    let bounds: Vec<String> = model
        .of_kind(Kind::Table)
        .iter()
        .filter_map(|id| {
            let table = model.table(id)?;
            (table.partition_of.as_ref() == Some(&parent)).then(|| table.partition_bound.clone())?
        })
        .collect();
    let free = (0..4).map(|number| partition_bound(&how, number)).find(|bound| !bounds.contains(bound))?;
    let name = model.named(format!("{}_more", plain(parent.name())));
    let id = ObjectId::new(Kind::Table, [parent.part(0), name.as_str()]);
    model.insert(id.clone(), Detail::Table(confiture_core::catalog::Table::default()));
    // Columns with what a partition keeps of its own: default and not null.
    for (name, column) in model.columns(&parent) {
        model.add_column(&id, &name, column);
    }
    let create = model.create_table(&id);
    let (child, of) = (id.sql_name(), parent.sql_name());
    attached(model, &id, Some((&parent, &free)));
    Made::of(
        "attach_partition",
        vec![create, format!("ALTER TABLE {of} ATTACH PARTITION {child} {free}")],
        Some(vec![format!("ALTER TABLE {of} DETACH PARTITION {child}"), format!("DROP TABLE {child}")]),
    )
}

/// Makes a table a partition of another, or one of its own again.
fn attached(model: &mut SchemaModel, id: &ObjectId, parent: Option<(&ObjectId, &str)>) {
    if let Some(Object { detail: Detail::Table(table), .. }) = model.object_mut(id) {
        table.partition_of = parent.map(|(parent, _)| parent.clone());
        table.partition_bound = parent.map(|(_, bound)| bound.to_owned());
    }
    for (name, _) in model.columns(id) {
        if let Some(Object { detail: Detail::Column(column), .. }) =
            model.object_mut(&id.member(Kind::Column, &name))
        {
            *column = Column { inherited: parent.is_some(), ..column.clone() };
        }
    }
}

pub(super) fn detach_partition(model: &mut SchemaModel, choices: &mut Choices<'_>) -> Option<Made> {
    let mut partitions = model.of_kind(Kind::Table);
    partitions.retain(|id| model.table(id).is_some_and(|table| table.partition_of.is_some()));
    let id = choices.pick(&partitions)?.clone();
    let table = model.table(&id)?.clone();
    let (parent, bound) = (table.partition_of?, table.partition_bound?);
    let (child, of) = (id.sql_name(), parent.sql_name());
    attached(model, &id, None);
    Made::new(
        "detach_partition",
        format!("ALTER TABLE {of} DETACH PARTITION {child}"),
        format!("ALTER TABLE {of} ATTACH PARTITION {child} {bound}"),
    )
}

/// Constraints of a table that nothing else depends on.
pub(super) fn free_constraints(model: &SchemaModel, table: &ObjectId) -> Vec<(String, Constraint)> {
    let referred = model.is_mentioned(table);
    model
        .members(table, Kind::Constraint)
        .filter_map(|(id, object)| match &object.detail {
            Detail::Constraint(constraint) if object.comment.is_none() => {
                Some((id.name().to_owned(), constraint.clone()))
            }
            _ => None,
        })
        .filter(|(_, constraint)| {
            use confiture_core::catalog::ConstraintType::{Check, ForeignKey, Unique};
            match constraint.constraint_type {
                Check | ForeignKey => true,
                Unique => !referred,
                _ => false,
            }
        })
        .collect()
}
