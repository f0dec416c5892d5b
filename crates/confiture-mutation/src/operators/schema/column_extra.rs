//! `column-extra`.

use super::super::known::known_here;
use super::super::prelude::*;
use super::columns::columns;

/// Adds a column nobody asked for.
#[derive(Debug, Default)]
pub struct ColumnExtra;

confiture_core::register!(operator ColumnExtra);

impl MutationOperator for ColumnExtra {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "column-extra",
                summary: "adds a column nobody asked for",
                docs: "The last column of a new table, or an action more beside those that add columns; \
                       the rollback of the latter leaves it behind. Only a check of the catalog, `SELECT *` \
                       or an INSERT without a list of columns tells.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Medium,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int);",
                up: "ALTER TABLE users ADD email text;",
                down: "ALTER TABLE users DROP email;",
                mutant: "ALTER TABLE users ADD email text, ADD COLUMN extra text;",
                killer: Killer::Check("down"),
                spared: "CREATE INDEX users_id ON users (id);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let is_partition = site.outline().table().is_some_and(|table| table.partition_of.is_some());
            let last = columns(site).into_iter().rfind(|column| column.data_type.is_some());
            let Some(last) = last.filter(|_| !is_partition) else {
                continue;
            };
            let known = known_here(cx, site);
            let names = ["extra", "extra_column", "another_extra_column"];
            if let Some(name) = names.iter().find(|name| known.column(name).is_none()) {
                let lead = if site.outline().table().is_some() { "" } else { "ADD COLUMN " };
                let edit = Edit::insert(last.span.end, format!(", {lead}{name} text"));
                out.push(site.mutant([edit], format!("a column {name} is added")));
            }
        }
    }
}
