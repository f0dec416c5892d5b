//! `case-branch`.

use confiture_core::sql::{Span, Token};

use super::super::expression::each_piece;
use super::super::prelude::*;
use super::super::query::{Piece, span_of};

/// Drops or exchanges branches of a `CASE`.
#[derive(Debug, Default)]
pub struct CaseBranch;

confiture_core::register!(operator CaseBranch);

impl MutationOperator for CaseBranch {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "case-branch",
                summary: "drops or exchanges branches of a CASE",
                docs: "A branch or the `ELSE` is forgotten, or the results of two neighbours are exchanged. \
                       Indistinct while no row takes the branch.",
            },
            category: MutationCategory::Data,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (age int, label text);",
                up: "UPDATE users SET label = CASE WHEN age < 18 THEN 'minor' ELSE 'adult' END;",
                down: "",
                mutant: "UPDATE users SET label = CASE WHEN age < 18 THEN 'minor' END;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO users VALUES (20);\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT label = 'adult' FROM users;",
                ),
                spared: "UPDATE users SET label = 'adult';",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            for case in cases(piece.sql(), &piece.tokens) {
                mutants(piece, &case, out);
            }
        });
    }
}

/// One `CASE`: the places of its words among the tokens.
struct Case {
    /// `WHEN` and its `THEN`.
    branches: Vec<(usize, usize)>,
    otherwise: Option<usize>,
    end: usize,
}

fn cases(sql: &str, tokens: &[Token]) -> Vec<Case> {
    let mut open: Vec<Case> = Vec::new();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if token.is_word(sql, "case") {
            open.push(Case { branches: Vec::new(), otherwise: None, end: 0 });
        } else if let Some(case) = open.last_mut() {
            if token.is_word(sql, "when") {
                case.branches.push((at, at));
            } else if token.is_word(sql, "then") {
                case.branches.iter_mut().rev().take(1).for_each(|branch| branch.1 = at);
            } else if token.is_word(sql, "else") {
                case.otherwise = Some(at);
            } else if token.is_word(sql, "end") {
                case.end = at;
                found.extend(open.pop());
            }
        }
    }
    found
}

fn mutants(piece: &Piece<'_>, case: &Case, out: &mut Vec<Mutant>) {
    let (sql, tokens) = (piece.sql(), piece.tokens.as_slice());
    let words: Vec<usize> =
        case.branches.iter().map(|branch| branch.0).chain(case.otherwise).chain([case.end]).collect();
    let removed =
        |at: usize| Edit::remove(Span::new(tokens[words[at]].span.start, tokens[words[at + 1]].span.start));
    let branch = |at: usize| span_of(&tokens[words[at]..words[at + 1]]).text(sql);
    for at in 0..words.len() - 1 {
        let otherwise = case.otherwise == Some(words[at]);
        let null = otherwise && tokens[words[at] + 1].is_word(sql, "null");
        // Of equal branches the first one decides.
        if (0..at).any(|before| branch(before) == branch(at)) {
            continue;
        }
        if (otherwise && !null) || (!otherwise && case.branches.len() > 1) {
            let what = if otherwise { "ELSE".to_owned() } else { format!("branch {}", at + 1) };
            out.push(piece.mutant([removed(at)], format!("{what} of a CASE is left out")));
        }
    }
    let starts = case.branches.iter().map(|branch| branch.1).chain(case.otherwise);
    let results: Vec<Span> = starts
        .zip(&words[1..])
        .filter_map(|(start, next)| Some(span_of(tokens.get(start + 1..*next)?)))
        .collect();
    for pair in results.windows(2).filter(|pair| pair[0].text(sql) != pair[1].text(sql)) {
        let edits = [Edit::replace(pair[0], pair[1].text(sql)), Edit::replace(pair[1], pair[0].text(sql))];
        let description = format!("{} and {} change places", pair[0].text(sql), pair[1].text(sql));
        out.push(piece.mutant(edits, description));
    }
}
