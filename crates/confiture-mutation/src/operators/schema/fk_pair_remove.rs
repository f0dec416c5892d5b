//! `fk-pair-remove`.

use super::super::prelude::*;
use super::foreign_keys::foreign_keys;

/// Leaves one of several pairs of columns out of a foreign key.
#[derive(Debug, Default)]
pub struct FkPairRemove;

confiture_core::register!(operator FkPairRemove);

impl MutationOperator for FkPairRemove {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "fk-pair-remove",
                summary: "leaves a pair of columns out of a foreign key",
                docs: "Of `(a, b)` only `a` has to exist on the other side. Mostly stillborn: what is left \
                       has to be a key of the table referred to. The published operator FKColumnPairR \
                       (McMinn, Wright, Kapfhammer); of one pair it is `fk-drop`.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE rooms (house int UNIQUE, room int, UNIQUE (house, room)); CREATE TABLE \
                     beds (house int, room int, FOREIGN KEY (house, room) REFERENCES rooms (house, room));",
                down: "",
                mutant: "CREATE TABLE rooms (house int UNIQUE, room int, UNIQUE (house, room)); CREATE TABLE \
                     beds (house int, room int, FOREIGN KEY (house) REFERENCES rooms (house));",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO rooms VALUES (1, 1);\n-- confiture: catch \
                     23503\nINSERT INTO beds VALUES (1, 2);",
                ),
                spared: "CREATE TABLE rooms (house int UNIQUE, room int, UNIQUE (house, room)); CREATE TABLE \
                     beds (house int REFERENCES rooms (house), room int);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for key in foreign_keys(site) {
                let (_, referred) = key.tables(cx, site);
                let pairs = key.pairs(site, &referred).unwrap_or_default();
                for (at, (local, target)) in pairs.iter().enumerate().filter(|_| pairs.len() > 1) {
                    let mut others = pairs.clone();
                    others.remove(at);
                    let description = format!("{local} no longer refers to {target}");
                    out.extend(key.with_pairs(site, &others, description));
                }
            }
        }
    }
}
