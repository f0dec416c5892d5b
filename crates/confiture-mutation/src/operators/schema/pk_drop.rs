//! `pk-drop`.

use confiture_core::sql::ClauseKind;

use super::super::constraints::of_kind;
use super::super::prelude::*;

/// Drops a primary key, of a column or of a table.
#[derive(Debug, Default)]
pub struct PkDrop;

confiture_core::register!(operator PkDrop);

impl MutationOperator for PkDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "pk-drop",
                summary: "drops a primary key",
                docs: "Rows may repeat and may hold NULL where the key was. Equivalent when another UNIQUE and \
                       NOT NULL say the same; stillborn when a foreign key refers to it.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE users (id int PRIMARY KEY, name text);",
                down: "DROP TABLE users;",
                mutant: "CREATE TABLE users (id int, name text);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO users VALUES (1, 'Ada');\n\
                     -- confiture: catch 23505\nINSERT INTO users VALUES (1, 'Bob');",
                ),
                spared: "CREATE TABLE users (id int UNIQUE, name text);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let keys = of_kind(site, ClauseKind::PrimaryKey);
            out.extend(keys.filter_map(|key| key.removed(site, "the primary key")));
        }
    }
}
