//! `drop-cascade`.

use super::super::prelude::*;
use confiture_core::sql::Span;

/// Whatever depends on something is dropped with it, without being named.
#[derive(Debug, Default)]
pub struct DropCascade;

confiture_core::register!(rule DropCascade);

impl Rule for DropCascade {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "drop-cascade",
                summary: "CASCADE drops whatever depends on it, named nowhere",
                docs: "Views, foreign keys, columns of a dropped type, whole tables of a dropped schema or of DROP \
                       OWNED go with it, also those another migration added since this one was written; a notice is \
                       all that tells. Drop each dependent by name first, and what they depend on without CASCADE: \
                       PostgreSQL then refuses what was forgotten.",
            },
            category: RuleCategory::DataLoss,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("people", LockMode::AccessExclusive)], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TYPE mood AS ENUM ('ok');\nCREATE TABLE people (id int PRIMARY KEY, feels mood);",
                bad: "SET lock_timeout = '2s';\nDROP TYPE mood CASCADE;",
                good: &["SET lock_timeout = '2s';\nCREATE TYPE feeling AS ENUM ('ok', 'sad');\n\
                         ALTER TABLE people ADD COLUMN now_feels feeling;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements {
            let outline = statement.outline();
            let mut add = |span: Span, what: String| {
                out.push(
                    RuleFinding::new(
                        statement,
                        span,
                        format!("whatever depends on {what} is dropped with it"),
                    )
                    .help("drop each dependent by name first, then this without CASCADE"),
                );
            };
            match (outline.verb, outline.object) {
                (Verb::Drop, Some(ObjectKind::Owned)) => add(statement.span(), "its owner".to_owned()),
                (Verb::Drop, Some(kind)) => {
                    let old = outline.names.iter().find(|name| !cx.is_new(statement, kind, name));
                    if let (Some(name), Some(span)) = (old, outline.modifier(Modifier::Cascade)) {
                        add(span, name.to_string());
                    }
                }
                (Verb::Alter, Some(ObjectKind::Table | ObjectKind::ForeignTable | ObjectKind::Domain)) => {
                    let table = outline.name();
                    if table.is_none_or(|table| cx.is_new(statement, ObjectKind::Table, table)) {
                        continue;
                    }
                    for action in outline.actions() {
                        let drops =
                            matches!(action.kind, ActionKind::DropColumn | ActionKind::DropConstraint);
                        if let Some(span) = action.modifier(Modifier::Cascade).filter(|_| drops) {
                            add(span, action.name.as_ref().map_or_else(String::new, ToString::to_string));
                        }
                    }
                }
                _ => {}
            }
        }
    }
}
