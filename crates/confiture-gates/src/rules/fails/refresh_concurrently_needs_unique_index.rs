//! `refresh-concurrently-needs-unique-index`.

use super::super::known::{find, made};
use super::super::prelude::*;
use confiture_core::catalog::{Detail, Kind};

/// A materialized view without a unique index cannot be refreshed concurrently.
#[derive(Debug, Default)]
pub struct RefreshConcurrentlyNeedsUniqueIndex;

confiture_core::register!(rule RefreshConcurrentlyNeedsUniqueIndex);

impl Rule for RefreshConcurrentlyNeedsUniqueIndex {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "refresh-concurrently-needs-unique-index",
                summary: "REFRESH MATERIALIZED VIEW CONCURRENTLY needs a unique index",
                docs: "It fails with SQLSTATE 55000 unless a unique index covers all rows: on columns, not expressions, \
                       and without WHERE. CREATE UNIQUE INDEX on columns that tell the rows apart before. Without a \
                       database only views that the migrations make are seen.",
            },
            category: RuleCategory::Fails,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim { sqlstate: Some("55000"), ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY);",
                bad: "CREATE MATERIALIZED VIEW people AS SELECT id FROM users;\n\
                      REFRESH MATERIALIZED VIEW CONCURRENTLY people;",
                good: &["CREATE MATERIALIZED VIEW people AS SELECT id FROM users;\n\
                         CREATE UNIQUE INDEX people_id ON people (id);\n\
                         REFRESH MATERIALIZED VIEW CONCURRENTLY people;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements.iter().filter(|s| s.outline().verb == Verb::Refresh) {
            let outline = statement.outline();
            let (Some(view), Some(span)) = (outline.name(), outline.modifier(Modifier::Concurrently)) else {
                continue;
            };
            let created = made(cx, statement, ObjectKind::MaterializedView, view).is_some();
            let in_catalog = cx.before.and_then(|catalog| {
                let id = find(catalog, Kind::MaterializedView, view)?;
                Some(catalog.members(id, Kind::Index).any(|(_, object)| match &object.detail {
                    Detail::Index(index) => index.unique && index.valid && !index.expression_or_predicate,
                    _ => false,
                }))
            });
            let indexed = cx.past(statement).any(|past| {
                let outline = past.outline();
                outline.modifier(Modifier::Unique).is_some()
                    && outline.on.as_ref().is_some_and(|on| RuleContext::same_name(on, view))
                    && outline.index().is_some_and(|index| index.predicate.is_none())
            });
            if indexed || in_catalog.unwrap_or(!created) {
                continue;
            }
            let finding =
                RuleFinding::new(statement, span, format!("no unique index covers all rows of {view}"))
                    .label("refused with SQLSTATE 55000")
                    .help(format!("before: CREATE UNIQUE INDEX ON {view} (…);"))
                    .evidence("sqlstate", "55000");
            out.push(if in_catalog.is_some() { finding.seen_in_catalog() } else { finding });
        }
    }
}
