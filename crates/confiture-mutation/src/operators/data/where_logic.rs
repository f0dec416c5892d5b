//! `where-logic`.

use confiture_core::sql::{Span, Token, TokenKind};

use super::super::expression::{conditions, each_piece, filter_tokens};
use super::super::prelude::*;
use super::super::query::{between_ands, span_of, terms};

/// Exchanges `AND` and `OR`, takes `NOT` away, or leaves one of several conditions out.
#[derive(Debug, Default)]
pub struct WhereLogic;

confiture_core::register!(operator WhereLogic);

impl MutationOperator for WhereLogic {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "where-logic",
                summary: "exchanges AND and OR, or leaves one of several conditions out",
                docs: "The condition selects other rows: `AND` becomes `OR` and the other way round, `NOT \
                       x` becomes `x`, `EXISTS` becomes `NOT EXISTS`, and each operand is left out in turn. \
                       Indistinct while no row makes the operands differ.",
            },
            category: MutationCategory::Data,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, active bool, banned bool);",
                up: "UPDATE users SET active = false WHERE active AND banned;",
                down: "",
                mutant: "UPDATE users SET active = false WHERE active OR banned;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO users VALUES (1, true, false);\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT active FROM users;",
                ),
                spared: "UPDATE users SET active = false WHERE id BETWEEN 1 AND 2;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            let sql = piece.sql();
            for tokens in filter_tokens(piece) {
                let ranges = between_ands(sql, tokens);
                for (at, token) in tokens.iter().enumerate() {
                    if let Some((edit, description)) =
                        exchanged(sql, tokens, at).filter(|_| !ranges.contains(&at))
                    {
                        out.push(piece.mutant([edit], format!("{} {description}", token.text(sql))));
                    }
                }
            }
            for condition in conditions(piece) {
                let operands: Vec<_> = terms(sql, condition).into_iter().map(span_of).collect();
                for (at, operand) in operands.iter().enumerate().filter(|_| operands.len() > 1) {
                    if operands[..at].iter().any(|other| other.text(sql) == operand.text(sql)) {
                        continue;
                    }
                    let removal = Edit::remove_item(&operands, at);
                    let description = format!("{} is left out", operand.text(sql));
                    out.extend(removal.map(|edit| piece.mutant([edit], description)));
                }
            }
        });
    }
}

/// What the word at `at` becomes.
fn exchanged(sql: &str, tokens: &[Token], at: usize) -> Option<(Edit, String)> {
    const TAIL: &[&str] =
        &["null", "in", "like", "ilike", "between", "similar", "distinct", "matched", "materialized"];
    let token = tokens[at];
    if token.is_word(sql, "and") || token.is_word(sql, "or") {
        let other = if token.is_word(sql, "and") { "OR" } else { "AND" };
        return Some((Edit::replace(token.span, other), format!("becomes {other}")));
    }
    let before = at.checked_sub(1).map(|before| tokens[before]);
    let next = tokens.get(at + 1)?;
    let negated = before.is_some_and(|before| before.is_word(sql, "not"));
    if token.is_word(sql, "exists") && next.kind == TokenKind::LeftParen && !negated {
        return Some((Edit::insert(token.span.start, "NOT "), "becomes NOT EXISTS".to_owned()));
    }
    let prefix = token.is_word(sql, "not")
        && !before.is_some_and(|before| before.is_word(sql, "is"))
        && !TAIL.iter().any(|word| next.is_word(sql, word));
    prefix.then(|| {
        let gap = Span::new(token.span.start, next.span.start);
        (Edit::remove(gap), format!("before {} is left out", next.text(sql)))
    })
}
