//! The statement that removes an object.

use super::{Difference, Pair, Step, cause, create};
use crate::catalog::id::{grantee_sql, quote_ident};
use crate::catalog::{Constraint, ConstraintType, Detail, Kind, ObjectId, Privilege};

/// Statements that remove `id`, which only the second catalog has.
pub(super) fn drop(pair: Pair<'_>, id: &ObjectId) -> Vec<Step> {
    let name = id.sql_name();
    let on = id.owner_sql();
    let detail = pair.after.get(id).map(|object| &object.detail);
    let step = |rank: u16, sql: String| vec![Step::new(rank, sql)];
    match (id.kind(), detail) {
        (Kind::Database, _) => Vec::new(),
        (Kind::Privilege | Kind::DefaultPrivilege, Some(Detail::Privilege(privilege))) => {
            match privilege_sql(id, privilege, Wanted::Default) {
                Some(sql) => step(100, sql),
                None => Vec::new(),
            }
        }
        (Kind::Setting, _) => step(100, setting_sql(id, None)),
        (Kind::EventTrigger | Kind::Publication, _) => {
            step(100, format!("DROP {} {name}", id.kind().noun().to_uppercase()))
        }
        // With a slot the subscription has to be detached from it first (manual, DROP SUBSCRIPTION).
        (Kind::Subscription, _) => vec![
            Step::new(100, format!("ALTER SUBSCRIPTION {name} DISABLE")),
            Step::new(101, format!("ALTER SUBSCRIPTION {name} SET (slot_name = NONE)")),
            Step::new(102, format!("DROP SUBSCRIPTION {name}")),
        ],
        (Kind::Trigger | Kind::Rule | Kind::Policy, _) => {
            step(200, format!("DROP {} {name} ON {on}", id.kind().noun().to_uppercase()))
        }
        (Kind::View | Kind::MaterializedView, _) => {
            let depth = create::view_depth(pair.after, id);
            step(499 - depth, format!("DROP {} {name}", id.kind().noun().to_uppercase()))
        }
        (Kind::Constraint, Some(Detail::Constraint(constraint))) => {
            let domain = ObjectId::new(Kind::Domain, [id.part(0), id.part(1)]);
            let noun = if pair.after.contains(&domain) { "DOMAIN" } else { "TABLE" };
            let rank = if constraint.constraint_type == ConstraintType::ForeignKey { 500 } else { 600 };
            let mut steps = step(rank, format!("ALTER {noun} {on} DROP CONSTRAINT {name}"));
            steps.extend(references_to(pair, id, constraint.columns.iter().map(String::as_str)));
            steps
        }
        (Kind::Index, Some(Detail::Index(index))) if index.unique => {
            let mut steps = step(600, format!("DROP INDEX {name}"));
            steps.extend(references_to(pair, id, index.columns.iter().flatten().map(String::as_str)));
            steps
        }
        (Kind::Index | Kind::StatisticsObject, _) => {
            step(600, format!("DROP {} {name}", id.kind().noun().to_uppercase()))
        }
        (Kind::Column, _) => step(3000, format!("ALTER TABLE {on} DROP COLUMN {name}")),
        (Kind::Attribute, _) => step(3000, format!("ALTER TYPE {on} DROP ATTRIBUTE {name}")),
        (kind, _) => {
            let rank = match kind {
                Kind::Table | Kind::ForeignTable => 3100,
                Kind::Sequence => 3200,
                Kind::Aggregate
                | Kind::OperatorClass
                | Kind::Cast
                | Kind::Transform
                | Kind::TextSearchConfiguration
                | Kind::UserMapping => 3300,
                Kind::Operator | Kind::OperatorFamily | Kind::TextSearchDictionary | Kind::Server => 3400,
                Kind::Function
                | Kind::Procedure
                | Kind::TextSearchParser
                | Kind::TextSearchTemplate
                | Kind::ForeignDataWrapper
                | Kind::Conversion
                | Kind::Language
                | Kind::AccessMethod => 3500,
                Kind::Domain | Kind::Collation => 3600,
                Kind::Composite => 3700,
                Kind::Enum | Kind::Range | Kind::BaseType => 3800,
                Kind::Role => 4000,
                _ => 3900,
            };
            step(rank, format!("DROP {} {name}", kind.noun().to_uppercase()))
        }
    }
}

/// Removes the new foreign keys that rest on a new key of these columns. Their tables are dropped later than
/// the key.
fn references_to<'a>(pair: Pair<'_>, key: &ObjectId, columns: impl Iterator<Item = &'a str>) -> Vec<Step> {
    let mut columns: Vec<&str> = columns.collect();
    columns.sort_unstable();
    let rests_on_key = |constraint: &Constraint| {
        constraint.references.as_ref().is_some_and(|target| {
            let mut referred: Vec<&str> = target.columns.iter().map(String::as_str).collect();
            referred.sort_unstable();
            Some((target.table.part(0), target.table.part(1))) == key.owner_path() && referred == columns
        })
    };
    let constraints = pair.after.of_kind(Kind::Constraint);
    constraints
        .filter(|(id, object)| match &object.detail {
            Detail::Constraint(constraint) => {
                rests_on_key(constraint) && !constraint.inherited && !pair.before.contains(id)
            }
            _ => false,
        })
        .map(|(id, _)| {
            Step::new(500, format!("ALTER TABLE {} DROP CONSTRAINT {}", id.owner_sql(), id.sql_name()))
        })
        .collect()
}

