//! `detach-partition-not-concurrent`.

use super::super::prelude::*;

/// A partitioned table is closed while a partition is detached.
#[derive(Debug, Default)]
pub struct DetachPartitionNotConcurrent;

confiture_core::register!(rule DetachPartitionNotConcurrent);

impl Rule for DetachPartitionNotConcurrent {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "detach-partition-not-concurrent",
                summary: "DETACH PARTITION without CONCURRENTLY closes the partitioned table",
                docs: "DETACH PARTITION holds ACCESS EXCLUSIVE on the partitioned table and the partition until the \
transaction ends: nobody can read or write any partition by way of it, and everybody waits behind it \
while it waits. DETACH PARTITION … CONCURRENTLY (since PostgreSQL 14) holds SHARE UPDATE EXCLUSIVE \
on the partitioned table; it needs a script without a transaction, and no default partition.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim {
                locks: &[("events", LockMode::AccessExclusive), ("events_2024", LockMode::AccessExclusive)],
                ..Claim::NONE
            },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE events (id int NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);\n\
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');\n\
INSERT INTO events SELECT g, date '2024-01-01' + g % 300 FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
ALTER TABLE events DETACH PARTITION events_2024;",
                good: &["-- confiture: no-transaction\n\
SET lock_timeout = 0;\n\
ALTER TABLE events DETACH PARTITION events_2024 CONCURRENTLY;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::DetachPartition]) {
            let tokens = statement.tokens_in(action.span);
            let finishes = tokens.last().is_some_and(|token| token.is_word(statement.sql(), "finalize"));
            if action.modifier(Modifier::Concurrently).is_some() || finishes {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    action.span,
                    format!("nobody can use {table} from here to the end of the transaction"),
                )
                .label("ACCESS EXCLUSIVE lock on the partitioned table and the partition")
                .help("DETACH PARTITION … CONCURRENTLY, in a script without a transaction")
                .on(table),
            );
        }
    }
}
