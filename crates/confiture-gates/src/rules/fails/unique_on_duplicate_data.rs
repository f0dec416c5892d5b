//! `unique-on-duplicate-data`.

use super::super::known::{Indexed, added};
use super::super::prelude::*;

/// Rows have the same values in the columns that are to be unique.
#[derive(Debug, Default)]
pub struct UniqueOnDuplicateData;

confiture_core::register!(rule UniqueOnDuplicateData);

impl Rule for UniqueOnDuplicateData {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "unique-on-duplicate-data",
                summary: "a unique index or key cannot be built: rows have the same values",
                docs: "Building a unique index, UNIQUE or PRIMARY KEY fails with SQLSTATE 23505 on the first two rows that are \
                       equal; CONCURRENTLY then leaves an INVALID index behind. It works on the empty tables of a \
                       test. Find and repair the duplicates in a migration before. Statically only a column that the \
                       migration itself adds with one value for all rows is seen; others are seen when the migration \
                       runs on data.",
            },
            category: RuleCategory::Fails,
            severity: Severity::High,
            knowledge: Tier::Measured,
            since: None,
            until: None,
            claim: Claim { sqlstate: Some("23505"), ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY);\nINSERT INTO users VALUES (1), (2);",
                bad: "SET lock_timeout = '2s';\n\
                      ALTER TABLE users ADD COLUMN code text NOT NULL DEFAULT '';\n\
                      -- confiture:ignore index-not-concurrent the table is small\n\
                      -- confiture:ignore long-work-under-exclusive-lock the table is small\n\
                      CREATE UNIQUE INDEX users_code ON users (code);",
                good: &[
                    "SET lock_timeout = '2s';\nALTER TABLE users ADD COLUMN code text;",
                    "-- confiture: no-transaction\nSET lock_timeout = 0;\n\
                     CREATE UNIQUE INDEX CONCURRENTLY users_code ON users (code);",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements {
            for index in Indexed::made_by(statement) {
                let (Some(table), true) = (&index.table, index.unique && !index.partial) else { continue };
                if cx.is_new(statement, ObjectKind::Table, table)
                    || cx.rows_of(table).is_some_and(|rows| rows < 2)
                {
                    continue;
                }
                let equal = |column: &String| {
                    added(cx, statement, table, column).is_some_and(|added| added.is_constant())
                };
                if index.columns.is_empty() || !index.columns.iter().all(equal) {
                    continue;
                }
                let columns = index.columns.join(", ");
                out.push(
                    RuleFinding::new(
                        statement,
                        index.span,
                        format!("every row of {table} has the same value in {columns}"),
                    )
                    .label("refused with SQLSTATE 23505 as soon as there are two rows")
                    .help("fill the column with different values first, or leave it NULL")
                    .on(table)
                    .evidence("sqlstate", "23505"),
                );
            }
        }
    }
}
