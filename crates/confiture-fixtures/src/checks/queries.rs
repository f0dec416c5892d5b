//! `queries`: what the application asked before the migration, it can ask after it.

use async_trait::async_trait;
use confiture_core::migration::Direction;
use confiture_core::plugin::{Check, CheckContext, CheckError, PluginMeta, StatementFailure, Verdict};
use confiture_core::{Diagnostic, Severity};

use super::blame::sqlstate_name;

/// Why the check does not apply where there is nothing to watch.
pub(crate) const NO_QUERIES: &str = "no query files";

/// Judges the query files at the states before and after the forward step.
#[derive(Debug, Default)]
struct Queries;

confiture_core::register!(check Queries);

#[async_trait]
impl Check for Queries {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "queries",
            summary: "every query file that worked before still works",
            docs: include_str!("queries.md"),
        };
        &META
    }

    fn rank(&self) -> u32 {
        90
    }

    async fn judge(&self, cx: &CheckContext<'_>) -> Result<Verdict, CheckError> {
        let Some(queries) = &cx.record.queries else { return Ok(Verdict::skipped("not applied")) };
        if queries.is_empty() {
            return Ok(Verdict::not_applicable(NO_QUERIES));
        }
        if queries.iter().all(|query| query.before.is_some()) {
            return Ok(Verdict::not_applicable("no query worked before"));
        }
        let broken = queries.iter().filter(|query| query.before.is_none());
        let findings = broken.filter_map(|query| {
            let failed = query.after.as_ref()?;
            let path = query.file.display();
            let finding = refused("query-breaks", Severity::High, format!("breaks the query {path}"), failed)
                .in_script(&cx.migration.id, Direction::Up)
                .with_help(
                    "running code still asks this: keep what it needs until a later release asks no longer \
                     (expand, then contract)",
                );
            Some(finding)
        });
        Ok(Verdict::of(findings.collect()))
    }
}

/// The finding about a query that worked at no state of the chain.
pub(crate) fn never_worked(failed: &StatementFailure, whole_chain: bool) -> Diagnostic {
    let path = failed.location.file.display();
    let (severity, message) = match whole_chain {
        true => (Severity::Medium, format!("the query {path} works at no state of the chain")),
        false => (Severity::Info, format!("the query {path} worked at no state this run went through")),
    };
    refused("query-never-works", severity, message, failed)
        .with_help("correct it or remove it: a query that never worked watches nothing")
}

/// A finding at the statement of a query file that the server refused.
fn refused(code: &'static str, severity: Severity, message: String, failed: &StatementFailure) -> Diagnostic {
    let said = &failed.failure;
    let sqlstate = said.sqlstate.clone().unwrap_or_default();
    let name = sqlstate_name(&sqlstate);
    let message = format!("{message}: {sqlstate} {name}");
    Diagnostic::new(code, severity, message.trim_end())
        .at(failed.location.clone())
        .with_label(said.message.lines().next().unwrap_or_default())
        .with_evidence("sqlstate", sqlstate)
        .with_evidence("error", said.message.clone())
        .with_evidence("query", failed.location.file.display().to_string())
}
