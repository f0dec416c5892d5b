//! The actions of an `ALTER`.

use confiture_core::plugin::{Mutant, Site};
use confiture_core::sql::{Action, ActionKind, Edit, Span};

/// The actions of some kinds with their places in the list, in order.
pub(super) fn of_kinds<'a>(
    site: &'a Site<'_>,
    kinds: &'a [ActionKind],
) -> impl Iterator<Item = (usize, &'a Action)> {
    site.outline().actions().iter().enumerate().filter(|(_, action)| kinds.contains(&action.kind))
}

/// What a person would call what the action is about.
pub(super) fn object(site: &Site<'_>, action: &Action) -> String {
    match &action.name {
        Some(name) => format!("{}.{}", site.object(), name.name()),
        None => site.object(),
    }
}

/// The edit that leaves action `at` out; without its only action a statement is nothing.
pub(super) fn removal(site: &Site<'_>, at: usize) -> Option<Edit> {
    let spans: Vec<Span> = site.outline().actions().iter().map(|action| action.span).collect();
    match spans.len() {
        1 => Some(Edit::remove(site.span())),
        _ => Edit::remove_item(&spans, at),
    }
}

/// The mutants that leave actions of some kinds out.
pub(super) fn left_out<'a>(
    site: &'a Site<'_>,
    kinds: &'a [ActionKind],
    what: &'a str,
) -> impl Iterator<Item = Mutant> {
    of_kinds(site, kinds).filter_map(move |(at, action)| {
        let edit = removal(site, at)?;
        Some(site.mutant([edit], format!("{what} is left out")).on(object(site, action)))
    })
}
