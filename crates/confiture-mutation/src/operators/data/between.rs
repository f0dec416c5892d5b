//! `between`.

use confiture_core::sql::Span;

use super::super::expression::each_piece;
use super::super::prelude::*;
use super::super::query::{between_ands, edges, operand_before, span_of};

/// Leaves a bound of `BETWEEN` out, or turns it round.
#[derive(Debug, Default)]
pub struct Between;

confiture_core::register!(operator Between);

impl MutationOperator for Between {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "between",
                summary: "leaves a bound of BETWEEN out, or turns it round",
                docs: "The value at the lower or upper bound is no longer in the range, or everything but \
                       the range is. Indistinct while no row is at the bound.",
            },
            category: MutationCategory::Data,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (age int, teen bool);",
                up: "UPDATE users SET teen = true WHERE age BETWEEN 13 AND 19;",
                down: "",
                mutant: "UPDATE users SET teen = true WHERE (age >= 13 AND age < 19);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO users VALUES (19, false);\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT teen FROM users;",
                ),
                spared: "UPDATE users SET teen = true WHERE age >= 13 AND age <= 19;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            let (sql, tokens) = (piece.sql(), piece.tokens.as_slice());
            let ands = between_ands(sql, tokens);
            for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.is_word(sql, "between")) {
                if let Some(not) =
                    at.checked_sub(1).map(|at| tokens[at]).filter(|before| before.is_word(sql, "not"))
                {
                    let gap = Span::new(not.span.start, token.span.start);
                    out.push(piece.mutant([Edit::remove(gap)], "NOT BETWEEN becomes BETWEEN"));
                    continue;
                }
                out.push(
                    piece.mutant([Edit::insert(token.span.start, "NOT ")], "BETWEEN becomes NOT BETWEEN"),
                );
                let Some((start, and)) =
                    operand_before(sql, tokens, at).zip(ands.iter().copied().find(|and| *and > at))
                else {
                    continue;
                };
                let end = edges(sql, tokens, and + 1);
                let text = |from: usize, to: usize| {
                    tokens.get(from..to).map_or("", |tokens| span_of(tokens).text(sql))
                };
                let (value, lower, upper) = (text(start, at), text(at + 1, and), text(and + 1, end));
                let symmetric = tokens.get(at + 1).is_some_and(|next| next.is_word(sql, "symmetric"));
                let whole = tokens.get(start..end).map(span_of).filter(|_| !symmetric && !upper.is_empty());
                for (from, to, bound) in [(">=", "<", upper), (">", "<=", lower)] {
                    let other = format!("({value} {from} {lower} AND {value} {to} {upper})");
                    let mutant = |span| {
                        piece.mutant(
                            [Edit::replace(span, other)],
                            format!("{bound} is no longer in the range"),
                        )
                    };
                    out.extend(whole.map(mutant));
                }
            }
        });
    }
}
