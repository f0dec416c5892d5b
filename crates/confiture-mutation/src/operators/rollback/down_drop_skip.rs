//! `down-drop-skip`.

use super::super::prelude::*;
use super::steps::{StepKind, without};

/// Leaves out of the rollback what takes away what the migration brought.
#[derive(Debug, Default)]
pub struct DownDropSkip;

confiture_core::register!(operator DownDropSkip);

impl MutationOperator for DownDropSkip {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "down-drop-skip",
                summary: "leaves a DROP of the rollback out",
                docs: "The rollback leaves an object, a constraint, a default, a privilege or rows behind: \
                       `DROP`, the `DROP` actions of `ALTER` but for columns, `REVOKE`, `DELETE` and `TRUNCATE`. \
                       Each object of a list is a mutant of its own. Equivalent when another statement takes \
                       the object along (`CASCADE`, the table of an index) or when `IF EXISTS` finds none; \
                       rejected or stillborn when something else cannot be dropped before it.",
            },
            category: MutationCategory::Rollback,
            severity: Severity::Critical,
            channels: Channels::ROLLBACK.and(Channels::BEHAVIOUR).and(Channels::ROLE),
            direction: Some(Direction::Down),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int);",
                up: "CREATE TABLE orders (id int); CREATE TYPE state AS ENUM ('open');",
                down: "DROP TYPE state; DROP TABLE orders;",
                mutant: "; DROP TABLE orders;",
                killer: Killer::Check("down"),
                spared: "ALTER TABLE orders DROP COLUMN id; SET lock_timeout = '1s';",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        out.extend(without(cx, StepKind::Takes));
    }
}
