//! `add-unique-not-using-index`.

use super::super::prelude::*;

/// The index of a unique constraint is built while nobody can use the table.
#[derive(Debug, Default)]
pub struct AddUniqueNotUsingIndex;

confiture_core::register!(rule AddUniqueNotUsingIndex);

impl Rule for AddUniqueNotUsingIndex {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "add-unique-not-using-index",
                summary: "ADD UNIQUE builds its index under ACCESS EXCLUSIVE",
                docs: "ADD UNIQUE holds ACCESS EXCLUSIVE while it reads every row and builds an index: nobody can read or \
write. CREATE UNIQUE INDEX CONCURRENTLY first, in a script without a transaction, then ADD \
CONSTRAINT … UNIQUE USING INDEX, which is done at once. The same goes for UNIQUE on a column that is \
added.",
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
ALTER TABLE users ADD CONSTRAINT users_email UNIQUE (email);",
                good: &[
                    "-- confiture: no-transaction\n\
SET lock_timeout = 0;\n\
CREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email);",
                    "SET lock_timeout = '2s';\n\
ALTER TABLE users ADD CONSTRAINT users_email UNIQUE USING INDEX users_email;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        let kinds = [ActionKind::AddConstraint, ActionKind::AddColumn];
        for (statement, table, action) in cx.actions(&kinds) {
            let key = |clause: &&Clause| clause.kind == ClauseKind::Unique;
            let own = action.constraint.as_ref().filter(key);
            let of_column = || action.column.as_ref()?.clause(ClauseKind::Unique);
            let Some(clause) = own.or_else(of_column) else { continue };
            if clause.attribute(AttributeKind::UsingIndex).is_some() {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    clause.span,
                    format!("nobody can use {table} while the index of this constraint is built"),
                )
                .label("ACCESS EXCLUSIVE lock for a read of the whole table")
                .help("CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … UNIQUE USING INDEX")
                .on(table),
            );
        }
    }
}
