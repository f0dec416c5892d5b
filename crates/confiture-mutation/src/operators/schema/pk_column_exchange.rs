//! `pk-column-exchange`.

use confiture_core::sql::ClauseKind;

use super::super::prelude::*;
use super::keys::keys;

/// Puts another column of the table into a primary key in the place of one.
#[derive(Debug, Default)]
pub struct PkColumnExchange;

confiture_core::register!(operator PkColumnExchange);

impl MutationOperator for PkColumnExchange {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "pk-column-exchange",
                summary: "exchanges a column of a primary key",
                docs: "One mutant for each column of the key and each column that is not in it: other rows \
                       are refused. Stillborn when a foreign key refers to the old key. The published \
                       operator PKColumnE (McMinn, Wright, Kapfhammer).",
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
                mutant: "CREATE TABLE users (id int, PRIMARY KEY (name), name text);",
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
                out.extend(key.with_another_column(cx, site));
            }
        }
    }
}
