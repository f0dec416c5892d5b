//! `generated-alter`.

use confiture_core::sql::{ActionKind, ClauseKind, Span};

use super::super::actions;
use super::super::constraints::of_kind;
use super::super::prelude::*;

/// Changes what a generated column is computed from, or makes it a plain one.
#[derive(Debug, Default)]
pub struct GeneratedAlter;

confiture_core::register!(operator GeneratedAlter);

impl MutationOperator for GeneratedAlter {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "generated-alter",
                summary: "drops or changes the expression of a generated column",
                docs: "The column becomes a plain one that nobody fills, or an operator of its \
                       expression is exchanged (`+` and `-`, `*` and `+`, `/` and `*`). Also leaves `SET \
                       EXPRESSION` and `DROP EXPRESSION` out. Indistinct while the table has no rows for \
                       which the two expressions differ.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE items (price int, quantity int, total int GENERATED ALWAYS AS (price * \
                     quantity) STORED);",
                down: "DROP TABLE items;",
                mutant: "CREATE TABLE items (price int, quantity int, total int GENERATED ALWAYS AS \
                         (price + quantity) STORED);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     INSERT INTO items (price, quantity) VALUES (5, 3);\n\
                     -- confiture: assert\n\
                     SELECT total = 15 FROM items;",
                ),
                spared: "CREATE TABLE items (price int, quantity int, total int DEFAULT 2 * 3);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for found in of_kind(site, ClauseKind::Generated) {
                out.extend(found.removed(site, "the generation"));
                for (edit, what) in found.clause.expression.into_iter().flat_map(|span| exchanges(site, span))
                {
                    out.push(found.mutant(site, [edit], what));
                }
            }
            out.extend(actions::left_out(site, KINDS, "the change of the generation"));
            for (_, action) in actions::of_kinds(site, &[ActionKind::SetExpression]) {
                for (edit, what) in action.value.into_iter().flat_map(|span| exchanges(site, span)) {
                    out.push(site.mutant([edit], what).on(actions::member(site, action.name.as_ref())));
                }
            }
        }
    }
}

const KINDS: &[ActionKind] = &[ActionKind::SetExpression, ActionKind::DropExpression];

/// Every operator of an expression exchanged, with what that says.
fn exchanges<'a>(site: &'a Site<'_>, expression: Span) -> impl Iterator<Item = (Edit, String)> + 'a {
    site.tokens_in(expression).iter().filter_map(|token| {
        let written = token.text(site.sql());
        let other = match written {
            "+" => "-",
            "-" | "*" => "+",
            "/" => "*",
            _ => return None,
        };
        Some((Edit::replace(token.span, other), format!("{written} becomes {other}")))
    })
}
