//! Tests of what a migration does, or refuses to do, in a database that is not quite like the others.

use confiture_core::catalog::{Catalog, Constraint, ConstraintType, ObjectId};
use confiture_core::migration::Step;
use confiture_core::sql::{ActionKind, Body, ObjectKind, Quoted, Verb, classify, outline};
use confiture_fixtures::Trial;

use super::probe::Texts;
use crate::audience::words;
use crate::worker::{Subject, Worker};

/// The name of what a test makes.
const DEPENDENT: &str = "public.confiture_dependent";

impl Worker<'_> {
    /// Something that depends on what the statement drops: the migration has to refuse to take it along.
    pub(super) fn dependents(&self, subject: &Subject<'_>, original: &Trial) -> Vec<String> {
        let Some(before) = subject.migration.checked_sub(1) else { return Vec::new() };
        let (before, here) = (self.to(before), self.to(subject.migration));
        let texts = Texts::of(self, subject);
        let cascades = |texts: &[String]| {
            texts.iter().flat_map(|sql| words(sql)).filter(|word| word == "cascade").count()
        };
        if cascades(&texts.changed) <= cascades(&texts.original) {
            return Vec::new();
        }
        let made = texts.original.iter().flat_map(|sql| dependents(&original.record.before, sql));
        let mut tests: Vec<String> =
            made.map(|(made, state)| format!("{before}{made}-- confiture: catch {state}\n{here}")).collect();
        if texts.original.iter().any(|sql| matches!(classify(sql).verb, Verb::Drop | Verb::Alter)) {
            // Where nothing can depend on it, the word itself is what may be refused.
            tests.push(format!(
                "{before}CREATE FUNCTION public.confiture_no_cascade() RETURNS event_trigger LANGUAGE plpgsql AS $$\n\
                 BEGIN\n  IF current_query() ~* '\\mcascade\\M' THEN\n    RAISE 'CASCADE may drop what nobody named';\n  \
                 END IF;\nEND $$;\nCREATE EVENT TRIGGER confiture_no_cascade ON sql_drop EXECUTE FUNCTION \
                 public.confiture_no_cascade();\n{here}-- confiture: assert\nSELECT true;\n"
            ));
        }
        tests
    }

    /// The up, or a part of it, run before the up: what a second attempt after an abort is, and a database that has
    /// the object already.
    pub(super) fn rerun(&self, subject: &Subject<'_>) -> Vec<String> {
        let Step::Sql(script) = &self.original(subject.migration).up else { return Vec::new() };
        let Some(before) = subject.migration.checked_sub(1) else { return Vec::new() };
        let statements: Vec<String> =
            script.statements.iter().map(|statement| format!("{};\n", statement.sql)).collect();
        let texts = Texts::of(self, subject);
        let edited: String = texts.original.iter().map(|sql| format!("{sql};\n")).collect();
        let added: String = texts.original.iter().flat_map(|sql| added_columns(sql)).collect();
        let (before, here) = (self.to(before), self.to(subject.migration));
        let mut tests: Vec<String> = Vec::new();
        for first in [edited, added, statements.concat()] {
            let test = format!("{before}{first}{here}-- confiture: assert\nSELECT true;\n");
            if !first.is_empty() && !tests.contains(&test) {
                tests.push(test);
            }
        }
        tests
    }
}

/// The columns that a statement adds unless they are there, as texts.
fn added_columns(sql: &str) -> Vec<String> {
    let outline = outline(sql);
    let (Body::Actions(actions), Some(table)) = (&outline.body, outline.name()) else { return Vec::new() };
    let adds = actions.iter().filter(|action| action.kind == ActionKind::AddColumn);
    adds.filter_map(|action| {
        Some(format!("ALTER TABLE {table} ADD COLUMN {} text;\n", action.name.as_ref()?))
    })
    .collect()
}

