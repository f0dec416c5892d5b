//! `trigger-state`.

use confiture_core::sql::{ActionKind, ObjectKind, Verb};

use super::super::actions;
use super::super::prelude::*;
use super::super::words::Words;

/// Leaves a trigger or rule as enabled or disabled as it was.
#[derive(Debug, Default)]
pub struct TriggerState;

confiture_core::register!(operator TriggerState);

impl MutationOperator for TriggerState {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "trigger-state",
                summary: "leaves the enabling or disabling of a trigger or rule out",
                docs: "Triggers disabled for a bulk change stay so, or fire during it; `ENABLE ALWAYS` \
                       and `ENABLE REPLICA` become plain. Equivalent where the trigger already is in \
                       that state.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (email text); CREATE FUNCTION lower_email() RETURNS trigger \
                         LANGUAGE plpgsql AS 'BEGIN NEW.email := lower(NEW.email); RETURN NEW; END'; \
                         CREATE TRIGGER lower_email BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION \
                         lower_email();",
                up: "ALTER TABLE users DISABLE TRIGGER lower_email; INSERT INTO users VALUES ('Ada'); \
                     ALTER TABLE users ENABLE TRIGGER lower_email;",
                down: "",
                mutant: "ALTER TABLE users DISABLE TRIGGER lower_email; INSERT INTO users VALUES \
                         ('Ada'); ;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     INSERT INTO users VALUES ('Bob');\n\
                     -- confiture: assert\n\
                     SELECT count(*) = 1 FROM users WHERE email = 'bob';",
                ),
                spared: "ALTER TABLE users ENABLE ROW LEVEL SECURITY;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            out.extend(actions::left_out(site, KINDS, "the change of its state"));
            for (_, action) in actions::of_kinds(site, KINDS) {
                let words = Words::within(site, action.span);
                if let Some(mode) = words.span(1..2).filter(|_| words.at_any(1, &["always", "replica"])) {
                    let edit = Edit::remove_clause(site.sql(), mode);
                    let what = format!("it is not enabled as {}", mode.text(site.sql()));
                    out.push(site.mutant([edit], what).on(actions::member(site, action.name.as_ref())));
                }
            }
            let outline = site.outline();
            let words = Words::of(site);
            let sets = (3..words.len()).any(|at| words.at_any(at, &["enable", "disable"]));
            if outline.verb == Verb::Alter && outline.object == Some(ObjectKind::EventTrigger) && sets {
                out.push(site.mutant([Edit::remove(site.span())], "the change of its state is left out"));
            }
        }
    }
}

const KINDS: &[ActionKind] =
    &[ActionKind::EnableTrigger, ActionKind::DisableTrigger, ActionKind::EnableRule, ActionKind::DisableRule];
