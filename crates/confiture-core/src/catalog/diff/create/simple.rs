//! Routines, policies, roles and sequences: one long statement each.

use std::fmt::Write as _;

use super::clause;
use crate::catalog::diff::Step;
use crate::catalog::diff::drop::setting_value;
use crate::catalog::id::quote_ident;
use crate::catalog::{Kind, ObjectId, Persistence, Policy, Role, Routine, Sequence};
use crate::sql::quote_literal;

pub(super) fn create_role(name: &str, role: &Role) -> Vec<Step> {
    let mut sql = format!("CREATE ROLE {name}");
    for attribute in &role.attributes {
        sql.push(' ');
        sql.push_str(attribute);
    }
    let mut steps = vec![Step::new(1000, sql)];
    for group in &role.member_of {
        let (group, option) = group.split_once(" WITH ").map_or((group.as_str(), ""), |(g, o)| (g, o));
        let option = if option.is_empty() { String::new() } else { format!(" WITH {option}") };
        steps.push(Step::new(1050, format!("GRANT {group} TO {name}{option}")));
    }
    for setting in &role.settings {
        let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
        let sql = format!("ALTER ROLE {name} SET {} TO {}", quote_ident(key), setting_value(key, value));
        steps.push(Step::new(1060, sql));
    }
    steps
}

/// `INCREMENT BY … CYCLE` of a sequence.
pub(in crate::catalog) fn sequence_options(sequence: &Sequence) -> String {
    format!(
        "INCREMENT BY {} MINVALUE {} MAXVALUE {} START WITH {} CACHE {} {}CYCLE",
        sequence.increment,
        sequence.minimum,
        sequence.maximum,
        sequence.start,
        sequence.cache,
        if sequence.cycle { "" } else { "NO " }
    )
}

pub(super) fn create_sequence(name: &str, sequence: &Sequence) -> Vec<Step> {
    if sequence.identity {
        return Vec::new();
    }
    let unlogged = if sequence.persistence == Persistence::Unlogged { "UNLOGGED " } else { "" };
    let sql =
        format!("CREATE {unlogged}SEQUENCE {name} AS {} {}", sequence.data_type, sequence_options(sequence));
    let mut steps = vec![Step::new(1600, sql)];
    if let Some(column) = &sequence.owned_by {
        let column = format!("{}.{}", column.owner_sql(), column.sql_name());
        steps.push(Step::new(4920, format!("ALTER SEQUENCE {name} OWNED BY {column}")));
    }
    steps
}

/// CREATE OR REPLACE of a routine, complete.
pub(in crate::catalog) fn routine_sql(id: &ObjectId, routine: &Routine) -> String {
    let noun = id.kind().noun().to_uppercase();
    let (schema, name) = (quote_ident(id.part(0)), quote_ident(id.part(1)));
    let mut sql = format!("CREATE OR REPLACE {noun} {schema}.{name}({})", routine.arguments);
    if id.kind() == Kind::Function {
        clause(&mut sql, "\n RETURNS ", routine.result.as_deref());
    }
    let _ = write!(sql, "\n LANGUAGE {}", quote_ident(&routine.language));
    if let Some(types) = &routine.transforms {
        let types: Vec<String> = types.split(", ").map(|name| format!("FOR TYPE {name}")).collect();
        let _ = write!(sql, "\n TRANSFORM {}", types.join(", "));
    }
    if routine.window {
        sql.push_str(" WINDOW");
    }
    if id.kind() == Kind::Function {
        let _ = write!(sql, " {} PARALLEL {}", routine.volatility, routine.parallel);
        if routine.strict {
            sql.push_str(" STRICT");
        }
        if routine.leakproof {
            sql.push_str(" LEAKPROOF");
        }
        let _ = write!(sql, " COST {}", routine.cost);
        if routine.rows != "0" {
            let _ = write!(sql, " ROWS {}", routine.rows);
        }
        clause(&mut sql, " SUPPORT ", routine.support.as_deref().map(|s| s.split('(').next().unwrap_or(s)));
    }
    if routine.security_definer {
        sql.push_str(" SECURITY DEFINER");
    }
    for setting in &routine.settings {
        let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
        let _ = write!(sql, "\n SET {} TO {}", quote_ident(key), setting_value(key, value));
    }
    if routine.sql_body {
        let _ = write!(sql, "\n{}", routine.body);
        return sql;
    }
    sql.push_str("\nAS ");
    if let Some(library) = &routine.library {
        let _ = write!(sql, "{}, ", quote_literal(library));
    }
    sql.push_str(&dollar_quoted(&routine.body));
    sql
}

/// A body between dollar quotes that it does not contain.
pub(super) fn dollar_quoted(body: &str) -> String {
    let mut tag = "$$".to_owned();
    let mut count = 0;
    // A body that ends in `$` would complete the tag's first character.
    while body.contains(&tag) || body.ends_with('$') && tag == "$$" {
        tag = if count == 0 { "$body$".to_owned() } else { format!("$body{count}$") };
        count += 1;
    }
    format!("{tag}{body}{tag}")
}

pub(super) fn policy_sql(id: &ObjectId, policy: &Policy) -> String {
    let mut sql = format!("CREATE POLICY {} ON {}", id.sql_name(), id.owner_sql());
    if !policy.permissive {
        sql.push_str(" AS RESTRICTIVE");
    }
    let roles: Vec<&str> = policy.roles.iter().map(|r| if r == "public" { "PUBLIC" } else { r }).collect();
    let _ = write!(sql, " FOR {} TO {}", policy.command, roles.join(", "));
    if let Some(using) = &policy.using {
        let _ = write!(sql, " USING ({using})");
    }
    if let Some(check) = &policy.check {
        let _ = write!(sql, " WITH CHECK ({check})");
    }
    sql
}
