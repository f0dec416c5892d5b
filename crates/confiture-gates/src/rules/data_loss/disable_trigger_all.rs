//! `disable-trigger-all`.

use super::super::prelude::*;

/// Foreign keys and triggers are switched off.
#[derive(Debug, Default)]
pub struct DisableTriggerAll;

confiture_core::register!(rule DisableTriggerAll);

impl Rule for DisableTriggerAll {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "disable-trigger-all",
                summary: "rows written while triggers are off are checked by nobody",
                docs: "DISABLE TRIGGER ALL and session_replication_role = replica switch foreign keys off with the rest: rows that \
                       violate them stay when they are on again, PostgreSQL never looks back, and what the triggers \
                       would have written (history, search vectors, sums) is missing. Switch off the one trigger that \
                       is meant, by name; for foreign keys use DEFERRABLE ones or load in the right order.",
            },
            category: RuleCategory::DataLoss,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::ShareRowExclusive)], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY);",
                bad: "SET lock_timeout = '2s';\nALTER TABLE users DISABLE TRIGGER ALL;",
                good: &[
                    "SET lock_timeout = '2s';\nALTER TABLE users DISABLE TRIGGER USER;\nALTER TABLE users ENABLE TRIGGER USER;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::DisableTrigger]) {
            let internal =
                action.name.as_ref().is_some_and(|name| name.name().starts_with("RI_ConstraintTrigger"));
            let all = statement
                .tokens_in(action.span)
                .last()
                .is_some_and(|last| last.is_word(statement.sql(), "all"));
            let user = statement
                .tokens_in(action.span)
                .last()
                .is_some_and(|last| last.is_word(statement.sql(), "user"));
            let again = cx.after_it(statement).iter().any(|later| {
                later.outline().name().is_some_and(|name| RuleContext::same_name(name, table))
                    && later.outline().actions().iter().any(|action| action.kind == ActionKind::EnableTrigger)
            });
            if user && !again {
                out.push(
                    finding(statement, action.span, format!("no trigger of {table} runs from now on"))
                        .on(table),
                );
            }
            if all || internal {
                out.push(
                    finding(statement, action.span, format!("foreign keys of {table} are not checked"))
                        .on(table),
                );
            }
        }
        for statement in cx.statements.iter().filter(|s| matches!(s.outline().verb, Verb::Set | Verb::Select))
        {
            let sql = statement.sql();
            let text =
                |token: &confiture_core::sql::Token| token.text(sql).trim_matches('\'').to_ascii_lowercase();
            let words: Vec<String> = statement.tokens().iter().map(text).collect();
            let set = words.iter().position(|word| word == "session_replication_role");
            let called =
                statement.outline().verb == Verb::Set || words.iter().any(|word| word == "set_config");
            if called && set.is_some_and(|set| words[set..].iter().any(|word| word == "replica")) {
                out.push(finding(
                    statement,
                    statement.span(),
                    "no foreign key is checked from now on".to_owned(),
                ));
            }
        }
    }
}

fn finding(statement: &RuleStatement<'_>, span: confiture_core::sql::Span, message: String) -> RuleFinding {
    RuleFinding::new(statement, span, message)
        .label("rows that violate them stay, also when they are on again")
        .help("switch off the one trigger that is meant, by name")
}
