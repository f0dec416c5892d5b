//! `set-not-null-on-null-data`.

use super::super::known::{column, is_filled, is_serial};
use super::super::prelude::*;

/// A column that was added a moment ago, and holds NULL, shall refuse it.
#[derive(Debug, Default)]
pub struct SetNotNullOnNullData;

confiture_core::register!(rule SetNotNullOnNullData);

impl Rule for SetNotNullOnNullData {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "set-not-null-on-null-data",
                summary: "SET NOT NULL fails: the rows have NULL in the column",
                docs: "A column that the migration adds without a default is NULL in every old row, and SET NOT NULL fails with \
                       SQLSTATE 23502 where nothing fills it in between; it works on the empty tables of a test. Give \
                       the column a DEFAULT when it is added, or fill it before. NULLs of older columns are seen when \
                       the migration runs on data.",
            },
            category: RuleCategory::Fails,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { sqlstate: Some("23502"), ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY);\nINSERT INTO users VALUES (1);",
                bad: "SET lock_timeout = '2s';\nALTER TABLE users ADD COLUMN plan text;\n-- confiture:ignore set-not-null-without-check the table is small\nALTER TABLE users ALTER COLUMN plan SET NOT NULL;",
                good: &[
                    "SET lock_timeout = '2s';\nALTER TABLE users ADD COLUMN plan text NOT NULL DEFAULT 'free';",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::SetNotNull]) {
            let Some(name) = &action.name else { continue };
            let Some(known) = column(cx, statement, table, name.name()).filter(|known| known.here) else {
                continue;
            };
            let filled = known.not_null || added_with_default(cx, statement, table, name);
            if filled || is_filled(cx, statement, table, name.name()) || cx.rows_of(table) == Some(0) {
                continue;
            }
            out.push(
                RuleFinding::new(statement, action.span, format!("every row of {table} has NULL in {name}"))
                    .label("refused with SQLSTATE 23502 as soon as there is a row")
                    .help("give the column a DEFAULT when it is added, or fill it before")
                    .on(table)
                    .evidence("sqlstate", "23502"),
            );
        }
    }
}

/// Whether old rows got a value when the column was added; a default that is set later reaches new rows only.
fn added_with_default(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    table: &ObjectName,
    name: &ObjectName,
) -> bool {
    let adds = cx.actions(&[ActionKind::AddColumn]).filter(|(at, ..)| at.index <= statement.index);
    adds.into_iter().any(|(_, other, action)| {
        RuleContext::same_name(other, table)
            && action.column.as_ref().is_some_and(|column| {
                let fills =
                    |kind| matches!(kind, ClauseKind::Default | ClauseKind::Identity | ClauseKind::Generated);
                column.name.name() == name.name()
                    && (column.clauses.iter().any(|clause| fills(clause.kind))
                        || column.data_type.is_some_and(|span| is_serial(span.text(statement.sql()))))
            })
    })
}
