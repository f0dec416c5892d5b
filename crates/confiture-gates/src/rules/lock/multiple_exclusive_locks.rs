//! `multiple-exclusive-locks`.

use super::super::prelude::*;
use super::super::taken::taken;

/// One transaction closes several tables.
#[derive(Debug, Default)]
pub struct MultipleExclusiveLocks;

confiture_core::register!(rule MultipleExclusiveLocks);

impl Rule for MultipleExclusiveLocks {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "multiple-exclusive-locks",
                summary: "one transaction holds ACCESS EXCLUSIVE on several tables",
                docs: "Locks are held until the transaction ends, so the first table stays closed while the second is \
waited for. A transaction of the application that uses both in the other order deadlocks with the \
migration, and PostgreSQL ends one of them (40P01). Change each table in a migration of its own.",
            },
            category: RuleCategory::Lock,
            severity: Severity::Medium,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim {
                locks: &[("users", LockMode::AccessExclusive), ("orders", LockMode::AccessExclusive)],
                ..Claim::NONE
            },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, age int);\n\
INSERT INTO users SELECT g, 'u' || g, g FROM generate_series(1, 500) g;\n\
CREATE TABLE orders (id int PRIMARY KEY);",
                bad: "SET lock_timeout = '2s';\n\
ALTER TABLE users ADD COLUMN note text;\n\
ALTER TABLE orders ADD COLUMN note text;",
                good: &[
                    "SET lock_timeout = '2s';\n\
ALTER TABLE users ADD COLUMN note text;",
                    "SET lock_timeout = '2s';\n\
ALTER TABLE orders ADD COLUMN note text;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        let mut held: Vec<(Option<usize>, ObjectName)> = Vec::new();
        let mut said: Vec<Option<usize>> = Vec::new();
        for statement in cx.statements {
            // The names of DROP INDEX are no tables.
            if statement.transaction.is_none() || statement.does(Verb::Drop, ObjectKind::Index) {
                continue;
            }
            let closed: Vec<(&ObjectName, ObjectName)> = taken(cx, statement)
                .into_iter()
                .filter(|(_, mode)| *mode == LockMode::AccessExclusive)
                .filter_map(|(table, _)| Some((table, cx.original(statement, ObjectKind::Table, table)?)))
                .collect();
            let mine: Vec<&ObjectName> = held
                .iter()
                .filter(|(own, _)| *own == statement.transaction)
                .map(|(_, table)| table)
                .collect();
            let other = closed.iter().find(|(_, table)| {
                !mine.is_empty() && !mine.iter().any(|held| RuleContext::same_name(held, table))
            });
            if let (Some((table, _)), Some(first), false) =
                (other, mine.first(), said.contains(&statement.transaction))
            {
                said.push(statement.transaction);
                out.push(
                    RuleFinding::new(
                        statement,
                        table.span,
                        format!("{first} stays closed while this waits for {table}, and they may deadlock with others"),
                    )
                    .label("ACCESS EXCLUSIVE lock on another table in the same transaction")
                    .help("change each table in a migration of its own")
                    .on(table),
                );
            }
            held.extend(closed.into_iter().map(|(_, table)| (statement.transaction, table)));
        }
    }
}
