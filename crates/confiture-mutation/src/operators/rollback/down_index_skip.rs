//! `down-index-skip`.

use super::super::prelude::*;
use super::steps::{StepKind, without};

/// Leaves out of the rollback what it does to an index.
#[derive(Debug, Default)]
pub struct DownIndexSkip;

confiture_core::register!(operator DownIndexSkip);

impl MutationOperator for DownIndexSkip {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "down-index-skip",
                summary: "forgets an index in the rollback",
                docs: "The rollback does not create an index again that the migration dropped, or leaves one \
                       that it created: queries are slow, or writes pay for nothing. Equivalent when the table \
                       is dropped later in the script.",
            },
            category: MutationCategory::Rollback,
            severity: Severity::High,
            channels: Channels::ROLLBACK.and(Channels::BEHAVIOUR).and(Channels::PLAN),
            direction: Some(Direction::Down),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, email text); CREATE INDEX users_email_idx ON users (email);",
                up: "DROP INDEX users_email_idx;",
                down: "CREATE INDEX users_email_idx ON users (email);",
                mutant: ";",
                killer: Killer::Check("down"),
                spared: "ALTER TABLE users ADD UNIQUE (email);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        out.extend(without(cx, StepKind::Index));
    }
}
