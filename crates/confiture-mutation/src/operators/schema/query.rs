//! The query of a view, as tokens.

use confiture_core::plugin::Site;
use confiture_core::sql::{Body, Definition, ObjectKind, PartKind, Span, Token, TokenKind, Verb};

use super::super::words::Words;

/// What defines a view or materialized view, and its query.
pub(super) fn view<'a>(site: &'a Site<'_>) -> Option<(&'a Definition, Span)> {
    let outline = site.outline();
    match (&outline.body, outline.object) {
        (Body::Definition(definition), Some(ObjectKind::View | ObjectKind::MaterializedView))
            if outline.verb == Verb::Create =>
        {
            Some((definition, definition.part(PartKind::Query)?.span))
        }
        _ => None,
    }
}

/// What ends a condition or a list of columns.
const ENDS: &[&str] = &[
    "from",
    "where",
    "group",
    "having",
    "window",
    "union",
    "intersect",
    "except",
    "order",
    "limit",
    "offset",
    "fetch",
    "for",
    "into",
];

/// Whether the token at `at` is one of [`ENDS`] and none of their other uses.
fn ends(sql: &str, tokens: &[Token], at: usize) -> bool {
    let is = |at: usize, words: &[&str]| {
        tokens.get(at).is_some_and(|token| words.iter().any(|word| token.is_word(sql, word)))
    };
    let before = |by: usize, words: &[&str]| at.checked_sub(by).is_some_and(|at| is(at, words));
    let named = before(1, &["as", "within"])
        || at.checked_sub(1).is_some_and(|at| tokens.get(at).is_some_and(|t| t.kind == TokenKind::Dot));
    let distinct_from = is(at, &["from"]) && before(1, &["distinct"]) && before(2, &["is", "not"]);
    is(at, ENDS) && !named && !distinct_from
}

/// The expressions a query selects; none for a set operation and `DISTINCT ON`.
pub(super) fn selected(site: &Site<'_>, query: Span) -> Vec<Span> {
    let words = Words::within(site, query);
    let set_operation =
        ["union", "intersect", "except"].iter().any(|word| words.position(0, &[word]).is_some());
    let Some(select) = words.position(0, &["select"]).filter(|_| !set_operation) else {
        return Vec::new();
    };
    let start = select + 1 + usize::from(words.at_any(select + 1, &["distinct", "all"]));
    if words.at(start, &["on"]) {
        return Vec::new();
    }
    let tokens: Vec<Token> = words.atoms.iter().map(|atom| atom.token).collect();
    let end = (start..words.len()).find(|at| ends(site.sql(), &tokens, *at)).unwrap_or(words.len());
    words.items(start..end)
}

/// One `WHERE` or `HAVING` of a query or of a query in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Condition {
    /// All of it.
    pub(super) clause: Span,
    /// What follows the keyword.
    pub(super) expression: Span,
}

/// Every condition of a query, outermost first where one holds another.
pub(super) fn conditions(site: &Site<'_>, query: Span) -> Vec<Condition> {
    let tokens = site.tokens_in(query);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let keyword = token.is_word(site.sql(), "where") || token.is_word(site.sql(), "having");
        // `FILTER (WHERE …)` is nothing without it; a column may be called so after a dot or AS.
        let opens = |at: usize| tokens.get(at).is_some_and(|t| t.kind == TokenKind::LeftParen);
        if !keyword || !ends(site.sql(), tokens, at) || at.checked_sub(1).is_some_and(opens) {
            continue;
        }
        let (mut end, mut depth) = (at + 1, 0_usize);
        while let Some(token) = tokens.get(end) {
            match token.kind {
                TokenKind::LeftParen => depth += 1,
                TokenKind::RightParen if depth == 0 => break,
                TokenKind::RightParen => depth -= 1,
                _ if depth == 0 && ends(site.sql(), tokens, end) => break,
                _ => {}
            }
            end += 1;
        }
        if let Some([first, .., last] | [first @ last]) = tokens.get(at + 1..end) {
            let expression = first.span.to(last.span);
            found.push(Condition { clause: token.span.to(expression), expression });
        }
    }
    found
}
