//! `enum-value-reorder`.

use confiture_core::sql::ActionKind;

use super::super::actions;
use super::super::prelude::*;
use super::enums::{labels, last_label, object, place};

/// Exchanges two labels of an enum.
#[derive(Debug, Default)]
pub struct EnumValueReorder;

confiture_core::register!(operator EnumValueReorder);

impl MutationOperator for EnumValueReorder {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "enum-value-reorder",
                summary: "exchanges two neighbouring labels of an enum",
                docs: "Labels compare and sort by their order, so ORDER BY, `<` and max() answer \
                       otherwise. An added label goes to the other side of its neighbour, or to the end; one \
                       that is added at the end goes before the last, where that is known. Never equivalent, \
                       but indistinct while nothing compares labels.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TYPE level AS ENUM ('low', 'high');",
                down: "DROP TYPE level;",
                mutant: "CREATE TYPE level AS ENUM ('high', 'low');",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT 'low'::level < 'high'::level;",
                ),
                spared: "CREATE TYPE level AS ENUM ('low');",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for pair in labels(site).windows(2) {
                let [first, second] = [pair[0], pair[1]];
                let edits = [
                    Edit::replace(first, second.text(site.sql())),
                    Edit::replace(second, first.text(site.sql())),
                ];
                out.push(site.mutant(edits, "two labels change places").on(object(site, first)));
            }
            for (_, action) in actions::of_kinds(site, &[ActionKind::AddValue]) {
                let object = object(site, action.value.unwrap_or(action.span));
                let Some((side, place)) = place(site, action.span) else {
                    if let Some(last) = last_label(cx, site) {
                        let edit = Edit::insert(action.span.end, format!(" BEFORE {last}"));
                        out.push(site.mutant([edit], "the label goes before the last one").on(object));
                    }
                    continue;
                };
                let before = side.text(site.sql()).eq_ignore_ascii_case("before");
                let other = if before { "AFTER" } else { "BEFORE" };
                let edits = [
                    (Edit::replace(side, other), "the label goes to the other side"),
                    (Edit::remove_clause(site.sql(), place), "the label goes to the end"),
                ];
                out.extend(edits.map(|(edit, what)| site.mutant([edit], what).on(object.clone())));
            }
        }
    }
}
