//! `collation-drop`.

use confiture_core::sql::{ActionKind, Body, ClauseKind, ObjectKind, Span};

use super::super::actions;
use super::super::constraints::of_kind;
use super::super::prelude::*;
use super::super::words::Words;

/// Drops a collation.
#[derive(Debug, Default)]
pub struct CollationDrop;

confiture_core::register!(operator CollationDrop);

impl MutationOperator for CollationDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "collation-drop",
                summary: "drops a collation",
                docs: "The column, domain or index sorts and compares as the database does. Equivalent \
                       where the database has the same collation; where only an index loses it, only \
                       plans tell.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK).and(Channels::PLAN),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE users (name text COLLATE \"C\");",
                down: "DROP TABLE users;",
                mutant: "CREATE TABLE users (name text);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT collation_name = 'C' FROM information_schema.columns WHERE table_name = \
                     'users' AND column_name = 'name';",
                ),
                spared: "CREATE TABLE users (name text);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            out.extend(of_kind(site, ClauseKind::Collate).filter_map(|found| found.removed(site, WHAT)));
            let dropped =
                |span| site.mutant([Edit::remove_clause(site.sql(), span)], format!("{WHAT} is dropped"));
            for (_, action) in actions::of_kinds(site, &[ActionKind::AlterType]) {
                let end = action.using.map_or(action.span.end, |using| using.start);
                let collations = collations(site, Span::new(action.span.start, end));
                out.extend(
                    collations
                        .into_iter()
                        .map(|span| dropped(span).on(actions::member(site, action.name.as_ref()))),
                );
            }
            let items: &[Span] = match (&site.outline().body, site.outline().object) {
                (Body::Index(index), _) => &index.columns,
                (Body::Definition(definition), Some(ObjectKind::Type)) => &definition.items,
                _ => &[],
            };
            out.extend(items.iter().flat_map(|item| collations(site, *item)).map(dropped));
        }
    }
}

const WHAT: &str = "the collation";

/// Every `COLLATE name` outside parentheses.
fn collations(site: &Site<'_>, span: Span) -> Vec<Span> {
    let words = Words::within(site, span);
    let found = (0..words.len()).filter(|at| words.at(*at, &["collate"])).filter_map(|at| {
        let mut end = at + 2;
        while words.text(end) == "." {
            end += 2;
        }
        words.span(at..end)
    });
    found.collect()
}
