//! `create-trigger-lock`.

use super::super::prelude::*;

/// Nobody can write to a table while it gets a trigger.
#[derive(Debug, Default)]
pub struct CreateTriggerLock;

confiture_core::register!(rule CreateTriggerLock);

impl Rule for CreateTriggerLock {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "create-trigger-lock",
                summary: "CREATE TRIGGER stops the writers of its table",
                docs: "CREATE TRIGGER holds SHARE ROW EXCLUSIVE on its table until the transaction ends: nobody can write. \
It is short when it is the last statement of its transaction; later every write pays for the \
trigger. Where a default or a generated column does as well, use that.",
            },
            category: RuleCategory::Lock,
            severity: Severity::Medium,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::ShareRowExclusive)], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, age int);\n\
INSERT INTO users SELECT g, 'u' || g, g FROM generate_series(1, 500) g;\n\
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';",
                bad: "SET lock_timeout = '2s';\n\
CREATE TRIGGER users_touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();",
                good: &["SET lock_timeout = '2s';\n\
ALTER TABLE users ALTER COLUMN age SET DEFAULT 0;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements.iter().filter(|s| s.does(Verb::Create, ObjectKind::Trigger)) {
            let Some(table) = &statement.outline().on else { continue };
            let sql = statement.sql();
            // Only views have these.
            let on_view = statement
                .tokens()
                .windows(2)
                .any(|pair| pair[0].is_word(sql, "instead") && pair[1].is_word(sql, "of"));
            if on_view || cx.is_new(statement, ObjectKind::Table, table) {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    table.span,
                    format!("nobody can write to {table} from here to the end of the transaction"),
                )
                .label("SHARE ROW EXCLUSIVE lock")
                .help("create it in a migration of its own, with a short lock_timeout")
                .on(table),
            );
        }
    }
}
