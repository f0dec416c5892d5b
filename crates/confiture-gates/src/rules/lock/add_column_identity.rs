//! `add-column-identity`.

use super::super::prelude::*;

/// Every row of a table gets a number of its own.
#[derive(Debug, Default)]
pub struct AddColumnIdentity;

confiture_core::register!(rule AddColumnIdentity);

impl Rule for AddColumnIdentity {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "add-column-identity",
                summary: "ADD COLUMN … AS IDENTITY writes the table anew",
                docs: "Each row gets its own number, so table and indexes are written anew under ACCESS EXCLUSIVE: nobody \
can read or write meanwhile. Add a plain column, fill it in batches, make it NOT NULL by way of a \
validated CHECK, and only then ADD GENERATED … AS IDENTITY, which touches no row; set its sequence \
past the highest number.",
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
ALTER TABLE users ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY;",
                good: &["SET lock_timeout = '2s';\n\
ALTER TABLE users ADD COLUMN seq bigint;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::AddColumn]) {
            let Some(column) = &action.column else { continue };
            let Some(identity) = column.clause(ClauseKind::Identity) else { continue };
            out.push(
                RuleFinding::new(
                    statement,
                    identity.span,
                    format!("{table} is written anew: each row gets a number of its own"),
                )
                .label("ACCESS EXCLUSIVE lock for a rewrite of the whole table")
                .help(
                    "add a plain column, fill it in batches, then ALTER COLUMN … ADD GENERATED … AS IDENTITY",
                )
                .on(table),
            );
        }
    }
}
