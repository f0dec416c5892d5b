//! `cascade-add`.

use confiture_core::sql::{ActionKind, Modifier, ObjectKind, Span, Verb};

use super::actions;
use super::prelude::*;
use super::words::Words;

/// Adds `CASCADE` to what drops, truncates or revokes.
#[derive(Debug, Default)]
pub struct CascadeAdd;

confiture_core::register!(operator CascadeAdd);

impl MutationOperator for CascadeAdd {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "cascade-add",
                summary: "adds CASCADE to a DROP, TRUNCATE or REVOKE",
                docs: "What depends on the object goes with it, instead of the migration failing. \
                       Equivalent in a history in which nothing depends: only objects that somebody made \
                       beside the migrations would be lost. A test notices that refuses such statements.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ABORT).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int);",
                up: "DROP TABLE users;",
                down: "",
                mutant: "DROP TABLE users CASCADE;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     CREATE FUNCTION no_cascade() RETURNS event_trigger LANGUAGE plpgsql AS $$\n\
                     BEGIN\n\
                       IF current_query() ~* 'cascade' THEN RAISE 'CASCADE may drop what nobody named'; \
                     END IF;\n\
                     END $$;\n\
                     CREATE EVENT TRIGGER no_cascade ON sql_drop EXECUTE FUNCTION no_cascade();\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT to_regclass('users') IS NULL;",
                ),
                spared: "DROP TABLE users CASCADE; CREATE ROLE nobody; DROP ROLE nobody; DROP INDEX \
                         CONCURRENTLY users_email;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let outline = site.outline();
            match (outline.verb, outline.object) {
                (Verb::Drop, Some(object))
                    if cascades(object) && outline.modifier(Modifier::Concurrently).is_none() =>
                {
                    out.extend(added(site, site.span()));
                }
                (Verb::Truncate | Verb::Revoke, _) => out.extend(added(site, site.span())),
                (
                    Verb::Alter,
                    Some(
                        ObjectKind::Table | ObjectKind::ForeignTable | ObjectKind::Type | ObjectKind::Domain,
                    ),
                ) => {
                    let drops = outline.actions().iter().filter(|action| {
                        matches!(action.kind, ActionKind::DropColumn | ActionKind::DropConstraint)
                    });
                    for action in drops {
                        let mutant = added(site, action.span);
                        out.extend(
                            mutant.map(|mutant| mutant.on(actions::member(site, action.name.as_ref()))),
                        );
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether its `DROP` takes the word.
const fn cascades(object: ObjectKind) -> bool {
    !matches!(
        object,
        ObjectKind::Database | ObjectKind::Role | ObjectKind::Tablespace | ObjectKind::UserMapping
    )
}

/// `CASCADE` at the end of `span`, in the place of a `RESTRICT`.
fn added(site: &Site<'_>, span: Span) -> Option<Mutant> {
    let words = Words::within(site, span);
    let last = words.len().checked_sub(1)?;
    let edit = match words.span(last..last + 1)? {
        _ if words.at(last, &["cascade"]) => return None,
        restrict if words.at(last, &["restrict"]) => Edit::replace(restrict, "CASCADE"),
        end => Edit::insert(end.end, " CASCADE"),
    };
    Some(site.mutant([edit], "CASCADE is added"))
}
