//! `search-path-strip`.

use confiture_core::sql::{ObjectKind, PartKind, Verb};

use super::super::prelude::*;
use super::super::routines::attributes;
use super::super::words::Words;

/// Leaves the setting of `search_path` out.
#[derive(Debug, Default)]
pub struct SearchPathStrip;

confiture_core::register!(operator SearchPathStrip);

impl MutationOperator for SearchPathStrip {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "search-path-strip",
                summary: "leaves the setting of search_path out, of a routine, role, database or session",
                docs: "Names without schema mean what the caller says: a function fails or touches the \
                       wrong tables, and one that is SECURITY DEFINER can be made to run foreign code; \
                       statements of the migration that follow create their objects elsewhere. \
                       Equivalent where every name has its schema.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK).and(Channels::ROLE),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE SCHEMA shop; CREATE TABLE shop.items (id int);",
                up: "CREATE FUNCTION items() RETURNS bigint LANGUAGE plpgsql SET search_path = shop AS \
                     'BEGIN RETURN (SELECT count(*) FROM items); END';",
                down: "DROP FUNCTION items;",
                mutant: "CREATE FUNCTION items() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN \
                         (SELECT count(*) FROM items); END';",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT items() = 0;",
                ),
                spared: "CREATE FUNCTION zero() RETURNS int LANGUAGE sql SET work_mem = '8MB' AS 'SELECT \
                         0'; SET statement_timeout = 0;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for attribute in attributes(site) {
                if attribute.kind == PartKind::Set
                    && Words::within(site, attribute.span).at(1, &["search_path"])
                {
                    out.push(site.mutant([attribute.removal], WHAT));
                }
            }
            let outline = site.outline();
            let words = Words::of(site);
            let set = match (outline.verb, outline.object) {
                (Verb::Set, _) => {
                    let name = 1 + usize::from(words.at_any(1, &["session", "local"]));
                    words.at_any(name, &["search_path", "schema"])
                }
                (Verb::Alter, Some(ObjectKind::Role | ObjectKind::Database)) => {
                    words.position(3, &["set", "search_path"]).is_some()
                }
                _ => false,
            };
            if set {
                out.push(site.mutant([Edit::remove(site.span())], WHAT));
            }
        }
    }
}

const WHAT: &str = "search_path is not set";
