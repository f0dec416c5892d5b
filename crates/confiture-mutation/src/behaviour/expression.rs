//! Conditions as the server prints them.

use confiture_core::sql::{Token, TokenKind, Tokens};

/// The parts of `CHECK (((a > 0) AND (b IS NOT NULL)))` that are joined by AND, each without the parentheses
/// around it.
pub(super) fn conjuncts(definition: &str) -> Vec<String> {
    let body = definition.strip_prefix("CHECK ").unwrap_or(definition);
    let mut parts = Vec::new();
    split(body, &mut parts);
    parts
}

fn split(text: &str, parts: &mut Vec<String>) {
    let text = bare(text);
    let mut depth = 0_usize;
    let mut starts = vec![0];
    let mut ends = Vec::new();
    let mut between = false;
    for token in Tokens::new(text) {
        match token.kind {
            TokenKind::LeftParen => depth += 1,
            TokenKind::RightParen => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            _ if token.is_word(text, "or") || token.is_word(text, "case") => {
                parts.push(text.to_owned());
                return;
            }
            _ if token.is_word(text, "between") => between = true,
            _ if token.is_word(text, "and") && between => between = false,
            _ if token.is_word(text, "and") => {
                ends.push(token.span.start);
                starts.push(token.span.end);
            }
            _ => {}
        }
    }
    if ends.is_empty() {
        parts.push(text.to_owned());
        return;
    }
    ends.push(text.len());
    for (start, end) in starts.into_iter().zip(ends) {
        split(text.get(start..end).unwrap_or_default(), parts);
    }
}

/// `text` without the parentheses that enclose all of it.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) else { return text };
    let mut depth = 0_i32;
    for token in Tokens::new(inner) {
        match token.kind {
            TokenKind::LeftParen => depth += 1,
            TokenKind::RightParen => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return text;
        }
    }
    bare(inner)
}

fn words(text: &str) -> Vec<Token> {
    Tokens::new(text).filter(|token| !token.kind.is_trivia()).collect()
}

/// The column of `x IS NOT NULL`.
pub(super) fn not_null_column(text: &str) -> Option<String> {
    match words(text).as_slice() {
        [column, is, not, null]
            if column.kind.is_name()
                && is.is_word(text, "is")
                && not.is_word(text, "not")
                && null.is_word(text, "null") =>
        {
            Some(column.text(text).trim_matches('"').replace("\"\"", "\""))
        }
        _ => None,
    }
}

/// `x > 5`: its left side, its operator and the number it is compared with.
fn bound(text: &str) -> Option<(&str, &str, f64)> {
    let tokens = words(text);
    let [column, operator, rest @ ..] = tokens.as_slice() else { return None };
    if !column.kind.is_name() || operator.kind != TokenKind::Operator {
        return None;
    }
    // `5`, `'-5'::integer`, `(5)::numeric`
    let mut number = rest.iter().filter(|token| token.kind == TokenKind::Number || token.kind.is_string());
    let value = number.next()?;
    let plain = rest.iter().all(|token| {
        matches!(
            token.kind,
            TokenKind::Number
                | TokenKind::String
                | TokenKind::LeftParen
                | TokenKind::RightParen
                | TokenKind::DoubleColon
                | TokenKind::Ident
        )
    });
    // Texts have an order of their own.
    let of_numbers = rest.iter().filter(|token| token.kind == TokenKind::Ident).all(|token| {
        ["smallint", "integer", "bigint", "numeric", "real", "double", "precision"]
            .into_iter()
            .any(|name| token.is_word(text, name))
    });
    let is_cast = rest.iter().any(|token| token.kind == TokenKind::DoubleColon);
    if number.next().is_some() || !plain || !of_numbers || value.kind.is_string() && !is_cast {
        return None;
    }
    let value: f64 = value.text(text).trim_matches('\'').parse().ok()?;
    // Whole numbers are exact up to here.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.abs() >= EXACT {
        return None;
    }
    Some((column.text(text), operator.text(text), value))
}

/// Whether every row that `strong` lets in is let in by `weak`: bounds of one column by numbers only.
pub(super) fn implies(strong: &str, weak: &str) -> bool {
    let (Some((a, strong, x)), Some((b, weak, y))) = (bound(strong), bound(weak)) else { return false };
    if a != b {
        return false;
    }
    match (strong, weak) {
        (">", ">") | (">=", ">=") | (">", ">=") => {
            x >= y && !(strong == weak && (x - y).abs() < f64::EPSILON)
        }
        (">=", ">") => x > y,
        ("<", "<") | ("<=", "<=") | ("<", "<=") => {
            x <= y && !(strong == weak && (x - y).abs() < f64::EPSILON)
        }
        ("<=", "<") => x < y,
        ("=", ">") => x > y,
        ("=", ">=") => x >= y,
        ("=", "<") => x < y,
        ("=", "<=") => x <= y,
        ("=", "<>") => (x - y).abs() > f64::EPSILON,
        _ => false,
    }
}
