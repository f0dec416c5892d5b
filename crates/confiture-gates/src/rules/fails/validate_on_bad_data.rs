//! `validate-on-bad-data`.

use super::super::known::{added, demanded, is_filled};
use super::super::prelude::*;

/// Rows do not satisfy the constraint they are checked for.
#[derive(Debug, Default)]
pub struct ValidateOnBadData;

confiture_core::register!(rule ValidateOnBadData);

impl Rule for ValidateOnBadData {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "validate-on-bad-data",
                summary: "rows do not satisfy a constraint that is added or validated",
                docs: "VALIDATE CONSTRAINT, and ADD CONSTRAINT without NOT VALID, read every row and fail with SQLSTATE 23514 \
                       (CHECK) or 23503 (FOREIGN KEY) on the first one that does not satisfy it; it works on the empty \
                       tables of a test. Find and repair the rows in a migration before. Statically only CHECK (… IS NOT \
                       NULL) on a column that the migration itself adds without a value is seen; others are seen when \
                       the migration runs on data.",
            },
            category: RuleCategory::Fails,
            severity: Severity::High,
            knowledge: Tier::Measured,
            since: None,
            until: None,
            claim: Claim { sqlstate: Some("23514"), ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY);\nINSERT INTO users VALUES (1);",
                bad: "SET lock_timeout = '2s';\n\
                      ALTER TABLE users ADD COLUMN plan text;\n\
                      -- confiture:ignore add-check-not-valid-missing the table is small\n\
                      -- confiture:ignore long-work-under-exclusive-lock the table is small\n\
                      ALTER TABLE users ADD CONSTRAINT has_plan CHECK (plan IS NOT NULL);",
                good: &[
                    "SET lock_timeout = '2s';\nALTER TABLE users ADD COLUMN plan text NOT NULL DEFAULT 'free';",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in
            cx.actions(&[ActionKind::AddConstraint, ActionKind::ValidateConstraint])
        {
            let (at, clause) = match (&action.constraint, &action.name) {
                (Some(clause), _) if clause.attribute(AttributeKind::NotValid).is_none() => {
                    (statement, clause)
                }
                (None, Some(name)) => {
                    let adds = cx.actions(&[ActionKind::AddConstraint]);
                    let own =
                        adds.filter(|(at, ..)| at.index <= statement.index).find_map(|(at, _, added)| {
                            let named = added.name.as_ref().is_some_and(|added| added.name() == name.name());
                            Some((at, added.constraint.as_ref().filter(|_| named)?))
                        });
                    let Some(own) = own else { continue };
                    own
                }
                _ => continue,
            };
            let empty = demanded(at, clause).into_iter().find(|name| {
                added(cx, statement, table, name.name()).is_some_and(|added| added.is_empty())
                    && !is_filled(cx, statement, table, name.name())
            });
            let Some(name) = empty.filter(|_| cx.rows_of(table) != Some(0)) else { continue };
            out.push(
                RuleFinding::new(statement, action.span, format!("every row of {table} has NULL in {name}"))
                    .label("refused with SQLSTATE 23514 as soon as there is a row")
                    .help("give the column a DEFAULT when it is added, or fill it before")
                    .on(table)
                    .evidence("sqlstate", "23514"),
            );
        }
    }
}
