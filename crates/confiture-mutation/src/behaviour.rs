//! What a catalog lets in: the behavioural normal form of tables.
//!
//! A primary key is UNIQUE and NOT NULL; `CHECK (x IS NOT NULL)` is NOT NULL; a conjunction is its parts; a
//! UNIQUE over more columns than another one says nothing; a check that another one implies says nothing;
//! DEFAULT NULL is no default; ON DELETE RESTRICT is NO ACTION where a key is never deferred. After Wright, Kapfhammer
//! and McMinn, "The Impact of Equivalent, Redundant and Quasi Mutants on Database Schema Mutation Analysis"
//! (QSIC 2014).

mod expression;

use std::collections::{BTreeMap, BTreeSet};

use confiture_core::catalog::{
    Catalog, Change, Column, Constraint, ConstraintType, Detail, Difference, Kind, Object, ObjectId,
};
use expression::{conjuncts, implies, not_null_column};

/// How one catalog differs from another once both are in their behavioural normal form: by what a user can tell,
/// not by how it is written down.
///
/// The normal form of a table takes a primary key for UNIQUE and NOT NULL, `CHECK (x IS NOT NULL)` for NOT NULL, and
/// leaves out what another constraint says already and `DEFAULT NULL`. Two catalogs whose departure from a third one is
/// equal let in the same rows as each other.
///
/// # Example
/// ```no_run
/// # async fn example(session: confiture_core::db::Session) -> Result<(), confiture_core::db::DbFailure> {
/// use confiture_core::catalog::Catalog;
/// use confiture_mutation::Departure;
///
/// session.execute("CREATE TABLE users (id int PRIMARY KEY)").await?;
/// let key = Catalog::read(&session).await?;
/// session.execute("DROP TABLE users").await?;
/// session.execute("CREATE TABLE users (id int UNIQUE CHECK (id IS NOT NULL))").await?;
/// let check = Catalog::read(&session).await?;
///
/// let (departure, names) = Departure::between(&key, &check);
/// assert!(departure.is_none());
/// assert!(names.contains("users_pkey") && names.contains("users_id_key"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Departure {
    /// What holds only before, and what holds only after, by object.
    facts: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>,
}

/// Names that a normal form does not keep, although scripts may use them.
pub(crate) type Lost = BTreeSet<String>;

impl Departure {
    /// The departure of `after` from `before`, and the names of constraints, indexes and tables that only one of them
    /// has although the normal form does not keep them: scripts may use those names (`ON CONFLICT ON CONSTRAINT`,
    /// `REFERENCES users` without columns).
    pub fn between(before: &Catalog, after: &Catalog) -> (Self, BTreeSet<String>) {
        let differences = before.diff(after);
        let mut departure = Self::default();
        let mut lost = Lost::new();
        let mut tables = BTreeSet::new();
        for difference in flat(&differences) {
            match table_of(difference, before, after) {
                Some(table) => {
                    if matches!(difference.object.kind(), Kind::Constraint | Kind::Index) {
                        lost.insert(difference.object.name().to_owned());
                    }
                    // `REFERENCES users` stands for its primary key.
                    if is_primary_key(&difference.object, before) || is_primary_key(&difference.object, after)
                    {
                        lost.insert(table.name().to_owned());
                    }
                    tables.insert(table);
                }
                None => departure.note(difference, after),
            }
        }
        for table in tables {
            let (was, is) = (facts_of(before, &table), facts_of(after, &table));
            let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect();
            let (gone, new): (BTreeSet<String>, BTreeSet<String>) = (only(&was, &is), only(&is, &was));
            if !(gone.is_empty() && new.is_empty()) {
                departure.facts.insert(table.to_string(), (gone, new));
            }
        }
        (departure, lost)
    }

    /// Whether both behave the same.
    pub fn is_none(&self) -> bool {
        self.facts.is_empty()
    }

    fn note(&mut self, difference: &Difference, after: &Catalog) {
        let (gone, new) = self.facts.entry(difference.object.to_string()).or_default();
        match &difference.change {
            Change::Added => {
                new.insert(after.get(&difference.object).map_or_else(String::new, text));
            }
            Change::Removed => {
                gone.insert("it is there".to_owned());
            }
            Change::Changed { property, before, after } => {
                gone.insert(format!("{property} {before:?}"));
                new.insert(format!("{property} {after:?}"));
            }
        }
    }
}

/// All differences, consequences too.
fn flat(differences: &[Difference]) -> impl Iterator<Item = &Difference> {
    differences.iter().flat_map(|one| std::iter::once(one).chain(&one.consequences))
}

/// The table a difference is a part of, when both catalogs have that table.
fn table_of(difference: &Difference, before: &Catalog, after: &Catalog) -> Option<ObjectId> {
    let id = &difference.object;
    if !matches!(id.kind(), Kind::Column | Kind::Constraint | Kind::Index) {
        return None;
    }
    let (schema, relation) = id.owner_path()?;
    let table = ObjectId::new(Kind::Table, [schema, relation]);
    (before.contains(&table) && after.contains(&table)).then_some(table)
}

