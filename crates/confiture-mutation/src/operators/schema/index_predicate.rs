//! `index-predicate`.

use confiture_core::sql::{AttributeKind, ClauseKind, Span};

use super::super::constraints::of_kind;
use super::super::prelude::*;

/// Drops or negates the predicate of a partial index.
#[derive(Debug, Default)]
pub struct IndexPredicate;

confiture_core::register!(operator IndexPredicate);

impl MutationOperator for IndexPredicate {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "index-predicate",
                summary: "drops or negates the WHERE of a partial index",
                docs: "The index holds all rows or the wrong ones: a unique one refuses what it should \
                       not or lets in what it should not, another serves no query. Also the WHERE of an \
                       exclusion constraint. Equivalent where the predicate holds for every row anyway.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK).and(Channels::PLAN),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (email text, deleted bool);",
                up: "CREATE UNIQUE INDEX users_email ON users (email) WHERE NOT deleted;",
                down: "DROP INDEX users_email;",
                mutant: "CREATE UNIQUE INDEX users_email ON users (email);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     INSERT INTO users VALUES ('ada@example.com', true);\n\
                     INSERT INTO users VALUES ('ada@example.com', true);\n\
                     -- confiture: assert\n\
                     SELECT count(*) = 2 FROM users;",
                ),
                spared: "CREATE UNIQUE INDEX users_email ON users (email);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            if let Some(index) = site.outline().index()
                && let (Some(filter), Some(predicate)) = (index.filter, index.predicate)
            {
                out.extend(edits(site, filter, predicate).map(|(edit, what)| site.mutant([edit], what)));
            }
            for found in of_kind(site, ClauseKind::Exclude) {
                if let Some(filter) = found.clause.attribute(AttributeKind::Where)
                    && let Some(predicate) = filter.value
                {
                    let edits = edits(site, filter.span, predicate);
                    out.extend(edits.map(|(edit, what)| found.mutant(site, [edit], what)));
                }
            }
        }
    }
}

fn edits(site: &Site<'_>, filter: Span, predicate: Span) -> impl Iterator<Item = (Edit, &'static str)> {
    let negated = format!("NOT ({})", predicate.text(site.sql()));
    [
        (Edit::remove_clause(site.sql(), filter), "the predicate is dropped"),
        (Edit::replace(predicate, negated), "the predicate is negated"),
    ]
    .into_iter()
}
