//! The statement that gives one property its old value back.

use super::create::{
    column_sql, comment_sql, constraint_sql, create, enabled_word, identity_sql, options_sql, owner_sql,
    routine_sql, sequence_options,
};
use super::drop::{Wanted, drop, privilege_sql, setting_sql, setting_value};
use super::{Pair, Step};
use crate::catalog::id::quote_ident;
use crate::catalog::{Catalog, Column, Detail, Enabled, Kind, Object, ObjectId, Role, Table};
use crate::sql::quote_literal;

/// Statements that take `property` of `id` from its value in the second catalog back to the first.
pub(super) fn alter(
    pair: Pair<'_>,
    id: &ObjectId,
    property: &str,
    before: Option<&str>,
    after: Option<&str>,
) -> Vec<Step> {
    if property == "name" {
        return rename(id, before.unwrap_or_default(), after.unwrap_or_default());
    }
    let (Some(old), Some(new)) = (pair.before.get(id), pair.after.get(id)) else { return Vec::new() };
    match property {
        "comment" => {
            comment_sql(pair.before, id, before).map(|sql| Step::new(4950, sql)).into_iter().collect()
        }
        "owner" => {
            let owner = before.unwrap_or(pair.before.database_owner());
            if owner.is_empty() {
                return Vec::new();
            }
            owner_sql(id, owner).map(|sql| Step::new(4900, sql)).into_iter().collect()
        }
        _ => detail(pair, id, property, old, new),
    }
}

fn rename(id: &ObjectId, before: &str, after: &str) -> Vec<Step> {
    let (to, from) = (quote_ident(before), quote_ident(after));
    let schema = quote_ident(id.part(0));
    let sql = match id.kind() {
        Kind::Constraint => format!("ALTER TABLE {} RENAME CONSTRAINT {from} TO {to}", id.owner_sql()),
        Kind::Column => format!("ALTER TABLE {} RENAME COLUMN {from} TO {to}", id.owner_sql()),
        Kind::Attribute => format!("ALTER TYPE {} RENAME ATTRIBUTE {from} TO {to}", id.owner_sql()),
        kind => format!("ALTER {} {schema}.{from} RENAME TO {to}", kind.noun().to_uppercase()),
    };
    vec![Step::new(1999, sql)]
}

