//! `function-attribute`.

use confiture_core::sql::{PartKind, Verb};

use super::super::prelude::*;
use super::super::routines::attributes;
use super::super::words::brief;

/// Drops or exchanges an attribute of a routine.
#[derive(Debug, Default)]
pub struct FunctionAttribute;

confiture_core::register!(operator FunctionAttribute);

impl MutationOperator for FunctionAttribute {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "function-attribute",
                summary: "drops or exchanges an attribute of a function or procedure",
                docs: "Volatility, behaviour on NULL, parallel safety, leakproof, cost and rows. A \
                       function that is no longer STRICT meets NULLs it was not written for; one that is \
                       STABLE instead of IMMUTABLE cannot be in an index; others change plans only. \
                       Stillborn where an index or generated column needs IMMUTABLE.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK).and(Channels::PLAN),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE FUNCTION half(n int) RETURNS int LANGUAGE sql STRICT AS 'SELECT coalesce(n, \
                     0) / 2';",
                down: "DROP FUNCTION half;",
                mutant: "CREATE FUNCTION half(n int) RETURNS int LANGUAGE sql AS 'SELECT coalesce(n, 0) \
                         / 2';",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT half(NULL) IS NULL;",
                ),
                spared: "CREATE FUNCTION half(n int) RETURNS int LANGUAGE sql VOLATILE PARALLEL UNSAFE \
                         AS 'SELECT n / 2';",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let created = site.outline().verb == Verb::Create;
            for attribute in attributes(site) {
                let text = attribute.span.text(site.sql());
                let written = brief(text).to_ascii_uppercase();
                if matches!(attribute.kind, PartKind::Set | PartKind::Security) {
                    continue;
                }
                let default = matches!(
                    written.as_str(),
                    "VOLATILE" | "PARALLEL UNSAFE" | "NOT LEAKPROOF" | "CALLED ON NULL INPUT"
                );
                if !(created && default) {
                    out.push(site.mutant([attribute.removal], format!("{written} is dropped")));
                }
                let other = match written.as_str() {
                    "STABLE" => "IMMUTABLE",
                    "IMMUTABLE" => "STABLE",
                    "CALLED ON NULL INPUT" => "STRICT",
                    _ => continue,
                };
                let edit = Edit::replace(attribute.span, other);
                out.push(site.mutant([edit], format!("{written} becomes {other}")));
            }
        }
    }
}
