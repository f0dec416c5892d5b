//! `fk-on-delete`.

use confiture_core::sql::AttributeKind;

use super::super::prelude::*;
use super::foreign_keys::foreign_keys;

/// Changes what a foreign key does on DELETE.
#[derive(Debug, Default)]
pub struct FkOnDelete;

confiture_core::register!(operator FkOnDelete);

impl MutationOperator for FkOnDelete {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "fk-on-delete",
                summary: "changes ON DELETE of a foreign key",
                docs: "Without an action and with RESTRICT it becomes CASCADE: rows vanish that nobody \
                       asked to delete. CASCADE is dropped or becomes SET NULL; SET NULL and SET DEFAULT \
                       are dropped or become CASCADE. Indistinct until a row that is referred to is \
                       deleted.",
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
                mutant: "CREATE TABLE orders (user_id int REFERENCES users ON DELETE CASCADE);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO users VALUES (1);\nINSERT INTO orders \
                     VALUES (1);\n-- confiture: catch 23503\nDELETE FROM users;",
                ),
                spared: "CREATE TABLE orders (user_id int);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for key in foreign_keys(site) {
                out.extend(key.with_other_actions(site, AttributeKind::OnDelete));
            }
        }
    }
}
