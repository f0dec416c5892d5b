//! `persistence-unlogged`.

use confiture_core::sql::{ActionKind, Modifier, ObjectKind, TableOptionKind};

use super::super::actions;
use super::super::prelude::*;

/// Makes a table one that a crash empties.
#[derive(Debug, Default)]
pub struct PersistenceUnlogged;

confiture_core::register!(operator PersistenceUnlogged);

impl MutationOperator for PersistenceUnlogged {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "persistence-unlogged",
                summary: "makes a table UNLOGGED",
                docs: "After a crash the table is empty, and a standby has no rows of it. Also leaves \
                       `SET LOGGED` and `SET UNLOGGED` out. Partitioned and temporary tables are spared. \
                       Stillborn where a table that is logged refers to it.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE users (id int);",
                down: "DROP TABLE users;",
                mutant: "CREATE UNLOGGED TABLE users (id int);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT relpersistence = 'p' FROM pg_class WHERE oid = 'users'::regclass;",
                ),
                spared: "CREATE TEMP TABLE users (id int); CREATE TABLE events (day date) PARTITION BY \
                         RANGE (day);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let outline = site.outline();
            let plain =
                outline.table().is_some_and(|table| table.option(TableOptionKind::PartitionBy).is_none())
                    && outline.object == Some(ObjectKind::Table)
                    && outline.modifier(Modifier::Temporary).is_none()
                    && outline.modifier(Modifier::Unlogged).is_none();
            if let Some(create) = site.tokens().first().filter(|_| plain) {
                let edit = Edit::insert(create.span.end, " UNLOGGED");
                out.push(site.mutant([edit], "the table is not logged"));
            }
            out.extend(actions::left_out(site, KINDS, "the change of its persistence"));
        }
    }
}

const KINDS: &[ActionKind] = &[ActionKind::SetLogged, ActionKind::SetUnlogged];