fn detail(pair: Pair<'_>, id: &ObjectId, property: &str, old: &Object, new: &Object) -> Vec<Step> {
    let name = id.sql_name();
    let on = id.owner_sql();
    let one = |sql: String| vec![Step::new(2000, sql)];
    match (&old.detail, &new.detail) {
        (Detail::Column(a), Detail::Column(b)) => column(pair, id, property, a, b),
        (Detail::Table(a), Detail::Table(b)) => table(pair, id, property, a, b),
        (Detail::View(a), Detail::View(b)) => match property {
            "options" => options("VIEW", &name, &a.options, &b.options),
            _ => view(pair, id, &a.definition, &a.options),
        },
        (Detail::MaterializedView(a), Detail::MaterializedView(b)) => match property {
            "options" => options("MATERIALIZED VIEW", &name, &a.options, &b.options),
            "populated" => {
                let data = if a.populated { "" } else { " WITH NO DATA" };
                one(format!("REFRESH MATERIALIZED VIEW {name}{data}"))
            }
            _ => recreate(pair, id),
        },
        (Detail::Constraint(a), Detail::Constraint(b)) => match property {
            "validated" if a.validated && a.enforced == b.enforced => {
                one(format!("ALTER TABLE {on} VALIDATE CONSTRAINT {name}"))
            }
            "triggers disabled" => {
                let verb = if a.triggers_disabled { "DISABLE" } else { "ENABLE" };
                one(format!("ALTER TABLE {on} {verb} TRIGGER ALL"))
            }
            "inherited" => Vec::new(),
            _ => {
                let mut steps: Vec<Step> = drop(pair, id);
                let domain = ObjectId::new(Kind::Domain, [id.part(0), id.part(1)]);
                let noun = if pair.before.contains(&domain) { "DOMAIN" } else { "TABLE" };
                let sql = format!("ALTER {noun} {on} ADD CONSTRAINT {name} {}", constraint_sql(a));
                steps.push(Step::new(4450, sql));
                steps.extend(comment_of(pair, id));
                steps
            }
        },
        (Detail::Index(a), Detail::Index(b)) => index(pair, id, property, a, b),
        (Detail::Sequence(a), b) => match property {
            "owned by" => {
                let column = match &a.owned_by {
                    Some(column) => format!("{}.{}", column.owner_sql(), column.sql_name()),
                    None => "NONE".to_owned(),
                };
                let alter = format!("ALTER SEQUENCE {name} OWNED BY");
                let there = a.owned_by.as_ref().is_none_or(|column| {
                    pair.after.contains(column) && !super::replaced::in_replaced(pair, column)
                });
                if there {
                    return one(format!("{alter} {column}"));
                }
                // It must not go with its owner, and the other one is yet to come.
                vec![Step::new(550, format!("{alter} NONE")), Step::new(4450, format!("{alter} {column}"))]
            }
            "identity" => Vec::new(),
            "persistence" => one(format!("ALTER SEQUENCE {name} SET {}", persistence(a.persistence))),
            _ => {
                // Its value may lie outside of narrower bounds.
                let narrower = match &b {
                    Detail::Sequence(b) => a.minimum > b.minimum || a.maximum < b.maximum,
                    _ => false,
                };
                let restart = if narrower { " RESTART" } else { "" };
                one(format!("ALTER SEQUENCE {name} AS {} {}{restart}", a.data_type, sequence_options(a)))
            }
        },
        (Detail::Enum(a), Detail::Enum(b)) => labels(&name, &a.labels, &b.labels),
        (Detail::Domain(a), _) => match property {
            "default" => one(match &a.default {
                Some(default) => format!("ALTER DOMAIN {name} SET DEFAULT {default}"),
                None => format!("ALTER DOMAIN {name} DROP DEFAULT"),
            }),
            "not null" => {
                one(format!("ALTER DOMAIN {name} {} NOT NULL", if a.not_null { "SET" } else { "DROP" }))
            }
            _ => Vec::new(),
        },
        (Detail::Routine(a), Detail::Routine(b)) => {
            // CREATE OR REPLACE changes neither argument names nor the result, and drops no default
            // (manual, CREATE FUNCTION, "Overloading").
            if a.arguments == b.arguments && a.result == b.result && a.window == b.window {
                vec![Step::new(2100, routine_sql(id, a))]
            } else {
                recreate(pair, id)
            }
        }
        (Detail::Trigger(a), _) => match property {
            "enabled" => one(enable("TABLE", &on, "TRIGGER", &name, a.enabled)),
            "inherited" => Vec::new(),
            _ => recreate(pair, id),
        },
        (Detail::Rule(a), _) => match property {
            "enabled" => one(enable("TABLE", &on, "RULE", &name, a.enabled)),
            _ => recreate(pair, id),
        },
        (Detail::EventTrigger(a), _) if property == "enabled" => {
            let word = enabled_word(a.enabled).unwrap_or("ENABLE");
            one(format!("ALTER EVENT TRIGGER {name} {word}"))
        }
        (Detail::StatisticsObject(a), _) if property == "statistics" => {
            one(format!("ALTER STATISTICS {name} SET STATISTICS {}", a.statistics.unwrap_or(-1)))
        }
        (Detail::Extension(a), _) => one(match property {
            "version" => format!("ALTER EXTENSION {name} UPDATE TO {}", quote_literal(&a.version)),
            _ => format!("ALTER EXTENSION {name} SET SCHEMA {}", quote_ident(&a.schema)),
        }),
        (Detail::Role(a), Detail::Role(b)) => role(&name, property, a, b),
        (Detail::Setting(a), _) => one(setting_sql(id, Some(&a.value))),
        (Detail::Privilege(a), Detail::Privilege(b)) => {
            let mut steps = Vec::new();
            steps.extend(privilege_sql(id, b, Wanted::Default).map(|sql| Step::new(5000, sql)));
            steps.extend(privilege_sql(id, a, Wanted::Entry).map(|sql| Step::new(5001, sql)));
            steps
        }
        (Detail::Properties(_), _) if id.kind() == Kind::BaseType => Vec::new(),
        (Detail::Composite(_) | Detail::Range(_) | Detail::Schema(_), _) => Vec::new(),
        _ => recreate(pair, id),
    }
}

