//! `column-skip`.

use confiture_core::sql::{Column, ObjectName, Span};

use super::super::actions::{member, without_actions};
use super::super::prelude::*;
use super::columns::definitions;

/// Does not create a column.
#[derive(Debug, Default)]
pub struct ColumnSkip;

confiture_core::register!(operator ColumnSkip);

impl MutationOperator for ColumnSkip {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "column-skip",
                summary: "does not create a column",
                docs: "A column that the application needs is missing. Columns that another part of the \
                       same statement names are spared; stillborn where a later statement does.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int);",
                up: "ALTER TABLE users ADD email text, ADD phone text;",
                down: "",
                mutant: "ALTER TABLE users ADD email text;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO users (phone) VALUES ('1');\n-- confiture: \
                     assert\nSELECT phone = '1' FROM users;",
                ),
                spared: "ALTER TABLE users DROP id;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let items = definitions(site);
            let spans: Vec<Span> = items.iter().map(|(span, _)| *span).collect();
            for (at, (_, column)) in items.iter().enumerate() {
                let Some(column) = column.filter(|column| column.data_type.is_some()) else {
                    continue;
                };
                if is_named_elsewhere(site, column) {
                    continue;
                }
                let edits = match site.outline().table() {
                    Some(_) => Edit::remove_item(&spans, at).into_iter().collect(),
                    None => without_actions(site, &[at]),
                };
                let mutant = site.mutant(edits, format!("the column {} is not created", column.name.name()));
                out.push(mutant.on(member(site, Some(&column.name))));
            }
        }
    }
}

/// Whether the statement names the column outside its definition and behind the name of the table.
fn is_named_elsewhere(site: &Site<'_>, column: &Column) -> bool {
    let start = site.outline().name().map_or(0, |name| name.span.end);
    let others =
        site.tokens().iter().filter(|token| token.span.start >= start && !column.span.contains(token.span));
    let mut names = others.filter_map(|token| ObjectName::read(site.sql(), token.span));
    names.any(|name| name.name() == column.name.name())
}
