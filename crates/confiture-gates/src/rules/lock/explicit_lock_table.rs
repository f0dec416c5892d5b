//! `explicit-lock-table`.

use super::super::prelude::*;
use super::super::taken::taken;

/// A migration locks a table by itself.
#[derive(Debug, Default)]
pub struct ExplicitLockTable;

confiture_core::register!(rule ExplicitLockTable);

impl Rule for ExplicitLockTable {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "explicit-lock-table",
                summary: "LOCK TABLE keeps others out until the transaction ends",
                docs: "LOCK TABLE without a mode is ACCESS EXCLUSIVE: nobody can read or write the table until the \
transaction ends, whatever else it does. The statements of a migration take the locks they need \
themselves. Where it is needed against deadlocks, lock in a mode that lets readers and writers \
through (SHARE UPDATE EXCLUSIVE), or as the last thing before a short statement.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::AccessExclusive)], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, age int);\n\
INSERT INTO users SELECT g, 'u' || g, g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
LOCK TABLE users;",
                good: &["SET lock_timeout = '2s';\n\
LOCK TABLE users IN SHARE UPDATE EXCLUSIVE MODE;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements.iter().filter(|s| s.outline().verb == Verb::Lock) {
            let strong = taken(cx, statement).into_iter().find(|(_, mode)| *mode >= LockMode::Share);
            let Some((table, mode)) = strong else { continue };
            let who = if mode == LockMode::AccessExclusive { "use" } else { "write to" };
            out.push(
                RuleFinding::new(
                    statement,
                    statement.span(),
                    format!("nobody can {who} {table} from here to the end of the transaction"),
                )
                .label(format!("{mode} lock"))
                .help("leave it out: each statement takes the lock it needs")
                .on(table),
            );
        }
    }
}
