//! `not-null-drop`.

use confiture_core::sql::{ActionKind, ClauseKind};

use super::super::actions::left_out;
use super::super::constraints::of_kind;
use super::super::prelude::*;

/// Drops NOT NULL.
#[derive(Debug, Default)]
pub struct NotNullDrop;

confiture_core::register!(operator NotNullDrop);

impl MutationOperator for NotNullDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "not-null-drop",
                summary: "drops NOT NULL",
                docs: "NULL gets in, or the `SET NOT NULL` of the last step is forgotten. Equivalent where \
                       a primary key, a domain or a CHECK refuses NULL all the same. The published operator \
                       NNR (McMinn, Wright, Kapfhammer).",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE users (id int, email text NOT NULL);",
                down: "",
                mutant: "CREATE TABLE users (id int, email text);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n-- confiture: catch 23502\nINSERT INTO users VALUES \
                     (1, NULL);",
                ),
                spared: "CREATE TABLE users (id int, email text);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let constraints = of_kind(site, ClauseKind::NotNull);
            out.extend(constraints.filter_map(|found| found.dropped(cx, site, "NOT NULL")));
            out.extend(left_out(site, &[ActionKind::SetNotNull], "SET NOT NULL"));
        }
    }
}
