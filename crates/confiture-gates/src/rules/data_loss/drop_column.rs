//! `drop-column`.

use super::super::prelude::*;

/// A column and its values are gone.
#[derive(Debug, Default)]
pub struct DropColumn;

confiture_core::register!(rule DropColumn);

impl Rule for DropColumn {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "drop-column",
                summary: "DROP COLUMN throws its values away",
                docs: "The values cannot be brought back, no rollback has them, and the application that still runs \
                       fails on every query that names the column. First release an application that no longer uses \
                       it; keep a copy of the values or make sure that a backup has them; then drop it.",
            },
            category: RuleCategory::DataLoss,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::AccessExclusive)], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, nick text);\nINSERT INTO users VALUES (1, 'a');",
                bad: "SET lock_timeout = '2s';\nALTER TABLE users DROP COLUMN nick;",
                good: &["SET lock_timeout = '2s';\n\
                         COMMENT ON COLUMN users.nick IS 'no longer used; to be dropped with the release after next';"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::DropColumn]) {
            let Some(column) = &action.name else { continue };
            if added_here(cx, statement, table, column) {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    action.span,
                    format!("the values of {table}.{column} are thrown away"),
                )
                .help("drop it only when no running application uses it and a copy of the values is kept")
                .on(table),
            );
        }
    }
}

/// Whether the migration itself added the column.
fn added_here(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    table: &ObjectName,
    column: &ObjectName,
) -> bool {
    let before = cx.actions(&[ActionKind::AddColumn]).filter(|(at, ..)| at.index < statement.index);
    before.into_iter().any(|(_, other, action)| {
        RuleContext::same_name(other, table)
            && action.name.as_ref().is_some_and(|name| name.name() == column.name())
    })
}
