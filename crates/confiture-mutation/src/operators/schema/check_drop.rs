//! `check-drop`.

use super::super::constraints::is_table;
use super::super::prelude::*;
use super::checks::checks;

/// Drops a check constraint.
#[derive(Debug, Default)]
pub struct CheckDrop;

confiture_core::register!(operator CheckDrop);

impl MutationOperator for CheckDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "check-drop",
                summary: "drops a check constraint",
                docs: "Values get in that should not. With it goes the `VALIDATE CONSTRAINT` that names \
                       it. Equivalent where a type, a domain or another check says the same. The published \
                       operator CR (McMinn, Wright, Kapfhammer).",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE items (price int CHECK (price > 0));",
                down: "",
                mutant: "CREATE TABLE items (price int);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n-- confiture: catch 23514\nINSERT INTO items VALUES \
                     (-1);",
                ),
                spared: "CREATE DOMAIN price AS int CHECK (value > 0);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in cx.sites.iter().filter(|site| is_table(site)) {
            for (found, _) in checks(site) {
                out.extend(found.dropped(cx, site, "the check"));
            }
        }
    }
}
