//! `index-skip`.

use super::super::prelude::*;

/// Does not create an index.
#[derive(Debug, Default)]
pub struct IndexSkip;

confiture_core::register!(operator IndexSkip);

impl MutationOperator for IndexSkip {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "index-skip",
                summary: "does not create an index",
                docs: "Queries go on to give the right rows and read the whole table for them; without a \
                       unique index, duplicates get in. Only plans and catalogs tell. Stillborn where a \
                       later statement names the index.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK).and(Channels::PLAN),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (email text);",
                up: "CREATE INDEX users_email ON users (email);",
                down: "",
                mutant: ";",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n-- confiture: uses-index users_email\nSELECT * FROM \
                     users WHERE email = 'a';",
                ),
                spared: "ALTER INDEX users_email RENAME TO users_email_idx;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        let indexes = cx.sites.iter().filter(|site| site.outline().index().is_some());
        out.extend(indexes.map(Site::left_out));
    }
}
