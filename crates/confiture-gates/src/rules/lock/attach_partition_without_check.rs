//! `attach-partition-without-check`.

use super::super::known;
use super::super::prelude::*;
use confiture_core::catalog::ConstraintType;
use confiture_core::sql::Body;

/// A table is read from end to end to see that its rows fit the partition.
#[derive(Debug, Default)]
pub struct AttachPartitionWithoutCheck;

confiture_core::register!(rule AttachPartitionWithoutCheck);

impl Rule for AttachPartitionWithoutCheck {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "attach-partition-without-check",
                summary: "ATTACH PARTITION reads the new partition under ACCESS EXCLUSIVE",
                docs: "ATTACH PARTITION looks at each row of the table that is attached, which nobody can read or write \
meanwhile. A validated CHECK that says what the bound says (the key IS NOT NULL, too) spares it: add \
it NOT VALID, VALIDATE it in a migration of its own, attach, and drop it.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim {
                locks: &[
                    ("events_2025", LockMode::AccessExclusive),
                    ("events", LockMode::ShareUpdateExclusive),
                ],
                scans: &["events_2025"],
                ..Claim::NONE
            },
            withdrawal: Withdrawal::NoScan,
            example: RuleExample {
                setup: "CREATE TABLE events (id int NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);\n\
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');\n\
INSERT INTO events SELECT g, date '2024-01-01' + g % 300 FROM generate_series(1, 500) g;\n\
CREATE TABLE events_2025 (id int NOT NULL, at date NOT NULL);\n\
INSERT INTO events_2025 SELECT g, date '2025-01-01' + g % 300 FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');",
                good: &[
                    "SET lock_timeout = '2s';\n\
ALTER TABLE events_2025 ADD CONSTRAINT in_2025\n\
  CHECK (at IS NOT NULL AND at >= '2025-01-01' AND at < '2026-01-01') NOT VALID;",
                    "SET lock_timeout = '2s';\n\
ALTER TABLE events_2025 VALIDATE CONSTRAINT in_2025;",
                    "SET lock_timeout = '2s';\n\
ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');\n\
ALTER TABLE events_2025 DROP CONSTRAINT in_2025;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::AttachPartition]) {
            let Some(partition) = &action.name else { continue };
            if cx.is_new(statement, ObjectKind::Table, partition) || checked(cx, statement, table, partition)
            {
                continue;
            }
            let mut finding = RuleFinding::new(
                statement,
                action.span,
                format!("nobody can use {partition} while it is seen that each row fits the bound"),
            );
            if cx.before.is_some() {
                finding = finding.seen_in_catalog();
            }
            out.push(
                finding
                    .label("ACCESS EXCLUSIVE lock for a read of the whole table")
                    .help(format!(
                        "before: a CHECK on {partition} that says the bound, NOT VALID, then VALIDATE it in a migration \
                         of its own"
                    ))
                    .on(partition),
            );
        }
    }
}

/// Whether a validated CHECK of the partition is about the partition key.
fn checked(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    table: &ObjectName,
    partition: &ObjectName,
) -> bool {
    let mut validated: Vec<&str> = Vec::new();
    for past in known::steps(cx, statement).rev() {
        let outline = past.outline();
        if let (true, Body::Table(body)) = (known::is_about(past, Verb::Create, partition), &outline.body) {
            let columns = body.columns().flat_map(|column| &column.clauses);
            return columns.chain(body.constraints()).any(|clause| clause.kind == ClauseKind::Check);
        }
        if !known::is_about(past, Verb::Alter, partition) {
            continue;
        }
        for action in outline.actions().iter().rev() {
            match (action.kind, &action.name, &action.constraint) {
                (ActionKind::ValidateConstraint, Some(name), _) => validated.push(name.name()),
                (_, name, Some(clause)) if clause.kind == ClauseKind::Check => {
                    let name = name.as_ref().map_or("", ObjectName::name);
                    if clause.attribute(AttributeKind::NotValid).is_none() || validated.contains(&name) {
                        return true;
                    }
                }
                _ => {}
            }
        }
    }
    let Some((catalog, id, _)) = known::table(cx, statement, partition) else {
        return false;
    };
    let key = known::table(cx, statement, table).and_then(|(_, _, table)| table.partition_by.clone());
    catalog.constraints_of(id).any(|(id, check)| {
        check.constraint_type == ConstraintType::Check
            && (check.validated || validated.contains(&id.name()))
            && check.columns.iter().any(|column| key.as_ref().is_none_or(|key| key.contains(column.as_str())))
    })
}
