//! `add-check-not-valid-missing`.

use super::super::prelude::*;

/// A CHECK is checked row by row while nobody can use the table.
#[derive(Debug, Default)]
pub struct AddCheckNotValidMissing;

confiture_core::register!(rule AddCheckNotValidMissing);

impl Rule for AddCheckNotValidMissing {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "add-check-not-valid-missing",
                summary: "ADD CHECK without NOT VALID reads the table under ACCESS EXCLUSIVE",
                docs: "Adding a CHECK holds ACCESS EXCLUSIVE while every row is looked at: nobody can read or write. Added \
NOT VALID it looks at no row, and holds for new ones at once; VALIDATE CONSTRAINT in a migration of \
its own holds SHARE UPDATE EXCLUSIVE, which lets readers and writers through. The same goes for a \
CHECK of a column that is added, and since PostgreSQL 18 for ADD CONSTRAINT … NOT NULL.",
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
ALTER TABLE users ADD CONSTRAINT age_ok CHECK (age >= 0);",
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
        let kinds = [ActionKind::AddConstraint, ActionKind::AddColumn];
        for (statement, table, action) in cx.actions(&kinds) {
            let (clause, help) = match (&action.constraint, &action.column) {
                (Some(clause), _) if matches!(clause.kind, ClauseKind::Check | ClauseKind::NotNull) => {
                    (clause, "add it NOT VALID, then VALIDATE CONSTRAINT in a migration of its own")
                }
                (_, Some(column)) => match column.clause(ClauseKind::Check) {
                    Some(clause) => (clause, "add the column without it, then the constraint NOT VALID"),
                    None => continue,
                },
                _ => continue,
            };
            let looks_at_no_row = [AttributeKind::NotValid, AttributeKind::NotEnforced];
            if looks_at_no_row.iter().any(|kind| clause.attribute(*kind).is_some()) {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    clause.span,
                    format!("nobody can use {table} while every row is checked"),
                )
                .label("ACCESS EXCLUSIVE lock for a read of the whole table")
                .help(help)
                .on(table),
            );
        }
    }
}
