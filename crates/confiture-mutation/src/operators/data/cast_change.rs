//! `cast-change`.

use confiture_core::sql::{Span, Token, TokenKind};

use super::super::expression::each_piece;
use super::super::prelude::*;
use super::super::query::closing;

/// Casts to a narrower type.
#[derive(Debug, Default)]
pub struct CastChange;

confiture_core::register!(operator CastChange);

impl MutationOperator for CastChange {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "cast-change",
                summary: "casts to a narrower type",
                docs: "`timestamp` becomes `date`, `numeric` becomes `integer`, `bigint` becomes `integer`, \
                       `text` becomes `varchar(3)`: part of the value is lost without an error, or the \
                       value does not fit (rejected). Stillborn where the types do not convert; indistinct \
                       while no value has the part that is lost.",
            },
            category: MutationCategory::Data,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE orders (amount text, price numeric);",
                up: "UPDATE orders SET price = amount::numeric;",
                down: "",
                mutant: "UPDATE orders SET price = amount::integer;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO orders VALUES ('1', NULL);\n\
                     ALTER TABLE orders ALTER amount TYPE numeric USING 2.5;\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT price = 2.5 FROM orders;",
                ),
                spared: "UPDATE orders SET price = 1; UPDATE orders SET amount = price::uuid;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            let (sql, tokens) = (piece.sql(), piece.tokens.as_slice());
            for (at, token) in tokens.iter().enumerate() {
                let start = if token.kind == TokenKind::DoubleColon {
                    at + 1
                } else if token.is_word(sql, "cast")
                    && tokens.get(at + 1).is_some_and(|next| next.kind == TokenKind::LeftParen)
                    && let Some(word) = cast_as(sql, tokens, at + 1)
                {
                    word + 1
                } else {
                    continue;
                };
                if let Some((span, other)) = narrower(sql, tokens, start) {
                    let description = format!("a cast to {} becomes one to {other}", span.text(sql));
                    out.push(piece.mutant([Edit::replace(span, other)], description));
                }
            }
        });
    }
}

/// The place of the `AS` of the cast whose parenthesis is at `open`.
fn cast_as(sql: &str, tokens: &[Token], open: usize) -> Option<usize> {
    let end = closing(tokens, open);
    let mut depth = 0_usize;
    (open + 1..end).rev().find(|at| {
        depth += usize::from(tokens[*at].kind == TokenKind::RightParen);
        depth = depth.saturating_sub(usize::from(tokens[*at].kind == TokenKind::LeftParen));
        depth == 0 && tokens[*at].is_word(sql, "as")
    })
}

/// The type written at `at`, and one that keeps less of a value.
fn narrower(sql: &str, tokens: &[Token], at: usize) -> Option<(Span, &'static str)> {
    let first = tokens.get(at).filter(|token| token.kind == TokenKind::Ident)?;
    let mut end = at;
    let word = |place: usize, word: &str| tokens.get(place).is_some_and(|token| token.is_word(sql, word));
    let mut name = first.text(sql).to_ascii_lowercase();
    if (name == "double" && word(at + 1, "precision")) || (name == "character" && word(at + 1, "varying")) {
        end += 1;
        name.push_str(if name == "double" { " precision" } else { " varying" });
    }
    if tokens.get(end + 1).is_some_and(|token| token.kind == TokenKind::LeftParen) {
        end = closing(tokens, end + 1);
    }
    let zoned = word(end + 1, "with") && word(end + 2, "time");
    if (zoned || (word(end + 1, "without") && word(end + 2, "time"))) && word(end + 3, "zone") {
        end += 3;
    }
    if tokens.get(end + 1).is_some_and(|next| matches!(next.kind, TokenKind::LeftBracket | TokenKind::Dot)) {
        return None;
    }
    let other = match name.as_str() {
        "integer" | "int" | "int4" => "smallint",
        "bigint" | "int8" | "numeric" | "decimal" | "real" | "float4" | "float8" | "double precision" => {
            "integer"
        }
        "timestamp" | "timestamptz" => "date",
        "text" | "varchar" | "character varying" => "varchar(3)",
        _ => return None,
    };
    let span = first.span.to(tokens[end].span);
    (span.text(sql) != other).then_some((span, other))
}