fn comment_of(pair: Pair<'_>, id: &ObjectId) -> Option<Step> {
    let comment = pair.before.get(id)?.comment.as_deref()?;
    comment_sql(pair.before, id, Some(comment)).map(|sql| Step::new(4950, sql))
}

/// Drops it and makes it again, with what DROP takes along: privileges, indexes and triggers of a view.
fn recreate(pair: Pair<'_>, id: &ObjectId) -> Vec<Step> {
    let made = create(pair, id);
    if made.is_empty() {
        return Vec::new();
    }
    let mut steps: Vec<Step> = drop(pair, id);
    let first = made.iter().map(|step| step.rank).min().unwrap_or_default();
    for step in &mut steps {
        step.rank = step.rank.min(first - 1);
    }
    steps.extend(made);
    steps.extend(parts(pair, id));
    if matches!(id.kind(), Kind::View | Kind::MaterializedView) {
        steps.extend(views_and_parts(pair, id));
    }
    steps
}

/// Drops the views above a relation and makes them again, with their parts.
pub(super) fn views_and_parts(pair: Pair<'_>, id: &ObjectId) -> Vec<Step> {
    let mut steps = Vec::new();
    for above in views_above(pair.after, id) {
        steps.extend(drop(pair, &above));
        if pair.before.contains(&above) {
            steps.extend(create(pair, &above));
            steps.extend(parts(pair, &above));
        }
    }
    steps
}

/// What goes with it when it is dropped and does not come back when it is made.
fn parts(pair: Pair<'_>, id: &ObjectId) -> Vec<Step> {
    [Kind::Privilege, Kind::Index, Kind::Trigger, Kind::Rule, Kind::Column]
        .into_iter()
        .flat_map(|kind| pair.before.members(id, kind))
        .flat_map(|(part, _)| create(pair, part))
        .collect()
}

/// The views that select from this one, directly or through others.
fn views_above(catalog: &Catalog, id: &ObjectId) -> Vec<ObjectId> {
    let mut found = vec![id.clone()];
    let mut at = 0;
    while let Some(below) = found.get(at).map(ObjectId::sql_name) {
        for (view, object) in catalog.of_kind(Kind::View).chain(catalog.of_kind(Kind::MaterializedView)) {
            let definition = match &object.detail {
                Detail::View(view) => &view.definition,
                Detail::MaterializedView(view) => &view.definition,
                _ => continue,
            };
            if definition.contains(&below) && !found.contains(view) {
                found.push(view.clone());
            }
        }
        at += 1;
    }
    found.remove(0);
    found
}

fn view(pair: Pair<'_>, id: &ObjectId, definition: &str, options: &[String]) -> Vec<Step> {
    let shape = |catalog: &Catalog| -> Vec<(String, String)> {
        let columns = catalog.columns_of(id);
        columns.iter().map(|(id, column)| (id.name().to_owned(), column.data_type.clone())).collect()
    };
    // OR REPLACE may only append columns (manual, CREATE VIEW).
    if shape(pair.before).starts_with(&shape(pair.after)) {
        let with = super::create::with_options(options);
        let rank = 4600 + super::create::view_depth(pair.before, id);
        return vec![Step::new(
            rank,
            format!("CREATE OR REPLACE VIEW {}{with} AS\n{definition}", id.sql_name()),
        )];
    }
    recreate(pair, id)
}

fn persistence(value: crate::catalog::Persistence) -> &'static str {
    match value {
        crate::catalog::Persistence::Permanent => "LOGGED",
        crate::catalog::Persistence::Unlogged => "UNLOGGED",
    }
}

fn enable(noun: &str, on: &str, part: &str, name: &str, enabled: Enabled) -> String {
    format!("ALTER {noun} {on} {} {part} {name}", enabled_word(enabled).unwrap_or("ENABLE"))
}

