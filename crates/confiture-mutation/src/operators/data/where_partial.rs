//! `where-partial`.

use confiture_core::sql::{Quoted, Span, Verb};

use super::super::expression::each_piece;
use super::super::prelude::*;
use super::super::query::{ClauseKind, Piece, Place, span_of};
use super::super::tables;

/// Changes, deletes or copies about half of the rows only.
#[derive(Debug, Default)]
pub struct WherePartial;

confiture_core::register!(operator WherePartial);

impl MutationOperator for WherePartial {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "where-partial",
                summary: "reaches about half of the rows only",
                docs: "A backfill that stops half-way. Which half is told by a hash of the primary key \
                       where the catalogs know one, else of the whole row, never by the place of the rows. \
                       Indistinct when no row falls into the half that is left out.",
            },
            category: MutationCategory::Data,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, active bool);",
                up: "UPDATE users SET active = true WHERE id > 0;",
                down: "",
                mutant: "UPDATE users SET active = true WHERE (id > 0) AND (hashtext(users::text) & 1) = 0;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO users SELECT id, false FROM generate_series(1, 20) AS id;\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT bool_and(active) FROM users;",
                ),
                spared: "INSERT INTO users VALUES (1, true);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| out.extend(half(cx, piece)));
    }
}

fn half(cx: &MutationContext<'_>, piece: &Piece<'_>) -> Option<Mutant> {
    let sql = piece.sql();
    let queries = piece.queries();
    let outermost = queries.iter().find(|query| query.outermost)?;
    let description = "about half of the rows are reached";
    if piece.place == Place::Query || piece.verb() == Some(Verb::Insert) {
        let from = outermost.first(ClauseKind::Select)?;
        // A query without a table has one row.
        outermost.first(ClauseKind::From)?;
        let end = outermost
            .clauses
            .iter()
            .find(|c| matches!(c.kind, ClauseKind::OnConflict | ClauseKind::Returning));
        let last = outermost
            .clauses
            .iter()
            .take_while(|c| end.is_none_or(|end| c.span.start < end.span.start))
            .last()?;
        let tail = ["with", "no", "data"];
        let ends =
            piece.body(last).iter().rev().take_while(|t| tail.iter().any(|word| t.is_word(sql, word))).last();
        let end =
            ends.filter(|token| token.is_word(sql, "with")).map_or(last.span.end, |token| token.span.start);
        let query = Span::new(from.span.start, end);
        let text = query.text(sql).trim_end();
        let edits = [
            Edit::insert(query.start, "SELECT half.* FROM ("),
            Edit::insert(query.start + text.len(), ") AS half WHERE (hashtext(half::text) & 1) = 0"),
        ];
        return Some(piece.mutant(edits, description));
    }
    if !matches!(piece.verb(), Some(Verb::Update | Verb::Delete)) {
        return None;
    }
    let target = piece.target()?;
    let row = target.alias.text(sql);
    let key = tables::primary_key(cx, &target.name);
    let hashed = match key {
        [] => format!("{row}::text"),
        [one] => format!("{row}.{}::text", Quoted::ident(one)),
        several => {
            let columns: Vec<String> =
                several.iter().map(|c| format!("{row}.{}", Quoted::ident(c))).collect();
            format!("ROW({})::text", columns.join(", "))
        }
    };
    let condition = format!("(hashtext({hashed}) & 1) = 0");
    let edits = match outermost.first(ClauseKind::Where) {
        Some(clause) => {
            let body = span_of(piece.body(clause));
            vec![Edit::insert(body.start, "("), Edit::insert(body.end, format!(") AND {condition}"))]
        }
        None => {
            let returning = outermost.first(ClauseKind::Returning).map(|clause| clause.span.start);
            match returning {
                Some(at) => vec![Edit::insert(at, format!("WHERE {condition} "))],
                None => vec![Edit::insert(piece.span().end, format!(" WHERE {condition}"))],
            }
        }
    };
    Some(piece.mutant(edits, description))
}
