//! `type-widen`.

use super::super::prelude::*;
use super::columns::{Written, types};

/// Gives a column a wider type.
#[derive(Debug, Default)]
pub struct TypeWiden;

confiture_core::register!(operator TypeWiden);

impl MutationOperator for TypeWiden {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "type-widen",
                summary: "widens a type",
                docs: "varchar(n) and char(n) become text, smallint int, int bigint, real double \
                       precision, numeric(p, s) numeric: what the type refused or rounded gets in. \
                       Indistinct while nobody tries a value that is too long or too large.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE users (name varchar(50));",
                down: "",
                mutant: "CREATE TABLE users (name text);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n-- confiture: catch 22001\nINSERT INTO users VALUES \
                     (repeat('x', 51));",
                ),
                spared: "CREATE TABLE users (name text);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for (object, written) in types(site) {
                if let Some(other) = wider(&written) {
                    let description = format!("{} becomes {other}", written.span().text(site.sql()));
                    out.push(site.mutant([Edit::replace(written.span(), other)], description).on(object));
                }
            }
        }
    }
}

fn wider(written: &Written) -> Option<&'static str> {
    const LIMITED: &[&str] = &["varchar", "character varying", "char", "character", "bpchar"];
    match written.numbers() {
        [] if written.is(&["char", "character"]) => Some("text"),
        [] if written.is(&["smallint", "int2"]) => Some("int"),
        [] if written.is(&["int", "integer", "int4"]) => Some("bigint"),
        [] if written.is(&["smallserial", "serial2"]) => Some("serial"),
        [] if written.is(&["serial", "serial4"]) => Some("bigserial"),
        [] if written.is(&["real", "float4"]) => Some("double precision"),
        [_] if written.is(LIMITED) => Some("text"),
        [_] | [_, _] if written.is(&["numeric", "decimal"]) => Some("numeric"),
        _ => None,
    }
}
