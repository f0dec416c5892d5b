//! `column-drop-wrong`.

use confiture_core::sql::{ActionKind, ObjectName, Quoted};

use super::super::actions::member;
use super::super::constraints::is_table;
use super::super::known::{Known, known};
use super::super::prelude::*;

/// Drops another column of the table than the one it should.
#[derive(Debug, Default)]
pub struct ColumnDropWrong;

confiture_core::register!(operator ColumnDropWrong);

impl MutationOperator for ColumnDropWrong {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "column-drop-wrong",
                summary: "drops the wrong column",
                docs: "The column beside it goes, with all that is in it, and the one that should go \
                       stays. Needs the columns of the table: from the script, or from the catalog before \
                       it. Stillborn where something depends on the other column.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE users (id int, email text, legacy text); ALTER TABLE users DROP COLUMN \
                     legacy;",
                down: "",
                mutant: "CREATE TABLE users (id int, email text, legacy text); ALTER TABLE users DROP COLUMN \
                     email;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n-- confiture: assert\nSELECT count(*) = 0 FROM \
                     pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'legacy';",
                ),
                spared: "CREATE TABLE users (id int, email text); ALTER TABLE users RENAME COLUMN email TO \
                     mail;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in cx.sites.iter().filter(|site| is_table(site)) {
            let actions = site.outline().actions().iter();
            let drops = actions.filter(|action| action.kind == ActionKind::DropColumn);
            let dropped: Vec<&ObjectName> = drops.filter_map(|action| action.name.as_ref()).collect();
            let Some(table) = site.outline().name().filter(|_| !dropped.is_empty()) else {
                continue;
            };
            let known = known(cx, site.index, table);
            for name in &dropped {
                if let Some(other) = neighbour(&known, name, &dropped) {
                    let edit = Edit::replace(name.span, Quoted::ident(other).as_str());
                    let mutant =
                        site.mutant([edit], format!("{other} is dropped instead of {}", name.name()));
                    out.push(mutant.on(member(site, Some(name))));
                }
            }
        }
    }
}

/// The nearest column that stays, one of the primary key only when there is no other.
fn neighbour<'a>(known: &'a Known, name: &ObjectName, dropped: &[&ObjectName]) -> Option<&'a str> {
    let at = known.columns.iter().position(|column| column.name == name.name())?;
    let stays = |column: &str| dropped.iter().all(|name| name.name() != column);
    let others = known.columns.iter().enumerate().filter(|(_, column)| stays(&column.name));
    let nearest =
        others.min_by_key(|(place, column)| (known.primary.contains(&column.name), place.abs_diff(at)));
    nearest.map(|(_, column)| column.name.as_str())
}
