//! `concurrently-in-transaction`.

use super::super::prelude::*;
use confiture_core::sql::{TransactionSafety, classify};

/// A statement that refuses a transaction block stands in one.
#[derive(Debug, Default)]
pub struct ConcurrentlyInTransaction;

confiture_core::register!(rule ConcurrentlyInTransaction);

impl Rule for ConcurrentlyInTransaction {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "concurrently-in-transaction",
                summary: "a statement that refuses a transaction stands in one",
                docs: "CREATE INDEX CONCURRENTLY, VACUUM, REINDEX CONCURRENTLY and others fail in a transaction block \
                       with SQLSTATE 25001; so they do in a DO block, in a function, and in a script that the tool \
                       wraps in a transaction or sends as one message. Put it into a script of its own and tell the \
                       tool not to open a transaction (`confiture explain LAYOUT` says how).",
            },
            category: RuleCategory::Fails,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { sqlstate: Some("25001"), ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text);",
                bad: "CREATE INDEX CONCURRENTLY users_email_idx ON users (email);",
                good: &["-- confiture: no-transaction\n\
                         CREATE INDEX CONCURRENTLY users_email_idx ON users (email);"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements.iter().filter(|statement| statement.transaction.is_some()) {
            if classify(statement.sql()).transaction != TransactionSafety::Refused {
                continue;
            }
            let span = statement.outline().modifier(Modifier::Concurrently).unwrap_or(statement.span());
            out.push(
                RuleFinding::new(statement, span, "this statement fails in a transaction")
                    .label("refused with SQLSTATE 25001")
                    .help("move it to a migration of its own that the tool runs without a transaction")
                    .evidence("sqlstate", "25001"),
            );
        }
    }
}
