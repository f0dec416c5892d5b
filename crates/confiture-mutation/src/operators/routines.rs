//! What is said of a function or procedure besides its body.

use confiture_core::plugin::Site;
use confiture_core::sql::{Body, Edit, ObjectKind, PartKind, Span, Verb};

use super::words::Words;

/// One attribute of a routine.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) kind: PartKind,
    pub(super) span: Span,
    /// Takes it away; the statement with it, when it says nothing else.
    pub(super) removal: Edit,
}

/// The attributes that a `CREATE` or an `ALTER` of a routine sets, in order.
pub(super) fn attributes(site: &Site<'_>) -> Vec<Attribute> {
    let outline = site.outline();
    let routine =
        matches!(outline.object, Some(ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Routine));
    match &outline.body {
        Body::Definition(definition) if routine => {
            let attribute =
                |(kind, span)| Attribute { kind, span, removal: Edit::remove_clause(site.sql(), span) };
            let parts = definition.parts.iter().map(|part| (part.kind, part.span));
            parts.filter(|(kind, _)| is_attribute(*kind)).map(attribute).collect()
        }
        _ if routine && outline.verb == Verb::Alter => altered(site),
        _ => Vec::new(),
    }
}

const fn is_attribute(kind: PartKind) -> bool {
    matches!(
        kind,
        PartKind::Volatility
            | PartKind::NullInput
            | PartKind::Security
            | PartKind::Leakproof
            | PartKind::Parallel
            | PartKind::Cost
            | PartKind::Rows
            | PartKind::Set
    )
}

const fn takes_value(kind: PartKind) -> bool {
    use PartKind::{Cost, Parallel, Rows, Security, Set};
    matches!(kind, Cost | Parallel | Rows | Security | Set)
}

fn altered(site: &Site<'_>) -> Vec<Attribute> {
    const STARTS: &[(&[&str], PartKind)] = &[
        (&["returns", "null", "on", "null", "input"], PartKind::NullInput),
        (&["called", "on", "null", "input"], PartKind::NullInput),
        (&["strict"], PartKind::NullInput),
        (&["immutable"], PartKind::Volatility),
        (&["stable"], PartKind::Volatility),
        (&["volatile"], PartKind::Volatility),
        (&["external", "security"], PartKind::Security),
        (&["security"], PartKind::Security),
        (&["not", "leakproof"], PartKind::Leakproof),
        (&["leakproof"], PartKind::Leakproof),
        (&["parallel"], PartKind::Parallel),
        (&["cost"], PartKind::Cost),
        (&["rows"], PartKind::Rows),
        (&["set"], PartKind::Set),
    ];
    let words = Words::of(site);
    let mut at = site.outline().name().map_or(words.len(), |name| words.after_offset(name.span.end));
    // The arguments.
    at += usize::from(words.atoms.get(at).is_some_and(|atom| atom.inside.is_some()));
    let end = words.len() - usize::from(words.at(words.len().saturating_sub(1), &["restrict"]));
    let mut starts: Vec<(usize, PartKind)> = Vec::new();
    while at < end {
        let found = STARTS.iter().find(|(start, _)| words.at(at, start));
        // What `SET` assigns reaches to the end: any word may be a value.
        let Some((start, kind)) = found.filter(|_| !words.at(at, &["set", "schema"])) else {
            if starts.is_empty() {
                return Vec::new();
            }
            at += 1;
            continue;
        };
        starts.push((at, *kind));
        at += start.len() + usize::from(takes_value(*kind));
    }
    let ends = starts.iter().skip(1).map(|(at, _)| *at).chain([end]);
    let attribute = |(&(start, kind), end): (&(usize, PartKind), usize)| {
        let span = words.span(start..end)?;
        let removal = match starts.len() {
            1 => Edit::remove(site.span()),
            _ => Edit::remove_clause(site.sql(), span),
        };
        Some(Attribute { kind, span, removal })
    };
    starts.iter().zip(ends).filter_map(attribute).collect()
}
