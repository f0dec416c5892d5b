//! `sequence-reset-drop`.

use confiture_core::sql::{ActionKind, ObjectKind, Token, TokenKind, Verb};

use super::super::prelude::*;
use super::super::query::{block_tokens, span_of};

/// Forgets to set a sequence behind the rows.
#[derive(Debug, Default)]
pub struct SequenceResetDrop;

confiture_core::register!(operator SequenceResetDrop);

impl MutationOperator for SequenceResetDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "sequence-reset-drop",
                summary: "forgets to set a sequence behind the rows",
                docs: "Leaves `setval`, `RESTART` of a sequence or identity column, and `RESTART IDENTITY` \
                       of `TRUNCATE` out: the next key that the sequence gives is taken, or starts where it \
                       should not. Indistinct while no row is added afterwards.",
            },
            category: MutationCategory::Data,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id serial PRIMARY KEY, name text);",
                up: "INSERT INTO users (id, name) VALUES (1, 'Ada'); SELECT setval('users_id_seq', 1);",
                down: "",
                mutant: "INSERT INTO users (id, name) VALUES (1, 'Ada'); ;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     INSERT INTO users (name) VALUES ('Bob');\n\
                     -- confiture: assert\n\
                     SELECT count(*) = 2 FROM users;",
                ),
                spared: "INSERT INTO users (id, name) VALUES (1, 'Ada'); SELECT count(*) FROM users; TRUNCATE\
                         \x20users;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let sql = site.sql();
            match site.outline().verb {
                Verb::Select if calls(sql, site.tokens()).is_some() => out.push(site.left_out()),
                Verb::Alter => out.extend(restart(site)),
                Verb::Truncate => {
                    let words = site.tokens().windows(2);
                    let mut found =
                        words.filter(|w| w[0].is_word(sql, "restart") && w[1].is_word(sql, "identity"));
                    let span = found.next().map(|words| words[0].span.to(words[1].span));
                    let mutant =
                        |span| site.mutant([Edit::remove_clause(sql, span)], "RESTART IDENTITY is left out");
                    out.extend(span.map(mutant));
                }
                Verb::Do => {
                    let tokens = block_tokens(site);
                    for part in tokens.split(|token| token.kind == TokenKind::Semicolon) {
                        let performs = part.iter().position(|token| token.is_word(sql, "perform"));
                        if let Some(call) =
                            performs.and_then(|at| part.get(at..)).filter(|call| calls(sql, call).is_some())
                        {
                            out.push(
                                site.mutant([Edit::replace(span_of(call), "NULL")], "setval is left out"),
                            );
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// The place of a call of `setval`.
fn calls(sql: &str, tokens: &[Token]) -> Option<usize> {
    tokens.windows(2).position(|pair| pair[0].is_word(sql, "setval") && pair[1].kind == TokenKind::LeftParen)
}

/// `ALTER SEQUENCE … RESTART`, `ALTER TABLE … ALTER … RESTART`.
fn restart(site: &Site<'_>) -> Option<Mutant> {
    let (sql, actions) = (site.sql(), site.outline().actions());
    let restarts = |span| site.tokens_in(span).iter().position(|token: &Token| token.is_word(sql, "restart"));
    let sequence = site.outline().object == Some(ObjectKind::Sequence);
    let wanted = |kind| sequence || kind == ActionKind::AlterIdentity;
    let at = actions.iter().position(|action| wanted(action.kind) && restarts(action.span).is_some())?;
    let tokens = site.tokens_in(actions[at].span);
    let word = restarts(actions[at].span)?;
    let mut end = word + 1;
    end += usize::from(tokens.get(end).is_some_and(|token| token.is_word(sql, "with")));
    end += usize::from(tokens.get(end).is_some_and(|token| token.text(sql) == "-"));
    end += usize::from(tokens.get(end).is_some_and(|token| token.kind == TokenKind::Number));
    let first = word - usize::from(word > 0 && tokens[word - 1].is_word(sql, "set"));
    // What stands before the options: `ALTER COLUMN id` alone says nothing.
    let options = actions[at]
        .value
        .filter(|_| !sequence)
        .map_or(0, |options| tokens.iter().take_while(|token| token.span.start < options.start).count());
    if first > options || end < tokens.len() {
        let clause = span_of(tokens.get(first..end)?);
        return Some(site.mutant([Edit::remove_clause(sql, clause)], "RESTART is left out"));
    }
    if actions.len() == 1 {
        return Some(site.left_out());
    }
    let spans: Vec<_> = actions.iter().map(|action| action.span).collect();
    Some(site.mutant([Edit::remove_item(&spans, at)?], "RESTART is left out"))
}
