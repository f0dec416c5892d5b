//! `where-relop`.

use super::super::expression::{exchanged_comparison, filters};
use super::super::prelude::*;

/// Exchanges a comparison in the condition of a statement that changes rows.
#[derive(Debug, Default)]
pub struct WhereRelop;

confiture_core::register!(operator WhereRelop);

impl MutationOperator for WhereRelop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "where-relop",
                summary: "exchanges a comparison in a WHERE",
                docs: "`=` becomes `<>`, `<` becomes `<=`, `>` becomes `>=` and the other way round: the wrong \
                       rows are changed, or one row at the edge. Indistinct while no row is at the edge.",
            },
            category: MutationCategory::Data,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, age int, adult bool);",
                up: "UPDATE users SET adult = true WHERE age >= 18;",
                down: "",
                mutant: "UPDATE users SET adult = true WHERE age > 18;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\nINSERT INTO users VALUES (1, 18, false);\n\
                     -- confiture: migrate to 0002\n-- confiture: assert\nSELECT adult FROM users;",
                ),
                spared: "UPDATE users SET adult = true WHERE adult IS NULL;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for filter in filters(site) {
                for token in site.tokens_in(filter) {
                    let written = token.text(site.sql());
                    if let Some(other) = exchanged_comparison(written) {
                        let edit = Edit::replace(token.span, other);
                        out.push(site.mutant([edit], format!("{written} becomes {other}")));
                    }
                }
            }
        }
    }
}
