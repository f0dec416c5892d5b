//! `update-skip`.

use confiture_core::sql::Verb;

use super::super::expression::each_piece;
use super::super::prelude::*;
use super::super::query::ClauseKind;
use super::merge::skipped_actions;

/// Leaves an `UPDATE` out.
#[derive(Debug, Default)]
pub struct UpdateSkip;

confiture_core::register!(operator UpdateSkip);

impl MutationOperator for UpdateSkip {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "update-skip",
                summary: "leaves an UPDATE out",
                docs: "The backfill was forgotten: the new column stays empty. Also skips the `UPDATE` of a \
                       `MERGE` and of a `DO` block. Indistinct while no row meets its condition.",
            },
            category: MutationCategory::Data,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (name text, handle text);",
                up: "UPDATE users SET handle = lower(name);",
                down: "",
                mutant: ";",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO users VALUES ('Ada');\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT handle = 'ada' FROM users;",
                ),
                spared: "DELETE FROM users; CREATE TABLE t AS SELECT 1 AS id;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            if piece.verb() == Some(Verb::Update) {
                out.extend(piece.left_out());
            }
            out.extend(skipped_actions(piece, ClauseKind::Update));
        });
    }
}
