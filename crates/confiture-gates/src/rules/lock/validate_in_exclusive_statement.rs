//! `validate-in-exclusive-statement`.

use super::super::prelude::*;
use super::super::taken::taken;

/// A constraint is validated by a statement that needs a stronger lock for something else.
#[derive(Debug, Default)]
pub struct ValidateInExclusiveStatement;

confiture_core::register!(rule ValidateInExclusiveStatement);

impl Rule for ValidateInExclusiveStatement {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "validate-in-exclusive-statement",
                summary: "VALIDATE CONSTRAINT beside actions that need a stronger lock",
                docs: "One ALTER TABLE takes the strongest lock any of its actions needs, for all of them: VALIDATE \
CONSTRAINT beside an action that needs ACCESS EXCLUSIVE reads every row while nobody can use the \
table. VALIDATE in a statement, and a migration, of its own.",
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
INSERT INTO users SELECT g, 'u' || g, g FROM generate_series(1, 500) g;\n\
ALTER TABLE users ADD CONSTRAINT age_ok CHECK (age >= 0) NOT VALID;",
                bad: "SET lock_timeout = '2s';\n\
ALTER TABLE users VALIDATE CONSTRAINT age_ok, ALTER COLUMN age SET DEFAULT 0;",
                good: &[
                    "SET lock_timeout = '2s';\n\
ALTER TABLE users ALTER COLUMN age SET DEFAULT 0;",
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
            let locks = taken(cx, statement).into_iter();
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
                .label(format!("another action of this statement needs {mode}"))
                .help("VALIDATE CONSTRAINT in a migration of its own")
                .on(table),
            );
        }
    }
}
