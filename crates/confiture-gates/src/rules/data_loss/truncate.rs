//! `truncate`.

use super::super::prelude::*;

/// All rows of a table are gone.
#[derive(Debug, Default)]
pub struct Truncate;

confiture_core::register!(rule Truncate);

impl Rule for Truncate {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "truncate",
                summary: "TRUNCATE throws all rows of a table away",
                docs: "The rows cannot be brought back and no rollback has them. It takes ACCESS EXCLUSIVE, fires no \
                       row triggers, and readers whose snapshot is older see an empty table. DELETE the rows that are \
                       meant, with a WHERE, after a copy is kept.",
            },
            category: RuleCategory::DataLoss,
            severity: Severity::Critical,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim {
                locks: &[("logs", LockMode::AccessExclusive)],
                rewrites: &["logs"],
                ..Claim::NONE
            },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE logs (id int PRIMARY KEY, at date);\n\
                        INSERT INTO logs SELECT g, date '2020-01-01' + g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\nTRUNCATE logs;",
                good: &["DELETE FROM logs WHERE at < date '2020-02-01';"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements.iter().filter(|s| s.outline().verb == Verb::Truncate) {
            for table in &statement.outline().names {
                if cx.is_new(statement, ObjectKind::Table, table) {
                    continue;
                }
                out.push(
                    RuleFinding::new(statement, table.span, format!("all rows of {table} are thrown away"))
                        .help("DELETE the rows that are meant, with a WHERE, after a copy is kept")
                        .on(table),
                );
            }
        }
    }
}
