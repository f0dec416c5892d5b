//! `reindex-not-concurrent`.

use super::super::prelude::*;

/// Indexes are built again while nobody can write.
#[derive(Debug, Default)]
pub struct ReindexNotConcurrent;

confiture_core::register!(rule ReindexNotConcurrent);

impl Rule for ReindexNotConcurrent {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "reindex-not-concurrent",
                summary: "REINDEX without CONCURRENTLY stops the writers of the table",
                docs: "REINDEX holds SHARE on the table and ACCESS EXCLUSIVE on the indexes it builds again: nobody can \
write, and a query that would plan with such an index waits. REINDEX … CONCURRENTLY (since \
PostgreSQL 12) holds SHARE UPDATE EXCLUSIVE; it needs a script without a transaction and leaves an \
INVALID index when it fails.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim {
                locks: &[("users", LockMode::Share), ("users_pkey", LockMode::AccessExclusive)],
                rewrites: &["users_pkey"],
                ..Claim::NONE
            },
            withdrawal: Withdrawal::NoRewrite,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, age int);\n\
INSERT INTO users SELECT g, 'u' || g, g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
REINDEX TABLE users;",
                good: &["-- confiture: no-transaction\n\
SET lock_timeout = 0;\n\
REINDEX TABLE CONCURRENTLY users;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements.iter().filter(|s| s.outline().verb == Verb::Reindex) {
            let outline = statement.outline();
            let sql = statement.sql();
            let head = statement
                .tokens()
                .iter()
                .take_while(|token| outline.name().is_none_or(|name| token.span.start < name.span.start));
            if head.into_iter().any(|token| token.is_word(sql, "concurrently")) {
                continue;
            }
            let object = outline.object.unwrap_or(ObjectKind::Table);
            if outline.name().is_some_and(|name| cx.is_new(statement, object, name)) {
                continue;
            }
            let what = match (outline.name(), object) {
                (Some(name), ObjectKind::Table) => format!("{name}"),
                (Some(name), ObjectKind::Index) => format!("the table of {name}"),
                _ => "any of these tables".to_owned(),
            };
            let mut finding = RuleFinding::new(
                statement,
                statement.span(),
                format!("nobody can write to {what} while indexes are built again"),
            )
            .label("SHARE lock on the table, ACCESS EXCLUSIVE on the indexes")
            .help("REINDEX … CONCURRENTLY, in a script without a transaction");
            if let (Some(name), ObjectKind::Table) = (outline.name(), object) {
                finding = finding.on(name);
            }
            out.push(finding);
        }
    }
}
