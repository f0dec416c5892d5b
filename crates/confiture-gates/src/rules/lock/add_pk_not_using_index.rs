//! `add-pk-not-using-index`.

use super::super::prelude::*;

/// The index of a primary key is built while nobody can use the table.
#[derive(Debug, Default)]
pub struct AddPkNotUsingIndex;

confiture_core::register!(rule AddPkNotUsingIndex);

impl Rule for AddPkNotUsingIndex {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "add-pk-not-using-index",
                summary: "ADD PRIMARY KEY builds its index under ACCESS EXCLUSIVE",
                docs: "ADD PRIMARY KEY holds ACCESS EXCLUSIVE while it reads every row and builds an index: nobody can read \
or write. CREATE UNIQUE INDEX CONCURRENTLY first, in a script without a transaction, then ADD \
PRIMARY KEY USING INDEX, which is done at once when the columns are NOT NULL already.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("logs", LockMode::AccessExclusive)], scans: &["logs"], ..Claim::NONE },
            withdrawal: Withdrawal::NoScan,
            example: RuleExample {
                setup: "CREATE TABLE logs (id int NOT NULL, m text);\n\
INSERT INTO logs SELECT g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
ALTER TABLE logs ADD PRIMARY KEY (id);",
                good: &[
                    "-- confiture: no-transaction\n\
SET lock_timeout = 0;\n\
CREATE UNIQUE INDEX CONCURRENTLY logs_pkey ON logs (id);",
                    "SET lock_timeout = '2s';\n\
ALTER TABLE logs ADD CONSTRAINT logs_pkey PRIMARY KEY USING INDEX logs_pkey;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        let kinds = [ActionKind::AddConstraint, ActionKind::AddColumn];
        for (statement, table, action) in cx.actions(&kinds) {
            let key = |clause: &&Clause| clause.kind == ClauseKind::PrimaryKey;
            let own = action.constraint.as_ref().filter(key);
            let of_column = || action.column.as_ref()?.clause(ClauseKind::PrimaryKey);
            let Some(clause) = own.or_else(of_column) else { continue };
            if clause.attribute(AttributeKind::UsingIndex).is_some() {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    clause.span,
                    format!("nobody can use {table} while the index of this key is built"),
                )
                .label("ACCESS EXCLUSIVE lock for a read of the whole table")
                .help("CREATE UNIQUE INDEX CONCURRENTLY, then ADD PRIMARY KEY USING INDEX")
                .on(table),
            );
        }
    }
}
