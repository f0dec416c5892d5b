//! `enum-value-drop`.

use confiture_core::sql::ActionKind;

use super::super::actions;
use super::super::prelude::*;
use super::enums::{labels, object};

/// Leaves a label of an enum out.
#[derive(Debug, Default)]
pub struct EnumValueDrop;

confiture_core::register!(operator EnumValueDrop);

impl MutationOperator for EnumValueDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "enum-value-drop",
                summary: "leaves a label of an enum out",
                docs: "Rows with that label are refused. Stillborn where a later statement uses the \
                       label, rejected where rows do.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TYPE status AS ENUM ('new', 'paid', 'sent');",
                down: "DROP TYPE status;",
                mutant: "CREATE TYPE status AS ENUM ('new', 'sent');",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT 'paid'::status IS NOT NULL;",
                ),
                spared: "CREATE TYPE status AS (code int, label text);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let labels = labels(site);
            for (at, label) in labels.iter().enumerate() {
                let edit = Edit::remove_item(labels, at);
                let mutant =
                    edit.map(|edit| site.mutant([edit], "the label is left out").on(object(site, *label)));
                out.extend(mutant);
            }
            for (at, action) in actions::of_kinds(site, &[ActionKind::AddValue]) {
                if let (Some(edit), Some(label)) = (actions::removal(site, at), action.value) {
                    out.push(site.mutant([edit], "the label is not added").on(object(site, label)));
                }
            }
        }
    }
}
