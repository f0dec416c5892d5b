//! `add-column-generated-stored`.

use super::super::prelude::*;

/// The value of a generated column is worked out for every row.
#[derive(Debug, Default)]
pub struct AddColumnGeneratedStored;

confiture_core::register!(rule AddColumnGeneratedStored);

impl Rule for AddColumnGeneratedStored {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "add-column-generated-stored",
                summary: "ADD COLUMN … GENERATED … STORED writes the table anew",
                docs: "A stored generated column is worked out for each row: table and indexes are written anew under \
ACCESS EXCLUSIVE. Since PostgreSQL 18 a VIRTUAL column is worked out when it is read and costs \
nothing here. Before, add a plain column that a trigger keeps up to date, and fill the old rows in \
batches; or index the expression.",
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
ALTER TABLE users ADD COLUMN low text GENERATED ALWAYS AS (lower(email)) STORED;",
                good: &["SET lock_timeout = '2s';\n\
ALTER TABLE users ADD COLUMN low text;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::AddColumn]) {
            let Some(column) = &action.column else { continue };
            let generated = column.clause(ClauseKind::Generated);
            let Some(generated) = generated.filter(|clause| is_stored(statement, clause)) else { continue };
            out.push(
                RuleFinding::new(
                    statement,
                    generated.span,
                    format!("{table} is written anew: the value is worked out for each row"),
                )
                .label("ACCESS EXCLUSIVE lock for a rewrite of the whole table")
                .help("add a plain column that a trigger keeps up to date, and fill the old rows in batches")
                .on(table),
            );
        }
    }
}

fn is_stored(statement: &RuleStatement<'_>, clause: &Clause) -> bool {
    let stored = clause.attribute(AttributeKind::Stored);
    stored.is_some_and(|stored| stored.span.text(statement.sql()).eq_ignore_ascii_case("stored"))
}
