//! `pk-column-add`.

use confiture_core::sql::ClauseKind;

use super::super::prelude::*;
use super::keys::keys;

/// Adds a column of the table to a primary key.
#[derive(Debug, Default)]
pub struct PkColumnAdd;

confiture_core::register!(operator PkColumnAdd);

impl MutationOperator for PkColumnAdd {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "pk-column-add",
                summary: "adds a column to a primary key",
                docs: "One mutant for each other column: rows that the key refused now stand side by side. \
                       Equivalent where another key still refuses them; stillborn when a foreign key refers \
                       to the old key. The published operator PKColumnA (McMinn, Wright, Kapfhammer).",
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
            for key in keys(site, ClauseKind::PrimaryKey) {
                out.extend(key.with_a_column(cx, site));
            }
        }
    }
}
