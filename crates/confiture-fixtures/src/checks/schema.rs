//! `schema`: the schema after the last migration is the one the project committed.

use async_trait::async_trait;
use confiture_core::catalog::{Change, Difference};
use confiture_core::migration::Step;
use confiture_core::plugin::{Check, CheckContext, CheckError, CheckScope, PluginMeta, Verdict};
use confiture_core::{Diagnostic, Severity};

use crate::snapshot::SchemaSnapshotter;

/// Differences that are listed; the last finding counts the others.
const LISTED: usize = 50;

/// What makes the schema the migrations lead to the committed one.
const ACCEPT: &str = "if it is meant, run  confiture snapshot --accept  and commit the files; otherwise repair the \
                      migration that made it";

/// Compares the end of the chain with the committed snapshot.
#[derive(Debug, Default)]
struct Schema;

confiture_core::register!(check Schema);

#[async_trait]
impl Check for Schema {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "schema",
            summary: "the schema after the last migration is the committed snapshot",
            docs: include_str!("schema.md"),
        };
        &META
    }

    fn rank(&self) -> u32 {
        80
    }

    fn scope(&self) -> CheckScope {
        CheckScope::Chain
    }

    async fn judge(&self, cx: &CheckContext<'_>) -> Result<Verdict, CheckError> {
        let Some(committed) = cx.committed else {
            return Ok(Verdict::not_applicable(
                "no committed snapshot (confiture snapshot --accept writes one)",
            ));
        };
        let all = cx.loaded.migrations.len();
        if cx.index + 1 < all {
            return Ok(Verdict::skipped(format!(
                "the chain ends at {}, before its last migration",
                cx.migration.id
            )));
        }
        let missing = cx.record.missing_before.len() + usize::from(!applied(cx));
        if missing > 0 {
            return Ok(Verdict::skipped(format!("{missing} of {all} migrations were not applied")));
        }
        let found = SchemaSnapshotter::of(&cx.record.after);
        let differences = committed.catalog.diff(found.catalog());
        let mut findings: Vec<Diagnostic> = differences.iter().take(LISTED).map(finding).collect();
        if differences.len() > LISTED {
            let more = differences.len() - LISTED;
            findings.push(
                Diagnostic::new(
                    "schema-differs",
                    Severity::Medium,
                    format!("{more} more differences from the snapshot"),
                )
                .with_help(format!("confiture snapshot  lists all of them; {ACCEPT}"))
                .with_evidence("count", more),
            );
        }
        let path = committed.path.display().to_string();
        let id = &cx.migration.id;
        for finding in &mut findings {
            finding.migration = Some(id.clone());
            finding.evidence.insert("snapshot".to_owned(), path.clone().into());
        }
        Ok(Verdict::of(findings))
    }
}

fn applied(cx: &CheckContext<'_>) -> bool {
    let nothing = matches!(&cx.migration.up, Step::Sql(script) if script.statements.is_empty());
    nothing || cx.record.up.as_ref().is_some_and(|run| run.failure.is_none())
}

fn finding(difference: &Difference) -> Diagnostic {
    let what = match &difference.change {
        Change::Added => format!("{} is not in the committed snapshot", difference.object),
        Change::Removed => {
            format!("{} is in the committed snapshot, but no migration leaves it", difference.object)
        }
        Change::Changed { property, .. } => {
            format!("{property} of {} is not the committed one", difference.object)
        }
    };
    let mut finding = Diagnostic::new("schema-differs", Severity::Medium, what)
        .with_evidence("object", difference.object.to_string())
        .with_help(ACCEPT);
    if let Change::Changed { property, before, after } = &difference.change {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        finding = finding
            .with_label(format!("committed: {}\nmigrations: {}", shown(before), shown(after)))
            .with_evidence("property", property.clone())
            .with_evidence("expected", before.clone())
            .with_evidence("found", after.clone());
    }
    if !difference.consequences.is_empty() {
        let parts: Vec<String> = difference.consequences.iter().map(ToString::to_string).collect();
        finding = finding.with_evidence("consequences", parts);
    }
    finding
}
