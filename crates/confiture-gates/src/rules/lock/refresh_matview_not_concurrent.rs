//! `refresh-matview-not-concurrent`.

use super::super::known;
use super::super::prelude::*;
use confiture_core::catalog::{Detail, Kind};

/// A materialized view cannot be read while it is filled again.
#[derive(Debug, Default)]
pub struct RefreshMatviewNotConcurrent;

confiture_core::register!(rule RefreshMatviewNotConcurrent);

impl Rule for RefreshMatviewNotConcurrent {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "refresh-matview-not-concurrent",
                summary: "REFRESH MATERIALIZED VIEW without CONCURRENTLY stops its readers",
                docs: "REFRESH MATERIALIZED VIEW holds ACCESS EXCLUSIVE on the view while its query runs and until the \
transaction ends: nobody can read it. With CONCURRENTLY it holds EXCLUSIVE, which lets readers \
through; that needs a unique index on plain columns without WHERE, and a view that is populated.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim {
                locks: &[("totals", LockMode::AccessExclusive)],
                rewrites: &["totals"],
                ..Claim::NONE
            },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, age int);\n\
INSERT INTO users SELECT g, 'u' || g, g FROM generate_series(1, 500) g;\n\
CREATE MATERIALIZED VIEW totals AS SELECT id, count(*) AS n FROM users GROUP BY id;\n\
CREATE UNIQUE INDEX totals_id ON totals (id);",
                bad: "SET lock_timeout = '2s';\n\
REFRESH MATERIALIZED VIEW totals;",
                good: &["SET lock_timeout = '2s';\n\
REFRESH MATERIALIZED VIEW CONCURRENTLY totals;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements.iter().filter(|s| s.outline().verb == Verb::Refresh) {
            let outline = statement.outline();
            let Some(view) = outline.name() else { continue };
            if outline.modifier(Modifier::Concurrently).is_some()
                || cx.is_new(statement, ObjectKind::MaterializedView, view)
                || is_empty(cx, statement, view)
            {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    statement.span(),
                    format!("nobody can read {view} while its query runs"),
                )
                .label("ACCESS EXCLUSIVE lock until the transaction ends")
                .help(format!(
                    "REFRESH MATERIALIZED VIEW CONCURRENTLY {view}; it needs a unique index on plain columns"
                ))
                .on(view),
            );
        }
    }
}

/// Whether the catalog says that the view was never filled: nobody can read it anyway.
fn is_empty(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, view: &ObjectName) -> bool {
    let original = cx.original(statement, ObjectKind::MaterializedView, view);
    let found = cx
        .before
        .zip(original)
        .and_then(|(catalog, original)| known::named(catalog.of_kind(Kind::MaterializedView), &original));
    found.is_some_and(
        |(_, object)| matches!(&object.detail, Detail::MaterializedView(view) if !view.populated),
    )
}
