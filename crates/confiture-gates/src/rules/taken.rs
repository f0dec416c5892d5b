//! The table locks a statement takes, as far as its text tells.
//!
//! Modes are those the claims of the rules measure on every PostgreSQL major, not those of the manual alone.

use super::prelude::*;
use confiture_core::sql::{Body, Outline};

/// The tables that were there before the migration and that `statement` locks, each with its strongest lock.
///
/// The table of `DROP INDEX` is not in its text; the index stands for it.
pub(super) fn taken<'a>(
    cx: &RuleContext<'_>,
    statement: &'a RuleStatement<'_>,
) -> Vec<(&'a ObjectName, LockMode)> {
    let outline = statement.outline();
    let mut found: Vec<(&ObjectName, LockMode)> = Vec::new();
    match (outline.verb, outline.object) {
        (Verb::Alter, Some(ObjectKind::Table)) => alter(outline, &mut found),
        (Verb::Create, Some(ObjectKind::Index)) => {
            let mode = match outline.modifier(Modifier::Concurrently) {
                Some(_) => LockMode::ShareUpdateExclusive,
                None => LockMode::Share,
            };
            found.extend(outline.on.as_ref().map(|table| (table, mode)));
        }
        (Verb::Create, Some(ObjectKind::Table)) => {
            if let Body::Table(table) = &outline.body {
                let columns = table.columns().flat_map(|column| &column.clauses);
                let clauses = columns.chain(table.constraints());
                let referenced = clauses.filter_map(|clause| Some(&clause.references.as_ref()?.table));
                found.extend(referenced.map(|table| (table, LockMode::ShareRowExclusive)));
                found.extend(table.partition_of.as_ref().map(|parent| (parent, LockMode::AccessExclusive)));
            }
        }
        (Verb::Create, Some(ObjectKind::Trigger)) => {
            found.extend(outline.on.as_ref().map(|table| (table, LockMode::ShareRowExclusive)));
        }
        (Verb::Create, Some(ObjectKind::Rule | ObjectKind::Policy))
        | (Verb::Alter | Verb::Drop, Some(ObjectKind::Trigger | ObjectKind::Rule | ObjectKind::Policy)) => {
            found.extend(outline.on.as_ref().map(|table| (table, LockMode::AccessExclusive)));
        }
        (Verb::Drop, Some(ObjectKind::Index)) => {
            let mode = match outline.modifier(Modifier::Concurrently) {
                Some(_) => LockMode::ShareUpdateExclusive,
                None => LockMode::AccessExclusive,
            };
            found.extend(outline.names.iter().map(|index| (index, mode)));
        }
        (Verb::Drop, Some(ObjectKind::Table)) | (Verb::Truncate | Verb::Cluster, _) => {
            found.extend(outline.names.iter().map(|table| (table, LockMode::AccessExclusive)));
        }
        (Verb::Lock, _) => {
            let mode = locked_in(statement);
            found.extend(outline.names.iter().map(|table| (table, mode)));
        }
        (Verb::Refresh, _) => {
            let mode = match outline.modifier(Modifier::Concurrently) {
                Some(_) => LockMode::Exclusive,
                None => LockMode::AccessExclusive,
            };
            found.extend(outline.name().map(|view| (view, mode)));
        }
        (Verb::Reindex, Some(ObjectKind::Table)) => {
            let concurrent = statement.tokens().iter().any(|t| t.is_word(statement.sql(), "concurrently"));
            let mode = if concurrent { LockMode::ShareUpdateExclusive } else { LockMode::Share };
            found.extend(outline.name().map(|table| (table, mode)));
        }
        (Verb::Insert | Verb::Update | Verb::Delete | Verb::Merge, _) => {
            found.extend(outline.name().map(|table| (table, LockMode::RowExclusive)));
        }
        _ => {}
    }
    let kind = |outline: &Outline| match outline.object {
        Some(ObjectKind::Index) if outline.verb == Verb::Drop => ObjectKind::Index,
        _ => ObjectKind::Table,
    };
    found.retain(|(name, _)| !cx.is_new(statement, kind(outline), name));
    found
}

fn alter<'a>(outline: &'a Outline, found: &mut Vec<(&'a ObjectName, LockMode)>) {
    let Some(table) = outline.name() else { return };
    for action in outline.actions() {
        let mode = match action.kind {
            ActionKind::SetStatistics
            | ActionKind::SetColumnOptions
            | ActionKind::SetOptions
            | ActionKind::ResetOptions
            | ActionKind::ClusterOn
            | ActionKind::SetWithoutCluster
            | ActionKind::ValidateConstraint
            | ActionKind::AttachPartition => LockMode::ShareUpdateExclusive,
            ActionKind::DetachPartition if action.modifier(Modifier::Concurrently).is_some() => {
                LockMode::ShareUpdateExclusive
            }
            ActionKind::EnableTrigger | ActionKind::DisableTrigger => LockMode::ShareRowExclusive,
            ActionKind::AddConstraint if is_foreign_key(action) => LockMode::ShareRowExclusive,
            _ => LockMode::AccessExclusive,
        };
        found.push((table, mode));
        match action.kind {
            ActionKind::AttachPartition | ActionKind::DetachPartition => {
                found.extend(action.name.as_ref().map(|partition| (partition, LockMode::AccessExclusive)));
            }
            _ => {}
        }
        let column = action.column.iter().flat_map(|column| &column.clauses);
        let clauses = column.chain(action.constraint.as_ref());
        let referenced = clauses.filter_map(|clause| Some(&clause.references.as_ref()?.table));
        found.extend(referenced.map(|table| (table, LockMode::ShareRowExclusive)));
    }
    found.sort_by(|a, b| a.0.parts.cmp(&b.0.parts).then(b.1.cmp(&a.1)));
    found.dedup_by(|a, b| a.0.parts == b.0.parts);
}

fn is_foreign_key(action: &Action) -> bool {
    action.constraint.as_ref().is_some_and(|clause| clause.kind == ClauseKind::ForeignKey)
}

/// The mode of `LOCK TABLE … [IN mode MODE]`.
fn locked_in(statement: &RuleStatement<'_>) -> LockMode {
    let sql = statement.sql();
    let word = |wanted: &str| statement.tokens().iter().rposition(|token| token.is_word(sql, wanted));
    let mode = word("in").zip(word("mode")).and_then(|(from, to)| statement.tokens().get(from + 1..to));
    let words = mode.map(|mode| mode.iter().map(|token| token.text(sql)).collect::<Vec<_>>().join(" "));
    words.and_then(|words| words.parse().ok()).unwrap_or(LockMode::AccessExclusive)
}
