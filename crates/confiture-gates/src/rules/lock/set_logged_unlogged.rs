//! `set-logged-unlogged`.

use super::super::known;
use super::super::prelude::*;
use confiture_core::catalog::Persistence;

/// A table is written anew to change whether it is logged.
#[derive(Debug, Default)]
pub struct SetLoggedUnlogged;

confiture_core::register!(rule SetLoggedUnlogged);

impl Rule for SetLoggedUnlogged {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "set-logged-unlogged",
                summary: "SET LOGGED and SET UNLOGGED write the table anew",
                docs: "Changing between logged and unlogged copies the table and its indexes under ACCESS EXCLUSIVE: nobody \
can read or write meanwhile; SET LOGGED writes all of it to the log, too, and SET UNLOGGED loses the \
rows at the next crash. Make a table of the wanted kind beside it, fill it in batches, and exchange \
the names.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim {
                locks: &[("users", LockMode::AccessExclusive)],
                rewrites: &["users"],
                scans: &["users"],
                ..Claim::NONE
            },
            withdrawal: Withdrawal::NoRewrite,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, age int);\n\
INSERT INTO users SELECT g, 'u' || g, g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
ALTER TABLE users SET UNLOGGED;",
                good: &["SET lock_timeout = '2s';\n\
CREATE UNLOGGED TABLE users_unlogged (LIKE users INCLUDING ALL);"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::SetLogged, ActionKind::SetUnlogged]) {
            let wanted = match action.kind {
                ActionKind::SetLogged => Persistence::Permanent,
                _ => Persistence::Unlogged,
            };
            if known::table(cx, statement, table).is_some_and(|(_, _, table)| table.persistence == wanted) {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    action.span,
                    format!("nobody can use {table} while it is written anew"),
                )
                .label("ACCESS EXCLUSIVE lock for a rewrite of the whole table")
                .help("make a table of the wanted kind beside it, fill it in batches, and exchange the names")
                .on(table),
            );
        }
    }
}
