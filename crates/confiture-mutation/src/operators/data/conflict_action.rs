//! `conflict-action`.

use confiture_core::sql::TokenKind;

use super::super::assignment::{columns, name_of};
use super::super::expression::each_piece;
use super::super::prelude::*;
use super::super::query::{ClauseKind, Piece, Query, closing, span_of};

/// Changes what happens to rows that are there already.
#[derive(Debug, Default)]
pub struct ConflictAction;

confiture_core::register!(operator ConflictAction);

impl MutationOperator for ConflictAction {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "conflict-action",
                summary: "changes what ON CONFLICT does",
                docs: "`DO UPDATE` becomes `DO NOTHING` and the other way round (where the conflict and the \
                       columns are named), or the clause is forgotten: then a row that is there already \
                       fails (rejected). Indistinct while no row is there already.",
            },
            category: MutationCategory::Data,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE settings (key text PRIMARY KEY, value text);",
                up: "INSERT INTO settings (key, value) VALUES ('mode', 'new') ON CONFLICT (key) DO UPDATE\
                         \x20SET value = excluded.value;",
                down: "",
                mutant: "INSERT INTO settings (key, value) VALUES ('mode', 'new') ON CONFLICT (key) DO \
                         NOTHING;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO settings VALUES ('mode', 'old');\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT value = 'new' FROM settings;",
                ),
                spared: "INSERT INTO settings (key, value) VALUES ('mode', 'new');",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            for query in piece.queries() {
                for (at, clause) in query.clauses.iter().enumerate() {
                    if clause.kind == ClauseKind::OnConflict {
                        mutants(piece, &query, at, out);
                    }
                }
            }
        });
    }
}

fn mutants(piece: &Piece<'_>, query: &Query, at: usize, out: &mut Vec<Mutant>) {
    let sql = piece.sql();
    let of_it = |kind| matches!(kind, ClauseKind::OnConflict | ClauseKind::Where | ClauseKind::Set);
    let last = query.clauses[at..].iter().take_while(|clause| of_it(clause.kind)).last();
    let span = query.clauses[at].span.to(last.unwrap_or(&query.clauses[at]).span);
    let tokens = piece.tokens_in(span);
    out.push(piece.mutant([Edit::remove_clause(sql, span)], "ON CONFLICT is left out"));
    let Some(does) = tokens.iter().position(|token| token.is_word(sql, "do")) else {
        return;
    };
    let action = tokens.get(does..).map_or(span, span_of);
    if tokens.get(does + 1).is_some_and(|token| token.is_word(sql, "update")) {
        out.push(piece.mutant([Edit::replace(action, "DO NOTHING")], "DO UPDATE becomes DO NOTHING"));
        return;
    }
    // `ON CONFLICT (key) DO NOTHING`: the columns that are no part of the key.
    let Some(open) = tokens.get(2).filter(|token| token.kind == TokenKind::LeftParen).map(|_| 2) else {
        return;
    };
    let key: Vec<String> =
        tokens[open + 1..closing(tokens, open)].iter().map(|token| name_of(sql, *token)).collect();
    let insert = query.clauses[..at].iter().rfind(|clause| clause.kind == ClauseKind::Insert);
    let named = insert.and_then(|insert| columns(piece, insert)).unwrap_or_default();
    let names = named.iter().filter(|span| {
        piece.tokens_in(**span).first().is_some_and(|token| !key.contains(&name_of(sql, *token)))
    });
    let set: Vec<String> =
        names.map(|span| span.text(sql)).map(|name| format!("{name} = excluded.{name}")).collect();
    if !set.is_empty() {
        let other = format!("DO UPDATE SET {}", set.join(", "));
        out.push(piece.mutant([Edit::replace(action, other)], "DO NOTHING becomes DO UPDATE"));
    }
}
