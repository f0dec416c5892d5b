//! `transaction-unwrap`.

use confiture_core::migration::TransactionMode;
use confiture_core::sql::{Classification, TransactionControl, classify};

use super::super::prelude::*;

/// Takes the BEGIN and COMMIT of the rollback away.
#[derive(Debug, Default)]
pub struct TransactionUnwrap;

confiture_core::register!(operator TransactionUnwrap);

impl MutationOperator for TransactionUnwrap {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "transaction-unwrap",
                summary: "takes BEGIN and COMMIT of the rollback away",
                docs: "A rollback that fails in the middle then leaves half of its work where the tool runs \
                       statements one by one, and what was meant to last for one transaction (`SET LOCAL`) \
                       lasts for none, or for too long. Spared where the tool opens a transaction of its own \
                       and the block holds the whole script: nothing would change. Stillborn when a statement \
                       needs the block.",
            },
            category: MutationCategory::Rollback,
            severity: Severity::Critical,
            channels: Channels::ROLLBACK.and(Channels::ABORT),
            direction: Some(Direction::Down),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE SCHEMA old; CREATE TABLE old.users (id int); CREATE TABLE orders (id int);",
                up: "DROP TABLE old.users; DROP TABLE orders;",
                down: "BEGIN; SET LOCAL search_path = old; CREATE TABLE users (id int); COMMIT; \
                       CREATE TABLE orders (id int);",
                mutant: "; SET LOCAL search_path = old; CREATE TABLE users (id int); ; \
                         CREATE TABLE orders (id int);",
                killer: Killer::Check("down"),
                spared: "BEGIN; CREATE TABLE old.users (id int); CREATE TABLE orders (id int); COMMIT;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        let control: Vec<Option<TransactionControl>> =
            cx.sites.iter().map(|site| control(classify(site.sql()), site)).collect();
        let mut opened: Option<usize> = None;
        for (at, (site, control)) in cx.sites.iter().zip(&control).enumerate() {
            match control {
                Some(TransactionControl::Begin) => opened = Some(at),
                Some(TransactionControl::Commit) => {
                    let Some(begin) = opened.take() else { continue };
                    let whole = begin == 0 && at + 1 == cx.sites.len();
                    let plain = cx.sites[begin].tokens().len() < 3;
                    if !(whole && plain && cx.script.transaction != TransactionMode::Autocommit) {
                        let left = "BEGIN and COMMIT are left out";
                        let mutant = cx.sites[begin].mutant([Edit::remove(cx.sites[begin].span())], left);
                        out.push(mutant.on("transaction").with(site, [Edit::remove(site.span())]));
                    }
                }
                // Savepoints exist in a block only; what is rolled back was never to last.
                Some(_) => opened = None,
                None => {}
            }
        }
    }
}

/// What a statement does to the transaction; `COMMIT AND CHAIN` opens the next one and is left alone.
fn control(found: Classification, site: &Site<'_>) -> Option<TransactionControl> {
    match found.control? {
        TransactionControl::Commit
            if site.tokens().iter().any(|token| token.is_word(site.sql(), "chain")) =>
        {
            Some(TransactionControl::Rollback)
        }
        control => Some(control),
    }
}
