//! `arithmetic`.

use confiture_core::sql::TokenKind;

use super::super::expression::each_piece;
use super::super::prelude::*;
use super::super::query::is_operand;

/// Exchanges `+` and `-`, `*` and `/`.
#[derive(Debug, Default)]
pub struct Arithmetic;

confiture_core::register!(operator Arithmetic);

impl MutationOperator for Arithmetic {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "arithmetic",
                summary: "exchanges + and -, * and /",
                docs: "Values are computed wrongly. Stillborn where the types do not know the other \
                       operator (a date has no `+` with a date); rejected on a division by zero; indistinct \
                       while no row is computed, or the operand is 0 or 1.",
            },
            category: MutationCategory::Data,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE items (price int, quantity int, total int);",
                up: "UPDATE items SET total = price * quantity;",
                down: "",
                mutant: "UPDATE items SET total = price / quantity;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO items VALUES (2, 3);\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT total = 6 FROM items;",
                ),
                spared: "UPDATE items SET total = -1; CREATE TABLE copy AS SELECT * FROM items; UPDATE items \
                         SET total = (SELECT count(*) FROM copy);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            let (sql, tokens) = (piece.sql(), piece.tokens.as_slice());
            for (at, token) in
                tokens.iter().enumerate().filter(|(_, token)| token.kind == TokenKind::Operator)
            {
                let other = match token.text(sql) {
                    "+" => "-",
                    "-" => "+",
                    "*" => "/",
                    "/" | "%" => "*",
                    _ => continue,
                };
                let left = at.checked_sub(1).is_some_and(|before| is_operand(sql, tokens[before]));
                let right = tokens.get(at + 1).is_some_and(|next| {
                    let ends =
                        matches!(next.kind, TokenKind::RightParen | TokenKind::Comma | TokenKind::Semicolon);
                    !ends
                        && (token.text(sql) != "*"
                            || is_operand(sql, *next)
                            || next.kind == TokenKind::LeftParen)
                });
                if left && right {
                    out.push(piece.mutant(
                        [Edit::replace(token.span, other)],
                        format!("{} becomes {other}", token.text(sql)),
                    ));
                }
            }
        });
    }
}