/// What may depend on the objects that a statement drops or empties, as SQL that makes it, and the SQLSTATE that the
/// statement is then refused with.
fn dependents(before: &Catalog, sql: &str) -> Vec<(String, &'static str)> {
    const DEPENDED_ON: &str = "2BP01";
    let outline = outline(sql);
    let Some(name) = outline.name() else { return Vec::new() };
    let view = |columns: &str| format!("CREATE VIEW {DEPENDENT} AS SELECT {columns} FROM {name};\n");
    let relation = before.relation(name.schema().unwrap_or("public"), name.name());
    let mut made: Vec<(Option<String>, &'static str)> = Vec::new();
    match (outline.verb, outline.object) {
        (Verb::Truncate, _) => {
            let key = relation.and_then(|table| {
                let (_, key) = before.constraints_of(table).find(|(_, constraint)| is_key(constraint))?;
                referring(before, table, &key.columns)
            });
            made.push((key, "0A000"));
        }
        (Verb::Drop, Some(ObjectKind::Table | ObjectKind::View | ObjectKind::MaterializedView)) => {
            made.push((Some(view("*")), DEPENDED_ON));
        }
        (Verb::Drop, Some(ObjectKind::Type | ObjectKind::Domain)) => {
            made.push((Some(format!("CREATE TABLE {DEPENDENT} (value {name});\n")), DEPENDED_ON));
        }
        (Verb::Drop, Some(ObjectKind::Sequence)) => {
            let uses = confiture_core::sql::quote_literal(&name.to_string());
            made.push((
                Some(format!("CREATE TABLE {DEPENDENT} (id bigint DEFAULT nextval({uses}));\n")),
                DEPENDED_ON,
            ));
        }
        (Verb::Drop, Some(ObjectKind::Schema)) => {
            let table = format!("CREATE TABLE {name}.confiture_dependent (id int);\n");
            made.push((Some(table), DEPENDED_ON));
        }
        (Verb::Drop, Some(ObjectKind::Index)) => {
            let tables =
                before.tables().flat_map(|(table, _)| before.indexes_of(table).map(move |one| (table, one)));
            for (table, (_, index)) in tables.filter(|(_, (id, _))| id.name() == name.name()) {
                let columns: Option<Vec<String>> = index.columns.iter().cloned().collect();
                let unique = index.unique && !index.expression_or_predicate;
                let key = columns.filter(|_| unique).and_then(|columns| referring(before, table, &columns));
                made.push((key, DEPENDED_ON));
            }
        }
        (Verb::Alter, _) => {
            let Body::Actions(actions) = &outline.body else { return Vec::new() };
            for action in actions {
                match (action.kind, &action.name) {
                    (ActionKind::DropColumn, Some(column)) => {
                        made.push((Some(view(&column.to_string())), DEPENDED_ON));
                    }
                    (ActionKind::DropConstraint, Some(constraint)) => {
                        let key = relation.and_then(|table| {
                            let mut named = before.constraints_of(table).filter(|(_, key)| is_key(key));
                            let (_, key) = named.find(|(id, _)| id.name() == constraint.name())?;
                            referring(before, table, &key.columns)
                        });
                        made.push((key, DEPENDED_ON));
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
    made.into_iter().filter_map(|(sql, state)| Some((sql?, state))).collect()
}

fn is_key(constraint: &Constraint) -> bool {
    matches!(constraint.constraint_type, ConstraintType::PrimaryKey | ConstraintType::Unique)
}

/// A table that refers to the key `columns` of `table`.
fn referring(catalog: &Catalog, table: &ObjectId, columns: &[String]) -> Option<String> {
    let mut own = Vec::new();
    let mut names = Vec::new();
    for name in columns {
        let column = catalog.column(table, name)?;
        let name = Quoted::ident(name).to_string();
        own.push(format!("{name} {}", column.data_type));
        names.push(name);
    }
    let (own, names, to) = (own.join(", "), names.join(", "), table.sql_name());
    Some(format!("CREATE TABLE {DEPENDENT} ({own}, FOREIGN KEY ({names}) REFERENCES {to} ({names}));\n"))
}
