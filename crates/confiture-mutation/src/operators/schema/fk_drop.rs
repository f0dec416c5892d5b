//! `fk-drop`.

use confiture_core::sql::ClauseKind;

use super::super::constraints::of_kind;
use super::super::prelude::*;

/// Drops a foreign key.
#[derive(Debug, Default)]
pub struct FkDrop;

confiture_core::register!(operator FkDrop);

impl MutationOperator for FkDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "fk-drop",
                summary: "drops a foreign key",
                docs: "Rows may refer to nothing, and what is referred to may vanish. With it goes the \
                       `VALIDATE CONSTRAINT` that names it. The published removal of a foreign key with one \
                       column (FKColumnPairR of McMinn, Wright, Kapfhammer).",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int PRIMARY KEY);",
                up: "CREATE TABLE orders (user_id int REFERENCES users);",
                down: "",
                mutant: "CREATE TABLE orders (user_id int);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n-- confiture: catch 23503\nINSERT INTO orders VALUES \
                     (1);",
                ),
                spared: "CREATE TABLE orders (user_id int);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let foreign = of_kind(site, ClauseKind::ForeignKey);
            out.extend(foreign.filter_map(|found| found.dropped(cx, site, "the foreign key")));
        }
    }
}
