//! `set-tablespace`.

use super::super::known;
use super::super::prelude::*;

/// A table or an index is copied to another tablespace.
#[derive(Debug, Default)]
pub struct SetTablespace;

confiture_core::register!(rule SetTablespace);

impl Rule for SetTablespace {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "set-tablespace",
                summary: "SET TABLESPACE copies the table or index under ACCESS EXCLUSIVE",
                docs: "All files of the table or index are copied, and nobody can read or write meanwhile. An index moves \
beside its users by REINDEX (TABLESPACE …, CONCURRENTLY) (since PostgreSQL 14), a table by pg_repack \
--tablespace. On a partitioned table it only says where later partitions go.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("users_pkey", LockMode::AccessExclusive)], ..Claim::NONE },
            withdrawal: Withdrawal::NoRewrite,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, age int);\n\
INSERT INTO users SELECT g, 'u' || g, g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
ALTER INDEX users_pkey SET TABLESPACE pg_default;",
                good: &["-- confiture: no-transaction\n\
SET lock_timeout = 0;\n\
REINDEX (TABLESPACE pg_default, CONCURRENTLY) INDEX users_pkey;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements.iter().filter(|s| s.outline().verb == Verb::Alter) {
            let outline = statement.outline();
            let sql = statement.sql();
            let Some(kind) = outline.object.filter(|kind| {
                matches!(kind, ObjectKind::Table | ObjectKind::Index | ObjectKind::MaterializedView)
            }) else {
                continue;
            };
            let Some(name) = outline.name() else {
                // ALTER TABLE ALL IN TABLESPACE … SET TABLESPACE …
                let pairs = statement.tokens().windows(2);
                let all = pairs
                    .clone()
                    .any(|pair| pair[0].is_word(sql, "set") && pair[1].is_word(sql, "tablespace"));
                if all {
                    let message = "nobody can use any of these relations while they are copied";
                    out.push(
                        RuleFinding::new(statement, statement.span(), message)
                            .label("ACCESS EXCLUSIVE lock on all of them for a copy of their files"),
                    );
                }
                continue;
            };
            let moves = outline.actions().iter().find(|action| action.kind == ActionKind::SetTablespace);
            let Some(action) = moves.filter(|_| !cx.is_new(statement, kind, name)) else { continue };
            if known::table(cx, statement, name).is_some_and(|(_, _, table)| table.partition_by.is_some()) {
                continue;
            }
            let mut finding = RuleFinding::new(
                statement,
                action.span,
                format!("nobody can use {name} while its files are copied"),
            )
            .label("ACCESS EXCLUSIVE lock for a copy of all its files")
            .help("an index: REINDEX (TABLESPACE …, CONCURRENTLY); a table: pg_repack --tablespace");
            if kind == ObjectKind::Table {
                finding = finding.on(name);
            }
            out.push(finding);
        }
    }
}