/// SET what the old list has, RESET what only the new one has.
fn options(noun: &str, name: &str, old: &[String], new: &[String]) -> Vec<Step> {
    let key = |option: &String| option.split('=').next().unwrap_or_default().to_owned();
    let set: Vec<String> = old.iter().filter(|option| !new.contains(option)).cloned().collect();
    let reset: Vec<String> =
        new.iter().map(key).filter(|name| !old.iter().any(|option| key(option) == *name)).collect();
    let mut steps = Vec::new();
    if !set.is_empty() {
        steps.push(Step::new(2000, format!("ALTER {noun} {name} SET ({})", options_sql(&set))));
    }
    if !reset.is_empty() {
        steps.push(Step::new(2000, format!("ALTER {noun} {name} RESET ({})", reset.join(", "))));
    }
    steps
}

/// `OPTIONS (ADD …, SET …, DROP …)` that makes `new` into `old`.
fn server_options(old: &[String], new: &[String]) -> String {
    fn pair(option: &str) -> (&str, &str) {
        option.split_once('=').unwrap_or((option, ""))
    }
    let mut parts = Vec::new();
    for (name, value) in old.iter().map(|option| pair(option)) {
        match new.iter().map(|option| pair(option)).find(|(other, _)| *other == name) {
            Some((_, same)) if same == value => {}
            Some(_) => parts.push(format!("SET {} {}", quote_ident(name), quote_literal(value))),
            None => parts.push(format!("ADD {} {}", quote_ident(name), quote_literal(value))),
        }
    }
    for (name, _) in new.iter().map(|option| pair(option)) {
        if !old.iter().map(|option| pair(option)).any(|(other, _)| other == name) {
            parts.push(format!("DROP {}", quote_ident(name)));
        }
    }
    format!("OPTIONS ({})", parts.join(", "))
}

fn column(pair: Pair<'_>, id: &ObjectId, property: &str, old: &Column, new: &Column) -> Vec<Step> {
    let (name, on) = (id.sql_name(), id.owner_sql());
    let one = |sql: String| vec![Step::new(2000, sql)];
    if id.kind() == Kind::Attribute {
        let mut sql = format!("ALTER TYPE {on} ALTER ATTRIBUTE {name} TYPE {}", old.data_type);
        if let Some(collation) = &old.collation {
            sql.push_str(&format!(" COLLATE {collation}"));
        }
        return one(sql);
    }
    let alter = format!("ALTER TABLE {on} ALTER COLUMN {name}");
    match property {
        "type" | "collation" => {
            let collate = match &old.collation {
                Some(collation) => format!(" COLLATE {collation}"),
                None => String::new(),
            };
            let using = if old.data_type == new.data_type {
                String::new()
            } else {
                format!(" USING {name}::{}", old.data_type)
            };
            let mut steps = one(format!("{alter} TYPE {}{collate}{using}", old.data_type));
            // A foreign key wants both of its sides to change first.
            for (key, object) in pair.after.of_kind(Kind::Constraint) {
                let Detail::Constraint(constraint) = &object.detail else { continue };
                let Some(reference) = &constraint.references else { continue };
                let here = key.owner_sql() == on && constraint.columns.iter().any(|c| c == id.name());
                let there =
                    reference.table.sql_name() == on && reference.columns.iter().any(|c| c == id.name());
                if (here || there) && pair.before.contains(key) && old.data_type != new.data_type {
                    steps.extend(drop(pair, key));
                    steps.extend(create(pair, key));
                }
            }
            steps
        }
        "default" => one(match &old.default {
            Some(default) => format!("{alter} SET DEFAULT {default}"),
            None => format!("{alter} DROP DEFAULT"),
        }),
        "not null" => {
            vec![Step::new(2010, format!("{alter} {} NOT NULL", if old.not_null { "SET" } else { "DROP" }))]
        }
        "identity" => match (old.identity, new.identity) {
            (Some(identity), None) => vec![
                Step::new(2015, format!("{alter} SET NOT NULL")),
                Step::new(2020, format!("{alter} ADD {}", identity_sql(pair.before, id, identity))),
            ],
            (None, _) => vec![Step::new(1990, format!("{alter} DROP IDENTITY"))],
            (Some(crate::catalog::Identity::Always), _) => one(format!("{alter} SET GENERATED ALWAYS")),
            (Some(_), _) => one(format!("{alter} SET GENERATED BY DEFAULT")),
        },
        "generated" | "generated virtual" => match (&old.generated, &new.generated) {
            // SET EXPRESSION is new in 17 (manual, ALTER TABLE).
            (Some(expression), Some(_))
                if pair.version() >= 170_000 && old.generated_virtual == new.generated_virtual =>
            {
                one(format!("{alter} SET EXPRESSION AS ({expression})"))
            }
            (None, Some(_)) if !new.generated_virtual => one(format!("{alter} DROP EXPRESSION")),
            _ => vec![Step::new(
                2000,
                format!(
                    "ALTER TABLE {on} DROP COLUMN {name}, ADD COLUMN {}",
                    column_sql(pair.before, id, old)
                ),
            )],
        },
        "storage" => {
            let storage = match &old.storage {
                Some(storage) => storage.clone(),
                // SET STORAGE DEFAULT is new in 16.
                None if pair.version() >= 160_000 => "DEFAULT".to_owned(),
                None if old.data_type.starts_with("numeric") => "MAIN".to_owned(),
                None => "EXTENDED".to_owned(),
            };
            one(format!("{alter} SET STORAGE {storage}"))
        }
        "compression" => {
            one(format!("{alter} SET COMPRESSION {}", old.compression.as_deref().unwrap_or("default")))
        }
        "statistics" => one(format!("{alter} SET STATISTICS {}", old.statistics.unwrap_or(-1))),
        "options" => {
            let mut steps = options("TABLE", "", &old.options, &new.options);
            for step in &mut steps {
                step.sql = step.sql.replacen("ALTER TABLE ", &alter, 1);
            }
            steps
        }
        "server options" => {
            let options = server_options(&old.server_options, &new.server_options);
            one(format!("ALTER FOREIGN TABLE {on} ALTER COLUMN {name} {options}"))
        }
        _ => Vec::new(),
    }
}

