//! `matview-nodata`.

use confiture_core::sql::{Modifier, ObjectKind, PartKind, Verb};

use super::super::prelude::*;
use super::super::words::Words;
use super::query::view;

/// Leaves a materialized view without its rows.
#[derive(Debug, Default)]
pub struct MatviewNodata;

confiture_core::register!(operator MatviewNodata);

impl MutationOperator for MatviewNodata {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "matview-nodata",
                summary: "creates or refreshes a materialized view WITH NO DATA",
                docs: "Every query of the view fails until somebody refreshes it. Equivalent when a \
                       later statement refreshes it; stillborn when a later statement reads it.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::ROLLBACK).and(Channels::BEHAVIOUR),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE sales (amount int);",
                up: "CREATE MATERIALIZED VIEW totals AS SELECT sum(amount) FROM sales;",
                down: "DROP MATERIALIZED VIEW totals;",
                mutant: "CREATE MATERIALIZED VIEW totals AS SELECT sum(amount) FROM sales WITH NO DATA;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT count(*) = 1 FROM totals;",
                ),
                spared: "CREATE MATERIALIZED VIEW totals AS SELECT sum(amount) FROM sales WITH NO DATA; \
                         CREATE VIEW v AS SELECT 1;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let outline = site.outline();
            let words = Words::of(site);
            let created = view(site).map(|(definition, _)| definition.part(PartKind::WithData));
            let refreshed =
                outline.verb == Verb::Refresh && outline.modifier(Modifier::Concurrently).is_none();
            if outline.object != Some(ObjectKind::MaterializedView) || (created.is_none() && !refreshed) {
                continue;
            }
            let end = words.len();
            let no_data = end.checked_sub(3).is_some_and(|at| words.at(at, &["with", "no", "data"]));
            let data = end.checked_sub(2).filter(|at| words.at(*at, &["with", "data"]));
            let edit = match data.and_then(|at| words.span(at..end)) {
                _ if no_data => continue,
                Some(data) => Edit::replace(data, "WITH NO DATA"),
                None => Edit::insert(site.sql().len(), " WITH NO DATA"),
            };
            out.push(site.mutant([edit], "the view is left without its rows"));
        }
    }
}
