//! `fk-pair-exchange`.

use std::collections::BTreeSet;

use super::super::prelude::*;
use super::foreign_keys::{Pair, foreign_keys};

/// Exchanges one column of a foreign key, on either side.
#[derive(Debug, Default)]
pub struct FkPairExchange;

confiture_core::register!(operator FkPairExchange);

impl MutationOperator for FkPairExchange {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "fk-pair-exchange",
                summary: "exchanges a column of a foreign key",
                docs: "The wrong column refers, or the wrong one is referred to: one mutant for each other \
                       column of either table. Stillborn where the types cannot be compared and where what \
                       is referred to is no key. The published operator FKColumnPairE (McMinn, Wright, \
                       Kapfhammer): a pair that shares a column with the new one is left out.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (buyer int REFERENCES \
                     users (id), seller int);",
                down: "",
                mutant: "CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (buyer int, FOREIGN KEY \
                     (seller) REFERENCES users (id), seller int);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n-- confiture: catch 23503\nINSERT INTO orders VALUES \
                     (1, NULL);",
                ),
                spared: "CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (buyer int REFERENCES \
                     users (id));",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for key in foreign_keys(site) {
                let (own, referred) = key.tables(cx, site);
                let pairs = key.pairs(site, &referred).unwrap_or_default();
                let mut made: BTreeSet<BTreeSet<Pair>> = BTreeSet::new();
                for (at, (local, target)) in pairs.iter().enumerate() {
                    let locals = own.columns.iter().map(|column| (column.name.clone(), target.clone()));
                    let targets = referred.columns.iter().map(|column| (local.clone(), column.name.clone()));
                    for pair in locals.chain(targets).filter(|pair| *pair != pairs[at]) {
                        let description = format!("{local} → {target} becomes {} → {}", pair.0, pair.1);
                        let others = exchanged(&pairs, at, pair);
                        if made.insert(others.iter().cloned().collect()) {
                            out.extend(key.with_pairs(site, &others, description));
                        }
                    }
                }
            }
        }
    }
}

/// `pairs` with `new` in the place of the one at `at`, and without others that share a column with it.
fn exchanged(pairs: &[Pair], at: usize, new: Pair) -> Vec<Pair> {
    let kept = |(place, pair): (usize, &Pair)| match place == at {
        true => Some(new.clone()),
        false => (pair.0 != new.0 && pair.1 != new.1).then(|| pair.clone()),
    };
    pairs.iter().enumerate().filter_map(kept).collect()
}