fn table(pair: Pair<'_>, id: &ObjectId, property: &str, old: &Table, new: &Table) -> Vec<Step> {
    let name = id.sql_name();
    let noun = if id.kind() == Kind::ForeignTable { "FOREIGN TABLE" } else { "TABLE" };
    let alter = format!("ALTER {noun} {name}");
    let one = |sql: String| vec![Step::new(2000, sql)];
    match property {
        "persistence" => one(format!("{alter} SET {}", persistence(old.persistence))),
        "access method" => {
            one(format!("{alter} SET ACCESS METHOD {}", old.access_method.as_deref().unwrap_or("heap")))
        }
        "options" => options(noun, &name, &old.options, &new.options),
        "row security" => {
            one(format!("{alter} {} ROW LEVEL SECURITY", if old.row_security { "ENABLE" } else { "DISABLE" }))
        }
        "force row security" => {
            let force = if old.force_row_security { "FORCE" } else { "NO FORCE" };
            one(format!("{alter} {force} ROW LEVEL SECURITY"))
        }
        "replica identity" => match old.replica_identity.as_deref() {
            Some("INDEX") => pair
                .before
                .indexes_of(id)
                .find(|(_, index)| index.replica_identity)
                .map(|(index, _)| {
                    let sql = format!("{alter} REPLICA IDENTITY USING INDEX {}", quote_ident(index.name()));
                    Step::new(4800, sql)
                })
                .into_iter()
                .collect(),
            other => one(format!("{alter} REPLICA IDENTITY {}", other.unwrap_or("DEFAULT"))),
        },
        "tablespace" => {
            let tablespace = old.tablespace.as_deref().unwrap_or("pg_default");
            one(format!("{alter} SET TABLESPACE {}", quote_ident(tablespace)))
        }
        "partition of" | "partition bound" => {
            let mut steps = Vec::new();
            if let Some(parent) = &new.partition_of {
                steps.push(Step::new(
                    2000,
                    format!("ALTER TABLE {} DETACH PARTITION {name}", parent.sql_name()),
                ));
            }
            if let (Some(parent), Some(bound)) = (&old.partition_of, &old.partition_bound) {
                let sql = format!("ALTER TABLE {} ATTACH PARTITION {name} {bound}", parent.sql_name());
                steps.push(Step::new(4350, sql));
            }
            steps
        }
        "inherits" => {
            let mut steps = Vec::new();
            for parent in new.inherits.iter().filter(|parent| !old.inherits.contains(parent)) {
                steps.push(Step::new(2000, format!("{alter} NO INHERIT {}", parent.sql_name())));
            }
            for parent in old.inherits.iter().filter(|parent| !new.inherits.contains(parent)) {
                steps.push(Step::new(4350, format!("{alter} INHERIT {}", parent.sql_name())));
            }
            steps
        }
        "of type" => one(match &old.of_type {
            Some(of_type) => format!("{alter} OF {of_type}"),
            None => format!("{alter} NOT OF"),
        }),
        "server options" => {
            one(format!("{alter} {}", server_options(&old.server_options, &new.server_options)))
        }
        _ => Vec::new(),
    }
}

