//! `validate-skip`.

use confiture_core::sql::{ActionKind, Span};

use super::super::prelude::*;

/// Does not validate a constraint.
#[derive(Debug, Default)]
pub struct ValidateSkip;

confiture_core::register!(operator ValidateSkip);

impl MutationOperator for ValidateSkip {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "validate-skip",
                summary: "leaves VALIDATE CONSTRAINT out",
                docs: "The second half of adding a constraint without a long lock is forgotten: old rows may \
                       break the constraint for ever, and the planner may not rely on it. Equivalent when the \
                       constraint was valid already.",
            },
            category: MutationCategory::Locking,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::LOCK).and(Channels::PLAN),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, age int);",
                up: "ALTER TABLE users ADD CONSTRAINT adult CHECK (age >= 18) NOT VALID; \
                     ALTER TABLE users VALIDATE CONSTRAINT adult;",
                down: "ALTER TABLE users DROP CONSTRAINT adult;",
                mutant: "ALTER TABLE users ADD CONSTRAINT adult CHECK (age >= 18) NOT VALID; ;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n-- confiture: assert\n\
                     SELECT convalidated FROM pg_constraint WHERE conname = 'adult';",
                ),
                spared: "ALTER TABLE users ADD CONSTRAINT adult CHECK (age >= 18) NOT VALID;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let actions = site.outline().actions();
            let items: Vec<Span> = actions.iter().map(|action| action.span).collect();
            for (at, action) in actions.iter().enumerate() {
                let Some(name) =
                    action.name.as_ref().filter(|_| action.kind == ActionKind::ValidateConstraint)
                else {
                    continue;
                };
                let edit = match items.len() {
                    1 => Some(Edit::remove(site.span())),
                    _ => Edit::remove_item(&items, at),
                };
                let object = format!("{}.{}", site.object(), name.name());
                out.extend(edit.map(|edit| site.mutant([edit], "it is not validated").on(object)));
            }
        }
    }
}
