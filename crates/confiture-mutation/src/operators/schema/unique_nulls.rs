//! `unique-nulls`.

use confiture_core::sql::ClauseKind;

use super::super::prelude::*;
use super::keys::keys;

/// Lets NULL repeat in a unique key, or no longer.
#[derive(Debug, Default)]
pub struct UniqueNulls;

confiture_core::register!(operator UniqueNulls);

impl MutationOperator for UniqueNulls {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "unique-nulls",
                summary: "adds or drops NULLS NOT DISTINCT",
                docs: "By default NULL is no duplicate of NULL. The mutant refuses a second NULL, or lets \
                       it in where `NULLS NOT DISTINCT` is written. Spared where no column of the key may \
                       hold NULL; stillborn before PostgreSQL 15.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE users (email text UNIQUE);",
                down: "",
                mutant: "CREATE TABLE users (email text UNIQUE NULLS NOT DISTINCT);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO users VALUES (NULL), (NULL);\n-- \
                     confiture: assert\nSELECT count(*) = 2 FROM users;",
                ),
                spared: "CREATE TABLE users (email text NOT NULL UNIQUE);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for key in keys(site, ClauseKind::Unique) {
                if key.refuses_null(cx, site) {
                    continue;
                }
                let edit = key.nulls(site).map(|(span, not_distinct)| match not_distinct {
                    true => (Edit::remove_clause(site.sql(), span), "NULL may repeat"),
                    false if span.is_empty() => {
                        (Edit::insert(span.start, " NULLS NOT DISTINCT"), "NULL may not repeat")
                    }
                    false => (Edit::replace(span, "NULLS NOT DISTINCT"), "NULL may not repeat"),
                });
                out.extend(edit.map(|(edit, description)| key.edited(site, edit, description)));
            }
        }
    }
}
