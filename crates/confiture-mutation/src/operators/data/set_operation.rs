//! `set-operation`.

use confiture_core::sql::{Span, Token, TokenKind};

use super::super::expression::each_piece;
use super::super::prelude::*;
use super::super::query::is_operand;

/// Exchanges what combines rows: `DISTINCT`, `UNION`, `EXCEPT`, `MIN`, `IN`.
#[derive(Debug, Default)]
pub struct SetOperation;

confiture_core::register!(operator SetOperation);

impl MutationOperator for SetOperation {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "set-operation",
                summary: "exchanges UNION and UNION ALL, EXCEPT and INTERSECT, MIN and MAX, IN and NOT IN, drops DISTINCT",
                docs: "Rows appear twice or not at all, or the other end of a range is taken. Indistinct \
                       while no row is there twice, or a group has one row.",
            },
            category: MutationCategory::Data,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE visits (name text, day int); CREATE TABLE first_visits (name text, day \
                         int);",
                up: "INSERT INTO first_visits SELECT name, min(day) FROM visits GROUP BY name;",
                down: "",
                mutant: "INSERT INTO first_visits SELECT name, max(day) FROM visits GROUP BY name;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO visits VALUES ('Ada', 1), ('Ada', 2);\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT day = 1 FROM first_visits;",
                ),
                spared: "INSERT INTO first_visits SELECT name, sum(day) FROM visits GROUP BY name;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            let (sql, tokens) = (piece.sql(), piece.tokens.as_slice());
            for query in piece.queries() {
                for clause in &query.clauses {
                    let other = combined(sql, piece.tokens_in(clause.keyword));
                    let edit = other.map(|other| (Edit::replace(clause.keyword, other), other));
                    let description = |other| format!("{} becomes {other}", clause.keyword.text(sql));
                    out.extend(edit.map(|(edit, other)| piece.mutant([edit], description(other))));
                }
            }
            for at in 0..tokens.len() {
                out.extend(
                    word(sql, tokens, at).map(|(edit, description)| piece.mutant([edit], description)),
                );
            }
        });
    }
}

/// What the keywords of a clause become.
fn combined(sql: &str, words: &[Token]) -> Option<&'static str> {
    let is = |at: usize, word: &str| words.get(at).is_some_and(|token| token.is_word(sql, word));
    let all = is(1, "all");
    Some(match () {
        () if is(0, "select") && is(1, "distinct") => "SELECT",
        () if is(0, "union") => {
            if all {
                "UNION"
            } else {
                "UNION ALL"
            }
        }
        () if is(0, "except") => {
            if all {
                "INTERSECT ALL"
            } else {
                "INTERSECT"
            }
        }
        () if is(0, "intersect") => {
            if all {
                "EXCEPT ALL"
            } else {
                "EXCEPT"
            }
        }
        () => return None,
    })
}

/// What the word at `at` becomes.
fn word(sql: &str, tokens: &[Token], at: usize) -> Option<(Edit, &'static str)> {
    let (token, next) = (tokens[at], tokens.get(at + 1)?);
    let before = at.checked_sub(1).map(|before| tokens[before]);
    let open = next.kind == TokenKind::LeftParen;
    if open && token.is_word(sql, "min") {
        return Some((Edit::replace(token.span, "max"), "min becomes max"));
    }
    if open && token.is_word(sql, "max") {
        return Some((Edit::replace(token.span, "min"), "max becomes min"));
    }
    if token.is_word(sql, "distinct") && before.is_some_and(|before| before.kind == TokenKind::LeftParen) {
        let gap = Span::new(token.span.start, next.span.start);
        return Some((Edit::remove(gap), "DISTINCT of an aggregate goes"));
    }
    if !open || !token.is_word(sql, "in") || in_position(sql, tokens, at) {
        return None;
    }
    let before = before?;
    if before.is_word(sql, "not") {
        let gap = Span::new(before.span.start, token.span.start);
        return Some((Edit::remove(gap), "NOT IN becomes IN"));
    }
    is_operand(sql, before).then(|| (Edit::insert(token.span.start, "NOT "), "IN becomes NOT IN"))
}

/// Whether the `IN` at `at` is that of `position(… IN …)`.
fn in_position(sql: &str, tokens: &[Token], at: usize) -> bool {
    let mut depth = 0_usize;
    for place in (0..at).rev() {
        match tokens[place].kind {
            TokenKind::RightParen => depth += 1,
            TokenKind::LeftParen if depth == 0 => {
                return place.checked_sub(1).is_some_and(|before| tokens[before].is_word(sql, "position"));
            }
            TokenKind::LeftParen => depth -= 1,
            _ => {}
        }
    }
    false
}
