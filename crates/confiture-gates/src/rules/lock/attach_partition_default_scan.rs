//! `attach-partition-default-scan`.

use super::super::known;
use super::super::prelude::*;
use confiture_core::catalog::ConstraintType;
use confiture_core::sql::{Body, TableOptionKind};

/// The default partition is read from end to end to see that none of its rows belongs to the new one.
#[derive(Debug, Default)]
pub struct AttachPartitionDefaultScan;

confiture_core::register!(rule AttachPartitionDefaultScan);

impl Rule for AttachPartitionDefaultScan {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "attach-partition-default-scan",
                summary: "a new partition reads the default partition under ACCESS EXCLUSIVE",
                docs: "When a partition is attached or created, PostgreSQL looks at each row of the default partition for \
one that belongs to the new one, and nobody can read or write the default partition meanwhile. A \
validated CHECK on the default partition that rules these rows out spares it: add it NOT VALID, \
VALIDATE it in a migration of its own, attach, and drop it.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim {
                locks: &[("events_other", LockMode::AccessExclusive)],
                scans: &["events_other"],
                ..Claim::NONE
            },
            withdrawal: Withdrawal::NoScan,
            example: RuleExample {
                setup: "CREATE TABLE events (id int NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);\n\
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');\n\
INSERT INTO events SELECT g, date '2024-01-01' + g % 300 FROM generate_series(1, 500) g;\n\
CREATE TABLE events_other PARTITION OF events DEFAULT;\n\
INSERT INTO events SELECT g, date '2030-01-01' + g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
CREATE TABLE events_2025 (id int NOT NULL, at date NOT NULL);\n\
ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');",
                good: &[
                    "SET lock_timeout = '2s';\n\
ALTER TABLE events_other ADD CONSTRAINT not_2025\n\
  CHECK (at IS NOT NULL AND (at < '2025-01-01' OR at >= '2026-01-01')) NOT VALID;",
                    "SET lock_timeout = '2s';\n\
ALTER TABLE events_other VALIDATE CONSTRAINT not_2025;",
                    "SET lock_timeout = '2s';\n\
CREATE TABLE events_2025 (id int NOT NULL, at date NOT NULL);\n\
ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');\n\
ALTER TABLE events_other DROP CONSTRAINT not_2025;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements {
            let outline = statement.outline();
            let parent = match &outline.body {
                Body::Table(table) => table.partition_of.clone(),
                Body::Actions(actions)
                    if actions.iter().any(|action| action.kind == ActionKind::AttachPartition) =>
                {
                    outline.name().cloned()
                }
                _ => None,
            };
            let Some(parent) = parent.filter(|parent| !cx.is_new(statement, ObjectKind::Table, parent))
            else {
                continue;
            };
            let Some(default) = default_of(cx, statement, &parent) else { continue };
            if cx.is_new(statement, ObjectKind::Table, &default) || checked(cx, statement, &default) {
                continue;
            }
            let mut finding = RuleFinding::new(
                statement,
                statement.span(),
                format!("nobody can use {default} while it is searched for rows of the new partition"),
            );
            if cx.before.is_some() {
                finding = finding.seen_in_catalog();
            }
            out.push(
                finding
                    .label("ACCESS EXCLUSIVE lock for a read of the whole default partition")
                    .help(format!(
                        "before: a CHECK on {default} that rules these rows out, NOT VALID, then VALIDATE it in a \
                         migration of its own"
                    ))
                    .on(&default),
            );
        }
    }
}

/// The default partition of a table, from the catalog or from the migrations.
fn default_of(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    parent: &ObjectName,
) -> Option<ObjectName> {
    for past in known::steps(cx, statement).rev() {
        let outline = past.outline();
        let sql = past.sql();
        match &outline.body {
            Body::Table(table) => {
                let of = table.partition_of.as_ref().is_some_and(|of| RuleContext::same_name(of, parent));
                let bound = table.option(TableOptionKind::Bound);
                if of && bound.is_some_and(|bound| bound.span.text(sql).eq_ignore_ascii_case("default")) {
                    return outline.name().cloned();
                }
            }
            Body::Actions(actions) if known::is_about(past, Verb::Alter, parent) => {
                let attached = actions.iter().find(|action| {
                    action.kind == ActionKind::AttachPartition
                        && action.value.is_some_and(|value| value.text(sql).eq_ignore_ascii_case("default"))
                });
                if let Some(attached) = attached {
                    return attached.name.clone();
                }
            }
            _ => {}
        }
    }
    let (_, parent_id, _) = known::table(cx, statement, parent)?;
    let (id, _) = cx.before?.tables().find(|(_, table)| {
        table.partition_of.as_ref() == Some(parent_id) && table.partition_bound.as_deref() == Some("DEFAULT")
    })?;
    Some(ObjectName { parts: id.path().map(str::to_owned).collect(), span: parent.span })
}

/// Whether a CHECK of the default partition is validated.
fn checked(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, default: &ObjectName) -> bool {
    let validates = |past: &&RuleStatement<'_>| {
        known::is_about(past, Verb::Alter, default)
            && past.outline().actions().iter().any(|action| match &action.constraint {
                Some(clause) => {
                    clause.kind == ClauseKind::Check && clause.attribute(AttributeKind::NotValid).is_none()
                }
                None => action.kind == ActionKind::ValidateConstraint,
            })
    };
    let stays = || {
        let (catalog, id, _) = known::table(cx, statement, default)?;
        let mut all = catalog.constraints_of(id);
        Some(all.any(|(_, check)| check.constraint_type == ConstraintType::Check && check.validated))
    };
    known::steps(cx, statement).any(|past| validates(&past)) || stays() == Some(true)
}
