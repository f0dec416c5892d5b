//! `down-restore-skip`.

use super::super::prelude::*;
use super::steps::{StepKind, without};

/// Leaves out of the rollback what brings back what the migration took away or changed.
#[derive(Debug, Default)]
pub struct DownRestoreSkip;

confiture_core::register!(operator DownRestoreSkip);

impl MutationOperator for DownRestoreSkip {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "down-restore-skip",
                summary: "leaves out what the rollback brings back",
                docs: "The rollback does not bring back what the migration took away or changed: a table, a \
                       constraint, a default, a type, a name, a comment, rows and values. Columns, indexes and \
                       privileges have operators of their own. Indistinct when no row is there to restore; \
                       stillborn when a later statement needs what is missing.",
            },
            category: MutationCategory::Rollback,
            severity: Severity::Critical,
            channels: Channels::ROLLBACK.and(Channels::BEHAVIOUR),
            direction: Some(Direction::Down),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, name text);",
                up: "ALTER TABLE users ADD full_name text; UPDATE users SET full_name = name; \
                     ALTER TABLE users DROP name;",
                down: "ALTER TABLE users ADD name text; UPDATE users SET name = full_name; \
                       ALTER TABLE users DROP full_name;",
                mutant: "ALTER TABLE users ADD name text; ; ALTER TABLE users DROP full_name;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\nINSERT INTO users VALUES (1, 'Ada');\n\
                     -- confiture: migrate to 0002\n-- confiture: rollback to 0001\n\
                     -- confiture: assert\nSELECT name = 'Ada' FROM users;",
                ),
                spared: "ALTER TABLE users ADD name text; DROP TABLE users; SELECT 1;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        out.extend(without(cx, StepKind::Restores));
    }
}
