//! `where-relop`.

use super::super::expression::{each_piece, exchanged_comparison, filter_tokens};
use super::super::prelude::*;

/// Exchanges a comparison in a condition that decides which rows are changed.
#[derive(Debug, Default)]
pub struct WhereRelop;

confiture_core::register!(operator WhereRelop);

impl MutationOperator for WhereRelop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "where-relop",
                summary: "exchanges a comparison in a condition",
                docs: "`=` becomes `<>`, `<` becomes `<=`, `>` becomes `>=` and the other way round: the wrong \
                       rows are changed, or one row at the edge. Also in `HAVING`, `ON`, the conditions of a \
                       `MERGE`, sub-queries, `WITH` queries and statements of a `DO` block. Indistinct while \
                       no row is at the edge.",
            },
            category: MutationCategory::Data,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, age int, adult bool);",
                up: "UPDATE users SET adult = true WHERE age >= 18;",
                down: "",
                mutant: "UPDATE users SET adult = true WHERE age > 18;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\nINSERT INTO users VALUES (1, 18, false);\n\
                     -- confiture: migrate to 0002\n-- confiture: assert\nSELECT adult FROM users;",
                ),
                spared: "UPDATE users SET adult = true WHERE adult IS NULL;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            for token in filter_tokens(piece).into_iter().flatten() {
                let written = token.text(piece.sql());
                if let Some(other) = exchanged_comparison(written) {
                    let edit = Edit::replace(token.span, other);
                    out.push(piece.mutant([edit], format!("{written} becomes {other}")));
                }
            }
        });
    }
}
