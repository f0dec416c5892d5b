//! `concurrently-drop`.

use confiture_core::sql::{Modifier, Span, TokenKind, Verb};

use super::super::prelude::*;

/// Takes CONCURRENTLY away.
#[derive(Debug, Default)]
pub struct ConcurrentlyDrop;

confiture_core::register!(operator ConcurrentlyDrop);

impl MutationOperator for ConcurrentlyDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "concurrently-drop",
                summary: "takes CONCURRENTLY away",
                docs: "An index is built, dropped or rebuilt, a materialized view refreshed or a partition \
                       detached under a lock that stops the application: SHARE for a new index, ACCESS \
                       EXCLUSIVE for the others. The result is the same, so that only a test with `at-most` \
                       tells; what an abort leaves differs too.",
            },
            category: MutationCategory::Locking,
            severity: Severity::Critical,
            channels: Channels::LOCK.and(Channels::ABORT),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, email text);",
                up: "CREATE INDEX CONCURRENTLY users_email_idx ON users (email);",
                down: "DROP INDEX users_email_idx;",
                mutant: "CREATE INDEX users_email_idx ON users (email);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n-- confiture: migrate to 0002\n\
                     -- confiture: at-most SHARE UPDATE EXCLUSIVE on users",
                ),
                spared: "CREATE INDEX \"concurrently\" ON users (email);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let outline = site.outline();
            let actions = outline.actions().iter().map(|action| action.modifier(Modifier::Concurrently));
            let words = std::iter::once(outline.modifier(Modifier::Concurrently)).chain(actions).flatten();
            let edits = words.map(|span| Edit::remove_clause(site.sql(), span)).chain(option(site));
            out.extend(edits.map(|edit| site.mutant([edit], "CONCURRENTLY is left out")));
        }
    }
}

/// The option of `REINDEX (CONCURRENTLY) …`, with the list when nothing else is in it.
fn option(site: &Site<'_>) -> Option<Edit> {
    let tokens = site.tokens();
    let opens = tokens.get(1).filter(|token| token.kind == TokenKind::LeftParen);
    if site.outline().verb != Verb::Reindex || opens.is_none() {
        return None;
    }
    let close = tokens.iter().position(|token| token.kind == TokenKind::RightParen)?;
    let options: Vec<Span> = tokens
        .get(2..close)?
        .split(|token| token.kind == TokenKind::Comma)
        .filter_map(|option| Some(option.first()?.span.to(option.last()?.span)))
        .collect();
    let named = |span: &Span| {
        let option = site.tokens_in(*span);
        let off =
            option.last().map_or("", |value| value.text(site.sql())).trim_matches('\'').to_ascii_lowercase();
        option.first().is_some_and(|name| name.is_word(site.sql(), "concurrently"))
            && !["false", "off", "0"].contains(&off.as_str())
    };
    let at = options.iter().position(named)?;
    if options.len() == 1 {
        return Some(Edit::remove_clause(site.sql(), opens?.span.to(tokens.get(close)?.span)));
    }
    Edit::remove_item(&options, at)
}
