//! `null-flip`.

use confiture_core::sql::Span;

use super::super::expression::each_piece;
use super::super::prelude::*;

/// Exchanges `IS NULL` and `IS NOT NULL`.
#[derive(Debug, Default)]
pub struct NullFlip;

confiture_core::register!(operator NullFlip);

impl MutationOperator for NullFlip {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "null-flip",
                summary: "exchanges IS NULL and IS NOT NULL",
                docs: "The rows with a value are changed instead of those without. Also exchanges `IS \
                       DISTINCT FROM` and `IS NOT DISTINCT FROM`. Indistinct while there is no row.",
            },
            category: MutationCategory::Data,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (name text);",
                up: "UPDATE users SET name = '' WHERE name IS NULL;",
                down: "",
                mutant: "UPDATE users SET name = '' WHERE name IS NOT NULL;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO users VALUES (NULL);\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT name = '' FROM users;",
                ),
                spared: "UPDATE users SET name = NULL WHERE name = '';",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            let (sql, tokens) = (piece.sql(), piece.tokens.as_slice());
            let word = |at: usize, words: &[&str]| {
                tokens.get(at).is_some_and(|token| words.iter().any(|word| token.is_word(sql, word)))
            };
            for (at, token) in tokens.iter().enumerate() {
                let edit = if word(at, &["isnull"]) {
                    Edit::replace(token.span, "NOTNULL")
                } else if word(at, &["notnull"]) {
                    Edit::replace(token.span, "ISNULL")
                } else if word(at, &["is"]) && word(at + 1, &["null", "distinct"]) {
                    Edit::insert(tokens[at + 1].span.start, "NOT ")
                } else if word(at, &["is"]) && word(at + 1, &["not"]) && word(at + 2, &["null", "distinct"]) {
                    Edit::remove(Span::new(tokens[at + 1].span.start, tokens[at + 2].span.start))
                } else {
                    continue;
                };
                out.push(piece.mutant([edit], "the test for NULL is turned round"));
            }
        });
    }
}
