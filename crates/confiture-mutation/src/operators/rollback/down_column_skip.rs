//! `down-column-skip`.

use super::super::prelude::*;
use super::steps::{StepKind, without};

/// Leaves a column of the rollback undropped, or does not add it again.
#[derive(Debug, Default)]
pub struct DownColumnSkip;

confiture_core::register!(operator DownColumnSkip);

impl MutationOperator for DownColumnSkip {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "down-column-skip",
                summary: "forgets a column in the rollback",
                docs: "The rollback leaves a column that the migration added, or does not add one again that \
                       it dropped: `ADD COLUMN` and `DROP COLUMN`, also one among several actions. Equivalent \
                       when the table is dropped later in the script or `IF EXISTS` finds none; stillborn when \
                       a later statement uses the column.",
            },
            category: MutationCategory::Rollback,
            severity: Severity::Critical,
            channels: Channels::ROLLBACK,
            direction: Some(Direction::Down),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int);",
                up: "ALTER TABLE users ADD email text, ADD phone text;",
                down: "ALTER TABLE users DROP phone, DROP email;",
                mutant: "ALTER TABLE users DROP phone;",
                killer: Killer::Check("down"),
                spared: "ALTER TABLE users ALTER email DROP DEFAULT; DROP TABLE users;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        out.extend(without(cx, StepKind::Column));
    }
}
