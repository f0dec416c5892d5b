//! `create-rule-lock`.

use super::super::known;
use super::super::prelude::*;

/// A table is closed while it gets a rule.
#[derive(Debug, Default)]
pub struct CreateRuleLock;

confiture_core::register!(rule CreateRuleLock);

impl Rule for CreateRuleLock {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "create-rule-lock",
                summary: "CREATE RULE closes its table",
                docs: "CREATE RULE holds ACCESS EXCLUSIVE on its table until the transaction ends: nobody can read or \
write. Rules rewrite queries in ways few expect (a volatile expression may run twice, RETURNING and \
COPY pass them by); put them on a view, or use privileges or a trigger instead.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::AccessExclusive)], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, age int);\n\
INSERT INTO users SELECT g, 'u' || g, g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
CREATE RULE users_stay AS ON DELETE TO users DO INSTEAD NOTHING;",
                good: &["SET lock_timeout = '2s';\n\
CREATE VIEW kept AS SELECT * FROM users;\n\
CREATE RULE users_stay AS ON DELETE TO kept DO INSTEAD NOTHING;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements.iter().filter(|s| s.does(Verb::Create, ObjectKind::Rule)) {
            let Some(table) = &statement.outline().on else { continue };
            let is_view = cx.before.is_some_and(|catalog| known::named(catalog.views(), table).is_some());
            if is_view || cx.is_new(statement, ObjectKind::Table, table) {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    table.span,
                    format!("nobody can use {table} from here to the end of the transaction"),
                )
                .label("ACCESS EXCLUSIVE lock")
                .help("put the rule on a view of the table, or use a trigger in a migration of its own")
                .on(table),
            );
        }
    }
}
