//! `insert-skip`.

use confiture_core::sql::{ObjectKind, Verb};

use super::super::expression::each_piece;
use super::super::prelude::*;
use super::super::query::{ClauseKind, Piece, Place};
use super::merge::skipped_actions;

/// Leaves an `INSERT` out, or the rows of `CREATE TABLE … AS`.
#[derive(Debug, Default)]
pub struct InsertSkip;

confiture_core::register!(operator InsertSkip);

impl MutationOperator for InsertSkip {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "insert-skip",
                summary: "leaves an INSERT out",
                docs: "Seed rows or copied rows are missing. Also skips the `INSERT` of a `MERGE` and of a \
                       `DO` block, and makes `CREATE TABLE … AS` create an empty table. Indistinct when the \
                       query returns no row.",
            },
            category: MutationCategory::Data,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE roles (name text);",
                up: "INSERT INTO roles VALUES ('admin');",
                down: "",
                mutant: ";",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT count(*) = 1 FROM roles WHERE name = 'admin';",
                ),
                spared: "UPDATE roles SET name = 'root'; CREATE TABLE t AS SELECT 1 AS id WITH NO DATA;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            if piece.verb() == Some(Verb::Insert) {
                out.extend(piece.left_out());
            }
            out.extend(skipped_actions(piece, ClauseKind::Insert));
            if piece.site.outline().object == Some(ObjectKind::Table) {
                out.extend(empty_table(piece));
            }
        });
    }
}

/// `CREATE TABLE … AS` without its rows.
fn empty_table(piece: &Piece<'_>) -> Option<Mutant> {
    if piece.place != Place::Query {
        return None;
    }
    let (sql, tokens) = (piece.sql(), piece.tokens.as_slice());
    let ends_with = |words: &[&str]| {
        tokens.len() > words.len()
            && tokens[tokens.len() - words.len()..]
                .iter()
                .zip(words)
                .all(|(token, word)| token.is_word(sql, word))
    };
    let edit = if ends_with(&["with", "no", "data"]) {
        return None;
    } else if ends_with(&["with", "data"]) {
        Edit::replace(tokens.last()?.span, "NO DATA")
    } else {
        Edit::insert(piece.span().end, " WITH NO DATA")
    };
    Some(piece.mutant([edit], "the table is created without its rows"))
}
