//! `unique-column-exchange`.

use confiture_core::sql::ClauseKind;

use super::super::prelude::*;
use super::keys::keys;

/// Puts another column of the table into a unique key in the place of one.
#[derive(Debug, Default)]
pub struct UniqueColumnExchange;

confiture_core::register!(operator UniqueColumnExchange);

impl MutationOperator for UniqueColumnExchange {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "unique-column-exchange",
                summary: "exchanges a column of a unique key",
                docs: "One mutant for each column of a unique constraint or unique index and each column \
                       that is not in it: other rows are refused. Stillborn when a foreign key refers to \
                       the old key. The published operator UColumnE (McMinn, Wright, Kapfhammer).",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE users (tenant int, email text UNIQUE);",
                down: "",
                mutant: "CREATE TABLE users (tenant int, email text, UNIQUE (tenant));",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO users VALUES (1, 'a');\n-- confiture: \
                     catch 23505\nINSERT INTO users VALUES (2, 'a');",
                ),
                spared: "CREATE TABLE users (email text UNIQUE);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for key in keys(site, ClauseKind::Unique) {
                out.extend(key.with_another_column(cx, site));
            }
        }
    }
}
