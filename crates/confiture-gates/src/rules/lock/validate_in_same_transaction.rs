//! `validate-in-same-transaction`.

use super::super::prelude::*;
use super::super::taken::taken;

/// A constraint is validated while the lock of what came before is still held.
#[derive(Debug, Default)]
pub struct ValidateInSameTransaction;

confiture_core::register!(rule ValidateInSameTransaction);

impl Rule for ValidateInSameTransaction {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "validate-in-same-transaction",
                summary: "VALIDATE CONSTRAINT in the transaction that locked the table",
                docs: "VALIDATE CONSTRAINT lets readers and writers through while it reads the table, but a lock that the \
transaction took before is held until it ends. After ADD CONSTRAINT … NOT VALID in the same \
transaction nobody gets in while every row is read, and nothing is won. VALIDATE in a migration of \
its own.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::AccessExclusive)], scans: &["users"], ..Claim::NONE },
            withdrawal: Withdrawal::NoScan,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, age int);\n\
INSERT INTO users SELECT g, 'u' || g, g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
ALTER TABLE users ADD CONSTRAINT age_ok CHECK (age >= 0) NOT VALID;\n\
ALTER TABLE users VALIDATE CONSTRAINT age_ok;",
                good: &[
                    "SET lock_timeout = '2s';\n\
ALTER TABLE users ADD CONSTRAINT age_ok CHECK (age >= 0) NOT VALID;",
                    "SET lock_timeout = '2s';\n\
ALTER TABLE users VALIDATE CONSTRAINT age_ok;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::ValidateConstraint]) {
            let earlier =
                cx.before_it(statement).iter().filter(|past| RuleContext::together(past, statement));
            let locks = earlier.flat_map(|past| taken(cx, past));
            let of_table = locks.filter(|(name, _)| RuleContext::same_name(name, table));
            let Some(mode) = of_table.map(|(_, mode)| mode).max().filter(|mode| *mode >= LockMode::Share)
            else {
                continue;
            };
            let who = if mode == LockMode::AccessExclusive { "use" } else { "write to" };
            out.push(
                RuleFinding::new(
                    statement,
                    action.span,
                    format!("nobody can {who} {table} while every row is checked"),
                )
                .label(format!("the {mode} lock from before is held until the transaction ends"))
                .help("VALIDATE CONSTRAINT in a migration of its own")
                .on(table),
            );
        }
    }
}
