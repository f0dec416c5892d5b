//! The expressions of check constraints.

use confiture_core::plugin::Site;
use confiture_core::sql::{ClauseKind, Span, Token, TokenKind};

use super::super::constraints::{Found, of_kind};

/// The check constraints of tables, columns and domains that a statement makes, with their expressions.
pub(super) fn checks<'a>(site: &'a Site<'_>) -> Vec<(Found<'a>, Span)> {
    let found = of_kind(site, ClauseKind::Check);
    found.filter_map(|found| found.clause.expression.map(|expression| (found, expression))).collect()
}

/// The lists of values in `span`, each as its items: those of `IN (…)` and of `ARRAY[…]`.
pub(super) fn value_lists(site: &Site<'_>, span: Span) -> Vec<Vec<Span>> {
    let sql = site.sql();
    let tokens = site.tokens_in(span);
    let opens = |at: &usize| {
        let (Some(word), Some(open)) = (tokens.get(*at), tokens.get(at + 1)) else {
            return false;
        };
        let query = tokens.get(at + 2).is_some_and(|token| token.is_word(sql, "select"));
        (word.is_word(sql, "in") && open.kind == TokenKind::LeftParen && !query)
            || (word.is_word(sql, "array") && open.kind == TokenKind::LeftBracket)
    };
    (0..tokens.len()).filter(opens).map(|at| list_items(&tokens[at + 2..])).collect()
}

/// The items of the list whose first token is the first of `tokens`, up to the one that closes it.
fn list_items(tokens: &[Token]) -> Vec<Span> {
    let mut items: Vec<Span> = Vec::new();
    let mut depth = 0_usize;
    let mut start = None;
    let mut last = Span::default();
    for token in tokens {
        let closes = matches!(token.kind, TokenKind::RightParen | TokenKind::RightBracket);
        if depth == 0 && (closes || token.kind == TokenKind::Comma) {
            items.extend(start.take().map(|first: Span| first.to(last)));
            if closes {
                break;
            }
            continue;
        }
        depth += usize::from(matches!(token.kind, TokenKind::LeftParen | TokenKind::LeftBracket));
        depth -= usize::from(closes);
        start = start.or(Some(token.span));
        last = token.span;
    }
    items
}
