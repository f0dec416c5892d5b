//! `enum-value-used-in-same-tx`.

use super::super::prelude::*;
use confiture_core::sql::constant;

/// A new label of an enum is used before it is committed.
#[derive(Debug, Default)]
pub struct EnumValueUsedInSameTx;

confiture_core::register!(rule EnumValueUsedInSameTx);

impl Rule for EnumValueUsedInSameTx {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "enum-value-used-in-same-tx",
                summary: "a value added to an enum is used in the same transaction",
                docs: "PostgreSQL refuses a new enum value until the transaction that adds it has committed (SQLSTATE \
                       55P04), unless the type itself is as new. Add the value in a migration of its own and use it \
                       in the next one.",
            },
            category: RuleCategory::Fails,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { sqlstate: Some("55P04"), ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TYPE mood AS ENUM ('sad');\nCREATE TABLE people (id int, feels mood);\n\
                        INSERT INTO people VALUES (1, 'sad');",
                bad: "ALTER TYPE mood ADD VALUE 'happy';\nUPDATE people SET feels = 'happy' WHERE id = 1;",
                good: &[
                    "ALTER TYPE mood ADD VALUE 'happy';",
                    "UPDATE people SET feels = 'happy' WHERE id = 1;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for adding in cx.statements.iter().filter(|s| s.does(Verb::Alter, ObjectKind::Type)) {
            let Some(name) = adding.outline().name() else { continue };
            if cx.is_new(adding, ObjectKind::Type, name) {
                continue;
            }
            let labels = adding.outline().actions().iter().filter(|a| a.kind == ActionKind::AddValue);
            for label in labels.filter_map(|action| value(adding, action.value?)) {
                let later = cx.after_it(adding).iter().filter(|later| RuleContext::together(adding, later));
                let mut uses = later.filter_map(|later| {
                    let used =
                        later.tokens().iter().find(|token| value(later, token.span) == Some(label.clone()));
                    // Further values may be placed before or after it.
                    let places = later.does(Verb::Alter, ObjectKind::Type);
                    used.filter(|_| !places).map(|token| (later, token.span))
                });
                if let Some((used, span)) = uses.next() {
                    out.push(
                        RuleFinding::new(
                            used,
                            span,
                            format!("{name} has the value '{label}' only after the commit"),
                        )
                        .label("refused with SQLSTATE 55P04")
                        .help("add the value in a migration of its own, before this one")
                        .evidence("sqlstate", "55P04"),
                    );
                }
            }
        }
    }
}

/// The string constant at `span`.
fn value(statement: &RuleStatement<'_>, span: confiture_core::sql::Span) -> Option<String> {
    let [token] = statement.tokens_in(span) else { return None };
    Some(constant(token.text(statement.sql()), token.kind)?.0)
}
