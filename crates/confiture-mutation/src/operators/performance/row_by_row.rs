//! `row-by-row`.

use confiture_core::sql::{Quoted, TokenKind, Verb};

use super::super::assignment::{assigned, name_of};
use super::super::expression::each_piece;
use super::super::prelude::*;
use super::super::query::{ClauseKind, Piece, Place, items, span_of};
use super::super::tables;

/// Changes rows one by one instead of all at once.
#[derive(Debug, Default)]
pub struct RowByRow;

confiture_core::register!(operator RowByRow);

impl MutationOperator for RowByRow {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "row-by-row",
                summary: "changes rows one by one in a loop",
                docs: "An `UPDATE` or `DELETE` becomes a loop over the rows of the table, by primary key \
                       where the catalogs know one, and an `INSERT` of several rows becomes several: the \
                       same rows, but a statement each. Counters and statement-level triggers tell. \
                       Statements that mention their table twice, `WITH` and `RETURNING` are left alone. Equivalent when the table holds a row or none.",
            },
            category: MutationCategory::Performance,
            severity: Severity::High,
            channels: Channels::PLAN.and(Channels::STATE),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, active bool);",
                up: "UPDATE users SET active = true WHERE id > 1;",
                down: "",
                mutant: "DO $loop$ DECLARE one_row record; BEGIN FOR one_row IN \
                         SELECT tableoid AS part, ctid AS place FROM users LOOP \
                         UPDATE users SET active = true WHERE (id > 1) \
                         AND users.tableoid = one_row.part AND users.ctid = one_row.place; \
                         END LOOP; END $loop$;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO users SELECT id, false FROM generate_series(1, 20) AS id;\n\
                     CREATE TABLE calls (id int);\n\
                     CREATE FUNCTION called() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO \
                     calls VALUES (1); RETURN NULL; END';\n\
                     CREATE TRIGGER called AFTER UPDATE ON users FOR EACH STATEMENT EXECUTE FUNCTION \
                     called();\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT count(*) = 1 FROM calls;",
                ),
                spared: "INSERT INTO users VALUES (1, true);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            if piece.place != Place::Statement {
                return;
            }
            out.extend(match piece.verb() {
                Some(Verb::Update | Verb::Delete) => looped(cx, piece),
                Some(Verb::Insert) => one_each(piece),
                _ => None,
            });
        });
    }
}

/// The statement in a loop over the keys of its table.
fn looped(cx: &MutationContext<'_>, piece: &Piece<'_>) -> Option<Mutant> {
    let sql = piece.sql();
    let queries = piece.queries();
    let query = queries.iter().find(|query| query.outermost)?;
    let target = piece.target()?;
    let refused = [ClauseKind::With, ClauseKind::Returning];
    if refused.into_iter().any(|kind| query.first(kind).is_some()) {
        return None;
    }
    // Read once more, the table would show what the loop has changed so far.
    let name = target.name.name();
    let mentions = piece.tokens.iter().enumerate().filter(|(at, token)| {
        let qualifies = piece.tokens.get(at + 1).is_some_and(|next| next.kind == TokenKind::Dot);
        token.kind.is_name() && name_of(sql, **token) == name && !qualifies
    });
    if mentions.count() > 1 || sql.contains("$loop$") {
        return None;
    }
    let row = target.alias.text(sql);
    let table = target.written.text(sql);
    let key = tables::primary_key(cx, &target.name);
    let changed = |column: &String| {
        let assignments = query.of(ClauseKind::Set).flat_map(|set| assigned(piece, set));
        assignments.flat_map(|one| one.target.iter()).any(|token| name_of(sql, *token) == *column)
    };
    let (keys, same): (Vec<String>, Vec<String>) = if key.is_empty() || key.iter().any(changed) {
        // Partitions and children have rows at the same place.
        let names = [("tableoid", "part"), ("ctid", "place")];
        names
            .map(|(column, name)| (format!("{column} AS {name}"), format!("{row}.{column} = one_row.{name}")))
            .into_iter()
            .unzip()
    } else {
        key.iter()
            .map(|column| Quoted::ident(column))
            .map(|column| (column.to_string(), format!("{row}.{column} = one_row.{column}")))
            .unzip()
    };
    let same = same.join(" AND ");
    let head = format!(
        "DO $loop$ DECLARE one_row record; BEGIN FOR one_row IN SELECT {} FROM {table} LOOP ",
        keys.join(", ")
    );
    let tail = "; END LOOP; END $loop$";
    let whole = piece.span();
    let mut edits = vec![Edit::insert(whole.start, head)];
    match query.first(ClauseKind::Where) {
        Some(clause) => {
            let body = span_of(piece.body(clause));
            edits.push(Edit::insert(body.start, "("));
            edits.push(Edit::insert(whole.end, format!(") AND {same}{tail}")));
        }
        None => edits.push(Edit::insert(whole.end, format!(" WHERE {same}{tail}"))),
    }
    Some(piece.mutant(edits, "the rows are changed one by one"))
}

/// One `INSERT` a row.
fn one_each(piece: &Piece<'_>) -> Option<Mutant> {
    let sql = piece.sql();
    let queries = piece.queries();
    let query = queries.iter().find(|query| query.outermost)?;
    let values = query.first(ClauseKind::Values)?;
    let rows = items(sql, piece.body(values));
    if rows.len() < 2
        || query.first(ClauseKind::Returning).is_some()
        || query.first(ClauseKind::With).is_some()
    {
        return None;
    }
    let whole = piece.span();
    let (start, end) =
        (rows.first().map(|row| span_of(row))?.start, rows.last().map(|row| span_of(row))?.end);
    let (head, tail) = (sql.get(whole.start..start)?, sql.get(end..whole.end)?);
    let each: Vec<String> =
        rows.iter().map(|row| format!("{head}{}{tail}", span_of(row).text(sql))).collect();
    Some(piece.mutant([Edit::replace(whole, each.join("; "))], "the rows are inserted one by one"))
}
