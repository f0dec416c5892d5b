//! `full-scan`.

use confiture_core::sql::{Token, TokenKind};

use super::super::assignment::name_of;
use super::super::expression::{conditions, each_piece};
use super::super::family::{Family, family};
use super::super::prelude::*;
use super::super::query::{span_of, terms};
use super::super::tables;

/// Compares in a way that no index serves.
#[derive(Debug, Default)]
pub struct FullScan;

confiture_core::register!(operator FullScan);

impl MutationOperator for FullScan {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "full-scan",
                summary: "compares in a way that no index serves",
                docs: "`id = 1` becomes `(id + 0) = 1`, a text is compared as `(name || '')`, anything else \
                       as `COALESCE(x, x)`: the same rows, found by reading the whole table. What type a \
                       column has is read from the catalogs, or from the constant that it is compared with. \
                       Only columns that an index begins with are changed, where the catalogs are known. \
                       Only plans and counters tell; equivalent where the index would not have been used.",
            },
            category: MutationCategory::Performance,
            severity: Severity::High,
            channels: Channels::PLAN,
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int PRIMARY KEY, active bool); INSERT INTO users SELECT id, \
                         false FROM generate_series(1, 5000) AS id; ANALYZE users;",
                up: "UPDATE users SET active = true WHERE id = 1;",
                down: "",
                mutant: "UPDATE users SET active = true WHERE (id + 0) = 1;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     -- confiture: migrate to 0002\n\
                     DO $$ BEGIN FOR i IN 1..200 LOOP PERFORM pg_stat_clear_snapshot(); EXIT WHEN (SELECT\
                     \x20n_tup_upd > 0 FROM pg_stat_user_tables WHERE relname = 'users'); PERFORM \
                     pg_sleep(0.05); END LOOP; END $$;\n\
                     -- confiture: assert\n\
                     SELECT idx_scan = 1 FROM pg_stat_user_tables WHERE relname = 'users';",
                ),
                spared: "UPDATE users SET active = true WHERE id IS NOT NULL; UPDATE users SET active = \
                         false;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            let sql = piece.sql();
            let target = piece.target();
            let names = piece.tokens.iter().filter(|token| token.kind.is_name());
            let names: Vec<String> = names.map(|token| name_of(sql, *token)).collect();
            for condition in conditions(piece) {
                for term in terms(sql, condition) {
                    let Some((column, value)) = comparison(sql, term) else {
                        continue;
                    };
                    let written = span_of(column).text(sql);
                    let named = column.last().map(|name| name_of(sql, *name)).unwrap_or_default();
                    if !tables::may_be_indexed(cx, &names, &named) {
                        continue;
                    }
                    // A column of the table that is changed.
                    let own = target
                        .as_ref()
                        .filter(|target| column.len() == 1 || column[0].text(sql) == target.alias.text(sql));
                    let known = own
                        .zip(column.last())
                        .and_then(|(target, name)| tables::column(cx, &target.name, &name_of(sql, *name)));
                    let other = match (known.map(|known| known.data_type.as_str()), value) {
                        (Some(known), _) => hidden(family(known), written),
                        (None, [only]) if only.kind == TokenKind::Number => format!("({written} + 0)"),
                        (None, _) => hidden(None, written),
                    };
                    let edit = Edit::replace(span_of(column), &other);
                    out.push(piece.mutant([edit], format!("{written} is compared as {other}")));
                }
            }
        });
    }
}

/// The column that a comparison starts with, and what it is compared with.
fn comparison<'t>(sql: &str, term: &'t [Token]) -> Option<(&'t [Token], &'t [Token])> {
    const WORDS: &[&str] = &["not", "exists", "true", "false", "null", "current_date", "current_timestamp"];
    let at = term.iter().position(|token| ["=", "<", "<=", ">", ">="].contains(&token.text(sql)))?;
    let (column, value) = (term.get(..at)?, term.get(at + 1..)?);
    let named = match column {
        [name] => name.kind.is_name() && !WORDS.iter().any(|word| name.is_word(sql, word)),
        [table, dot, name] => table.kind.is_name() && dot.kind == TokenKind::Dot && name.kind.is_name(),
        _ => false,
    };
    (named && !value.is_empty()).then_some((column, value))
}

/// An expression of the same value that is no column.
fn hidden(family: Option<Family>, column: &str) -> String {
    match family {
        Some(Family::Integer | Family::Fraction | Family::Date) => format!("({column} + 0)"),
        Some(Family::Text) => format!("({column} || '')"),
        _ => format!("COALESCE({column}, {column})"),
    }
}
