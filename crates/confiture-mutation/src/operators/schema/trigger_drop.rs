//! `trigger-drop`.

use confiture_core::sql::{ObjectKind, Verb};

use super::super::prelude::*;

/// Leaves a trigger out.
#[derive(Debug, Default)]
pub struct TriggerDrop;

confiture_core::register!(operator TriggerDrop);

impl MutationOperator for TriggerDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "trigger-drop",
                summary: "leaves a trigger out",
                docs: "What the trigger sees to no longer happens. Stillborn where a later statement \
                       names the trigger.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (email text); CREATE FUNCTION lower_email() RETURNS trigger \
                         LANGUAGE plpgsql AS 'BEGIN NEW.email := lower(NEW.email); RETURN NEW; END';",
                up: "CREATE TRIGGER lower_email BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION \
                     lower_email();",
                down: "DROP TRIGGER lower_email ON users;",
                mutant: ";",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     INSERT INTO users VALUES ('Ada@Example.com');\n\
                     -- confiture: assert\n\
                     SELECT email = 'ada@example.com' FROM users;",
                ),
                spared: "CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; \
                         END';",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        let triggers = cx.sites.iter().filter(|site| {
            let outline = site.outline();
            outline.verb == Verb::Create
                && matches!(outline.object, Some(ObjectKind::Trigger | ObjectKind::EventTrigger))
        });
        out.extend(triggers.map(|site| site.mutant([Edit::remove(site.span())], "the trigger is left out")));
    }
}
