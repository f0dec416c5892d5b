//! Conditions and expressions, as tokens.

use confiture_core::plugin::Site;
use confiture_core::sql::{Body, Span};

/// The conditions of a statement that changes rows: what follows its `WHERE`.
pub(super) fn filters(site: &Site<'_>) -> Vec<Span> {
    match &site.outline().body {
        Body::Rows(rows) => rows.predicate.into_iter().collect(),
        _ => Vec::new(),
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
