//! `assign-column`.

use confiture_core::sql::{Quoted, Span};

use super::super::assignment::{Assigned, assigned, inserted, name_of};
use super::super::expression::each_piece;
use super::super::prelude::*;
use super::super::query::{ClauseKind, span_of};
use super::super::tables;

/// Assigns to the wrong column.
#[derive(Debug, Default)]
pub struct AssignColumn;

confiture_core::register!(operator AssignColumn);

impl MutationOperator for AssignColumn {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "assign-column",
                summary: "assigns to the wrong column",
                docs: "Two neighbouring columns of an `UPDATE` or `INSERT` change places; a single \
                       assignment goes to another column of the same type, where the catalogs know one. \
                       Columns known to be of different types are left alone. Stillborn when the types do \
                       not convert; indistinct while both values are equal.",
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
                mutant: "UPDATE users SET last = split_part(name, ' ', 1), first = split_part(name, ' ', 2);",
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
            let known = piece.target().map(|target| tables::columns(cx, &target.name)).unwrap_or_default();
            let type_of =
                |name: &str| known.iter().find(|(column, _)| *column == name).map(|(_, known)| *known);
            for query in piece.queries() {
                let sets = query.of(ClauseKind::Set).map(|set| {
                    let single = |one: &Assigned<'_>| Some((one.column(sql)?, span_of(one.target)));
                    assigned(piece, set).iter().filter_map(single).collect()
                });
                let inserts = inserted(piece, &query).into_iter().map(|inserted| {
                    let tokens = inserted.columns.iter().flat_map(|span| piece.tokens_in(*span));
                    tokens.map(|token| (name_of(sql, *token), token.span)).collect()
                });
                let lists: Vec<Vec<(String, Span)>> = sets.chain(inserts).collect();
                for list in lists {
                    for pair in list.windows(2) {
                        let [(one, here), (other, there)] = pair else { continue };
                        let types = type_of(one).zip(type_of(other));
                        if one == other || types.is_some_and(|(one, other)| one != other) {
                            continue;
                        }
                        let edits =
                            [Edit::replace(*here, there.text(sql)), Edit::replace(*there, here.text(sql))];
                        out.push(piece.mutant(edits, format!("{one} and {other} change places")));
                    }
                    if let [(one, here)] = list.as_slice()
                        && let Some(wanted) = type_of(one)
                        && let Some((other, _)) =
                            known.iter().find(|(column, known)| column != one && *known == wanted)
                    {
                        let edit = Edit::replace(*here, Quoted::ident(other).as_str());
                        out.push(piece.mutant([edit], format!("{other} is assigned instead of {one}")));
                    }
                }
            }
        });
    }
}
