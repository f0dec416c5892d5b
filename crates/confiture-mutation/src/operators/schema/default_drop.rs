//! `default-drop`.

use confiture_core::sql::{ActionKind, ClauseKind};

use super::super::actions::left_out;
use super::super::constraints::of_kind;
use super::super::prelude::*;

/// Drops a default.
#[derive(Debug, Default)]
pub struct DefaultDrop;

confiture_core::register!(operator DefaultDrop);

impl MutationOperator for DefaultDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "default-drop",
                summary: "drops a default",
                docs: "Rows that do not name the column hold NULL in it, or are refused. Also a `SET \
                       DEFAULT` that is forgotten. `DEFAULT NULL` of a new column is spared, since it says \
                       nothing; rejected where a new NOT NULL column meets rows.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE users (id int, active bool DEFAULT true);",
                down: "",
                mutant: "CREATE TABLE users (id int, active bool);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO users (id) VALUES (1);\n-- confiture: \
                     assert\nSELECT active FROM users;",
                ),
                spared: "CREATE TABLE users (id int, active bool DEFAULT NULL);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for found in of_kind(site, ClauseKind::Default) {
                let value = found.clause.expression.map_or(&[][..], |value| site.tokens_in(value));
                if !matches!(value, [only] if only.is_word(site.sql(), "null")) {
                    out.extend(found.removed(site, "the default"));
                }
            }
            out.extend(left_out(site, &[ActionKind::SetDefault], "SET DEFAULT"));
        }
    }
}