fn is_primary_key(id: &ObjectId, catalog: &Catalog) -> bool {
    let primary = |constraint: &Constraint| constraint.constraint_type == ConstraintType::PrimaryKey;
    matches!(catalog.get(id).map(|object| &object.detail), Some(Detail::Constraint(constraint)) if primary(constraint))
}

/// One object as text.
fn text(object: &Object) -> String {
    serde_json::to_string(object).unwrap_or_else(|_| format!("{object:?}"))
}

/// The normal form of a table: what it consists of and what it refuses.
fn facts_of(catalog: &Catalog, table: &ObjectId) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    let mut not_null: BTreeSet<String> = BTreeSet::new();
    let mut checks: BTreeSet<String> = BTreeSet::new();
    let mut keys: Vec<(Vec<String>, String)> = Vec::new();
    for (id, constraint) in catalog.constraints_of(table) {
        match constraint.constraint_type {
            ConstraintType::PrimaryKey | ConstraintType::Unique
                if !constraint.deferrable && !constraint.definition.contains(" WITHOUT OVERLAPS") =>
            {
                if constraint.constraint_type == ConstraintType::PrimaryKey {
                    not_null.extend(constraint.columns.iter().cloned());
                }
                let nulls = constraint.definition.contains("NULLS NOT DISTINCT");
                let include = constraint.definition.split_once(" INCLUDE ").map_or("", |(_, rest)| rest);
                let kind = format!("{}{include}", if nulls { "nulls not distinct " } else { "" });
                keys.push((constraint.columns.clone(), kind));
            }
            ConstraintType::Check
                if constraint.validated && constraint.enforced && !constraint.no_inherit =>
            {
                // A composite value is NOT NULL in this sense only when all of its fields are.
                let built_in = |column: &String| {
                    catalog
                        .columns_of(table)
                        .iter()
                        .any(|(id, known)| id.name() == column && is_built_in(known))
                };
                for part in conjuncts(&constraint.definition) {
                    match not_null_column(&part).filter(built_in) {
                        Some(column) => {
                            not_null.insert(column);
                        }
                        None => {
                            checks.insert(part);
                        }
                    }
                }
            }
            ConstraintType::ForeignKey => {
                facts.insert(foreign_key(table, constraint));
            }
            _ => {
                let object = catalog.get(id).map_or_else(String::new, text);
                facts.insert(format!("constraint {} {object}", id.name()));
            }
        }
    }
    for (id, column) in catalog.columns_of(table) {
        let object = catalog.get(id);
        let mut column = column.clone();
        column.not_null |= not_null.contains(id.name());
        if is_null(column.default.as_deref(), &column) {
            column.default = None;
        }
        if column.not_null {
            not_null.insert(id.name().to_owned());
        }
        let comment = object.and_then(|object| object.comment.as_deref()).unwrap_or_default();
        let shown = Object { owner: None, comment: None, detail: Detail::Column(column) };
        facts.insert(format!("column {} {} {comment}", id.name(), text(&shown)));
    }
    for (id, index) in catalog.indexes_of(table) {
        if index.constraint.is_none() {
            let object = catalog.get(id).map_or_else(String::new, text);
            facts.insert(format!("index {} {object}", id.name()));
        }
    }
    // What others say already.
    let implied = |(columns, kind): &(Vec<String>, String)| {
        keys.iter().any(|(others, other)| {
            other == kind
                && others.len() < columns.len()
                && others.iter().all(|column| columns.contains(column))
        })
    };
    for key in keys.iter().filter(|key| !implied(key)) {
        facts.insert(format!("unique {:?} {}", key.0, key.1));
    }
    for check in &checks {
        if !checks.iter().any(|other| other != check && implies(other, check)) {
            facts.insert(format!("check {check}"));
        }
    }
    facts
}

/// A foreign key without its name. ON DELETE RESTRICT differs from NO ACTION only where it is deferred, or
/// where one statement may delete both ends; ON UPDATE RESTRICT refuses also what gives an old key to
/// another row.
fn foreign_key(table: &ObjectId, constraint: &Constraint) -> String {
    let itself = constraint.references.as_ref().is_some_and(|to| to.table == *table);
    let mut definition = constraint.definition.clone();
    if !constraint.deferrable && !itself {
        definition = definition.replace(" ON DELETE RESTRICT", "");
    }
    let Constraint { validated, deferrable, deferred, enforced, triggers_disabled, .. } = constraint;
    format!("foreign key {definition} {validated} {deferrable} {deferred} {enforced} {triggers_disabled}")
}

fn is_built_in(column: &Column) -> bool {
    !column.data_type.contains('.')
}

/// Whether a default is NULL, cast or not, and the type has none of its own.
fn is_null(default: Option<&str>, column: &Column) -> bool {
    let Some(default) = default else { return false };
    is_built_in(column) && (default == "NULL" || default.starts_with("NULL::"))
}

#[cfg(test)]
mod tests;
