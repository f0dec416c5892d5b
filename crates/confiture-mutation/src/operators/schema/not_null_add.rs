//! `not-null-add`.

use confiture_core::sql::{ActionKind, ClauseKind};

use super::super::actions::{left_out, member};
use super::super::known::{Known, known_here};
use super::super::prelude::*;
use super::columns::columns;

/// Adds NOT NULL to a column.
#[derive(Debug, Default)]
pub struct NotNullAdd;

confiture_core::register!(operator NotNullAdd);

impl MutationOperator for NotNullAdd {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "not-null-add",
                summary: "adds NOT NULL",
                docs: "A column that may be empty refuses NULL; also a `DROP NOT NULL` that is forgotten. \
                       Equivalent on a primary key and on identity and serial columns; rejected where a new \
                       column without a default meets rows. The published operator NNA (McMinn, Wright, \
                       Kapfhammer).",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE users (email text);",
                down: "",
                mutant: "CREATE TABLE users (email text NOT NULL);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO users VALUES (NULL);\n-- confiture: \
                     assert\nSELECT count(*) = 1 FROM users;",
                ),
                spared: "CREATE TABLE users (email text NOT NULL);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let columns = columns(site);
            let known = if columns.is_empty() { Known::default() } else { known_here(cx, site) };
            for column in columns {
                if known.column(column.name.name()).is_some_and(|column| column.not_null) {
                    continue;
                }
                let edit = match column.clause(ClauseKind::Null) {
                    Some(null) => Edit::replace(null.span, "NOT NULL"),
                    None => Edit::insert(column.span.end, " NOT NULL"),
                };
                out.push(site.mutant([edit], "NOT NULL is added").on(member(site, Some(&column.name))));
            }
            out.extend(left_out(site, &[ActionKind::DropNotNull], "DROP NOT NULL"));
        }
    }
}
