//! `unbounded-dml`.

use super::super::prelude::*;
use confiture_core::sql::Body;

/// Every row of a table is updated or deleted in one statement.
#[derive(Debug, Default)]
pub struct UnboundedDml;

confiture_core::register!(rule UnboundedDml);

impl Rule for UnboundedDml {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "unbounded-dml",
                summary: "UPDATE or DELETE without WHERE touches every row at once",
                docs: "Every row it touches stays locked until the transaction ends, whoever writes to one of them \
                       waits, and the table grows by as many dead rows as vacuum cannot remove meanwhile. Do it in \
                       batches by key, each in a transaction of its own, in a migration without a transaction or \
                       outside of migrations.",
            },
            category: RuleCategory::Lock,
            severity: Severity::Medium,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::RowExclusive)], scans: &["users"], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, active bool);\n\
                        INSERT INTO users SELECT g FROM generate_series(1, 5000) g;\nANALYZE users;",
                bad: "UPDATE users SET active = true;",
                good: &["-- confiture: no-transaction\n\
                         UPDATE users SET active = true WHERE id BETWEEN 1 AND 100;\n\
                         UPDATE users SET active = true WHERE id BETWEEN 101 AND 200;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements {
            let outline = statement.outline();
            let (Body::Rows(rows), Verb::Update | Verb::Delete) = (&outline.body, outline.verb) else {
                continue;
            };
            let Some(table) = outline.name() else { continue };
            if rows.filter.is_some() || rows.from.is_some() || cx.is_new(statement, ObjectKind::Table, table)
            {
                continue;
            }
            let what = if outline.verb == Verb::Delete { "deleted" } else { "updated" };
            out.push(
                RuleFinding::new(
                    statement,
                    statement.span(),
                    format!(
                        "every row of {table} is {what} at once and stays locked until the transaction ends"
                    ),
                )
                .help("go through the table in batches by key, each in a transaction of its own")
                .on(table),
            );
        }
    }
}
