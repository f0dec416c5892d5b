//! `join-type`.

use super::super::expression::each_piece;
use super::super::prelude::*;
use super::super::query::ClauseKind;

/// Exchanges inner and outer joins.
#[derive(Debug, Default)]
pub struct JoinType;

confiture_core::register!(operator JoinType);

impl MutationOperator for JoinType {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "join-type",
                summary: "exchanges inner and outer joins",
                docs: "Rows without a partner appear, with NULL, or disappear. Indistinct while every row \
                       has a partner; equivalent where a foreign key from a column that is `NOT NULL` sees \
                       to that.",
            },
            category: MutationCategory::Data,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int); CREATE TABLE pets (owner int, name text); CREATE TABLE \
                         rooms (id int, pet text);",
                up: "INSERT INTO rooms SELECT u.id, p.name FROM users u LEFT JOIN pets p ON p.owner = \
                         u.id;",
                down: "",
                mutant: "INSERT INTO rooms SELECT u.id, p.name FROM users u JOIN pets p ON p.owner = u.id;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO users VALUES (1);\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT count(*) = 1 FROM rooms;",
                ),
                spared: "INSERT INTO rooms SELECT u.id, p.name FROM users u CROSS JOIN pets p;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            let sql = piece.sql();
            for query in piece.queries() {
                for join in query.of(ClauseKind::Join) {
                    let words = piece.tokens_in(join.keyword);
                    let has = |word: &str| words.iter().any(|token| token.is_word(sql, word));
                    let other = match () {
                        () if has("cross") => continue,
                        () if has("left") || has("right") => "JOIN",
                        () if has("full") => "LEFT JOIN",
                        () => "LEFT JOIN",
                    };
                    let natural = if has("natural") { "NATURAL " } else { "" };
                    let edit = Edit::replace(join.keyword, format!("{natural}{other}"));
                    out.push(piece.mutant([edit], format!("{} becomes {other}", join.keyword.text(sql))));
                }
            }
        });
    }
}
