//! `missing-lock-timeout`.

use super::super::prelude::*;
use super::super::taken::taken;
use confiture_core::sql::{TransactionSafety, classify};

/// A statement waits for its lock for ever, and everybody waits behind it.
#[derive(Debug, Default)]
pub struct MissingLockTimeout;

confiture_core::register!(rule MissingLockTimeout);

impl Rule for MissingLockTimeout {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "missing-lock-timeout",
                summary: "a strong lock is waited for without lock_timeout",
                docs: "A statement that waits for a lock stands in a queue, and whoever comes later and conflicts with \
                       it waits behind it: one long SELECT and one ALTER TABLE stop all traffic to the table. With SET \
                       lock_timeout = '2s' the migration gives up instead and can be tried again. Session settings of \
                       confiture.toml (`set`) count. CONCURRENTLY is not meant: given up it leaves an INVALID index.",
            },
            category: RuleCategory::Lock,
            severity: Severity::Medium,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::AccessExclusive)], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY);",
                bad: "ALTER TABLE users ADD COLUMN nick text;",
                good: &["SET lock_timeout = '2s';\nALTER TABLE users ADD COLUMN nick text;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        let concurrent = |s: &RuleStatement<'_>| classify(s.sql()).transaction == TransactionSafety::Refused;
        let waiting = cx.statements.iter().filter(|s| s.timeouts.waits().is_none() && !concurrent(s));
        let strong = waiting.filter_map(|statement| {
            let locks = taken(cx, statement);
            let (table, mode) = locks.into_iter().max_by_key(|(_, mode)| *mode)?;
            (mode >= LockMode::Share).then(|| (statement, table.clone(), mode))
        });
        // Said once: one setting at the top is enough for all.
        if let Some((statement, table, mode)) = strong.into_iter().next() {
            out.push(
                RuleFinding::new(
                    statement,
                    statement.span(),
                    format!(
                        "everybody who uses {table} waits behind this statement while it waits for its lock"
                    ),
                )
                .label(format!("waits for {mode} for ever"))
                .help("put  SET lock_timeout = '2s';  before it")
                .on(&table),
            );
        }
    }
}
