//! `fk-match`.

use super::super::prelude::*;
use super::foreign_keys::foreign_keys;

/// Changes how a foreign key of several columns treats NULL.
#[derive(Debug, Default)]
pub struct FkMatch;

confiture_core::register!(operator FkMatch);

impl MutationOperator for FkMatch {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "fk-match",
                summary: "adds or drops MATCH FULL",
                docs: "By default one NULL is enough for a row to refer to nothing; with MATCH FULL all \
                       columns have to be NULL. Only keys of several columns tell the two apart, so others \
                       are spared. Indistinct without a row that is NULL in part.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Medium,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE rooms (house int, room int, PRIMARY KEY (house, room));",
                up: "CREATE TABLE beds (house int, room int, FOREIGN KEY (house, room) REFERENCES rooms \
                     MATCH FULL);",
                down: "",
                mutant: "CREATE TABLE beds (house int, room int, FOREIGN KEY (house, room) REFERENCES rooms);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n-- confiture: catch 23503\nINSERT INTO beds VALUES (1, \
                     NULL);",
                ),
                spared: "CREATE TABLE beds (house int, room int, room_id int REFERENCES places);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for key in foreign_keys(site).iter().filter(|key| key.width() > 1) {
                let span = key.match_span();
                let is_full = site.tokens_in(span).iter().any(|token| token.is_word(site.sql(), "full"));
                let (edit, description) = match is_full {
                    true => (Edit::remove_clause(site.sql(), span), "MATCH FULL is dropped"),
                    false if span.is_empty() => {
                        (Edit::insert(span.start, " MATCH FULL"), "MATCH FULL is added")
                    }
                    false => (Edit::replace(span, "MATCH FULL"), "MATCH SIMPLE becomes MATCH FULL"),
                };
                out.push(key.found.mutant(site, [edit], description));
            }
        }
    }
}
