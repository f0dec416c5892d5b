//! `check-in-remove`.

use super::super::prelude::*;
use super::checks::{checks, value_lists};

/// Takes one value out of the list of a check constraint.
#[derive(Debug, Default)]
pub struct CheckInRemove;

confiture_core::register!(operator CheckInRemove);

impl MutationOperator for CheckInRemove {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "check-in-remove",
                summary: "takes a value out of the list of a check",
                docs: "One mutant for each value of `IN (…)` and `= ANY (ARRAY[…])`: what the application \
                       may write is refused. Indistinct while nobody writes that value; rejected where a \
                       row holds it. The published operator CInListElementR (McMinn, Wright, Kapfhammer); a \
                       list of one value is spared.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE orders (status text CHECK (status IN ('new', 'paid')));",
                down: "",
                mutant: "CREATE TABLE orders (status text CHECK (status IN ('new')));",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO orders VALUES ('paid');\n-- confiture: \
                     assert\nSELECT count(*) = 1 FROM orders;",
                ),
                spared: "CREATE TABLE orders (status text CHECK (status IN ('new')));",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for (found, expression) in checks(site) {
                let lists = value_lists(site, expression).into_iter();
                for items in lists.filter(|items| items.len() > 1) {
                    for (at, item) in items.iter().enumerate() {
                        let edit = Edit::remove_item(&items, at);
                        let description = format!("{} is no longer allowed", item.text(site.sql()));
                        out.extend(edit.map(|edit| found.mutant(site, [edit], description)));
                    }
                }
            }
        }
    }
}
