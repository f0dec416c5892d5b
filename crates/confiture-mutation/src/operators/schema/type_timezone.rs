//! `type-timezone`.

use super::super::prelude::*;
use super::columns::types;

/// Exchanges timestamps with and without time zone.
#[derive(Debug, Default)]
pub struct TypeTimezone;

confiture_core::register!(operator TypeTimezone);

impl MutationOperator for TypeTimezone {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "type-timezone",
                summary: "exchanges timestamp with and without time zone",
                docs: "A point in time becomes what a clock showed somewhere, or the other way round: \
                       values shift with the TimeZone of the session. Indistinct while everybody writes and \
                       reads in one zone.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE events (at timestamptz);",
                down: "",
                mutant: "CREATE TABLE events (at timestamp);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO events VALUES ('2026-01-01 12:00+02'), \
                     ('2026-01-01 10:00+00');\n-- confiture: assert\nSELECT count(DISTINCT at) = 1 FROM \
                     events;",
                ),
                spared: "CREATE TABLE events (at date);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for (object, written) in types(site) {
                if !written.is(&["timestamp", "timestamptz"]) {
                    continue;
                }
                let has_zone = |span| {
                    site.tokens_in(span).first().is_some_and(|token| token.is_word(site.sql(), "with"))
                };
                let (edit, description) = match written.zone {
                    Some(zone) if has_zone(zone) => {
                        (Edit::remove_clause(site.sql(), zone), "the time zone is dropped")
                    }
                    Some(zone) => (Edit::replace(zone, "with time zone"), "a time zone is added"),
                    None if written.is(&["timestamptz"]) => {
                        (Edit::replace(written.name, "timestamp"), "the time zone is dropped")
                    }
                    None => (Edit::replace(written.name, "timestamptz"), "a time zone is added"),
                };
                out.push(site.mutant([edit], description).on(object));
            }
        }
    }
}
