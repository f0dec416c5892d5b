//! `check-relop`.

use super::super::prelude::*;
use super::checks::checks;

/// Exchanges a comparison in a check constraint.
#[derive(Debug, Default)]
pub struct CheckRelop;

confiture_core::register!(operator CheckRelop);

impl MutationOperator for CheckRelop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "check-relop",
                summary: "exchanges a comparison in a check",
                docs: "Each of `=`, `<>`, `<`, `<=`, `>` and `>=` becomes each other one: five mutants for \
                       each, of which those at the edge are the hard ones. Checks of tables, columns and \
                       domains. Rejected where rows break the other check; equivalent where another \
                       constraint excludes the rows that tell. The published operator CRelOpE (McMinn, \
                       Wright, Kapfhammer).",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE items (price int CHECK (price > 0));",
                down: "",
                mutant: "CREATE TABLE items (price int CHECK (price >= 0));",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n-- confiture: catch 23514\nINSERT INTO items VALUES \
                     (0);",
                ),
                spared: "CREATE TABLE items (name text CHECK (name LIKE 'a%'));",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for (found, expression) in checks(site) {
                for token in site.tokens_in(expression) {
                    let written = token.text(site.sql());
                    let plain = if written == "!=" { "<>" } else { written };
                    if !COMPARISONS.contains(&plain) {
                        continue;
                    }
                    for other in COMPARISONS.iter().filter(|other| **other != plain) {
                        let edit = Edit::replace(token.span, *other);
                        out.push(found.mutant(site, [edit], format!("{written} becomes {other}")));
                    }
                }
            }
        }
    }
}

const COMPARISONS: [&str; 6] = ["=", "<>", "<", "<=", ">", ">="];
