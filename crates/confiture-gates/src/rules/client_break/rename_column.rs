//! `rename-column`.

use super::super::prelude::*;
use super::rename_table::moved;

/// A column has another name than the running application uses.
#[derive(Debug, Default)]
pub struct RenameColumn;

confiture_core::register!(rule RenameColumn);

impl Rule for RenameColumn {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "rename-column",
                summary: "RENAME COLUMN breaks every query of the application that still runs",
                docs: "The previous version of the application runs on while and after the migration is applied, and \
                       all its queries that name the column fail with SQLSTATE 42703. Add a column with the new name, \
                       write both (a trigger), fill the old rows, move the application over, drop the old column \
                       later. Or rename the table and leave a view with its old names in its place.",
            },
            category: RuleCategory::ClientBreak,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::AccessExclusive)], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text);",
                bad: "SET lock_timeout = '2s';\nALTER TABLE users RENAME COLUMN email TO mail;",
                good: &["SET lock_timeout = '2s';\nALTER TABLE users ADD COLUMN mail text;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in moved(cx, ActionKind::RenameColumn) {
            if cx.is_new(statement, ObjectKind::Table, table) {
                continue;
            }
            let (Some(from), Some(to)) = (&action.name, &action.new_name) else { continue };
            // Added under another name a moment ago, or given that name back: no application knows of it.
            let same = |name: &ObjectName, other: &Option<ObjectName>| {
                other.as_ref().is_some_and(|other| other.name() == name.name())
            };
            let own =
                cx.actions(&[ActionKind::AddColumn, ActionKind::RenameColumn]).any(|(at, other, action)| {
                    at.index < statement.index
                        && RuleContext::same_name(other, table)
                        && match action.kind {
                            ActionKind::AddColumn => same(from, &action.name),
                            _ => same(from, &action.new_name) && same(to, &action.name),
                        }
                });
            if own || replaced_by_view(cx, statement, table) {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    action.span,
                    format!("queries of the running application that name {table}.{from} fail"),
                )
                .help(format!("add {to}, write both, fill it, move the application over, drop {from} later"))
                .on(table),
            );
        }
    }
}

/// Whether a view takes the table's name in the same transaction: it can have the old column names.
fn replaced_by_view(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, table: &ObjectName) -> bool {
    let Some(old) = cx.original(statement, ObjectKind::Table, table) else { return false };
    cx.statements.iter().any(|other| {
        other.does(Verb::Create, ObjectKind::View)
            && RuleContext::together(statement, other)
            && other.outline().name().is_some_and(|view| RuleContext::same_name(view, &old))
    })
}