fn index(
    pair: Pair<'_>,
    id: &ObjectId,
    property: &str,
    old: &crate::catalog::Index,
    new: &crate::catalog::Index,
) -> Vec<Step> {
    let (name, on) = (id.sql_name(), id.owner_sql());
    let own = quote_ident(id.name());
    let one = |sql: String| vec![Step::new(2000, sql)];
    match property {
        "clustered" if old.clustered => vec![Step::new(4800, format!("ALTER TABLE {on} CLUSTER ON {own}"))],
        "clustered" => one(format!("ALTER TABLE {on} SET WITHOUT CLUSTER")),
        "replica identity" if old.replica_identity => {
            vec![Step::new(4800, format!("ALTER TABLE {on} REPLICA IDENTITY USING INDEX {own}"))]
        }
        "replica identity" => Vec::new(),
        "valid" | "ready" if old.valid && old.ready => one(format!("REINDEX INDEX {name}")),
        "attached to" => match &old.attached_to {
            Some(parent) => one(format!("ALTER INDEX {parent} ATTACH PARTITION {name}")),
            None => Vec::new(),
        },
        "options" => options("INDEX", &name, &old.options, &new.options),
        "tablespace" => {
            let tablespace = old.tablespace.as_deref().unwrap_or("pg_default");
            one(format!("ALTER INDEX {name} SET TABLESPACE {}", quote_ident(tablespace)))
        }
        "statistics" => {
            let column = |entry: &String| entry.split('=').next().unwrap_or_default().to_owned();
            let gone =
                new.statistics.iter().map(column).filter(|c| !old.statistics.iter().any(|e| column(e) == *c));
            let mut targets: Vec<(String, String)> = gone.map(|column| (column, "-1".to_owned())).collect();
            targets.extend(old.statistics.iter().map(|entry| {
                let (column, target) = entry.split_once('=').unwrap_or((entry, "-1"));
                (column.to_owned(), target.to_owned())
            }));
            let steps = targets.into_iter().map(|(column, target)| {
                Step::new(2000, format!("ALTER INDEX {name} ALTER COLUMN {column} SET STATISTICS {target}"))
            });
            steps.collect()
        }
        _ if old.constraint.is_none() && new.constraint.is_none() => {
            // Storage parameters alone do not need a new index.
            if property == "definition"
                && let (Some(a), Some(b)) = (&old.definition, &new.definition)
                && let (Some((head, a)), Some((same, b))) = (storage(a), storage(b))
                && head == same
            {
                return options("INDEX", &name, &a, &b);
            }
            recreate(pair, id)
        }
        _ => Vec::new(),
    }
}

/// An index definition without its ` WITH (…)`, and the parameters in it.
fn storage(definition: &str) -> Option<(String, Vec<String>)> {
    let Some(at) = definition.find(" WITH (") else { return Some((definition.to_owned(), Vec::new())) };
    let rest = &definition[at + 7..];
    let end = rest.find(')')?;
    let parameters = rest[..end].split(", ").map(|p| p.replace('\'', "")).collect();
    Some((format!("{}{}", &definition[..at], &rest[end + 1..]), parameters))
}

