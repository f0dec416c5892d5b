//! `lock-timeout-drop`.

use confiture_core::sql::{Token, TokenKind, Verb};

use super::super::prelude::*;

/// Leaves the lock_timeout of the script out.
#[derive(Debug, Default)]
pub struct LockTimeoutDrop;

confiture_core::register!(operator LockTimeoutDrop);

impl MutationOperator for LockTimeoutDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "lock-timeout-drop",
                summary: "leaves SET lock_timeout out",
                docs: "A migration that has to wait for a lock makes every later query of the table wait behind \
                       it; without `lock_timeout` that lasts as long as the oldest transaction. `SET`, `SET \
                       LOCAL` and `set_config` are found, values that mean no limit are not. Equivalent when \
                       the role or the server sets the same.",
            },
            category: MutationCategory::Locking,
            severity: Severity::High,
            channels: Channels::LOCK.and(Channels::ABORT),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int);",
                up: "SET lock_timeout = '2s'; ALTER TABLE users ADD email text;",
                down: "ALTER TABLE users DROP email;",
                mutant: "; ALTER TABLE users ADD email text;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\nCREATE TABLE seen (lock_timeout text);\n\
                     CREATE FUNCTION see() RETURNS event_trigger LANGUAGE plpgsql AS\n  \
                     'BEGIN INSERT INTO seen VALUES (current_setting(''lock_timeout'')); END';\n\
                     CREATE EVENT TRIGGER see ON ddl_command_start EXECUTE FUNCTION see();\n\
                     -- confiture: migrate to 0002\n-- confiture: assert\n\
                     SELECT lock_timeout <> '0' FROM seen;",
                ),
                spared: "SET lock_timeout = 0; RESET lock_timeout; SET statement_timeout = '2s'; \
                         ALTER TABLE users ADD email text;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        let sites = cx.sites.iter().filter(|site| sets_limit(site));
        out.extend(sites.map(|site| site.left_out().on("lock_timeout")));
    }
}

/// Whether all a statement does is to limit the wait for locks.
fn sets_limit(site: &Site<'_>) -> bool {
    let (sql, tokens) = (site.sql(), site.tokens());
    let named = |token: &Token| {
        matches!(token.kind, TokenKind::Ident | TokenKind::QuotedIdent | TokenKind::String)
            && token.text(sql).trim_matches(['"', '\'']).eq_ignore_ascii_case("lock_timeout")
    };
    let value = match site.outline().verb {
        Verb::Set => {
            let rest = tokens.get(1..).unwrap_or_default();
            let scoped = rest
                .first()
                .is_some_and(|token| ["local", "session"].iter().any(|word| token.is_word(sql, word)));
            let rest = rest.get(usize::from(scoped)..).unwrap_or_default();
            rest.first().filter(|token| named(token)).and_then(|_| rest.get(2))
        }
        Verb::Select => match tokens.iter().position(|token| token.is_word(sql, "set_config")) {
            // SELECT [pg_catalog.]set_config('lock_timeout', value, is_local)
            Some(at @ (1 | 3)) if tokens.last().is_some_and(|token| token.kind == TokenKind::RightParen) => {
                tokens.get(at + 2).filter(|token| named(token)).and_then(|_| tokens.get(at + 4))
            }
            _ => None,
        },
        _ => None,
    };
    let value = value.map(|token| token.text(sql).trim_matches('\'').trim());
    value.is_some_and(|value| {
        let amount = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
        let unlimited = !amount.is_empty() && amount.chars().all(|c| c == '0');
        !unlimited && !value.eq_ignore_ascii_case("default")
    })
}
