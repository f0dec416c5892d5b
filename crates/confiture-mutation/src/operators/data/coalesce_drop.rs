//! `coalesce-drop`.

use confiture_core::sql::TokenKind;

use super::super::expression::each_piece;
use super::super::prelude::*;
use super::super::query::{closing, items, span_of};

/// Replaces `COALESCE` by its first argument.
#[derive(Debug, Default)]
pub struct CoalesceDrop;

confiture_core::register!(operator CoalesceDrop);

impl MutationOperator for CoalesceDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "coalesce-drop",
                summary: "drops what COALESCE puts in the place of NULL",
                docs: "NULL is copied where a value should have taken its place. Indistinct while the first \
                       argument is never NULL; rejected when the column refuses NULL.",
            },
            category: MutationCategory::Data,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (name text, label text);",
                up: "UPDATE users SET label = COALESCE(name, 'nobody');",
                down: "",
                mutant: "UPDATE users SET label = name;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO users VALUES (NULL);\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT label = 'nobody' FROM users;",
                ),
                spared: "UPDATE users SET label = name;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            let (sql, tokens) = (piece.sql(), piece.tokens.as_slice());
            for (at, token) in tokens.iter().enumerate() {
                let call = tokens.get(at + 1).is_some_and(|next| next.kind == TokenKind::LeftParen);
                if !call || !token.is_word(sql, "coalesce") {
                    continue;
                }
                let end = closing(tokens, at + 1);
                let arguments = items(sql, tokens.get(at + 2..end).unwrap_or_default());
                if let [first, _, ..] = arguments.as_slice() {
                    let written = span_of(first).text(sql);
                    let simple =
                        first.iter().all(|token| token.kind.is_name() || token.kind == TokenKind::Dot);
                    let other = if simple { written.to_owned() } else { format!("({written})") };
                    let edit = Edit::replace(token.span.to(tokens[end].span), other);
                    out.push(piece.mutant([edit], format!("COALESCE gives {written} even where it is NULL")));
                }
            }
        });
    }
}
