//! `new-constraint-rejects-old-writer`.

use super::super::known::{column, demanded};
use super::super::prelude::*;

/// A constraint refuses the rows that the running application writes.
#[derive(Debug, Default)]
pub struct NewConstraintRejectsOldWriter;

confiture_core::register!(rule NewConstraintRejectsOldWriter);

impl Rule for NewConstraintRejectsOldWriter {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "new-constraint-rejects-old-writer",
                summary: "a constraint refuses what the running application writes",
                docs: "NOT VALID spares the old rows, not the writers: every new row is checked at once. A column that \
                       the previous application does not write, without a default, must not be demanded (CHECK (column \
                       IS NOT NULL), SET NOT NULL) before that application is gone: each of its INSERTs fails with \
                       SQLSTATE 23514 or 23502. Give the column a DEFAULT, or demand it one release later. Reported \
                       are columns the same migration adds; of others, that may be NULL and have no default, only a \
                       query of the application tells whether it fills them: without one this is a note.",
            },
            category: RuleCategory::ClientBreak,
            severity: Severity::Medium,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::AccessExclusive)], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY);\nINSERT INTO users VALUES (1);",
                bad: "SET lock_timeout = '2s';\nALTER TABLE users ADD COLUMN note text;\n\
                      ALTER TABLE users ADD CONSTRAINT noted CHECK (note IS NOT NULL) NOT VALID;",
                good: &["SET lock_timeout = '2s';\nALTER TABLE users ADD COLUMN note text DEFAULT '';\n\
                         ALTER TABLE users ADD CONSTRAINT noted CHECK (note IS NOT NULL) NOT VALID;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::AddConstraint, ActionKind::SetNotNull]) {
            let (names, span) = match (&action.constraint, &action.name) {
                (Some(clause), _) => (demanded(statement, clause), clause.span),
                (None, Some(column)) if action.kind == ActionKind::SetNotNull => {
                    (vec![column.clone()], action.span)
                }
                _ => continue,
            };
            for name in names {
                let Some(known) = column(cx, statement, table, name.name()) else { continue };
                if known.not_null || known.filled || (action.constraint.is_none() && !known.here) {
                    continue;
                }
                let finding = RuleFinding::new(
                    statement,
                    span,
                    format!("rows that the running application writes to {table} without {name} are refused"),
                )
                .label("new rows are checked at once, NOT VALID or not")
                .help(format!(
                    "ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT …; or demand it a release later"
                ))
                .on(table);
                // It may have been filling a column that was there for long.
                out.push(if known.here {
                    finding
                } else {
                    finding.severity(Severity::Info).seen_in_catalog()
                });
            }
        }
    }
}
