//! `assign-omit`.

use confiture_core::sql::Span;

use super::super::assignment::{assigned, inserted};
use super::super::expression::each_piece;
use super::super::prelude::*;
use super::super::query::ClauseKind;

/// Leaves one of several assigned columns out.
#[derive(Debug, Default)]
pub struct AssignOmit;

confiture_core::register!(operator AssignOmit);

impl MutationOperator for AssignOmit {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "assign-omit",
                summary: "leaves one of several columns out",
                docs: "One assignment of an `UPDATE`, or one column of an `INSERT` with its values, is \
                       forgotten. Indistinct while no row is changed; rejected when the column has no \
                       default and refuses NULL.",
            },
            category: MutationCategory::Data,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (name text, first text, last text);",
                up: "UPDATE users SET first = split_part(name, ' ', 1), last = split_part(name, ' ', 2);",
                down: "",
                mutant: "UPDATE users SET first = split_part(name, ' ', 1);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO users VALUES ('Ada Lovelace');\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT first = 'Ada' AND last = 'Lovelace' FROM users;",
                ),
                spared: "UPDATE users SET first = name; INSERT INTO users SELECT 'a', 'b', 'c';",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            let sql = piece.sql();
            for query in piece.queries() {
                for set in query.of(ClauseKind::Set) {
                    let list: Vec<Span> = assigned(piece, set).iter().map(|one| one.span).collect();
                    for (at, one) in list.iter().enumerate().filter(|_| list.len() > 1) {
                        let removal = Edit::remove_item(&list, at);
                        let description = format!("{} is left out", one.text(sql));
                        out.extend(removal.map(|edit| piece.mutant([edit], description)));
                    }
                }
                for inserted in
                    inserted(piece, &query).into_iter().filter(|inserted| inserted.columns.len() > 1)
                {
                    for (at, column) in inserted.columns.iter().enumerate() {
                        let lists = std::iter::once(&inserted.columns).chain(&inserted.rows);
                        let edits: Option<Vec<Edit>> =
                            lists.map(|list| Edit::remove_item(list, at)).collect();
                        let description = format!("column {} is left out", column.text(sql));
                        out.extend(edits.map(|edits| piece.mutant(edits, description)));
                    }
                }
            }
        });
    }
}
