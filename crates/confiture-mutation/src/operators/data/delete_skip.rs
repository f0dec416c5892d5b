//! `delete-skip`.

use confiture_core::sql::Verb;

use super::super::expression::each_piece;
use super::super::prelude::*;
use super::super::query::ClauseKind;
use super::merge::skipped_actions;

/// Leaves a `DELETE` or `TRUNCATE` out.
#[derive(Debug, Default)]
pub struct DeleteSkip;

confiture_core::register!(operator DeleteSkip);

impl MutationOperator for DeleteSkip {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "delete-skip",
                summary: "leaves a DELETE or TRUNCATE out",
                docs: "Rows that should have gone stay. Also skips the `DELETE` of a `MERGE` and of a `DO` \
                       block. Indistinct while no row meets its condition; rejected when a constraint that \
                       comes later refuses the rows.",
            },
            category: MutationCategory::Data,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE sessions (id int, expired bool);",
                up: "DELETE FROM sessions WHERE expired;",
                down: "",
                mutant: ";",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO sessions VALUES (1, true);\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT count(*) = 0 FROM sessions;",
                ),
                spared: "UPDATE sessions SET expired = false;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            if matches!(piece.verb(), Some(Verb::Delete | Verb::Truncate)) {
                out.extend(piece.left_out());
            }
            out.extend(skipped_actions(piece, ClauseKind::Delete));
        });
    }
}
