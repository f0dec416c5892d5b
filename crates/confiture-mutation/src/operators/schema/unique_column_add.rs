//! `unique-column-add`.

use confiture_core::sql::ClauseKind;

use super::super::actions::member;
use super::super::known::known_here;
use super::super::prelude::*;
use super::columns::columns;
use super::keys::keys;

/// Adds a column to a unique key, or makes a column unique.
#[derive(Debug, Default)]
pub struct UniqueColumnAdd;

confiture_core::register!(operator UniqueColumnAdd);

impl MutationOperator for UniqueColumnAdd {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "unique-column-add",
                summary: "adds a column to a unique key, or makes a column unique",
                docs: "One mutant for each column that a unique constraint or unique index lacks, and one \
                       for each column that is not unique by itself. Equivalent on a column that is the \
                       primary key. The published operator UColumnA (McMinn, Wright, Kapfhammer).",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE users (tenant int, email text UNIQUE);",
                down: "",
                mutant: "CREATE TABLE users (tenant int, email text, UNIQUE (email, tenant));",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO users VALUES (1, 'a');\n-- confiture: \
                     catch 23505\nINSERT INTO users VALUES (2, 'a');",
                ),
                spared: "CREATE TABLE users (email text UNIQUE);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let columns = columns(site);
            let uniques = if columns.is_empty() { Vec::new() } else { known_here(cx, site).uniques };
            for column in columns {
                let is_alone =
                    |key: &Vec<String>| matches!(key.as_slice(), [only] if only == column.name.name());
                if column.data_type.is_some() && !uniques.iter().any(is_alone) {
                    let edit = Edit::insert(column.span.end, " UNIQUE");
                    out.push(site.mutant([edit], "UNIQUE is added").on(member(site, Some(&column.name))));
                }
            }
            for key in keys(site, ClauseKind::Unique) {
                out.extend(key.with_a_column(cx, site));
            }
        }
    }
}
