//! `drop-default-of-required-column`.

use super::super::known::column;
use super::super::prelude::*;

/// A column that has to be filled is no longer filled by itself.
#[derive(Debug, Default)]
pub struct DropDefaultOfRequiredColumn;

confiture_core::register!(rule DropDefaultOfRequiredColumn);

impl Rule for DropDefaultOfRequiredColumn {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "drop-default-of-required-column",
                summary: "INSERTs that omit a NOT NULL column fail once its default is gone",
                docs: "The previous version of the application leaves the column out, because the default (or the identity) \
                       fills it; without one each of its INSERTs fails with SQLSTATE 23502. Drop the default when no \
                       application is left that relies on it, or let the column be NULL. Nothing is said of columns \
                       that are known to take NULL.",
            },
            category: RuleCategory::ClientBreak,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::AccessExclusive)], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, plan text NOT NULL DEFAULT 'free');",
                bad: "SET lock_timeout = '2s';\nALTER TABLE users ALTER COLUMN plan DROP DEFAULT;",
                good: &["SET lock_timeout = '2s';\nALTER TABLE users ALTER COLUMN plan SET DEFAULT 'basic';"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::DropDefault, ActionKind::DropIdentity]) {
            let Some(name) = &action.name else { continue };
            let known = column(cx, statement, table, name.name());
            // One that may be NULL, or that nothing fills anyway.
            let harmless = known.as_ref().is_some_and(|known| !known.not_null || !known.filled);
            let given_again = cx.statements.iter().any(|other| {
                (other.index == statement.index || RuleContext::together(statement, other))
                    && other.outline().name().is_some_and(|other| RuleContext::same_name(other, table))
                    && other.outline().actions().iter().any(|again| {
                        let same = again.name.as_ref().is_some_and(|again| again.name() == name.name());
                        let later = other.index > statement.index || again.span.start > action.span.start;
                        let fills = matches!(
                            again.kind,
                            ActionKind::SetDefault
                                | ActionKind::AddIdentity
                                | ActionKind::DropNotNull
                                | ActionKind::DropColumn
                        );
                        same && later && fills
                    })
            });
            if harmless || given_again {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    action.span,
                    format!("rows that the running application writes to {table} without {name} are refused"),
                )
                .label("refused with SQLSTATE 23502 where the column is NOT NULL")
                .help("drop the default when no running application relies on it")
                .on(table),
            );
        }
    }
}
