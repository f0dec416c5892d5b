//! The labels of an enum.

use confiture_core::plugin::{MutationContext, Site};
use confiture_core::sql::{ActionKind, Body, ObjectKind, Span, quote_literal};

use super::super::actions;
use super::super::words::Words;

/// The labels of a `CREATE TYPE … AS ENUM`, in order.
pub(super) fn labels<'a>(site: &'a Site<'_>) -> &'a [Span] {
    let outline = site.outline();
    match &outline.body {
        Body::Definition(definition)
            if outline.object == Some(ObjectKind::Type)
                && definition.items.iter().all(|item| is_string(site, *item)) =>
        {
            &definition.items
        }
        _ => &[],
    }
}

/// Where an added label is put: `BEFORE` or `AFTER`, and the label there.
pub(super) fn place(site: &Site<'_>, action: Span) -> Option<(Span, Span)> {
    let words = Words::within(site, action);
    let at = (0..words.len()).find(|at| words.at_any(*at, &["before", "after"]))?;
    Some((words.span(at..at + 1)?, words.span(at..words.len())?))
}

/// The last label, as SQL, that the enum of the statement has before it: from the statements before, else from
/// the catalog.
pub(super) fn last_label(cx: &MutationContext<'_>, site: &Site<'_>) -> Option<String> {
    let name = site.outline().name()?;
    let before = cx.sites.get(..site.index)?.iter().rev();
    for other in before.filter(|other| other.outline().name().is_some_and(|n| n.parts == name.parts)) {
        let added = actions::of_kinds(other, &[ActionKind::AddValue])
            .find(|(_, action)| place(other, action.span).is_none())
            .and_then(|(_, action)| action.value);
        if let Some(label) = added.or(labels(other).last().copied()) {
            return Some(label.text(other.sql()).to_owned());
        }
    }
    let in_schema = |schema: &str| name.schema().is_none_or(|wanted| wanted == schema);
    let mut enums = cx
        .source_catalog()?
        .enums()
        .filter(|(id, _)| id.name() == name.name() && id.schema().is_some_and(in_schema));
    let (_, found) = enums.next().filter(|_| enums.next().is_none())?;
    found.labels.last().map(|label| quote_literal(label))
}

fn is_string(site: &Site<'_>, item: Span) -> bool {
    matches!(site.tokens_in(item), [token] if token.kind.is_string())
}

/// What a person would call a label of the enum the statement is about.
pub(super) fn object(site: &Site<'_>, label: Span) -> String {
    format!("{}.{}", site.object(), label.text(site.sql()).trim_matches('\''))
}
