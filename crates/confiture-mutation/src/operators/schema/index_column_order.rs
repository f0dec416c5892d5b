//! `index-column-order`.

use confiture_core::sql::Span;

use super::super::prelude::*;
use super::super::words::{Words, brief};

/// Exchanges two columns of an index, or a direction of one.
#[derive(Debug, Default)]
pub struct IndexColumnOrder;

confiture_core::register!(operator IndexColumnOrder);

impl MutationOperator for IndexColumnOrder {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "index-column-order",
                summary: "exchanges two neighbouring columns of an index, or a direction",
                docs: "Queries by the first column alone, or in that order, are no longer served. Only \
                       plans and the catalog tell; a written direction is exchanged where there are \
                       several columns.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::ROLLBACK).and(Channels::PLAN),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (first text, last text);",
                up: "CREATE INDEX users_name ON users (last, first);",
                down: "DROP INDEX users_name;",
                mutant: "CREATE INDEX users_name ON users (first, last);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT pg_get_indexdef('users_name'::regclass, 1, true) = 'last';",
                ),
                spared: "CREATE INDEX users_name ON users (last DESC);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let Some(index) = site.outline().index() else {
                continue;
            };
            for pair in index.columns.windows(2) {
                let [first, second] = [pair[0].text(site.sql()), pair[1].text(site.sql())];
                let edits = [Edit::replace(pair[0], second), Edit::replace(pair[1], first)];
                if first != second {
                    out.push(
                        site.mutant(edits, format!("{} and {} change places", brief(first), brief(second))),
                    );
                }
            }
            if index.columns.len() > 1 {
                for (edit, what) in index.columns.iter().filter_map(|column| turned(site, *column)) {
                    out.push(site.mutant([edit], what));
                }
            }
        }
    }
}

/// The direction of a column exchanged.
fn turned(site: &Site<'_>, column: Span) -> Option<(Edit, &'static str)> {
    let words = Words::within(site, column);
    let at = (1..words.len()).find(|at| words.at_any(*at, &["asc", "desc"]))?;
    let (other, what) = match words.at(at, &["asc"]) {
        true => ("DESC", "ASC becomes DESC"),
        false => ("ASC", "DESC becomes ASC"),
    };
    Some((Edit::replace(words.span(at..at + 1)?, other), what))
}
