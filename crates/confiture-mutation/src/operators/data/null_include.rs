//! `null-include`.

use confiture_core::sql::{Span, Token, TokenKind};

use super::super::assignment::name_of;
use super::super::expression::{conditions, each_piece, filters};
use super::super::prelude::*;
use super::super::query::{ClauseKind, span_of, terms};
use super::super::tables;

/// Lets rows in whose column is NULL.
#[derive(Debug, Default)]
pub struct NullInclude;

confiture_core::register!(operator NullInclude);

impl MutationOperator for NullInclude {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "null-include",
                summary: "lets rows in whose column is NULL",
                docs: "A comparison is true for no NULL: it says nothing of rows without a value, and so \
                       hides that somebody forgot them. The mutant changes them too. Indistinct while the \
                       column is NULL in no row; equivalent when it is `NOT NULL` (the catalogs tell where \
                       they are known).",
            },
            category: MutationCategory::Data,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (age int, adult bool);",
                up: "UPDATE users SET adult = true WHERE age >= 18;",
                down: "",
                mutant: "UPDATE users SET adult = true WHERE (age >= 18 OR age IS NULL);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO users VALUES (NULL, false);\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT NOT adult FROM users;",
                ),
                spared: "UPDATE users SET adult = true WHERE age IS NULL; UPDATE users SET adult = false;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            let sql = piece.sql();
            let joins: Vec<Span> = filters(piece)
                .into_iter()
                .filter(|filter| !matches!(filter.kind, ClauseKind::Where | ClauseKind::Having))
                .map(|filter| span_of(filter.tokens))
                .collect();
            for condition in conditions(piece) {
                if joins.iter().any(|join| join.contains(span_of(condition))) {
                    continue;
                }
                for term in terms(sql, condition) {
                    let Some(name) = compared(sql, term) else {
                        continue;
                    };
                    let column = span_of(name).text(sql);
                    let target = piece.target().filter(|_| name.len() == 1);
                    let known = target.and_then(|t| tables::column(cx, &t.name, &name_of(sql, name[0])));
                    if known.is_some_and(|known| known.not_null) {
                        continue;
                    }
                    let written = span_of(term);
                    let edits = [
                        Edit::insert(written.start, "("),
                        Edit::insert(written.end, format!(" OR {column} IS NULL)")),
                    ];
                    out.push(piece.mutant(edits, format!("rows whose {column} is NULL are let in")));
                }
            }
        });
    }
}

/// The column that a comparison starts with, unless it is compared with another column.
fn compared<'t>(sql: &str, term: &'t [Token]) -> Option<&'t [Token]> {
    const OPERATORS: &[&str] = &["=", "<>", "!=", "<", "<=", ">", ">="];
    const WORDS: &[&str] = &["in", "not", "like", "ilike", "between"];
    let name = |tokens: &[Token]| {
        tokens.iter().take_while(|token| token.kind.is_name() || token.kind == TokenKind::Dot).count()
    };
    let mut end = 0;
    while term.get(end).is_some_and(|token| token.kind.is_name()) {
        end += 1;
        if term.get(end).is_none_or(|token| token.kind != TokenKind::Dot) {
            break;
        }
        end += 1;
    }
    let (column, rest) = term.split_at(end);
    let operator = rest.first()?;
    let compares =
        OPERATORS.contains(&operator.text(sql)) || WORDS.iter().any(|word| operator.is_word(sql, word));
    let prefix = column.first()?.is_word(sql, "not") || column[0].is_word(sql, "exists");
    let other = rest.get(1..)?;
    let constants = ["true", "false", "any", "all", "current_date", "current_timestamp", "current_user"];
    let constant = other.first().is_some_and(|first| constants.iter().any(|word| first.is_word(sql, word)));
    (compares && !prefix && !other.is_empty() && (name(other) < other.len() || constant)).then_some(column)
}
