//! `fk-pair-add`.

use super::super::prelude::*;
use super::foreign_keys::foreign_keys;

/// Adds a pair of columns to a foreign key.
#[derive(Debug, Default)]
pub struct FkPairAdd;

confiture_core::register!(operator FkPairAdd);

impl MutationOperator for FkPairAdd {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "fk-pair-add",
                summary: "adds a pair of columns to a foreign key",
                docs: "One mutant for each column of either table with which the columns referred to are \
                       still a key; no other would be accepted. The published operator FKColumnPairA \
                       (McMinn, Wright, Kapfhammer) also makes those that are not. Stillborn where the \
                       types cannot be compared.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE rooms (house int UNIQUE, room int, UNIQUE (house, room)); CREATE TABLE \
                     beds (house int REFERENCES rooms (house), room int);",
                down: "",
                mutant: "CREATE TABLE rooms (house int UNIQUE, room int, UNIQUE (house, room)); CREATE TABLE \
                     beds (house int, FOREIGN KEY (house, room) REFERENCES rooms (house, room), room int);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO rooms VALUES (1, 1);\nINSERT INTO beds \
                     VALUES (1, 2);\n-- confiture: assert\nSELECT count(*) = 1 FROM beds;",
                ),
                spared: "CREATE TABLE rooms (house int UNIQUE, room int); CREATE TABLE beds (house int \
                     REFERENCES rooms (house), room int);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for key in foreign_keys(site) {
                let (own, referred) = key.tables(cx, site);
                let pairs = key.pairs(site, &referred).unwrap_or_default();
                let is_free = |name: &str| pairs.iter().all(|(local, _)| local != name);
                let targets: Vec<&str> = pairs.iter().map(|(_, target)| target.as_str()).collect();
                for column in own.columns.iter().filter(|column| !pairs.is_empty() && is_free(&column.name)) {
                    for target in referred.columns.iter().map(|target| &target.name) {
                        let wider = [targets.as_slice(), &[target.as_str()]].concat();
                        if targets.contains(&target.as_str()) || !referred.has_key(&wider) {
                            continue;
                        }
                        let added = (column.name.clone(), target.clone());
                        let description = format!("{} has to refer to {target} too", column.name);
                        let more = [pairs.as_slice(), &[added]].concat();
                        out.extend(key.with_pairs(site, &more, description));
                    }
                }
            }
        }
    }
}
