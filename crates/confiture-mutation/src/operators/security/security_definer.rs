//! `security-definer`.

use confiture_core::sql::PartKind;

use super::super::prelude::*;
use super::super::routines::attributes;

/// Exchanges `SECURITY DEFINER` and `INVOKER`.
#[derive(Debug, Default)]
pub struct SecurityDefiner;

confiture_core::register!(operator SecurityDefiner);

impl MutationOperator for SecurityDefiner {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "security-definer",
                summary: "exchanges SECURITY DEFINER and SECURITY INVOKER",
                docs: "As INVOKER the routine may no longer do what its owner may, so it fails for its \
                       callers; as DEFINER every caller may do what the owner may. Equivalent where all \
                       callers have the privileges themselves.",
            },
            category: MutationCategory::Security,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK).and(Channels::ROLE),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = \
                         'confiture_security_definer') THEN CREATE ROLE confiture_security_definer; END \
                         IF; END $$; CREATE TABLE secrets (code int); INSERT INTO secrets VALUES (42);",
                up: "CREATE FUNCTION code() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT code \
                     FROM secrets';",
                down: "DROP FUNCTION code;",
                mutant: "CREATE FUNCTION code() RETURNS int LANGUAGE sql SECURITY INVOKER AS 'SELECT \
                         code FROM secrets';",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     SET ROLE confiture_security_definer;\n\
                     -- confiture: assert\n\
                     SELECT code() = 42;",
                ),
                spared: "CREATE FUNCTION code() RETURNS int LANGUAGE sql AS 'SELECT 42';",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for attribute in attributes(site).into_iter().filter(|found| found.kind == PartKind::Security) {
                let definer =
                    site.tokens_in(attribute.span).last().is_some_and(|t| t.is_word(site.sql(), "definer"));
                let (other, what) = match definer {
                    true => ("SECURITY INVOKER", "it runs as its caller"),
                    false => ("SECURITY DEFINER", "it runs as its owner"),
                };
                out.push(site.mutant([Edit::replace(attribute.span, other)], what));
            }
        }
    }
}
