//! `create-partition-locks-parent`.

use super::super::prelude::*;

/// A partitioned table is closed while a partition is created in it.
#[derive(Debug, Default)]
pub struct CreatePartitionLocksParent;

confiture_core::register!(rule CreatePartitionLocksParent);

impl Rule for CreatePartitionLocksParent {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "create-partition-locks-parent",
                summary: "CREATE TABLE … PARTITION OF closes the partitioned table",
                docs: "CREATE TABLE … PARTITION OF holds ACCESS EXCLUSIVE on the partitioned table until the transaction \
ends: nobody can read or write any partition by way of it, and everybody waits behind it while it \
waits. Make a table of its own (CREATE TABLE … (LIKE parent INCLUDING ALL)) and ATTACH PARTITION, \
which holds SHARE UPDATE EXCLUSIVE on the partitioned table.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("events", LockMode::AccessExclusive)], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE events (id int NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);\n\
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');\n\
INSERT INTO events SELECT g, date '2024-01-01' + g % 300 FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');",
                good: &["SET lock_timeout = '2s';\n\
CREATE TABLE events_2025 (LIKE events INCLUDING ALL);\n\
ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements.iter().filter(|s| s.outline().verb == Verb::Create) {
            let Some(parent) = statement.outline().table().and_then(|table| table.partition_of.as_ref())
            else {
                continue;
            };
            if cx.is_new(statement, ObjectKind::Table, parent) {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    parent.span,
                    format!("nobody can use {parent} from here to the end of the transaction"),
                )
                .label("ACCESS EXCLUSIVE lock on the partitioned table")
                .help("CREATE TABLE … (LIKE … INCLUDING ALL), then ALTER TABLE … ATTACH PARTITION")
                .on(parent),
            );
        }
    }
}
