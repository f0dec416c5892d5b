//! `down`: after the rollback, the catalog equals the catalog before the up.

use async_trait::async_trait;
use confiture_core::catalog::{Change, Difference, Grade, undo_script};
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
            let finding = failure("down-fails", "down fails", failed, Direction::Down, script.transaction)
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
    // Several properties of one object are one finding.
    for group in differences.chunk_by(|a, b| a.object == b.object && code(a) == code(b)) {
        findings.push(finding(script, trip, group));
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
    let undo = undo_script(&differences.iter().map(|d| (*d).clone()).collect::<Vec<_>>());
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
        finding.with_help(format!("add  {}", semicolons(&undo)))
    }
}

/// The finding code of a difference.
fn code(difference: &Difference) -> &'static str {
    match (difference.grade, &difference.change) {
        (Grade::ColumnOrder, _) => "column-order",
        (Grade::GeneratedName, _) => "generated-name",
        (Grade::Whitespace, _) => "white-space",
        (Grade::BodyOrComment, _) => "rollback-changes-body",
        (Grade::EnumValueLeft, _) => "rollback-leaves-enum-value",
        (Grade::ExtensionVersion, _) => "extension-version",
        (Grade::ClusterWide, _) => "rollback-leaves-role",
        (_, Change::Added) => "rollback-leaves-object",
        (_, Change::Removed) => "rollback-loses-object",
        (_, Change::Changed { .. }) => "rollback-changes-object",
    }
}

/// The finding for differences of one object with one code.
fn finding(script: &Script, trip: &RoundTrip, group: &[&Difference]) -> Diagnostic {
    let difference = group[0];
    let code = code(difference);
    let object = &difference.object;
    let message = match code {
        "column-order" => format!("down restores the columns of {object} in another order"),
        "generated-name" => format!("down restores {object} under another generated name"),
        "white-space" => format!("down restores {object} with other white space"),
        "rollback-changes-body" => format!("down does not restore the text of {object}"),
        "rollback-leaves-enum-value" => format!("down leaves a value of {object} behind"),
        "extension-version" => format!("down leaves another version of {object}"),
        "rollback-leaves-role" => format!("down leaves {object}, which all databases share"),
        "rollback-leaves-object" => format!("down leaves an object behind: {object}"),
        "rollback-loses-object" => format!("down does not bring an object back: {object}"),
        _ => format!("down does not restore {object}"),
    };
    let labels: Vec<String> = group.iter().map(|difference| difference.after_rollback()).collect();
    let mut label = labels.join("; ");
    if let Some(failed) = trip.re_up.as_ref().and_then(|run| run.failure.as_ref())
        && difference.change == Change::Added
        && failed.failure.message.contains(object.name())
    {
        label.push_str(&format!("; applying up again fails ({})", failed.failure));
    }
    let mut finding = Diagnostic::new(code, severity(difference), message)
        .at(script.locate(blame(script, object)))
        .with_label(label)
        .with_evidence("object", object.to_string());
    if let Change::Changed { property, before, after } = &difference.change {
        finding = finding
            .with_evidence("property", property.clone())
            .with_evidence("before", before.clone())
            .with_evidence("after", after.clone());
    }
    if group.len() > 1 {
        let properties: Vec<&str> = group.iter().filter_map(|difference| difference.property()).collect();
        finding = finding.with_evidence("properties", properties);
    }
    let undo = undo_script(&group.iter().map(|difference| (*difference).clone()).collect::<Vec<_>>());
    if undo.is_empty() {
        return finding;
    }
    let undo = semicolons(&undo);
    finding.with_help(format!("add  {undo}")).with_evidence("undo", undo)
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

/// Statements one after the other, each with its semicolon.
pub(super) fn semicolons(statements: &[String]) -> String {
    statements.iter().map(|statement| format!("{statement};")).collect::<Vec<_>>().join(" ")
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
