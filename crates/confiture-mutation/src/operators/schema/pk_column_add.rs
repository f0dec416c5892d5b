//! `pk-column-add`.

use confiture_core::sql::ClauseKind;

use super::super::actions::member;
use super::super::constraints::of_kind;
use super::super::prelude::*;
use super::columns::columns;
use super::keys::keys;

/// Adds a column of the table to a primary key, or makes one of a table that has none.
#[derive(Debug, Default)]
pub struct PkColumnAdd;

confiture_core::register!(operator PkColumnAdd);

impl MutationOperator for PkColumnAdd {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "pk-column-add",
                summary: "adds a column to a primary key, or makes a key",
                docs: "One mutant for each other column: rows that the key refused now stand side by side; for a \
                       new table without a key, one for each column that becomes it. Equivalent where \
                       another key says the same; stillborn when a foreign key refers to the old key. The \
                       published operator PKColumnA (McMinn, Wright, Kapfhammer).",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE users (id int PRIMARY KEY, name text);",
                down: "",
                mutant: "CREATE TABLE users (id int, PRIMARY KEY (id, name), name text);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO users VALUES (1, 'Ada');\n-- confiture: \
                     catch 23505\nINSERT INTO users VALUES (1, 'Bob');",
                ),
                spared: "CREATE TABLE users (id int PRIMARY KEY);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for column in columns(site).into_iter().filter(|_| lacks_key(cx, site)) {
                let edit = Edit::insert(column.span.end, " PRIMARY KEY");
                out.push(site.mutant([edit], "PRIMARY KEY is added").on(member(site, Some(&column.name))));
            }
            for key in keys(site, ClauseKind::PrimaryKey) {
                out.extend(key.with_a_column(cx, site));
            }
        }
    }
}

/// Whether the statement creates a table to which no statement of the script gives a primary key.
fn lacks_key(cx: &MutationContext<'_>, site: &Site<'_>) -> bool {
    let outline = site.outline();
    let (Some(table), Some(name)) = (outline.table(), outline.name()) else {
        return false;
    };
    let about = |other: &&Site<'_>| other.outline().name().is_some_and(|other| other.agrees(name));
    table.partition_of.is_none()
        && !cx.sites.iter().filter(about).any(|site| of_kind(site, ClauseKind::PrimaryKey).next().is_some())
}
