//! `not-valid-drop`.

use confiture_core::sql::AttributeKind;

use super::super::constraints::constraints;
use super::super::prelude::*;

/// Takes NOT VALID away.
#[derive(Debug, Default)]
pub struct NotValidDrop;

confiture_core::register!(operator NotValidDrop);

impl MutationOperator for NotValidDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "not-valid-drop",
                summary: "takes NOT VALID away",
                docs: "The constraint is checked against every row while the table is locked against writes, \
                       and the migration fails on an old row that breaks it. The end is the same when the \
                       constraint is validated in the same script and all rows keep it.",
            },
            category: MutationCategory::Locking,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::LOCK).and(Channels::ABORT).and(Channels::PLAN),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, age int);",
                up: "ALTER TABLE users ADD CONSTRAINT adult CHECK (age >= 18) NOT VALID;",
                down: "ALTER TABLE users DROP CONSTRAINT adult;",
                mutant: "ALTER TABLE users ADD CONSTRAINT adult CHECK (age >= 18);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\nINSERT INTO users VALUES (1, 17);\n\
                     -- confiture: migrate to 0002\n-- confiture: catch check_violation\n\
                     INSERT INTO users VALUES (2, 17);",
                ),
                spared: "ALTER TABLE users ADD CONSTRAINT adult CHECK (age >= 18);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for found in constraints(site) {
                if let Some(not_valid) = found.clause.attribute(AttributeKind::NotValid) {
                    let edit = Edit::remove_clause(site.sql(), not_valid.span);
                    out.push(found.mutant(site, [edit], "NOT VALID is left out"));
                }
            }
        }
    }
}
