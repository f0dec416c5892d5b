//! The statements that make a whole catalog on an empty database.

mod names;
mod node;
mod order;
mod tables;

use std::fmt;

use super::{Catalog, Detail, Kind, Object, ObjectId, normal_form};
use crate::catalog::id::quote_ident;
use crate::sql::quote_literal;

/// SQL that makes a catalog on an empty database, in an order in which it runs.
///
/// Display is a file for people and for psql: a heading that says what it needs, then the statements with
/// an empty line between objects. Running the file in one transaction is possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateScript {
    /// Statements without final semicolons, in order; those of one group belong to one object.
    pub groups: Vec<Vec<String>>,
    /// What the catalog does not know enough about to make again, with the reason.
    pub left_out: Vec<(ObjectId, &'static str)>,
    objects: usize,
}

/// Settings under which the statements mean what they say: names are qualified, bodies are not looked
/// into before all they use exists.
const SETTINGS: &[(&str, &str)] = &[
    ("check_function_bodies", "off"),
    ("search_path", "''"),
    ("default_tablespace", "''"),
    ("default_table_access_method", "heap"),
];

impl CreateScript {
    /// Every statement, with the settings they need before and their reset after them.
    pub fn statements(&self) -> impl Iterator<Item = String> {
        let set = SETTINGS.iter().map(|(name, value)| format!("SET {name} = {value}"));
        let reset = SETTINGS.iter().map(|(name, _)| format!("RESET {name}"));
        set.chain(self.groups.iter().flatten().cloned()).chain(reset)
    }
}

impl fmt::Display for CreateScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "-- {} objects. Makes them on an empty database:", self.objects)?;
        writeln!(f, "--   psql --no-psqlrc --single-transaction -v ON_ERROR_STOP=1 -f schema.sql")?;
        for (object, reason) in &self.left_out {
            writeln!(f, "-- Left out: {object} ({reason})")?;
        }
        writeln!(f)?;
        for (name, value) in SETTINGS {
            writeln!(f, "SET {name} = {value};")?;
        }
        for group in &self.groups {
            writeln!(f)?;
            for statement in group {
                writeln!(f, "{statement};")?;
            }
        }
        writeln!(f)?;
        for (name, _) in SETTINGS {
            writeln!(f, "RESET {name};")?;
        }
        Ok(())
    }
}

impl Catalog {
    /// The statements that make this catalog on an empty database of the same or a newer major version.
    ///
    /// Reading the catalog of that database gives this one again, where nothing is
    /// [left out](CreateScript::left_out) and the script runs as a superuser with the role that owns the
    /// database. Roles that own something or hold a privilege are made (`NOLOGIN`, without attributes)
    /// where the server has none of that name. Extensions get the server's default version, materialized
    /// views are filled at the end. Ordered by what statements mention, then by kind and name: the same
    /// catalog gives the same text.
    ///
    /// # Example
    /// ```
    /// let catalog: confiture_core::catalog::Catalog = serde_json::from_str(r#"[
    ///     {"kind": "schema", "path": ["app"], "is": "schema"},
    ///     {"kind": "enum", "path": ["app", "mood"], "is": "enum", "labels": ["sad", "ok"]}
    /// ]"#)?;
    /// let script = catalog.create_script().to_string();
    /// assert!(script.contains("CREATE TYPE app.mood AS ENUM ('sad', 'ok');"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn create_script(&self) -> CreateScript {
        let mut left_out = Vec::new();
        let mut groups: Vec<Vec<String>> = Vec::new();
        if !self.contains(&ObjectId::new(Kind::Schema, ["public"])) {
            groups.push(vec!["DROP SCHEMA IF EXISTS public".to_owned()]);
        }
        if !self.contains(&ObjectId::new(Kind::Extension, ["plpgsql"])) {
            groups.push(vec!["DROP EXTENSION IF EXISTS plpgsql".to_owned()]);
        }
        let roles = roles(self);
        if !roles.is_empty() {
            groups.push(roles.iter().map(|role| role_sql(role)).collect());
        }
        groups.extend(order::ordered(node::nodes(self, &mut left_out)));
        CreateScript { groups, left_out, objects: self.len() }
    }

    /// The catalog without what belongs to the server rather than to the database: roles, and the versions
    /// of extensions; and with expressions as the server prints them once it has read its own text. The same
    /// schema gives the same on every server, whether migrations or a [`CreateScript`] made it.
    #[must_use]
    pub fn portable(&self) -> Self {
        let mut objects = (*self.objects).clone();
        objects.retain(|id, _| id.kind() != Kind::Role);
        for object in objects.values_mut() {
            let detail = portable(&object.detail);
            if let Some(detail) = detail.filter(|detail| *detail != object.detail) {
                *object = Object { detail, ..(**object).clone() }.into();
            }
        }
        Self::from_parts(objects, self.meta.clone())
    }

    /// The catalog without the objects that `keep` refuses.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&ObjectId) -> bool) -> Self {
        let mut objects = (*self.objects).clone();
        objects.retain(|id, _| keep(id));
        Self::from_parts(objects, self.meta.clone())
    }
}

