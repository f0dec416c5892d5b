//! `analyze-drop`.

use confiture_core::sql::{TokenKind, Verb};

use super::super::prelude::*;
use super::super::query::{closing, items, span_of};

/// Leaves an `ANALYZE` out.
#[derive(Debug, Default)]
pub struct AnalyzeDrop;

confiture_core::register!(operator AnalyzeDrop);

impl MutationOperator for AnalyzeDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "analyze-drop",
                summary: "leaves an ANALYZE out",
                docs: "The planner knows nothing of the new rows until autovacuum comes. `VACUUM` goes on \
                       without it. Equivalent when the table was analysed before and has not changed.",
            },
            category: MutationCategory::Performance,
            severity: Severity::Medium,
            channels: Channels::PLAN,
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int);",
                up: "ANALYZE users;",
                down: "",
                mutant: ";",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO users VALUES (1);\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT reltuples = 1 FROM pg_class WHERE relname = 'users';",
                ),
                spared: "VACUUM users;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let sql = site.sql();
            match site.outline().verb {
                Verb::Analyze => out.push(site.left_out()),
                Verb::Vacuum => out.extend(
                    vacuum_only(site).map(|edit| site.mutant([edit], format!("{sql} no longer analyses"))),
                ),
                _ => {}
            }
        }
    }
}

/// `VACUUM` without its option `ANALYZE`.
fn vacuum_only(site: &Site<'_>) -> Option<Edit> {
    let (sql, tokens) = (site.sql(), site.tokens());
    let word =
        |token: &confiture_core::sql::Token| token.is_word(sql, "analyze") || token.is_word(sql, "analyse");
    if tokens.get(1)?.kind != TokenKind::LeftParen {
        let options = ["vacuum", "full", "freeze", "verbose", "analyze", "analyse"];
        let mut head =
            tokens.iter().take_while(|token| options.iter().any(|option| token.is_word(sql, option)));
        return head.find(|token| word(token)).map(|token| Edit::remove_clause(sql, token.span));
    }
    let list = items(sql, tokens.get(2..closing(tokens, 1))?);
    let at = list.iter().position(|option| word(&option[0]))?;
    if list[at].get(1).is_some_and(|value| ["false", "off", "0"].contains(&value.text(sql))) {
        return None;
    }
    let spans: Vec<_> = list.iter().map(|option| span_of(option)).collect();
    if spans.len() > 1 {
        Edit::remove_item(&spans, at)
    } else {
        Some(Edit::replace(spans[0], "ANALYZE false"))
    }
}