/// The steps that remove a schema after what came in it, one by one; `None` for other objects.
pub(super) fn apart(pair: Pair<'_>, schema: &Difference) -> Option<Vec<Step>> {
    if schema.object.kind() != Kind::Schema {
        return None;
    }
    let mut steps = Vec::new();
    for mut inside in cause::nest(pair, schema.consequences.clone()) {
        if !matches!(inside.object.kind(), Kind::Privilege | Kind::DefaultPrivilege) {
            cascade(&mut inside);
            steps.append(&mut inside.steps);
        }
    }
    steps.extend(schema.steps.iter().cloned());
    Some(steps)
}

/// Adds CASCADE where what came with an object does not go with it by itself.
pub(super) fn cascade(difference: &mut Difference) {
    let container = matches!(
        difference.object.kind(),
        Kind::Schema | Kind::Server | Kind::ForeignDataWrapper | Kind::Composite | Kind::Domain
    );
    let part = |d: &Difference| {
        !matches!(
            d.object.kind(),
            Kind::Privilege | Kind::DefaultPrivilege | Kind::Attribute | Kind::Constraint
        )
    };
    if container && difference.consequences.iter().any(part) {
        for step in &mut difference.steps {
            step.sql.push_str(" CASCADE");
        }
    }
}

/// Which state of a privilege a statement should lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// As the entry says.
    Entry,
    /// As if there were no entry.
    Default,
}

/// GRANT or REVOKE that makes `privilege` of `id` true, or takes it back.
pub(super) fn privilege_sql(id: &ObjectId, privilege: &Privilege, wanted: Wanted) -> Option<String> {
    let grant = privilege.revoked == (wanted == Wanted::Default);
    let (word, grantee) = {
        let mut tail = id.path().rev();
        (tail.next().unwrap_or_default().to_owned(), grantee_sql(tail.next().unwrap_or_default()))
    };
    let option = if grant && privilege.grantable { " WITH GRANT OPTION" } else { "" };
    let verb = |what: &str, on: &str| {
        if grant {
            format!("GRANT {what} ON {on} TO {grantee}{option}")
        } else {
            format!("REVOKE {what} ON {on} FROM {grantee}")
        }
    };
    if id.kind() == Kind::DefaultPrivilege {
        let schema = match id.part(1) {
            "" => String::new(),
            schema => format!(" IN SCHEMA {}", quote_ident(schema)),
        };
        return Some(format!(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {}{schema} {}",
            quote_ident(id.part(0)),
            verb(&word, &id.part(2).to_uppercase())
        ));
    }
    let target = id.privilege_target()?;
    let name = target.sql_name();
    Some(match target.kind() {
        Kind::Column => verb(&format!("{word} ({name})"), &target.owner_sql()),
        Kind::Table | Kind::View | Kind::MaterializedView | Kind::ForeignTable => verb(&word, &name),
        Kind::Enum | Kind::Domain | Kind::Composite | Kind::Range | Kind::BaseType => {
            verb(&word, &format!("TYPE {name}"))
        }
        Kind::Aggregate => verb(&word, &format!("FUNCTION {}", name.replace("(*)", "()"))),
        Kind::ForeignDataWrapper => verb(&word, &format!("FOREIGN DATA WRAPPER {name}")),
        Kind::Server => verb(&word, &format!("FOREIGN SERVER {name}")),
        Kind::Database => in_database(&verb(&word, "DATABASE %I"), ""),
        kind => verb(&word, &format!("{} {name}", kind.noun().to_uppercase())),
    })
}

/// A statement about the current database, whose name only the server knows.
fn in_database(template: &str, rest: &str) -> String {
    let text = format!("{}{}", template.replace("%I", "\u{1}").replace('%', "%%"), rest.replace('%', "%%"));
    format!(
        "DO $confiture$ BEGIN EXECUTE format({}, current_database()); END $confiture$",
        crate::sql::quote_literal(&text.replace('\u{1}', "%I"))
    )
}

/// Sets or resets a setting of the database.
pub(super) fn setting_sql(id: &ObjectId, value: Option<&str>) -> String {
    let name = quote_ident(id.part(1));
    let template = match id.part(0) {
        "" => "ALTER DATABASE %I".to_owned(),
        role => format!("ALTER ROLE {} IN DATABASE %I", quote_ident(role)),
    };
    let rest = match value {
        Some(value) => format!(" SET {name} TO {}", setting_value(id.part(1), value)),
        None => format!(" RESET {name}"),
    };
    in_database(&template, &rest)
}

/// A setting's value as SET takes it: lists stay lists.
pub(super) fn setting_value(name: &str, value: &str) -> String {
    let list = matches!(
        name.to_ascii_lowercase().as_str(),
        "search_path"
            | "temp_tablespaces"
            | "session_preload_libraries"
            | "local_preload_libraries"
            | "datestyle"
    );
    if list { value.to_owned() } else { crate::sql::quote_literal(value) }
}
