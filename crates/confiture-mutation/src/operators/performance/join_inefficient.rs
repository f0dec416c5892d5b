//! `join-inefficient`.

use confiture_core::sql::{Token, TokenKind, Verb};

use super::super::assignment::assigned;
use super::super::expression::each_piece;
use super::super::prelude::*;
use super::super::query::{Clause, ClauseKind, Piece, Query, span_of};

/// Runs a joined table through once a row.
#[derive(Debug, Default)]
pub struct JoinInefficient;

confiture_core::register!(operator JoinInefficient);

impl MutationOperator for JoinInefficient {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "join-inefficient",
                summary: "turns a join into a correlated sub-query",
                docs: "The same rows, but the joined table is read again for every row: `LATERAL` with \
                       `OFFSET 0` in a query, sub-queries in an `UPDATE … FROM` and `DELETE … USING`. Only \
                       plans and counters tell. Where a row has several partners, `UPDATE` takes any one of \
                       them, before and after. Equivalent while tables hold a row or none.",
            },
            category: MutationCategory::Performance,
            severity: Severity::High,
            channels: Channels::PLAN,
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, country int, code text); CREATE TABLE countries (id int,\
                         \x20code text);",
                up: "UPDATE users u SET code = c.code FROM countries c WHERE c.id = u.country;",
                down: "",
                mutant: "UPDATE users u SET code = (SELECT c.code FROM countries c WHERE c.id = u.country \
                         LIMIT 1) WHERE (SELECT count(*) FROM countries c WHERE c.id = u.country) > 0;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO countries VALUES (1, 'FR');\n\
                     INSERT INTO users SELECT id, 1 FROM generate_series(1, 50) AS id;\n\
                     SELECT pg_stat_force_next_flush();\n\
                     -- confiture: migrate to 0002\n\
                     DO $$ BEGIN FOR i IN 1..200 LOOP PERFORM pg_stat_clear_snapshot(); EXIT WHEN (SELECT\
                     \x20seq_scan > 0 FROM pg_stat_user_tables WHERE relname = 'countries'); PERFORM \
                     pg_sleep(0.05); END LOOP; END $$;\n\
                     -- confiture: assert\n\
                     SELECT seq_scan < 10 FROM pg_stat_user_tables WHERE relname = 'countries';",
                ),
                spared: "UPDATE users SET code = upper(code) WHERE country = 1;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            for query in piece.queries() {
                out.extend(joins(piece, &query));
                if query.outermost {
                    out.extend(correlated(piece, &query));
                }
            }
        });
    }
}

/// `JOIN b ON …` as `CROSS JOIN LATERAL (SELECT * FROM b WHERE … OFFSET 0)`, which the planner runs row by row.
fn joins(piece: &Piece<'_>, query: &Query) -> Vec<Mutant> {
    let sql = piece.sql();
    let mut found = Vec::new();
    for pair in query.clauses.windows(2) {
        let [join, on] = pair else { continue };
        let words = piece.tokens_in(join.keyword);
        let has = |word: &str| words.iter().any(|token| token.is_word(sql, word));
        if (join.kind, on.kind) != (ClauseKind::Join, ClauseKind::On) || has("right") || has("full") {
            continue;
        }
        let Some(alias) = table_alias(sql, piece.body(join)) else {
            continue;
        };
        let (table, condition) = (span_of(piece.body(join)).text(sql), span_of(piece.body(on)).text(sql));
        let lateral =
            format!("LATERAL (SELECT * FROM {table} WHERE {condition} OFFSET 0) AS {}", alias.text(sql));
        let other = if has("left") {
            format!("LEFT JOIN {lateral} ON true")
        } else {
            format!("CROSS JOIN {lateral}")
        };
        let edit = Edit::replace(join.span.to(on.span), other);
        found.push(piece.mutant([edit], format!("{table} is read once a row")));
    }
    found
}

/// What a plain table in `FROM` is called there; `None` for anything else.
fn table_alias(sql: &str, tokens: &[Token]) -> Option<Token> {
    let mut names = tokens.iter().filter(|token| token.kind != TokenKind::Dot && !token.is_word(sql, "as"));
    let plain = tokens.iter().all(|token| token.kind.is_name() || token.kind == TokenKind::Dot);
    let lateral =
        tokens.first().is_some_and(|first| first.is_word(sql, "lateral") || first.is_word(sql, "only"));
    names.next_back().copied().filter(|_| plain && !lateral)
}

/// `UPDATE … FROM` and `DELETE … USING` with sub-queries instead.
fn correlated(piece: &Piece<'_>, query: &Query) -> Option<Mutant> {
    let sql = piece.sql();
    let (from, word) = match piece.verb()? {
        Verb::Update => (query.first(ClauseKind::From)?, "the tables of FROM"),
        Verb::Delete => (query.first(ClauseKind::Using)?, "the tables of USING"),
        _ => return None,
    };
    let condition = query.first(ClauseKind::Where)?;
    let others = [ClauseKind::Returning, ClauseKind::With, ClauseKind::Merge];
    if others.into_iter().any(|kind| query.first(kind).is_some()) || query.of(ClauseKind::Where).count() > 1 {
        return None;
    }
    let text = |clause: &Clause| span_of(piece.body(clause)).text(sql);
    let joins: Vec<&str> = query
        .clauses
        .iter()
        .filter(|clause| matches!(clause.kind, ClauseKind::Join | ClauseKind::On | ClauseKind::JoinUsing))
        .map(|clause| clause.span.text(sql))
        .collect();
    let tables = std::iter::once(text(from)).chain(joins).collect::<Vec<_>>().join(" ");
    let source = format!("FROM {tables} WHERE {}", text(condition));
    let mut edits = Vec::new();
    for set in query.of(ClauseKind::Set) {
        for one in assigned(piece, set) {
            let value = span_of(one.value);
            one.column(sql)?;
            if !one.value.first()?.is_word(sql, "default") {
                edits.push(Edit::replace(value, format!("(SELECT {} {source} LIMIT 1)", value.text(sql))));
            }
        }
    }
    let last = query.clauses.iter().rfind(|clause| clause.span.end <= condition.span.start)?;
    let rest = from.span.to(last.span).to(condition.span);
    edits.push(Edit::replace(rest, format!("WHERE (SELECT count(*) {source}) > 0")));
    Some(piece.mutant(edits, format!("{word} are read once a row")))
}
