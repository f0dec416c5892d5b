//! What a rollback does, step by step, and the rollback without one of them.

use confiture_core::plugin::{Mutant, MutationContext, Site};
use confiture_core::sql::{
    Action, ActionKind, Edit, Modifier, ObjectKind, ObjectName, Span, TokenKind, Verb,
};

/// What a step does to what the migration did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StepKind {
    /// It takes away what the migration brought.
    Takes,
    /// It brings back what the migration took away or changed.
    Restores,
    /// It adds or drops a column.
    Column,
    /// It creates, drops or changes an index.
    Index,
    /// It gives a privilege back.
    Grants,
}

/// The rollback without one step of a kind, for every such step in order.
pub(super) fn without(cx: &MutationContext<'_>, kind: StepKind) -> Vec<Mutant> {
    let mut found: Vec<Mutant> = Vec::new();
    for site in &cx.sites {
        let before = found.len();
        for (_, mutant) in steps(site).into_iter().filter(|(step, _)| *step == kind) {
            // Without the first or the second of two like neighbours the text is the same.
            let text = mutant.statement_text(cx.script, site.index);
            if !found[before..].iter().any(|other| other.statement_text(cx.script, site.index) == text) {
                found.push(mutant);
            }
        }
    }
    found
}

/// The steps of one statement, each with the mutant that leaves it out; none for what neither takes away nor
/// brings back: transactions, settings, locks, queries.
pub(super) fn steps(site: &Site<'_>) -> Vec<(StepKind, Mutant)> {
    let outline = site.outline();
    let index = outline.object == Some(ObjectKind::Index);
    let kind =
        match outline.verb {
            Verb::Drop => return drops(site, if index { StepKind::Index } else { StepKind::Takes }),
            Verb::Alter if outline.object == Some(ObjectKind::DefaultPrivileges) => {
                if has_word(site, "revoke") { StepKind::Takes } else { StepKind::Grants }
            }
            Verb::Alter => return actions(site, index),
            Verb::Create if index => StepKind::Index,
            Verb::Delete | Verb::Truncate | Verb::Revoke => StepKind::Takes,
            Verb::Grant => StepKind::Grants,
            Verb::Select if !calls(site) => return Vec::new(),
            Verb::Create | Verb::Insert | Verb::Update | Verb::Merge | Verb::Copy => StepKind::Restores,
            Verb::Comment | Verb::SecurityLabel | Verb::Refresh => StepKind::Restores,
            Verb::Do | Verb::Call | Verb::Select => StepKind::Restores,
            _ => return Vec::new(),
        };
    vec![(kind, site.left_out())]
}

/// The objects of a `DROP`, one by one.
fn drops(site: &Site<'_>, kind: StepKind) -> Vec<(StepKind, Mutant)> {
    let names = &site.outline().names;
    if names.len() < 2 {
        return vec![(kind, site.left_out())];
    }
    let items = dropped(site);
    let mutant = |(at, edit): (usize, Edit)| {
        let name = names.get(at)?.parts.join(".");
        Some((kind, site.mutant([edit], format!("{name} is not dropped")).on(name)))
    };
    (0..items.len()).filter_map(|at| mutant((at, Edit::remove_item(&items, at)?))).collect()
}

/// The objects of a `DROP` as it writes them, with the arguments of routines.
fn dropped(site: &Site<'_>) -> Vec<Span> {
    let outline = site.outline();
    let behaviour = outline.modifier(Modifier::Cascade).or(outline.modifier(Modifier::Restrict));
    let end = behaviour.map_or(site.sql().len(), |span| span.start);
    let mut starts = outline.names.iter().map(|name| name.span.start).peekable();
    let mut items = Vec::with_capacity(outline.names.len());
    while let Some(start) = starts.next() {
        let next = starts.peek().copied().unwrap_or(end);
        let tokens = site.tokens_in(Span::new(start, next));
        let last = tokens.iter().rev().find(|token| token.kind != TokenKind::Comma);
        items.extend(last.map(|token| Span::new(start, token.span.end)));
    }
    items
}

/// The actions of an `ALTER`, one by one.
fn actions(site: &Site<'_>, index: bool) -> Vec<(StepKind, Mutant)> {
    let outline = site.outline();
    let actions = outline.actions();
    let listed =
        matches!(outline.object, Some(ObjectKind::Table | ObjectKind::ForeignTable | ObjectKind::Type));
    if actions.len() < 2 || !listed {
        let kind =
            if index { StepKind::Index } else { actions.first().map_or(StepKind::Restores, action_kind) };
        let object = actions.first().map_or_else(|| site.object(), |action| action_object(site, action));
        return vec![(kind, site.left_out().on(object))];
    }
    let items: Vec<Span> = actions.iter().map(|action| action.span).collect();
    let mutant = |(at, action): (usize, &Action)| {
        let edit = Edit::remove_item(&items, at)?;
        let left = site.mutant([edit], format!("{} is left out", action.span.text(site.sql())));
        Some((action_kind(action), left.on(action_object(site, action))))
    };
    actions.iter().enumerate().filter_map(mutant).collect()
}

fn action_kind(action: &Action) -> StepKind {
    match action.kind {
        ActionKind::AddColumn | ActionKind::DropColumn => StepKind::Column,
        ActionKind::DropConstraint
        | ActionKind::DropDefault
        | ActionKind::DropNotNull
        | ActionKind::DropExpression
        | ActionKind::DropIdentity
        | ActionKind::DisableTrigger
        | ActionKind::DisableRule
        | ActionKind::DisableRowSecurity
        | ActionKind::NoForceRowSecurity
        | ActionKind::NoInherit
        | ActionKind::DetachPartition => StepKind::Takes,
        _ => StepKind::Restores,
    }
}

fn action_object(site: &Site<'_>, action: &Action) -> String {
    match &action.name {
        Some(name) => format!("{}.{}", site.object(), name.name()),
        None => site.object(),
    }
}

fn has_word(site: &Site<'_>, word: &str) -> bool {
    site.tokens().iter().any(|token| token.is_word(site.sql(), word))
}

/// Whether a query calls a function: `SELECT setval(…)`.
fn calls(site: &Site<'_>) -> bool {
    const NOT_CALLED: &[&str] = &[
        "in", "as", "exists", "values", "any", "all", "and", "or", "not", "on", "from", "where", "select",
        "over", "filter",
    ];
    site.tokens().windows(2).any(|pair| match pair {
        [name, open] => {
            name.kind.is_name()
                && open.kind == TokenKind::LeftParen
                && !NOT_CALLED.iter().any(|word| name.is_word(site.sql(), word))
        }
        _ => false,
    })
}

/// Whether the last part of a name stands in `span`.
pub(super) fn mentions(site: &Site<'_>, span: Span, name: &ObjectName) -> bool {
    site.tokens_in(span).iter().any(|token| {
        token.kind.is_name()
            && ObjectName::read(site.sql(), token.span).is_some_and(|found| found.name() == name.name())
    })
}
