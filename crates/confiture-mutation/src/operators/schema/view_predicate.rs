//! `view-predicate`.

use confiture_core::sql::PartKind;

use super::super::expression::exchanged_comparison;
use super::super::prelude::*;
use super::query::{conditions, view};

/// Drops or changes a condition of a view, or its check option.
#[derive(Debug, Default)]
pub struct ViewPredicate;

confiture_core::register!(operator ViewPredicate);

impl MutationOperator for ViewPredicate {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "view-predicate",
                summary: "drops a WHERE or HAVING of a view, exchanges a comparison in it, or drops the \
                          check option",
                docs: "The view shows rows it should not, or not those it should; without check option \
                       it takes rows that it does not show. Indistinct while no row is on the other side.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, deleted bool);",
                up: "CREATE VIEW active AS SELECT id FROM users WHERE NOT deleted;",
                down: "DROP VIEW active;",
                mutant: "CREATE VIEW active AS SELECT id FROM users;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     INSERT INTO users VALUES (1, true);\n\
                     -- confiture: assert\n\
                     SELECT count(*) = 0 FROM active;",
                ),
                spared: "CREATE VIEW active AS SELECT id, count(*) FILTER (WHERE deleted) FROM users \
                         GROUP BY id;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let Some((definition, query)) = view(site) else {
                continue;
            };
            // Conditions inside others are dropped by themselves; their comparisons are those of the outer one.
            let mut compared = 0;
            for condition in conditions(site, query) {
                let edit = Edit::remove_clause(site.sql(), condition.clause);
                out.push(site.mutant([edit], "the condition is dropped"));
                if condition.expression.end <= compared {
                    continue;
                }
                compared = condition.expression.end;
                for token in site.tokens_in(condition.expression) {
                    let written = token.text(site.sql());
                    if let Some(other) = exchanged_comparison(written) {
                        let edit = Edit::replace(token.span, other);
                        out.push(site.mutant([edit], format!("{written} becomes {other}")));
                    }
                }
            }
            if let Some(option) = definition.part(PartKind::CheckOption) {
                let edit = Edit::remove_clause(site.sql(), option.span);
                out.push(site.mutant([edit], "the check option is dropped"));
            }
        }
    }
}
