//! `batch-bound`.

use confiture_core::sql::{Token, TokenKind, Verb};

use super::super::expression::{each_piece, exchanged_comparison};
use super::super::prelude::*;
use super::super::query::{ClauseKind, Place, block_tokens, span_of};

/// Moves the bound of a batch by one.
#[derive(Debug, Default)]
pub struct BatchBound;

confiture_core::register!(operator BatchBound);

impl MutationOperator for BatchBound {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "batch-bound",
                summary: "moves the bound of a batch by one",
                docs: "The last batch or the row between two batches is missed: the upper bound of a `FOR` \
                       loop, its step, the step a variable goes on by, the comparison of `WHILE` and `EXIT \
                       WHEN`, and `LIMIT` outside loops. Indistinct while no row is at the bound; a loop \
                       that no longer ends is a timeout.",
            },
            category: MutationCategory::Data,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, active bool);",
                up: "DO $$ BEGIN FOR i IN 0..9 LOOP UPDATE users SET active = true WHERE id / 10 = i; END\
                         \x20LOOP; END $$;",
                down: "",
                mutant: "DO $$ BEGIN FOR i IN 0..(9) - 1 LOOP UPDATE users SET active = true WHERE id / 10 = \
                         i; END LOOP; END $$;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO users SELECT id, false FROM generate_series(0, 99) AS id;\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT bool_and(active) FROM users;",
                ),
                spared: "DO $$ BEGIN UPDATE users SET active = true; END $$; UPDATE users SET active = true \
                         WHERE id BETWEEN 0 AND 9;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            if piece.place == Place::Block || piece.site.outline().verb == Verb::Do {
                return;
            }
            for query in piece.queries() {
                for limit in query.of(ClauseKind::Limit) {
                    if let [number] = piece.body(limit)
                        && let Ok(most @ 2..) = number.text(piece.sql()).parse::<u64>()
                    {
                        let edit = Edit::replace(number.span, (most - 1).to_string());
                        out.push(piece.mutant([edit], format!("LIMIT {most} becomes {}", most - 1)));
                    }
                }
            }
        });
        for site in &cx.sites {
            let tokens = block_tokens(site);
            for part in tokens.split(|token| token.kind == TokenKind::Semicolon) {
                for (edit, description) in bounds(site.sql(), part) {
                    out.push(site.mutant([edit], description));
                }
            }
        }
        out.sort_by_key(|mutant| mutant.statement);
    }
}

/// The bounds that one statement of a block sets, each moved by one.
fn bounds(sql: &str, part: &[Token]) -> Vec<(Edit, String)> {
    let mut found = Vec::new();
    let position = |word: &str| part.iter().position(|token| token.is_word(sql, word));
    let runs = position("loop").unwrap_or(part.len());
    let next = |token: &Token| Some(token.text(sql).parse::<i64>().ok()?.checked_add(1)?.to_string());
    if let Some(range) = part.iter().position(|token| token.text(sql) == "..").filter(|range| *range < runs) {
        let step = position("by").filter(|by| *by > range && *by < runs);
        let reverse = part[..range].iter().any(|token| token.is_word(sql, "reverse"));
        let upper = span_of(&part[range + 1..step.unwrap_or(runs)]);
        let (sign, written) = if reverse { ("+", upper) } else { ("-", upper) };
        let other = format!("({}) {sign} 1", written.text(sql));
        found.push((Edit::replace(written, other), "the loop ends one step early".to_owned()));
        if let Some(token) = step.and_then(|by| part.get(by + 1))
            && let Some(other) = next(token)
        {
            found.push((Edit::replace(token.span, &other), format!("the step becomes {other}")));
        }
    }
    let whiles = position("while").map(|at| &part[at..runs.max(at)]);
    let exits = position("exit").map(|at| &part[at..]);
    for token in [whiles, exits].into_iter().flatten().flatten() {
        let written = token.text(sql);
        if let Some(other) = exchanged_comparison(written).filter(|_| !matches!(written, "=" | "<>" | "!=")) {
            found.push((Edit::replace(token.span, other), format!("{written} becomes {other}")));
        }
    }
    // `at := at + 1000`
    for step in part.windows(5) {
        let [name, assign, same, plus, number] = step else { continue };
        let goes_on = assign.text(sql) == ":=" && plus.text(sql) == "+" && name.kind.is_name();
        if goes_on
            && name.text(sql) == same.text(sql)
            && let Some(other) = next(number)
        {
            found.push((Edit::replace(number.span, &other), format!("the step becomes {other}")));
        }
    }
    found
}
