//! `if-exists-drop`.

use confiture_core::sql::Verb;

use super::prelude::*;
use super::words::{Words, brief};

/// Takes `IF EXISTS`, `IF NOT EXISTS` or `OR REPLACE` away.
#[derive(Debug, Default)]
pub struct IfExistsDrop;

confiture_core::register!(operator IfExistsDrop);

impl MutationOperator for IfExistsDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "if-exists-drop",
                summary: "drops IF EXISTS, IF NOT EXISTS or OR REPLACE",
                docs: "The statement fails where the object is already there, or is not: on the second \
                       run after an abort, or in a database that is not quite like the others. Stillborn \
                       where the history itself needs the words. A test notices that makes the object \
                       exist before the migration.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::ABORT),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE IF NOT EXISTS users (id int);",
                down: "",
                mutant: "CREATE TABLE users (id int);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     CREATE TABLE users (id int);\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT count(*) = 0 FROM users;",
                ),
                spared: "CREATE TABLE users (id int); DROP TABLE users;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            if !matches!(site.outline().verb, Verb::Create | Verb::Alter | Verb::Drop) {
                continue;
            }
            let words = Words::of(site);
            let spans = (0..words.len()).filter_map(|at| {
                let phrase = PHRASES.iter().find(|phrase| words.at(at, phrase))?;
                words.span(at..at + phrase.len())
            });
            for span in spans {
                let what = format!("{} is dropped", brief(span.text(site.sql())).to_ascii_uppercase());
                out.push(site.mutant([Edit::remove_clause(site.sql(), span)], what));
            }
        }
    }
}

const PHRASES: &[&[&str]] = &[&["if", "exists"], &["if", "not", "exists"], &["or", "replace"]];
