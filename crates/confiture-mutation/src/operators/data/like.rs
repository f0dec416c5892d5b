//! `like`.

use confiture_core::sql::{Span, TokenKind};

use super::super::expression::each_piece;
use super::super::prelude::*;

/// Changes what `LIKE` matches.
#[derive(Debug, Default)]
pub struct Like;

confiture_core::register!(operator Like);

impl MutationOperator for Like {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "like",
                summary: "changes what LIKE matches",
                docs: "`LIKE` becomes `ILIKE` and `NOT LIKE` and the other way round, and a `%` at either \
                       end of the pattern comes or goes. Indistinct while no row matches one pattern and \
                       not the other.",
            },
            category: MutationCategory::Data,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (email text, internal bool);",
                up: "UPDATE users SET internal = true WHERE email LIKE '%@example.org';",
                down: "",
                mutant: "UPDATE users SET internal = true WHERE email LIKE '%@example.org%';",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO users VALUES ('a@example.org.uk', false);\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT NOT internal FROM users;",
                ),
                spared: "UPDATE users SET internal = true WHERE email = 'a@example.org';",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            let (sql, tokens) = (piece.sql(), piece.tokens.as_slice());
            for (at, token) in tokens.iter().enumerate() {
                let exact = token.is_word(sql, "like");
                if !(exact || token.is_word(sql, "ilike")) {
                    continue;
                }
                let other = if exact { "ILIKE" } else { "LIKE" };
                out.push(piece.mutant(
                    [Edit::replace(token.span, other)],
                    format!("{} becomes {other}", token.text(sql)),
                ));
                match at.checked_sub(1).map(|at| tokens[at]).filter(|before| before.is_word(sql, "not")) {
                    Some(not) => {
                        let gap = Span::new(not.span.start, token.span.start);
                        out.push(piece.mutant([Edit::remove(gap)], "NOT goes"));
                    }
                    None => out.push(piece.mutant([Edit::insert(token.span.start, "NOT ")], "NOT comes")),
                }
                let pattern = tokens.get(at + 1).filter(|token| token.kind == TokenKind::String);
                let ends = tokens.get(at + 2).is_none_or(|next| next.kind != TokenKind::Operator);
                if let Some(pattern) = pattern.filter(|_| ends) {
                    let text = pattern.text(sql);
                    let inside = text.get(1..text.len() - 1).unwrap_or_default();
                    let first = inside.strip_prefix('%').map_or_else(|| format!("%{inside}"), str::to_owned);
                    let last = match inside.strip_suffix('%') {
                        Some(rest) if !rest.ends_with('\\') => rest.to_owned(),
                        _ => format!("{inside}%"),
                    };
                    for other in std::collections::BTreeSet::from([first, last]) {
                        let edit = Edit::replace(pattern.span, format!("'{other}'"));
                        out.push(piece.mutant([edit], format!("the pattern becomes {other}")));
                    }
                }
            }
        });
    }
}
