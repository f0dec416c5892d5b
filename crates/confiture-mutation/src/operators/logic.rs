//! The connectives of conditions, as tokens.

use confiture_core::plugin::Site;
use confiture_core::sql::{Span, Token, TokenKind};

/// Every `AND` and `OR` in `span` that joins two conditions, in order: not the `AND` of a `BETWEEN`.
pub(super) fn connectives(site: &Site<'_>, span: Span) -> Vec<Token> {
    let sql = site.sql();
    // One entry for each open parenthesis: how many BETWEENs in it wait for their AND.
    let mut waiting = vec![0_usize];
    let mut found = Vec::new();
    for token in site.tokens_in(span) {
        let depth = waiting.len() - 1;
        match token.kind {
            TokenKind::LeftParen | TokenKind::LeftBracket => waiting.push(0),
            TokenKind::RightParen | TokenKind::RightBracket if depth > 0 => {
                waiting.pop();
            }
            _ if token.is_word(sql, "between") => waiting[depth] += 1,
            _ if token.is_word(sql, "and") && waiting[depth] > 0 => waiting[depth] -= 1,
            _ if token.is_word(sql, "and") || token.is_word(sql, "or") => found.push(*token),
            _ => {}
        }
    }
    found
}

/// Every `NOT` in `span` that turns the condition behind it round, with the bytes up to that condition.
pub(super) fn negations(site: &Site<'_>, span: Span) -> Vec<Span> {
    const SUFFIXES: &[&str] = &["null", "in", "like", "ilike", "between", "similar", "distinct"];
    let sql = site.sql();
    let tokens = site.tokens_in(span);
    let is_negation = |at: usize| {
        let next = tokens.get(at + 1)?;
        let plain = tokens[at].is_word(sql, "not")
            && !SUFFIXES.iter().any(|word| next.is_word(sql, word))
            && !at.checked_sub(1).is_some_and(|before| tokens[before].is_word(sql, "is"));
        plain.then(|| Span::new(tokens[at].span.start, next.span.start))
    };
    (0..tokens.len()).filter_map(is_negation).collect()
}
