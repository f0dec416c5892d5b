//! `down`: after the rollback, the catalog equals the catalog before the up.

use async_trait::async_trait;
use confiture_core::catalog::{Change, Difference, Grade};
use confiture_core::migration::{Direction, Script, Step};
use confiture_core::plugin::{Check, CheckContext, CheckError, PluginMeta, RoundTrip, Verdict};
use confiture_core::{Diagnostic, Severity};

use super::blame::blame;
use super::up::failure;

/// Judges the rollback.
#[derive(Debug, Default)]
struct Down;

confiture_core::register!(check Down);

#[async_trait]
impl Check for Down {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "down",
            summary: "after the rollback, the catalog equals the catalog before",
            docs: include_str!("down.md"),
        };
        &META
    }

    fn rank(&self) -> u32 {
        40
    }

    async fn judge(&self, cx: &CheckContext<'_>) -> Result<Verdict, CheckError> {
        let script = match &cx.migration.down {
            Step::Sql(script) => script,
            Step::Absent => return Ok(Verdict::not_applicable("no down script")),
            Step::NotRunnable { reason, .. } => return Ok(Verdict::skipped(reason.clone())),
        };
        let Some(trip) = &cx.record.round_trip else {
            return Ok(Verdict::skipped("the migration was not applied"));
        };
        let id = &cx.migration.id;
        if let Some(failed) = &trip.down.failure {
            let finding = failure("down-fails", "down fails", failed, script.transaction)
                .in_script(id, Direction::Down);
            return Ok(Verdict::of(vec![finding]));
        }
        let findings = findings(script, trip);
        Ok(Verdict::of(findings.into_iter().map(|f| f.in_script(id, Direction::Down)).collect()))
    }
}

fn findings(script: &Script, trip: &RoundTrip) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut differences: Vec<&Difference> = trip.down_differences.iter().collect();
    if script.statements.is_empty() && differences.iter().any(|d| severity(d) > Severity::Info) {
        findings.push(empty(script, &differences));
        differences.clear();
    }
    for difference in differences {
        findings.push(finding(script, trip, difference));
    }
    for difference in &trip.down_unstable {
        findings.push(
            Diagnostic::new(
                "nondeterministic",
                Severity::Info,
                format!("{difference}: differs in every run"),
            )
            .with_evidence("object", difference.object.to_string()),
        );
    }
    findings
}

/// The finding for a rollback without statements: everything it should have undone, at once.
fn empty(script: &Script, differences: &[&Difference]) -> Diagnostic {
    let objects: Vec<String> = differences.iter().map(|d| d.object.to_string()).collect();
    let undo: Vec<&str> = differences.iter().rev().filter_map(|d| d.undo.as_deref()).collect();
    let finding = Diagnostic::new(
        "rollback-empty",
        Severity::High,
        format!("down is empty, but up changed {}", listing(&objects)),
    )
    .at(script.locate(script.span.start..script.span.start))
    .with_label("nothing here undoes the up")
    .with_evidence("objects", objects);
    if undo.is_empty() {
        finding.with_help(
            "write the statements that undo the up, or remove the down script to declare it irreversible",
        )
    } else {
        finding.with_help(format!("add  {}", undo.join(" ")))
    }
}

fn finding(script: &Script, trip: &RoundTrip, difference: &Difference) -> Diagnostic {
    let (code, message) = match (difference.grade, &difference.change) {
        (Grade::ColumnOrder, _) => ("column-order", "down restores the columns in another order"),
        (Grade::GeneratedName, _) => ("generated-name", "down restores it under another generated name"),
        (Grade::Whitespace, _) => ("white-space", "down restores it with other white space"),
        (Grade::BodyOrComment, _) => ("rollback-changes-body", "down does not restore a body or comment"),
        (Grade::EnumValueLeft, _) => ("rollback-leaves-enum-value", "down leaves an enum value behind"),
        (Grade::ExtensionVersion, _) => ("extension-version", "down leaves another version of an extension"),
        (Grade::ClusterWide, _) => ("rollback-leaves-role", "down leaves a change that all databases share"),
        (_, Change::Added) => ("rollback-leaves-object", "down leaves an object behind"),
        (_, Change::Removed) => ("rollback-loses-object", "down does not bring an object back"),
        (_, Change::Changed { .. }) => ("rollback-changes-object", "down does not restore a property"),
    };
    let mut label = difference.to_string();
    if let Some(failed) = trip.re_up.as_ref().and_then(|run| run.failure.as_ref())
        && difference.change == Change::Added
    {
        label.push_str(&format!("; applying up again fails ({})", failed.failure));
    }
    let mut finding =
        Diagnostic::new(code, severity(difference), format!("{message}: {}", difference.object))
            .at(script.locate(blame(script, &difference.object)))
            .with_label(label)
            .with_evidence("object", difference.object.to_string());
    if let Change::Changed { property, before, after } = &difference.change {
        finding = finding
            .with_evidence("property", property.to_string())
            .with_evidence("before", before.clone())
            .with_evidence("after", after.clone());
    }
    match &difference.undo {
        Some(undo) => finding.with_help(format!("add  {undo}")).with_evidence("undo", undo.clone()),
        None => finding,
    }
}

/// How much a difference matters.
pub(super) fn severity(difference: &Difference) -> Severity {
    match difference.grade {
        Grade::ColumnOrder
        | Grade::GeneratedName
        | Grade::Whitespace
        | Grade::ExtensionVersion
        | Grade::ClusterWide => Severity::Info,
        Grade::BodyOrComment => Severity::Low,
        Grade::EnumValueLeft => Severity::Medium,
        _ => Severity::High,
    }
}

/// `a`, `a and b`, `a, b and 3 more`.
pub(super) fn listing(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}
