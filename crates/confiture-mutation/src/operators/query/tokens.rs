//! Lists, groups and conditions among tokens.

use std::ops::Range;

use confiture_core::sql::{Span, Token, TokenKind};

const fn opens(token: Token) -> bool {
    matches!(token.kind, TokenKind::LeftParen | TokenKind::LeftBracket)
}

const fn closes(token: Token) -> bool {
    matches!(token.kind, TokenKind::RightParen | TokenKind::RightBracket)
}

/// From the first to the last of `tokens`; empty at 0 when there are none.
pub(in super::super) fn span_of(tokens: &[Token]) -> Span {
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => Span::empty(0),
    }
}

/// The place of the token that closes the group opened at `at`; the last one when none does.
pub(in super::super) fn closing(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0_usize;
    for (place, token) in tokens.iter().enumerate().skip(at) {
        depth += usize::from(opens(*token));
        if closes(*token) {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return place;
            }
        }
    }
    tokens.len().saturating_sub(1)
}

/// The place of the token that opens the group closed at `at`.
fn opening(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0_usize;
    for place in (0..=at).rev() {
        depth += usize::from(closes(tokens[place]));
        if opens(tokens[place]) {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return place;
            }
        }
    }
    0
}

/// What stands inside every pair of parentheses, as places in `tokens`, outer ones before inner ones.
pub(in super::super) fn groups(tokens: &[Token]) -> Vec<Range<usize>> {
    let mut open = Vec::new();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if opens(*token) {
            open.push((at, token.kind));
        } else if closes(*token)
            && let Some((start, kind)) = open.pop()
            && kind == TokenKind::LeftParen
        {
            found.push(start + 1..at);
        }
    }
    found.sort_by_key(|group| group.start);
    found
}

/// Cuts `tokens` where `cut` holds outside parentheses and `CASE … END`.
fn cut<'a>(sql: &str, tokens: &'a [Token], cut: impl Fn(usize) -> bool) -> Vec<&'a [Token]> {
    let mut found = Vec::new();
    let (mut start, mut at, mut cases) = (0, 0, 0_usize);
    while at < tokens.len() {
        let token = tokens[at];
        if opens(token) {
            at = closing(tokens, at);
        } else if token.is_word(sql, "case") {
            cases += 1;
        } else if token.is_word(sql, "end") {
            cases = cases.saturating_sub(1);
        } else if cases == 0 && cut(at) {
            found.push(&tokens[start..at]);
            start = at + 1;
        }
        at += 1;
    }
    found.push(&tokens[start.min(tokens.len())..]);
    found.retain(|item| !item.is_empty());
    found
}

/// The items of a comma list.
pub(in super::super) fn items<'a>(sql: &str, tokens: &'a [Token]) -> Vec<&'a [Token]> {
    cut(sql, tokens, |at| tokens[at].kind == TokenKind::Comma)
}

/// The places of the `AND`s that belong to a `BETWEEN`.
pub(in super::super) fn between_ands(sql: &str, tokens: &[Token]) -> Vec<usize> {
    let (mut depth, mut open, mut found) = (0_usize, Vec::new(), Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        if opens(*token) {
            depth += 1;
        } else if closes(*token) {
            depth = depth.saturating_sub(1);
        } else if token.is_word(sql, "between") {
            open.push(depth);
        } else if token.is_word(sql, "and") && open.last() == Some(&depth) {
            open.pop();
            found.push(at);
        }
    }
    found
}

/// The operands of the `AND`s and `OR`s of a condition, those in parentheses not taken apart.
pub(in super::super) fn terms<'a>(sql: &str, tokens: &'a [Token]) -> Vec<&'a [Token]> {
    let ands = between_ands(sql, tokens);
    cut(sql, tokens, |at| {
        tokens[at].is_word(sql, "or") || (tokens[at].is_word(sql, "and") && !ands.contains(&at))
    })
}

/// Whether an operand may end with `token`: then an operator behind it has two of them.
pub(in super::super) fn is_operand(sql: &str, token: Token) -> bool {
    const WORDS: &[&str] = &[
        "select",
        "distinct",
        "all",
        "and",
        "or",
        "not",
        "then",
        "else",
        "when",
        "case",
        "in",
        "between",
        "like",
        "ilike",
        "by",
        "where",
        "on",
        "having",
        "set",
        "values",
        "return",
        "using",
        "limit",
        "offset",
        "any",
        "some",
        "is",
        "from",
        "returning",
        "as",
        "similar",
    ];
    match token.kind {
        TokenKind::RightParen | TokenKind::RightBracket | TokenKind::Number | TokenKind::Param => true,
        TokenKind::Ident => !WORDS.iter().any(|word| token.is_word(sql, word)),
        kind => kind.is_string() || kind.is_name(),
    }
}

/// Where the operand that ends before `at` starts: a name, constant, call or group with the casts behind it.
pub(in super::super) fn operand_before(sql: &str, tokens: &[Token], at: usize) -> Option<usize> {
    let mut end = at.checked_sub(1)?;
    loop {
        if !is_operand(sql, tokens[end]) {
            return None;
        }
        let mut start = if closes(tokens[end]) { opening(tokens, end) } else { end };
        if start != end
            && let Some(before) = start.checked_sub(1)
            && tokens[before].kind.is_name()
            && is_operand(sql, tokens[before])
        {
            start = before;
        }
        while start >= 2 && tokens[start - 1].kind == TokenKind::Dot && tokens[start - 2].kind.is_name() {
            start -= 2;
        }
        if start >= 2 && tokens[start - 1].kind == TokenKind::DoubleColon {
            end = start - 2;
            continue;
        }
        return Some(start);
    }
}

/// The first place from `at` on where the operand there has ended: a connector, a comma, a clause, the end.
pub(in super::super) fn edges(sql: &str, tokens: &[Token], at: usize) -> usize {
    const ENDS: &[&str] = &[
        "and",
        "or",
        "then",
        "when",
        "else",
        "end",
        "as",
        "from",
        "where",
        "group",
        "having",
        "order",
        "limit",
        "returning",
        "union",
        "except",
        "intersect",
        "on",
        "join",
        "left",
        "right",
        "inner",
        "full",
        "cross",
        "asc",
        "desc",
        "loop",
    ];
    let mut place = at;
    while place < tokens.len() {
        let token = tokens[place];
        if opens(token) {
            place = closing(tokens, place);
        } else if closes(token)
            || matches!(token.kind, TokenKind::Comma | TokenKind::Semicolon)
            || (place > at && ENDS.iter().any(|word| token.is_word(sql, word)))
        {
            return place;
        }
        place += 1;
    }
    tokens.len()
}
