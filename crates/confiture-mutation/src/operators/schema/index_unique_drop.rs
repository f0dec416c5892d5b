//! `index-unique-drop`.

use confiture_core::sql::Modifier;

use super::super::prelude::*;

/// Makes a unique index a plain one.
#[derive(Debug, Default)]
pub struct IndexUniqueDrop;

confiture_core::register!(operator IndexUniqueDrop);

impl MutationOperator for IndexUniqueDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "index-unique-drop",
                summary: "makes a unique index a plain one",
                docs: "The index stays and rows may repeat. Equivalent when another unique index or key \
                       says the same; stillborn when a foreign key, `ON CONFLICT` or `ADD CONSTRAINT … \
                       USING INDEX` needs it.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK).and(Channels::PLAN),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (email text);",
                up: "CREATE UNIQUE INDEX users_email ON users (email);",
                down: "DROP INDEX users_email;",
                mutant: "CREATE INDEX users_email ON users (email);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     INSERT INTO users VALUES ('ada@example.com');\n\
                     -- confiture: catch 23505\n\
                     INSERT INTO users VALUES ('ada@example.com');",
                ),
                spared: "CREATE INDEX users_email ON users (email);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in cx.sites.iter().filter(|site| site.outline().index().is_some()) {
            if let Some(unique) = site.outline().modifier(Modifier::Unique) {
                let edit = Edit::remove_clause(site.sql(), unique);
                out.push(site.mutant([edit], "the index is not unique"));
            }
        }
    }
}
