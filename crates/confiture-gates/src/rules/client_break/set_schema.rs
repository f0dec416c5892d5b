//! `set-schema`.

use super::super::prelude::*;
use super::rename_table::{has_successor, moved, others};

/// A table or view has another schema than the running application uses.
#[derive(Debug, Default)]
pub struct SetSchema;

confiture_core::register!(rule SetSchema);

impl Rule for SetSchema {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "set-schema",
                summary: "SET SCHEMA breaks every query of the application that still runs",
                docs: "The previous version of the application runs on, and its queries that name the table with its schema, or rely \
                       on search_path to find it, fail with SQLSTATE 42P01. In the same transaction leave a view in the \
                       old schema; drop it when no application uses it.",
            },
            category: RuleCategory::ClientBreak,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::AccessExclusive)], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE SCHEMA app;\nCREATE TABLE users (id int PRIMARY KEY);",
                bad: "SET lock_timeout = '2s';\nALTER TABLE users SET SCHEMA app;",
                good: &[
                    "SET lock_timeout = '2s';\nALTER TABLE users SET SCHEMA app;\nCREATE VIEW users AS SELECT * FROM app.users;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in moved(cx, ActionKind::SetSchema) {
            let Some(schema) = &action.name else { continue };
            if cx.is_new(statement, ObjectKind::Table, table) || has_successor(cx, statement, table) {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    action.span,
                    format!("queries of the running application do not find {table} in {schema}"),
                )
                .help(format!(
                    "in the same transaction: CREATE VIEW {table} AS SELECT * FROM {schema}.{};",
                    table.name()
                ))
                .on(table),
            );
        }
        for (statement, _, name, action) in others(cx, ActionKind::SetSchema) {
            let Some(schema) = &action.name else { continue };
            out.push(
                RuleFinding::new(
                    statement,
                    action.span,
                    format!("queries of the running application do not find {name} in {schema}"),
                )
                .help("make a new one beside it, and drop the old one when no application names it"),
            );
        }
    }
}
