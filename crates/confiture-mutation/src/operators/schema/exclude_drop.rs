//! `exclude-drop`.

use confiture_core::sql::ClauseKind;

use super::super::constraints::of_kind;
use super::super::prelude::*;

/// Drops an exclusion constraint.
#[derive(Debug, Default)]
pub struct ExcludeDrop;

confiture_core::register!(operator ExcludeDrop);

impl MutationOperator for ExcludeDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "exclude-drop",
                summary: "drops an exclusion constraint",
                docs: "Rows may overlap or collide. No other constraint says the same, so the mutant is \
                       never equivalent; indistinct while no two rows collide.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE bookings (during int4range, EXCLUDE USING gist (during WITH &&));",
                down: "",
                mutant: "CREATE TABLE bookings (during int4range);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO bookings VALUES ('[1,5)');\n-- confiture: \
                     catch 23P01\nINSERT INTO bookings VALUES ('[4,9)');",
                ),
                spared: "CREATE TABLE bookings (during int4range UNIQUE);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let exclusions = of_kind(site, ClauseKind::Exclude);
            out.extend(exclusions.filter_map(|found| found.dropped(cx, site, "the exclusion constraint")));
        }
    }
}
