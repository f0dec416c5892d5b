//! `concurrently-with-lock-timeout`.

use super::super::prelude::*;
use std::time::Duration;

use confiture_core::sql::{TransactionSafety, classify};

/// Whoever sets as much has thought of it.
const ENOUGH_FOR_A_LOCK: Duration = Duration::from_secs(300);
const ENOUGH_FOR_A_STATEMENT: Duration = Duration::from_secs(3600);

/// A concurrent build gives up half-way and leaves its remains.
#[derive(Debug, Default)]
pub struct ConcurrentlyWithLockTimeout;

confiture_core::register!(rule ConcurrentlyWithLockTimeout);

impl Rule for ConcurrentlyWithLockTimeout {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "concurrently-with-lock-timeout",
                summary: "CONCURRENTLY under a short timeout leaves an INVALID index",
                docs: "CREATE INDEX CONCURRENTLY waits for every older transaction that could use the table, under \
lock_timeout, and statement_timeout counts for all of it. When one of them strikes (55P03, 57014) an \
INVALID index stays, which costs writes and helps nobody; DROP INDEX, REINDEX and DETACH PARTITION \
CONCURRENTLY stop half-way alike. Turn both off before it: nobody waits behind it.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim::NONE,
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, age int);\n\
INSERT INTO users SELECT g, 'u' || g, g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
CREATE INDEX CONCURRENTLY users_age ON users (age);",
                good: &["-- confiture: no-transaction\n\
SET lock_timeout = 0;\n\
SET statement_timeout = 0;\n\
CREATE INDEX CONCURRENTLY users_age ON users (age);"],
                transaction: false,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        let short = |timeout: Option<Duration>, enough: Duration| {
            timeout.is_some_and(|timeout| !timeout.is_zero() && timeout < enough)
        };
        for statement in cx.statements {
            let outline = statement.outline();
            let sql = statement.sql();
            let detaches = outline.actions().iter().any(|action| {
                action.kind == ActionKind::DetachPartition
                    && action.modifier(Modifier::Concurrently).is_some()
            });
            let builds = matches!(
                (outline.verb, outline.object),
                (Verb::Create | Verb::Drop, Some(ObjectKind::Index)) | (Verb::Reindex, _)
            );
            let concurrent = builds && classify(sql).transaction == TransactionSafety::Refused;
            let says = statement.tokens().iter().any(|token| token.is_word(sql, "concurrently"));
            if !(detaches || (concurrent && says)) {
                continue;
            }
            let name = if short(statement.timeouts.lock, ENOUGH_FOR_A_LOCK) {
                "lock_timeout"
            } else if short(statement.timeouts.statement, ENOUGH_FOR_A_STATEMENT) {
                "statement_timeout"
            } else {
                continue;
            };
            let mut finding = RuleFinding::new(
                statement,
                statement.span(),
                format!("{name} may stop this half-way, and what is left is INVALID"),
            )
            .label("waits for all older transactions")
            .help(format!("SET {name} = 0;  before it, and set it again behind it"));
            if let Some(table) = &outline.on {
                finding = finding.on(table);
            }
            out.push(finding);
        }
    }
}
