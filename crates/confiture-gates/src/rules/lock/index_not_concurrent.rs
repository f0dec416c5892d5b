//! `index-not-concurrent`.

use super::super::prelude::*;

/// An index is built while nobody can write.
#[derive(Debug, Default)]
pub struct IndexNotConcurrent;

confiture_core::register!(rule IndexNotConcurrent);

impl Rule for IndexNotConcurrent {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "index-not-concurrent",
                summary: "CREATE INDEX without CONCURRENTLY on a table that is in use",
                docs: "CREATE INDEX holds SHARE on its table while it reads every row: no INSERT, UPDATE or DELETE \
                       gets through until the transaction ends. CREATE INDEX CONCURRENTLY holds SHARE UPDATE \
                       EXCLUSIVE, which lets them through; it needs a script without a transaction, no lock_timeout, \
                       and leaves an INVALID index when it fails. On a partitioned table build the index on each \
                       partition concurrently, then CREATE INDEX … ON ONLY the parent and ALTER INDEX … ATTACH \
                       PARTITION.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::Share)], scans: &["users"], ..Claim::NONE },
            withdrawal: Withdrawal::NoScan,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text);\n\
                        INSERT INTO users SELECT g, 'u' || g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\nCREATE INDEX users_email_idx ON users (email);",
                good: &["-- confiture: no-transaction\nSET lock_timeout = 0;\n\
                         CREATE INDEX CONCURRENTLY users_email_idx ON users (email);"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements.iter().filter(|s| s.does(Verb::Create, ObjectKind::Index)) {
            let outline = statement.outline();
            let Some(table) = &outline.on else { continue };
            // ON ONLY a partitioned table builds nothing.
            let only = statement.tokens().windows(2).any(|pair| {
                pair[0].is_word(statement.sql(), "on") && pair[1].is_word(statement.sql(), "only")
            });
            if outline.modifier(Modifier::Concurrently).is_some()
                || only
                || cx.is_new(statement, ObjectKind::Table, table)
            {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    table.span,
                    format!("nobody can write to {table} while this index is built"),
                )
                .label("SHARE lock for a read of the whole table")
                .help("CREATE INDEX CONCURRENTLY, in a script without a transaction")
                .on(table),
            );
        }
    }
}
