//! `trigger-timing`.

use confiture_core::sql::{Body, Definition, ObjectKind, PartKind, Span, Verb};

use super::super::prelude::*;
use super::super::words::{Words, brief};

/// Lets a trigger fire at another time, for another level or for fewer events.
#[derive(Debug, Default)]
pub struct TriggerTiming;

confiture_core::register!(operator TriggerTiming);

impl MutationOperator for TriggerTiming {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "trigger-timing",
                summary: "exchanges BEFORE and AFTER, ROW and STATEMENT, or drops one of several events",
                docs: "A BEFORE trigger that runs AFTER can no longer change the row; without FOR EACH \
                       ROW it sees no row. Triggers whose text allows nothing else (INSTEAD OF, \
                       constraint triggers, transition tables) keep their time. Stillborn where the WHEN \
                       condition needs what is gone.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (email text); CREATE FUNCTION lower_email() RETURNS trigger \
                         LANGUAGE plpgsql AS 'BEGIN NEW.email := lower(NEW.email); RETURN NEW; END';",
                up: "CREATE TRIGGER lower_email BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION \
                     lower_email();",
                down: "DROP TRIGGER lower_email ON users;",
                mutant: "CREATE TRIGGER lower_email AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION \
                         lower_email();",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     INSERT INTO users VALUES ('Ada@Example.com');\n\
                     -- confiture: assert\n\
                     SELECT email = 'ada@example.com' FROM users;",
                ),
                spared: "CREATE CONSTRAINT TRIGGER check_email AFTER INSERT ON users FOR EACH ROW \
                         EXECUTE FUNCTION lower_email();",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let outline = site.outline();
            let (Verb::Create, Some(ObjectKind::Trigger), Body::Definition(trigger)) =
                (outline.verb, outline.object, &outline.body)
            else {
                continue;
            };
            let words = Words::of(site);
            let constraint = words.position(0, &["constraint", "trigger"]).is_some();
            if !constraint && words.position(0, &["referencing"]).is_none() {
                out.extend(exchanged(site, trigger).map(|(edit, what)| site.mutant([edit], what)));
            }
            let parts = trigger.parts.iter();
            let events: Vec<Span> =
                parts.filter(|part| part.kind == PartKind::Event).map(|part| part.span).collect();
            for (at, event) in events.iter().enumerate().filter(|_| events.len() > 1) {
                let what = format!("it does not fire for {}", brief(event.text(site.sql())));
                out.extend(Edit::remove_item(&events, at).map(|edit| site.mutant([edit], what)));
            }
        }
    }
}

fn exchanged(site: &Site<'_>, trigger: &Definition) -> impl Iterator<Item = (Edit, &'static str)> {
    let timing = trigger.part(PartKind::Timing).map(|part| part.span);
    let written = timing.map_or("", |span| span.text(site.sql())).to_ascii_lowercase();
    let time = match written.as_str() {
        "before" => Some(("AFTER", "BEFORE becomes AFTER")),
        "after" => Some(("BEFORE", "AFTER becomes BEFORE")),
        _ => None,
    };
    let time = time.zip(timing).map(|((other, what), span)| (Edit::replace(span, other), what));
    let each = trigger.part(PartKind::ForEach).filter(|_| time.is_some());
    let row = |span: Span| site.tokens_in(span).last().is_some_and(|last| last.is_word(site.sql(), "row"));
    let level = each.and_then(|each| match row(each.span) {
        true if trigger.part(PartKind::When).is_some() => None,
        true => Some((Edit::remove_clause(site.sql(), each.span), "it fires once a statement")),
        false => Some((Edit::replace(each.span, "FOR EACH ROW"), "it fires for every row")),
    });
    time.into_iter().chain(level)
}
