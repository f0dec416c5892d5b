//! `pk-column-remove`.

use confiture_core::sql::ClauseKind;

use super::super::prelude::*;
use super::keys::keys;

/// Leaves one of several columns out of a primary key.
#[derive(Debug, Default)]
pub struct PkColumnRemove;

confiture_core::register!(operator PkColumnRemove);

impl MutationOperator for PkColumnRemove {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "pk-column-remove",
                summary: "leaves a column out of a primary key",
                docs: "Of `(a, b)` only `(a)` tells rows apart: rows that may stand side by side are \
                       refused, and the column left out may hold NULL. Equivalent where another key says \
                       the same; stillborn when a foreign key refers to all of them. The published operator \
                       PKColumnR (McMinn, Wright, Kapfhammer); of a key with one column it is `pk-drop`.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE seats (room int, seat int, PRIMARY KEY (room, seat));",
                down: "",
                mutant: "CREATE TABLE seats (room int, seat int, PRIMARY KEY (room));",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO seats VALUES (1, 1), (1, 2);\n-- \
                     confiture: assert\nSELECT count(*) = 2 FROM seats;",
                ),
                spared: "CREATE TABLE seats (room int PRIMARY KEY, seat int);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for key in keys(site, ClauseKind::PrimaryKey) {
                out.extend(key.without_a_column(site));
            }
        }
    }
}
