//! `where-drop`.

use super::super::expression::{each_piece, filters_of};
use super::super::prelude::*;
use super::super::query::{ClauseKind, span_of};

/// Leaves a condition out.
#[derive(Debug, Default)]
pub struct WhereDrop;

confiture_core::register!(operator WhereDrop);

impl MutationOperator for WhereDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "where-drop",
                summary: "leaves a WHERE or HAVING out",
                docs: "Every row is changed, copied or deleted instead of those the condition selects. Also \
                       serves `HAVING`, sub-queries, `WITH` queries, and `WHEN … AND` of a `MERGE`. \
                       Indistinct when every row meets the condition.",
            },
            category: MutationCategory::Data,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, active bool);",
                up: "UPDATE users SET active = false WHERE id = 2;",
                down: "",
                mutant: "UPDATE users SET active = false;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO users VALUES (1, true);\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT active FROM users;",
                ),
                spared: "UPDATE users SET active = false; INSERT INTO users VALUES (1, true);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            for query in piece.queries() {
                // `FILTER (WHERE …)` would leave an empty pair of parentheses.
                let aggregate =
                    !query.outermost && query.clauses.first().is_some_and(|c| c.kind == ClauseKind::Where);
                for filter in filters_of(piece, &query).into_iter().filter(|_| !aggregate) {
                    let span = match filter.kind {
                        ClauseKind::Where | ClauseKind::Having => filter.clause.span,
                        ClauseKind::When => {
                            let condition = span_of(filter.tokens);
                            let word =
                                piece.tokens.iter().rev().find(|token| token.span.end <= condition.start);
                            word.map_or(condition, |and| and.span.to(condition))
                        }
                        _ => continue,
                    };
                    let edit = Edit::remove_clause(piece.sql(), span);
                    out.push(piece.mutant([edit], format!("{} is left out", span.text(piece.sql()))));
                }
            }
        });
    }
}
