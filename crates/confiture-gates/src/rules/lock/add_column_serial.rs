//! `add-column-serial`.

use super::super::prelude::*;

/// Every row of a table gets a number from a sequence.
#[derive(Debug, Default)]
pub struct AddColumnSerial;

confiture_core::register!(rule AddColumnSerial);

impl Rule for AddColumnSerial {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "add-column-serial",
                summary: "ADD COLUMN … serial writes the table anew",
                docs: "A serial column has nextval() as its default, which differs from row to row: table and indexes are \
written anew under ACCESS EXCLUSIVE. Add a plain column, make a sequence and set it as the default \
for new rows, and fill the old ones in batches.",
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
ALTER TABLE users ADD COLUMN seq bigserial;",
                good: &["SET lock_timeout = '2s';\n\
ALTER TABLE users ADD COLUMN seq bigint;\n\
CREATE SEQUENCE users_seq OWNED BY users.seq;\n\
ALTER TABLE users ALTER COLUMN seq SET DEFAULT nextval('users_seq');"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::AddColumn]) {
            let Some(column) = &action.column else { continue };
            let Some(span) = column.data_type else { continue };
            let text = span.text(statement.sql()).to_ascii_lowercase();
            const SERIAL: &[&str] = &["serial", "serial2", "serial4", "serial8", "smallserial", "bigserial"];
            if !SERIAL.contains(&text.trim_matches('"').trim()) {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    span,
                    format!("{table} is written anew: nextval() gives another value for each row"),
                )
                .label("ACCESS EXCLUSIVE lock for a rewrite of the whole table")
                .help("add a plain column, SET DEFAULT nextval(…), and fill the old rows in batches")
                .on(table),
            );
        }
    }
}
