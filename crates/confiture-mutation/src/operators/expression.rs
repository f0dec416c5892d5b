//! Conditions and expressions, as tokens.

use confiture_core::plugin::Site;
use confiture_core::sql::{Span, Token};

use super::query::{Clause, ClauseKind, Piece, Query, groups, pieces, span_of};

/// A condition that decides which rows a statement makes or changes.
#[derive(Debug)]
pub(super) struct Filter<'p> {
    pub(super) kind: ClauseKind,
    pub(super) clause: Clause,
    /// Those of the condition, with all that is inside it.
    pub(super) tokens: &'p [Token],
}

/// The conditions of a piece, outer ones before those inside them: `WHERE`, `HAVING`, `ON` of a join, `ON` and
/// `WHEN … AND` of a `MERGE`, in every query.
pub(super) fn filters<'p>(piece: &'p Piece<'_>) -> Vec<Filter<'p>> {
    let queries = piece.queries();
    queries.iter().flat_map(|query| filters_of(piece, query)).collect()
}

/// The conditions of one query, without those of queries inside it.
pub(super) fn filters_of<'p>(piece: &'p Piece<'_>, query: &Query) -> Vec<Filter<'p>> {
    let sql = piece.sql();
    let conditions = query.clauses.iter().enumerate().filter_map(|(at, clause)| {
        let body = piece.body(clause);
        let tokens = match clause.kind {
            ClauseKind::Where => {
                // The predicate of the index that `ON CONFLICT` infers; a cursor's row.
                let inferred = body.iter().position(|token| token.is_word(sql, "do"));
                let conflict = at > 0 && query.clauses[at - 1].kind == ClauseKind::OnConflict;
                let cursor = body.first().is_some_and(|token| token.is_word(sql, "current"));
                if (conflict && inferred.is_some()) || cursor {
                    return None;
                }
                body
            }
            ClauseKind::Having | ClauseKind::On => body,
            ClauseKind::When => {
                let start = body.iter().position(|token| token.is_word(sql, "and"))? + 1;
                let end = body.iter().position(|token| token.is_word(sql, "then")).unwrap_or(body.len());
                body.get(start..end)?
            }
            _ => return None,
        };
        (!tokens.is_empty()).then(|| Filter { kind: clause.kind, clause: clause.clone(), tokens })
    });
    conditions.collect()
}

/// The conditions of a piece that are inside no other one, token by token.
pub(super) fn filter_tokens<'p>(piece: &'p Piece<'_>) -> Vec<&'p [Token]> {
    let all: Vec<&[Token]> = filters(piece).into_iter().map(|filter| filter.tokens).collect();
    let spans: Vec<Span> = all.iter().map(|tokens| span_of(tokens)).collect();
    let inside = |at: usize| {
        let other = |other: &usize| *other != at && spans[*other].contains(spans[at]);
        (0..all.len()).any(|place| other(&place) && (spans[place] != spans[at] || place < at))
    };
    (0..all.len()).filter(|at| !inside(*at)).map(|at| all[at]).collect()
}

/// The conditions whose operands can be taken apart: those of [`filters`], and what stands in parentheses in
/// them and is neither a query nor a list.
pub(super) fn conditions<'p>(piece: &'p Piece<'_>) -> Vec<&'p [Token]> {
    let sql = piece.sql();
    let mut found: Vec<&[Token]> = Vec::new();
    for tokens in filters(piece).into_iter().map(|filter| filter.tokens) {
        let inner = groups(tokens).into_iter().map(|group| &tokens[group]).filter(|group| {
            let starts = ["select", "with", "values", "where"];
            let query = group.first().is_some_and(|first| starts.iter().any(|word| first.is_word(sql, word)));
            !group.is_empty() && !query && super::query::items(sql, group).len() == 1
        });
        for condition in std::iter::once(tokens).chain(inner) {
            if !found.iter().any(|other| span_of(other) == span_of(condition)) {
                found.push(condition);
            }
        }
    }
    found
}

/// Calls `each` for every piece of every statement.
pub(super) fn each_piece<'a>(sites: &'a [Site<'a>], mut each: impl FnMut(&Piece<'a>)) {
    for site in sites {
        for piece in pieces(site) {
            each(&piece);
        }
    }
}

/// The comparison that differs from `operator` at the edge, or is its opposite where there is no edge.
pub(super) fn exchanged_comparison(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "=" => "<>",
        "<>" | "!=" => "=",
        "<" => "<=",
        "<=" => "<",
        ">" => ">=",
        ">=" => ">",
        _ => return None,
    })
}
