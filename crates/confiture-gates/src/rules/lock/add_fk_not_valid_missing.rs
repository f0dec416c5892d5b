//! `add-fk-not-valid-missing`.

use super::super::prelude::*;

/// A foreign key is checked row by row while nobody can write to either table.
#[derive(Debug, Default)]
pub struct AddFkNotValidMissing;

confiture_core::register!(rule AddFkNotValidMissing);

impl Rule for AddFkNotValidMissing {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "add-fk-not-valid-missing",
                summary: "ADD FOREIGN KEY without NOT VALID looks up every row under a lock",
                docs: "Adding a foreign key holds SHARE ROW EXCLUSIVE on both tables while every row is looked up: \
                       nobody can write to either of them. Added NOT VALID it looks at no row; VALIDATE CONSTRAINT \
                       in a migration of its own holds SHARE UPDATE EXCLUSIVE, which lets writers through. On a \
                       partitioned table NOT VALID is refused before PostgreSQL 18.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim {
                locks: &[("orders", LockMode::ShareRowExclusive), ("users", LockMode::ShareRowExclusive)],
                scans: &["orders"],
                ..Claim::NONE
            },
            withdrawal: Withdrawal::NoScan,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY);\n\
                        CREATE TABLE orders (id int PRIMARY KEY, user_id int);\n\
                        CREATE INDEX ON orders (user_id);\n\
                        INSERT INTO users SELECT g FROM generate_series(1, 500) g;\n\
                        INSERT INTO orders SELECT g, g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
                      ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users;",
                good: &[
                    "SET lock_timeout = '2s';\n\
                     ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users NOT VALID;",
                    "SET lock_timeout = '2s';\nALTER TABLE orders VALIDATE CONSTRAINT orders_user;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::AddConstraint, ActionKind::AddColumn]) {
            // A new column is looked up in every row when a default fills it.
            let of_column = || {
                let column = action.column.as_ref().filter(|c| c.clause(ClauseKind::Default).is_some())?;
                column.clause(ClauseKind::ForeignKey)
            };
            let own = action.constraint.as_ref().filter(|c| c.kind == ClauseKind::ForeignKey);
            let Some(clause) = own.or_else(of_column) else { continue };
            let looks_at_no_row = [AttributeKind::NotValid, AttributeKind::NotEnforced];
            if looks_at_no_row.iter().any(|kind| clause.attribute(*kind).is_some()) {
                continue;
            }
            let other = clause.references.as_ref().map_or(String::new(), |to| format!(" and {}", to.table));
            out.push(
                RuleFinding::new(
                    statement,
                    clause.span,
                    format!("nobody can write to {table}{other} while every row is looked up"),
                )
                .label("SHARE ROW EXCLUSIVE lock for a read of the whole table")
                .help("add it NOT VALID, then VALIDATE CONSTRAINT in a migration of its own")
                .on(table),
            );
        }
    }
}
