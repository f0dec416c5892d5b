//! `column-reorder`.

use confiture_core::sql::{Column, Span};

use super::super::prelude::*;
use super::columns::definitions;

/// Lets two columns change places.
#[derive(Debug, Default)]
pub struct ColumnReorder;

confiture_core::register!(operator ColumnReorder);

impl MutationOperator for ColumnReorder {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "column-reorder",
                summary: "lets two columns change places",
                docs: "The last two neighbours of one type, or the last two, since those are mixed up \
                       unnoticed. `SELECT *`, COPY and an INSERT without a list of columns tell; nothing \
                       else does.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Medium,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE users (id int, first text, last text);",
                down: "",
                mutant: "CREATE TABLE users (id int, last text, first text);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO users VALUES (1, 'Ada', 'Lovelace');\n-- \
                     confiture: assert\nSELECT first = 'Ada' FROM users;",
                ),
                spared: "CREATE TABLE users (id int);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let items = definitions(site);
            let columns: Vec<(Span, &Column)> = items
                .into_iter()
                .filter_map(|(span, column)| Some((span, column.filter(|c| c.data_type.is_some())?)))
                .collect();
            let type_of = |column: &Column| column.data_type.map(|span| span.text(site.sql()).to_lowercase());
            let mut pairs = columns.windows(2);
            let alike = pairs.rfind(|pair| type_of(pair[0].1) == type_of(pair[1].1));
            if let Some([(left, first), (right, second)]) = alike.or(columns.windows(2).last()) {
                let edits = [
                    Edit::replace(*left, right.text(site.sql())),
                    Edit::replace(*right, left.text(site.sql())),
                ];
                let (first, second) = (first.name.name(), second.name.name());
                out.push(site.mutant(edits, format!("{first} and {second} change places")));
            }
        }
    }
}
