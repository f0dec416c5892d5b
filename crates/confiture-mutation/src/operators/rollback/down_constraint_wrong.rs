//! `down-constraint-wrong`.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use confiture_core::plugin::Registry;
use confiture_core::sql::{Action, ActionKind, Span, Tokens, Verb};

use super::super::prelude::*;

/// Brings an object back otherwise than it was: any operator of the schema, applied to the rollback.
#[derive(Debug, Default)]
pub struct DownConstraintWrong;

confiture_core::register!(operator DownConstraintWrong);

impl MutationOperator for DownConstraintWrong {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "down-constraint-wrong",
                summary: "brings an object back otherwise than it was",
                docs: "The rollback creates the table or adds the constraint again, but without the NOT NULL, \
                       with another action, with a narrower type: every operator of the category schema (also \
                       those of plugins) is applied to what the rollback creates, adds or sets. The object of \
                       such a mutant ends in the id of that operator, after an @. What another operator of this category \
                       makes as well is left to it.",
            },
            category: MutationCategory::Rollback,
            severity: Severity::High,
            channels: Channels::ROLLBACK.and(Channels::BEHAVIOUR).and(Channels::PLAN),
            direction: Some(Direction::Down),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int PRIMARY KEY, name text);",
                up: "DROP TABLE users;",
                down: "CREATE TABLE users (id int PRIMARY KEY, name text);",
                mutant: "CREATE TABLE users (id int, name text);",
                killer: Killer::Check("down"),
                spared: "ALTER TABLE users DROP CONSTRAINT users_pkey; DROP TABLE users;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        if !cx.sites.iter().any(brings_back) {
            return;
        }
        let mut seen: BTreeSet<Changed> =
            made_by(cx, MutationCategory::Rollback).iter().map(|(_, mutant)| changed(cx, mutant)).collect();
        for (id, mutant) in made_by(cx, MutationCategory::Schema) {
            if mutant.edits.iter().all(|(at, edit)| restores(cx, *at, edit.span))
                && seen.insert(changed(cx, &mutant))
            {
                let object = format!("{}@{id}", mutant.object);
                out.push(mutant.on(object));
            }
        }
        out.sort_by_key(|mutant| mutant.statement);
    }
}

/// Every linked plugin, built once. A program in which two share an id has no registry, and tells so.
fn registry() -> &'static Registry {
    static LINKED: OnceLock<Registry> = OnceLock::new();
    LINKED.get_or_init(|| Registry::linked().unwrap_or_default())
}

/// What the other operators of a category make of the script, by operator.
fn made_by(cx: &MutationContext<'_>, category: MutationCategory) -> Vec<(&'static str, Mutant)> {
    let mut made = Vec::new();
    for operator in registry().operators() {
        let meta = operator.meta();
        if meta.category == category && meta.plugin.id != DownConstraintWrong.meta().plugin.id {
            let mut mutants = Vec::new();
            operator.mutate(cx, &mut mutants);
            made.extend(mutants.into_iter().map(|mutant| (meta.plugin.id, mutant)));
        }
    }
    made
}

/// What a mutant sends: its statements, each as its tokens.
type Changed = Vec<(usize, Vec<String>)>;

fn changed(cx: &MutationContext<'_>, mutant: &Mutant) -> Changed {
    let statements: BTreeSet<usize> = mutant.edits.iter().map(|(at, _)| *at).collect();
    let tokens = |sql: &str| {
        let tokens = Tokens::new(sql).filter(|token| !token.kind.is_trivia());
        tokens.map(|token| token.text(sql).to_owned()).collect()
    };
    let text = |at: &usize| mutant.statement_text(cx.script, *at).unwrap_or_default();
    statements.iter().map(|at| (*at, tokens(&text(at)))).collect()
}

fn brings_back(site: &Site<'_>) -> bool {
    match site.outline().verb {
        Verb::Create => true,
        Verb::Alter => site.outline().actions().iter().any(sets),
        _ => false,
    }
}

/// Whether an action adds something, or sets it to what it was.
fn sets(action: &Action) -> bool {
    matches!(
        action.kind,
        ActionKind::AddColumn
            | ActionKind::AddConstraint
            | ActionKind::AddIdentity
            | ActionKind::AddValue
            | ActionKind::AlterConstraint
            | ActionKind::AlterIdentity
            | ActionKind::AlterType
            | ActionKind::AttachPartition
            | ActionKind::SetDefault
            | ActionKind::SetExpression
            | ActionKind::SetNotNull
    )
}

/// Whether an edit is one of what the statement brings back.
fn restores(cx: &MutationContext<'_>, at: usize, edit: Span) -> bool {
    let Some(site) = cx.sites.get(at).filter(|site| brings_back(site)) else {
        return false;
    };
    let mut touched = site.outline().actions().iter().filter(|action| {
        let within = edit.start < action.span.end && action.span.start < edit.end;
        within || (edit.is_empty() && action.span.start <= edit.start && edit.start <= action.span.end)
    });
    touched.all(sets)
}