/// ADD VALUE for labels that are missing, RENAME VALUE where one was renamed; nothing removes a label.
fn labels(name: &str, old: &[String], new: &[String]) -> Vec<Step> {
    let missing: Vec<&String> = old.iter().filter(|label| !new.contains(label)).collect();
    let surplus: Vec<&String> = new.iter().filter(|label| !old.contains(label)).collect();
    if old.len() == new.len() && missing.len() == surplus.len() {
        let mut steps = Vec::new();
        for (from, to) in new.iter().zip(old).filter(|(from, to)| from != to) {
            if old.contains(from) || new.contains(to) {
                return Vec::new();
            }
            let sql =
                format!("ALTER TYPE {name} RENAME VALUE {} TO {}", quote_literal(from), quote_literal(to));
            steps.push(Step::new(2000, sql));
        }
        return steps;
    }
    let mut steps = Vec::new();
    for (at, label) in old.iter().enumerate().filter(|(_, label)| !new.contains(label)) {
        let place = match old[..at].last() {
            Some(previous) => format!(" AFTER {}", quote_literal(previous)),
            None => match new.first() {
                Some(first) => format!(" BEFORE {}", quote_literal(first)),
                None => String::new(),
            },
        };
        let sql = format!("ALTER TYPE {name} ADD VALUE {}{place}", quote_literal(label));
        steps.push(Step::new(2000 + (at.min(99) as u16), sql));
    }
    steps
}

fn role(name: &str, property: &str, old: &Role, new: &Role) -> Vec<Step> {
    let one = |sql: String| vec![Step::new(2000, sql)];
    match property {
        "attributes" => {
            let has = |word: &str| old.attributes.iter().any(|attribute| attribute == word);
            let mut words: Vec<String> =
                ["SUPERUSER", "CREATEROLE", "CREATEDB", "LOGIN", "REPLICATION", "BYPASSRLS"]
                    .into_iter()
                    .map(|word| if has(word) { word.to_owned() } else { format!("NO{word}") })
                    .collect();
            words.push(if has("NOINHERIT") { "NOINHERIT" } else { "INHERIT" }.to_owned());
            let starts =
                |start: &str| old.attributes.iter().find(|attribute| attribute.starts_with(start)).cloned();
            words.push(starts("CONNECTION LIMIT").unwrap_or_else(|| "CONNECTION LIMIT -1".to_owned()));
            if new.attributes.iter().any(|a| a.starts_with("VALID UNTIL")) || starts("VALID UNTIL").is_some()
            {
                words.push(starts("VALID UNTIL").unwrap_or_else(|| "VALID UNTIL 'infinity'".to_owned()));
            }
            one(format!("ALTER ROLE {name} {}", words.join(" ")))
        }
        "member of" => {
            let group = |entry: &String| entry.split(" WITH ").next().unwrap_or_default().to_owned();
            let mut steps = Vec::new();
            for entry in new.member_of.iter().filter(|entry| !old.member_of.contains(entry)) {
                steps.push(Step::new(2000, format!("REVOKE {} FROM {name}", group(entry))));
            }
            for entry in old.member_of.iter().filter(|entry| !new.member_of.contains(entry)) {
                let option =
                    entry.split_once(" WITH ").map(|(_, o)| format!(" WITH {o}")).unwrap_or_default();
                steps.push(Step::new(2001, format!("GRANT {} TO {name}{option}", group(entry))));
            }
            steps
        }
        _ => {
            let key = |entry: &String| entry.split('=').next().unwrap_or_default().to_owned();
            let mut steps = Vec::new();
            for entry in new.settings.iter().filter(|e| !old.settings.iter().any(|o| key(o) == key(e))) {
                steps.push(Step::new(2000, format!("ALTER ROLE {name} RESET {}", quote_ident(&key(entry)))));
            }
            for entry in old.settings.iter().filter(|entry| !new.settings.contains(entry)) {
                let (key, value) = entry.split_once('=').unwrap_or((entry, ""));
                let sql =
                    format!("ALTER ROLE {name} SET {} TO {}", quote_ident(key), setting_value(key, value));
                steps.push(Step::new(2000, sql));
            }
            steps
        }
    }
}
