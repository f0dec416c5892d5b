//! `default-change`.

use super::super::prelude::*;
use super::defaults::{constant, defaults, opposite, other_number, other_text};
use confiture_core::sql::TokenKind;

/// Changes a constant default.
#[derive(Debug, Default)]
pub struct DefaultChange;

confiture_core::register!(operator DefaultChange);

impl MutationOperator for DefaultChange {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "default-change",
                summary: "changes a constant default",
                docs: "true and false change places, 0 becomes 1 and any other number 0, a label becomes \
                       another one of the column's CHECK or enum, a text becomes empty, an empty JSON \
                       object an empty array. Rejected or stillborn where a constraint refuses the other \
                       value. Defaults that are computed are spared.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE users (id int, active bool DEFAULT true);",
                down: "",
                mutant: "CREATE TABLE users (id int, active bool DEFAULT false);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO users (id) VALUES (1);\n-- confiture: \
                     assert\nSELECT active FROM users;",
                ),
                spared: "CREATE TABLE users (id int, made timestamptz DEFAULT now());",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for default in defaults(cx, site) {
                let Some(token) = constant(site, default.value) else {
                    continue;
                };
                let written = token.text(site.sql());
                let other = match token.kind {
                    TokenKind::Ident => Some(opposite(written).to_owned()),
                    TokenKind::Number => other_number(written).map(str::to_owned),
                    _ => other_text(cx, site, &default, written),
                };
                if let Some(other) = other {
                    let description = format!("the default {written} becomes {other}");
                    out.push(site.mutant([Edit::replace(token.span, other)], description).on(default.object));
                }
            }
        }
    }
}
