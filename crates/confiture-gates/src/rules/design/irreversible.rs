//! `irreversible`.

use super::super::prelude::*;
use confiture_core::migration::Step;

/// Nothing brings back what the migration does, and it has no rollback.
#[derive(Debug, Default)]
pub struct Irreversible;

confiture_core::register!(rule Irreversible);

impl Rule for Irreversible {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "irreversible",
                summary: "no rollback is written, and none could bring back what is lost",
                docs: "What is dropped, truncated or added to an enum cannot be undone by SQL: after a failed deployment only a \
                       backup helps. The first such statement of a migration without a down script is reported, once a \
                       migration. Split it: let the application stop using the object first, and drop it in a release \
                       of its own, when nobody wants to go back; say so with an approval or -- confiture:ignore irreversible …",
            },
            category: RuleCategory::Design,
            severity: Severity::Medium,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim::NONE,
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TYPE mood AS ENUM ('ok', 'bad');",
                bad: "ALTER TYPE mood ADD VALUE 'fine';",
                good: &[
                    "CREATE TABLE moods (name text PRIMARY KEY);\nINSERT INTO moods VALUES ('ok'), ('bad'), ('fine');",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        if !matches!(cx.migration.down, Step::Absent) {
            return;
        }
        for statement in cx.statements {
            let Some((span, what)) = lost(cx, statement) else { continue };
            out.push(
                RuleFinding::new(statement, span, format!("{what}, and the migration has no rollback"))
                    .label("no SQL brings it back")
                    .help("do it in a release of its own, when nobody wants to go back"),
            );
            return;
        }
    }
}

/// What cannot be brought back.
fn lost(cx: &RuleContext<'_>, statement: &RuleStatement<'_>) -> Option<(confiture_core::sql::Span, String)> {
    let outline = statement.outline();
    let old = |name: &&ObjectName| !cx.is_new(statement, ObjectKind::Table, name);
    match (outline.verb, outline.object) {
        (Verb::Drop, Some(ObjectKind::Table)) => {
            let name = outline.names.iter().find(old)?;
            Some((name.span, format!("the rows of {name} are dropped")))
        }
        (Verb::Drop, Some(ObjectKind::Schema)) => {
            let name = outline.name()?;
            Some((name.span, format!("the schema {name} is dropped")))
        }
        (Verb::Truncate, _) => {
            let name = outline.names.iter().find(old)?;
            Some((name.span, format!("the rows of {name} are deleted")))
        }
        (Verb::Alter, Some(ObjectKind::Type)) => {
            let name = outline.name().filter(|name| !cx.is_new(statement, ObjectKind::Type, name))?;
            let added = outline.actions().iter().find(|action| action.kind == ActionKind::AddValue)?;
            Some((added.span, format!("the enum {name} keeps its new value")))
        }
        (Verb::Alter, Some(ObjectKind::Table)) => {
            let name = outline.name().filter(old)?;
            let here = |column: &str| {
                cx.actions(&[ActionKind::AddColumn]).any(|(at, table, added)| {
                    at.index < statement.index
                        && RuleContext::same_name(table, name)
                        && added.name.as_ref().is_some_and(|added| added.name() == column)
                })
            };
            let action = outline.actions().iter().find(|action| {
                action.kind == ActionKind::DropColumn
                    && !action.name.as_ref().is_some_and(|column| here(column.name()))
            })?;
            let column = action.name.as_ref()?;
            Some((action.span, format!("the values of {name}.{column} are dropped")))
        }
        _ => None,
    }
}
