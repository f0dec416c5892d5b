//! The actions of an `ALTER`.

use confiture_core::plugin::{Mutant, Site};
use confiture_core::sql::{Action, ActionKind, Edit, ObjectName, Span};

/// The actions of some kinds with their places in the list, in order.
pub(super) fn of_kinds<'a>(
    site: &'a Site<'_>,
    kinds: &'a [ActionKind],
) -> impl Iterator<Item = (usize, &'a Action)> {
    site.outline().actions().iter().enumerate().filter(|(_, action)| kinds.contains(&action.kind))
}

/// The edit that takes action `at` out of an `ALTER`; without its only action a statement is nothing.
pub(super) fn removal(site: &Site<'_>, at: usize) -> Option<Edit> {
    without_actions(site, &[at]).pop()
}

/// The edits that take some actions out of an `ALTER`: all of the statement when none is left.
pub(super) fn without_actions(site: &Site<'_>, gone: &[usize]) -> Vec<Edit> {
    let items: Vec<Span> = site.outline().actions().iter().map(|action| action.span).collect();
    let kept = (0..items.len()).rev().find(|at| !gone.contains(at));
    let Some(last) = kept else {
        return vec![Edit::remove(site.span())];
    };
    let mut edits: Vec<Edit> = (0..last)
        .filter(|at| gone.contains(at))
        .map(|at| Edit::remove(Span::new(items[at].start, items[at + 1].start)))
        .collect();
    if last + 1 < items.len() {
        edits.push(Edit::remove(Span::new(items[last].end, items[items.len() - 1].end)));
    }
    edits
}

/// What a person would call a part of what the statement names: `users.email`.
pub(super) fn member(site: &Site<'_>, part: Option<&ObjectName>) -> String {
    match part {
        Some(part) => format!("{}.{}", site.object(), part.name()),
        None => site.object(),
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
        Some(site.mutant([edit], format!("{what} is left out")).on(member(site, action.name.as_ref())))
    })
}
