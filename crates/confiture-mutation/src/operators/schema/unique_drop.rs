//! `unique-drop`.

use confiture_core::sql::{AttributeKind, ClauseKind};

use super::super::constraints::of_kind;
use super::super::prelude::*;

/// Drops a unique constraint.
#[derive(Debug, Default)]
pub struct UniqueDrop;

confiture_core::register!(operator UniqueDrop);

impl MutationOperator for UniqueDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "unique-drop",
                summary: "drops a unique constraint",
                docs: "Values may repeat. Equivalent where a key on some of the same columns still refuses \
                       them; stillborn when a foreign key or an ON CONFLICT needs it. Unique indexes are \
                       those of `index-unique-drop`.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE users (id int, email text UNIQUE);",
                down: "",
                mutant: "CREATE TABLE users (id int, email text);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO users VALUES (1, 'a');\n-- confiture: \
                     catch 23505\nINSERT INTO users VALUES (2, 'a');",
                ),
                spared: "CREATE TABLE users (id int, email text);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let unique = of_kind(site, ClauseKind::Unique);
            let own = unique.filter(|found| found.clause.attribute(AttributeKind::UsingIndex).is_none());
            out.extend(own.filter_map(|found| found.dropped(cx, site, "the unique constraint")));
        }
    }
}
