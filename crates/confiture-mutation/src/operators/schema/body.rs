//! The statements in the body of a routine or a `DO` block, as places in the statement around it.

use confiture_core::plugin::Site;
use confiture_core::sql::{Body, ObjectKind, PartKind, Span, Token, TokenKind, Verb, constant, split};

use super::super::words::Words;
use super::plpgsql;

/// The statements that a body can do without, each with its semicolon. Those written in another language
/// than SQL and PL/pgSQL have none.
pub(super) fn statements(site: &Site<'_>) -> Vec<Span> {
    let outline = site.outline();
    let Body::Definition(definition) = &outline.body else {
        return if outline.verb == Verb::Do { block(site) } else { Vec::new() };
    };
    if !matches!(outline.object, Some(ObjectKind::Function | ObjectKind::Procedure)) {
        return Vec::new();
    }
    let value = |kind| {
        let text = definition.part(kind)?.value?.text(site.sql());
        Some(text.trim_matches('\'').to_ascii_lowercase())
    };
    let Some(body) = definition.part(PartKind::Body).and_then(|part| part.value) else {
        return Vec::new();
    };
    // The last query of a function in SQL is what it returns.
    let result = outline.object == Some(ObjectKind::Function)
        && value(PartKind::Returns).is_none_or(|returns| returns != "void");
    let without_result = |mut found: Vec<Span>| {
        found.truncate(found.len() - usize::from(result && !found.is_empty()));
        found
    };
    match (site.tokens_in(body), value(PartKind::Language).as_deref()) {
        ([literal], Some("plpgsql")) => in_literal(site, *literal, plpgsql::statements),
        ([literal], Some("sql")) => {
            let sql = |text: &str| split(text).iter().map(|s| Span::new(s.span.start, s.full.end)).collect();
            without_result(in_literal(site, *literal, sql))
        }
        ([_, _, ..], _) => without_result(atomic(site, body)),
        _ => Vec::new(),
    }
}

/// The statements of a `DO` block.
fn block(site: &Site<'_>) -> Vec<Span> {
    let words = Words::of(site);
    let language = words.position(0, &["language"]).map(|at| words.text(at + 1).trim_matches('\''));
    let literal = |at: &usize| {
        words.atoms[*at].token.kind.is_string() && !words.at(at.saturating_sub(1), &["language"])
    };
    match (0..words.len()).find(literal) {
        Some(at) if language.is_none_or(|language| language.eq_ignore_ascii_case("plpgsql")) => {
            in_literal(site, words.atoms[at].token, plpgsql::statements)
        }
        _ => Vec::new(),
    }
}

/// The statements between `BEGIN ATOMIC` and `END`.
fn atomic(site: &Site<'_>, body: Span) -> Vec<Span> {
    let words = Words::within(site, body);
    if !words.at(0, &["begin", "atomic"]) {
        return Vec::new();
    }
    let mut start = 2;
    let mut found = Vec::new();
    for at in 2..words.len() {
        if words.atoms[at].token.kind == TokenKind::Semicolon {
            found.extend(words.span(start..at + 1));
            start = at + 1;
        }
    }
    found
}

/// What `statements` finds in the value of a string constant, as places of the statement that holds it.
fn in_literal(site: &Site<'_>, literal: Token, statements: impl Fn(&str) -> Vec<Span>) -> Vec<Span> {
    let Some((text, places)) = constant(literal.text(site.sql()), literal.kind) else {
        return Vec::new();
    };
    let place = |at: usize| Some(places.get(at)? + literal.span.start);
    statements(&text).into_iter().filter_map(|s| Some(Span::new(place(s.start)?, place(s.end)?))).collect()
}
