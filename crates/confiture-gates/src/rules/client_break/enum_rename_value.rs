//! `enum-rename-value`.

use super::super::prelude::*;

/// A label of an enum has another name than the running application uses.
#[derive(Debug, Default)]
pub struct EnumRenameValue;

confiture_core::register!(rule EnumRenameValue);

impl Rule for EnumRenameValue {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "enum-rename-value",
                summary: "RENAME VALUE breaks every query of the running application that names the value",
                docs: "The previous version of the application writes and compares the old label and fails with \
                       SQLSTATE 22P02; it also reads a label it does not know. Add a new value, write it from the new \
                       version on, update the old rows when the previous version is gone.",
            },
            category: RuleCategory::ClientBreak,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim::NONE,
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TYPE mood AS ENUM ('ok', 'bad');",
                bad: "ALTER TYPE mood RENAME VALUE 'bad' TO 'sad';",
                good: &["ALTER TYPE mood ADD VALUE 'sad';"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements.iter().filter(|s| s.does(Verb::Alter, ObjectKind::Type)) {
            let Some(name) = statement.outline().name() else { continue };
            if cx.is_new(statement, ObjectKind::Type, name) {
                continue;
            }
            for action in statement.outline().actions() {
                let (ActionKind::RenameValue, Some(value)) = (action.kind, action.value) else { continue };
                let label = value.text(statement.sql());
                // Added a moment ago: no application knows of it.
                let own = cx.before_it(statement).iter().any(|past| {
                    past.does(Verb::Alter, ObjectKind::Type)
                        && past.outline().name().is_some_and(|other| RuleContext::same_name(other, name))
                        && past.outline().actions().iter().any(|other| {
                            let added = other.value.map(|value| value.text(past.sql()));
                            other.kind == ActionKind::AddValue && added == Some(label)
                        })
                });
                if own {
                    continue;
                }
                out.push(
                    RuleFinding::new(
                        statement,
                        action.span,
                        format!("queries of the running application that use {label} of {name} fail"),
                    )
                    .help("add a new value, move the application over, update the old rows later"),
                );
            }
        }
    }
}
