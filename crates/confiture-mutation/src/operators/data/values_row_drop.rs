//! `values-row-drop`.

use confiture_core::sql::Span;

use super::super::expression::each_piece;
use super::super::prelude::*;
use super::super::query::{ClauseKind, items, span_of};

/// Leaves one row of a `VALUES` list out.
#[derive(Debug, Default)]
pub struct ValuesRowDrop;

confiture_core::register!(operator ValuesRowDrop);

impl MutationOperator for ValuesRowDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "values-row-drop",
                summary: "leaves one row of a VALUES list out",
                docs: "A seed row was forgotten. Of a list of more than 16 rows the first, the middle and \
                       the last one are tried. Equivalent when `ON CONFLICT DO NOTHING` meets the row \
                       already there.",
            },
            category: MutationCategory::Data,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE roles (name text);",
                up: "INSERT INTO roles VALUES ('admin'), ('guest');",
                down: "",
                mutant: "INSERT INTO roles VALUES ('admin');",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT count(*) = 2 FROM roles;",
                ),
                spared: "INSERT INTO roles VALUES ('admin');",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            for query in piece.queries() {
                for values in query.of(ClauseKind::Values) {
                    let rows: Vec<_> =
                        items(piece.sql(), piece.body(values)).into_iter().map(span_of).collect();
                    let same = |one: Span, other: Span| one.text(piece.sql()) == other.text(piece.sql());
                    let last = rows.len().saturating_sub(1);
                    let tried: Vec<usize> = match rows.len() {
                        0 | 1 => continue,
                        2..=MOST => (0..rows.len()).collect(),
                        _ => vec![0, last / 2, last],
                    };
                    // Which one of equal rows is left out makes no difference.
                    let first = |at: &usize| !rows[..*at].iter().any(|row| same(*row, rows[*at]));
                    for at in tried.into_iter().filter(first) {
                        let removal = Edit::remove_item(&rows, at);
                        out.extend(
                            removal.map(|edit| piece.mutant([edit], format!("row {} is left out", at + 1))),
                        );
                    }
                }
            }
        });
    }
}

/// The longest list whose rows are all tried.
const MOST: usize = 16;
