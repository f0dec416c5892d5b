//! `unique-column-remove`.

use confiture_core::sql::ClauseKind;

use super::super::prelude::*;
use super::keys::keys;

/// Leaves one of several columns out of a unique constraint or unique index.
#[derive(Debug, Default)]
pub struct UniqueColumnRemove;

confiture_core::register!(operator UniqueColumnRemove);

impl MutationOperator for UniqueColumnRemove {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "unique-column-remove",
                summary: "leaves a column out of a unique key",
                docs: "Of `(a, b)` only `(a)` tells rows apart: rows that may stand side by side are \
                       refused. Equivalent where a narrower key says so anyway; stillborn when a foreign \
                       key refers to all of them. The published operator UColumnR (McMinn, Wright, \
                       Kapfhammer); of a key with one column it is `unique-drop`.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE seats (room int, seat int, UNIQUE (room, seat));",
                down: "",
                mutant: "CREATE TABLE seats (room int, seat int, UNIQUE (room));",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO seats VALUES (1, 1), (1, 2);\n-- \
                     confiture: assert\nSELECT count(*) = 2 FROM seats;",
                ),
                spared: "CREATE TABLE seats (room int UNIQUE, seat int);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for key in keys(site, ClauseKind::Unique) {
                out.extend(key.without_a_column(site));
            }
        }
    }
}
