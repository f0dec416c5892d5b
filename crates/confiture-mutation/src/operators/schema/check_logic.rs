//! `check-logic`.

use super::super::logic::{connectives, negations};
use super::super::prelude::*;
use super::checks::checks;

/// Exchanges AND and OR in a check constraint, or drops a NOT.
#[derive(Debug, Default)]
pub struct CheckLogic;

confiture_core::register!(operator CheckLogic);

impl MutationOperator for CheckLogic {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "check-logic",
                summary: "exchanges AND and OR in a check, or drops a NOT",
                docs: "The check lets in what fulfils half of it, refuses what fulfils only half, or asks \
                       for the opposite. The AND of a BETWEEN is none. Equivalent where one half implies \
                       the other; rejected where rows break the other check.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE points (a int, b int, CHECK (a > 0 AND b > 0));",
                down: "",
                mutant: "CREATE TABLE points (a int, b int, CHECK (a > 0 OR b > 0));",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n-- confiture: catch 23514\nINSERT INTO points VALUES \
                     (1, -1);",
                ),
                spared: "CREATE TABLE points (a int CHECK (a BETWEEN 1 AND 9), b int CHECK (b IS NOT NULL));",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for (found, expression) in checks(site) {
                for token in connectives(site, expression) {
                    let written = token.text(site.sql());
                    let other = if written.eq_ignore_ascii_case("and") { "OR" } else { "AND" };
                    let edit = Edit::replace(token.span, other);
                    out.push(found.mutant(site, [edit], format!("{written} becomes {other}")));
                }
                for span in negations(site, expression) {
                    out.push(found.mutant(site, [Edit::remove(span)], "NOT is dropped"));
                }
            }
        }
    }
}
