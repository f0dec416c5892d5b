//! `rename-skip`.

use confiture_core::sql::ActionKind;

use super::super::actions;
use super::super::prelude::*;

/// Leaves a rename out.
#[derive(Debug, Default)]
pub struct RenameSkip;

confiture_core::register!(operator RenameSkip);

impl MutationOperator for RenameSkip {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "rename-skip",
                summary: "leaves a rename out",
                docs: "A table, column, constraint, enum label or any other object keeps its old name, \
                       so what is written for the new one fails. Stillborn where a later statement uses \
                       the new name.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, mail text);",
                up: "ALTER TABLE users RENAME COLUMN mail TO email;",
                down: "ALTER TABLE users RENAME COLUMN email TO mail;",
                mutant: ";",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     INSERT INTO users (id, email) VALUES (1, 'ada@example.com');\n\
                     -- confiture: assert\n\
                     SELECT email = 'ada@example.com' FROM users;",
                ),
                spared: "ALTER TABLE users ADD email text;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for (_, action) in actions::of_kinds(site, KINDS) {
                let mutant = site.mutant([Edit::remove(site.span())], "the rename is left out");
                out.push(mutant.on(actions::member(site, action.name.as_ref())));
            }
        }
    }
}

const KINDS: &[ActionKind] =
    &[ActionKind::Rename, ActionKind::RenameColumn, ActionKind::RenameConstraint, ActionKind::RenameValue];