/// A detail in the form [`Catalog::portable`] gives it; `None` where all forms are the same.
fn portable(detail: &Detail) -> Option<Detail> {
    let mut detail = detail.clone();
    let texts: Vec<&mut String> = match &mut detail {
        Detail::Extension(extension) => {
            extension.version.clear();
            Vec::new()
        }
        Detail::Column(column) => column.default.iter_mut().chain(&mut column.generated).collect(),
        Detail::Domain(domain) => domain.default.iter_mut().collect(),
        Detail::Constraint(constraint) => vec![&mut constraint.definition],
        Detail::Index(index) => index.definition.iter_mut().collect(),
        Detail::View(view) => vec![&mut view.definition],
        Detail::MaterializedView(view) => vec![&mut view.definition],
        Detail::StatisticsObject(statistics) => vec![&mut statistics.definition],
        Detail::Trigger(trigger) => vec![&mut trigger.definition],
        Detail::Rule(rule) => vec![&mut rule.definition],
        Detail::Policy(policy) => policy.using.iter_mut().chain(&mut policy.check).collect(),
        Detail::Routine(routine) if routine.sql_body => vec![&mut routine.body],
        _ => return None,
    };
    for text in texts {
        *text = normal_form::array_casts(text);
    }
    Some(detail)
}

/// Names of the roles that statements will mention, sorted; those of objects of kind role are made whole.
fn roles(catalog: &Catalog) -> Vec<String> {
    let mut names = std::collections::BTreeSet::new();
    for (id, object) in catalog.iter() {
        names.extend(object.owner.clone());
        match &object.detail {
            Detail::Privilege(privilege) => {
                names.extend(privilege.grantor.clone());
                if id.kind() == Kind::Privilege {
                    names.extend(id.path().rev().nth(1).map(str::to_owned));
                } else {
                    names.extend([id.part(0).to_owned(), id.part(3).to_owned()]);
                }
            }
            Detail::Policy(policy) => {
                names.extend(policy.roles.iter().filter(|role| *role != "public").map(|role| unquoted(role)));
            }
            Detail::Setting(_) => {
                names.insert(id.part(0).to_owned());
            }
            _ if id.kind() == Kind::UserMapping && id.part(0) != "public" => {
                names.insert(id.part(0).to_owned());
            }
            _ => {}
        }
    }
    names.retain(|name| {
        !name.is_empty()
            && !name.starts_with("pg_")
            && name != catalog.database_owner()
            && !catalog.contains(&ObjectId::new(Kind::Role, [name]))
    });
    names.into_iter().collect()
}

fn unquoted(ident: &str) -> String {
    match ident.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => ident.to_owned(),
    }
}

/// CREATE ROLE where there is none of that name.
fn role_sql(name: &str) -> String {
    let create = format!("CREATE ROLE {}", quote_ident(name));
    format!(
        "DO $confiture$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {}) THEN {create}; END IF; \
         END $confiture$",
        quote_literal(name)
    )
}
