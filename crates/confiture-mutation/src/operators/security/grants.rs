//! `GRANT` and `REVOKE`, also as default privileges.

use confiture_core::plugin::{Mutant, Site};
use confiture_core::sql::{Edit, ObjectKind, Span, Verb};

use super::super::words::{Words, brief};

/// What a `GRANT` or `REVOKE` says.
#[derive(Debug)]
pub(super) struct Grant {
    /// Whether it takes away.
    pub(super) revokes: bool,
    /// Whether it is about privileges on an object, not about membership in a role.
    pub(super) on_object: bool,
    /// The privileges with their columns, or the roles.
    pub(super) privileges: Vec<Span>,
    /// All of the privileges.
    pub(super) all_privileges: Span,
    /// Who gets or loses them.
    pub(super) grantees: Vec<Span>,
    /// Whether something follows the grantees: an option, who grants, `CASCADE`.
    pub(super) has_tail: bool,
}

/// What the statement grants or revokes, if it does.
pub(super) fn grant(site: &Site<'_>) -> Option<Grant> {
    let outline = site.outline();
    let words = Words::of(site);
    let is = |at: &usize| words.at_any(*at, &["grant", "revoke"]);
    let start = match (outline.verb, outline.object) {
        (Verb::Grant | Verb::Revoke, _) => 0,
        (Verb::Alter, Some(ObjectKind::DefaultPrivileges)) => (0..words.len()).find(is)?,
        _ => return None,
    };
    let mut first = start + 1;
    if words.position(first, &["option", "for"]) == Some(first + 1) {
        first += 3;
    }
    let to = (first..words.len()).find(|at| words.at_any(*at, &["to", "from"]))?;
    let on = (first..to).find(|at| words.at(*at, &["on"]));
    let privileges = first..on.unwrap_or(to);
    let tail = &["with", "granted", "cascade", "restrict"];
    let end = (to + 1..words.len()).find(|at| words.at_any(*at, tail)).unwrap_or(words.len());
    Some(Grant {
        revokes: words.at(start, &["revoke"]),
        on_object: on.is_some(),
        privileges: words.items(privileges.clone()),
        all_privileges: words.span(privileges)?,
        grantees: words.items(to + 1..end),
        has_tail: end < words.len(),
    })
}

/// The mutant without one of several privileges or grantees.
pub(super) fn without_item(site: &Site<'_>, list: &[Span], at: usize) -> Option<Mutant> {
    let item = list.get(at).filter(|_| list.len() > 1)?;
    let what = format!("{} is left out", brief(item.text(site.sql())));
    Some(site.mutant([Edit::remove_item(list, at)?], what))
}
