//! `drop-table`.

use super::super::known;
use super::super::prelude::*;

/// A table and its rows are gone.
#[derive(Debug, Default)]
pub struct DropTable;

confiture_core::register!(rule DropTable);

impl Rule for DropTable {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "drop-table",
                summary: "DROP TABLE throws all rows of a table away",
                docs: "No rollback has the rows, and the application that still runs fails on every query that names \
                       the table. First release an application that no longer uses it; rename the table, so that it \
                       can be brought back; keep a copy; then drop it.",
            },
            category: RuleCategory::DataLoss,
            severity: Severity::Critical,
            knowledge: Tier::Static,
            since: None,
            until: None,
            // The lock is ACCESS EXCLUSIVE; its table has no name any more when it could be measured.
            claim: Claim::NONE,
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE carts (id int PRIMARY KEY);\nINSERT INTO carts VALUES (1);",
                bad: "SET lock_timeout = '2s';\nDROP TABLE carts;",
                good: &["SET lock_timeout = '2s';\n\
                         COMMENT ON TABLE carts IS 'no longer used; to be dropped with the release after next';"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements.iter().filter(|s| s.does(Verb::Drop, ObjectKind::Table)) {
            for table in &statement.outline().names {
                if cx.is_new(statement, ObjectKind::Table, table)
                    || table.schema().is_some_and(|schema| schema.starts_with("pg_temp"))
                {
                    continue;
                }
                // IF EXISTS, and it does not.
                if statement.outline().modifier(Modifier::IfExists).is_some()
                    && cx.before.is_some()
                    && known::table(cx, statement, table).is_none()
                {
                    continue;
                }
                out.push(
                    RuleFinding::new(
                        statement,
                        table.span,
                        format!("{table} and all its rows are thrown away"),
                    )
                    .help("drop it only when no running application uses it and a copy of the rows is kept")
                    .on(table),
                );
            }
        }
    }
}
