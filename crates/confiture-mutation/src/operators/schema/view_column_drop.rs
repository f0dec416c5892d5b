//! `view-column-drop`.

use confiture_core::sql::Span;

use super::super::prelude::*;
use super::super::words::brief;
use super::query::{selected, view};

/// Leaves a column of a view out.
#[derive(Debug, Default)]
pub struct ViewColumnDrop;

confiture_core::register!(operator ViewColumnDrop);

impl MutationOperator for ViewColumnDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "view-column-drop",
                summary: "leaves a column of a view out",
                docs: "Who reads the column fails, who reads `*` gets less. Stillborn where a later \
                       statement needs the column or an earlier version of the view had it; views whose \
                       columns do not stand in the text (`*` under named columns, UNION, DISTINCT ON) \
                       are spared.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, name text);",
                up: "CREATE VIEW people AS SELECT id, name FROM users;",
                down: "DROP VIEW people;",
                mutant: "CREATE VIEW people AS SELECT id FROM users;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT count(name) = 0 FROM people;",
                ),
                spared: "CREATE VIEW people AS SELECT id FROM users;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let Some((definition, query)) = view(site) else {
                continue;
            };
            let columns = selected(site, query);
            let names = &definition.items;
            let named = !names.is_empty();
            if columns.len() < 2 || (named && names.len() != columns.len()) {
                continue;
            }
            for (at, column) in columns.iter().enumerate() {
                let name = if named { Edit::remove_item(names, at) } else { None };
                let edits = Edit::remove_item(&columns, at).into_iter().chain(name);
                let mutant = site.mutant(edits, format!("{} is left out", brief(column.text(site.sql()))));
                let column =
                    names.get(at).map_or_else(|| output(site, *column), |name| Some(name.text(site.sql())));
                let object = site.object();
                out.push(mutant.on(match column {
                    Some(column) => format!("{object}.{column}"),
                    None => format!("{object}.{}", at + 1),
                }));
            }
        }
    }
}

/// The name a selected column gets, where its last word tells.
fn output<'a>(site: &'a Site<'_>, column: Span) -> Option<&'a str> {
    let last = site.tokens_in(column).last()?;
    last.kind.is_name().then(|| last.text(site.sql()).trim_matches('"'))
}
