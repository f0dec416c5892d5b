//! `type-narrow`.

use super::super::prelude::*;
use super::columns::{Written, types};

/// Gives a column a narrower type.
#[derive(Debug, Default)]
pub struct TypeNarrow;

confiture_core::register!(operator TypeNarrow);

impl MutationOperator for TypeNarrow {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "type-narrow",
                summary: "narrows a type",
                docs: "text becomes varchar(50), a longer varchar(n) varchar(50), a shorter one half as \
                       long, bigint int, int smallint, double precision real, numeric(p, s) loses its \
                       digits behind the point. Columns, attributes and domains, new types included. \
                       Indistinct while every value fits; rejected where one does not.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE TABLE users (name text);",
                down: "",
                mutant: "CREATE TABLE users (name varchar(50));",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nINSERT INTO users VALUES (repeat('x', 60));\n-- \
                     confiture: assert\nSELECT length(name) = 60 FROM users;",
                ),
                spared: "CREATE TABLE users (active boolean);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for (object, written) in types(site) {
                if let Some(other) = narrower(&written) {
                    let description = format!("{} becomes {other}", written.span().text(site.sql()));
                    out.push(site.mutant([Edit::replace(written.span(), other)], description).on(object));
                }
            }
        }
    }
}

fn narrower(written: &Written) -> Option<String> {
    const LENGTH: u32 = 50;
    let name = |name: &str| Some(name.to_owned());
    match *written.numbers() {
        [] if written.is(&["text", "varchar", "character varying"]) => Some(format!("varchar({LENGTH})")),
        [] if written.is(&["bigint", "int8"]) => name("int"),
        [] if written.is(&["int", "integer", "int4"]) => name("smallint"),
        [] if written.is(&["bigserial", "serial8"]) => name("serial"),
        [] if written.is(&["serial", "serial4"]) => name("smallserial"),
        [] if written.is(&["double precision", "float8", "float"]) => name("real"),
        [length] if length > 1 && written.is(&["varchar", "character varying"]) => {
            Some(format!("varchar({})", if length > LENGTH { LENGTH } else { length / 2 }))
        }
        [precision, scale] if scale > 0 && written.is(&["numeric", "decimal"]) => {
            Some(format!("numeric({precision})"))
        }
        _ => None,
    }
}
