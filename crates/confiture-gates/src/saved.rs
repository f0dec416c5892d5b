//! Saved reports of other commands: whether they are about these migrations, and what they found.

use confiture_core::plugin::GateInputs;
use confiture_core::report::{Finding, MutantResult, MutationReport, RunReport, RunStatus};
use confiture_core::{Diagnostic, Severity};

/// The check of findings taken from a saved report of `confiture profile`.
pub(crate) const PROFILE: &str = "profile";
/// That of findings about a saved report of `confiture mutate`.
pub(crate) const MUTATE: &str = "mutate";

/// Why a saved report says nothing about `current`; `None` where it does.
pub(crate) fn useless(saved: &RunReport, command: &str, current: &RunReport) -> Option<String> {
    if saved.command != command {
        return Some(format!("the saved report is one of confiture {}, not of {command}", saved.command));
    }
    let hash = |report: &RunReport| report.source.as_ref().map_or("", |source| &source.hash).to_owned();
    let (was, now) = (hash(saved), hash(current));
    if was.is_empty() || was != now {
        let what =
            if was.is_empty() { "does not say which files it is about" } else { "is about other files" };
        return Some(format!("the saved report {what}: run confiture {command} again"));
    }
    match (saved.status, &saved.error) {
        (RunStatus::Error, Some(error)) => Some(format!("the saved run ended early: {error}")),
        (RunStatus::Error, None) => Some("the saved run ended early".to_owned()),
        (RunStatus::NothingRan, _) => Some("nothing ran in the saved run".to_owned()),
        (RunStatus::Passed | RunStatus::Failed, _) => match (command, &saved.mutation) {
            (MUTATE, None) => Some("the saved report is about no mutants".to_owned()),
            (MUTATE, Some(mutation)) => partial(mutation),
            _ => None,
        },
    }
}

fn partial(mutation: &MutationReport) -> Option<String> {
    let shard = mutation.shard.as_ref()?;
    Some(format!("the saved report is only shard {shard}: put all together with confiture report merge"))
}

/// Enters what usable saved reports found.
pub(crate) fn enter(report: &mut RunReport, inputs: &GateInputs) {
    if let Some(saved) = inputs.performance.as_ref().filter(|saved| useless(saved, PROFILE, report).is_none())
    {
        let findings = saved.findings.iter().filter(|finding| finding.severity > Severity::Info);
        let taken: Vec<Finding> =
            findings.map(|finding| Finding { check: Some(PROFILE.to_owned()), ..finding.clone() }).collect();
        report.findings.extend(taken);
    }
    let usable = inputs.mutation.as_ref().filter(|saved| useless(saved, MUTATE, report).is_none());
    let Some(mutation) = usable.and_then(|saved| saved.mutation.as_ref()) else { return };
    let mut found: Vec<Finding> = Vec::new();
    let critical =
        |mutant: &&MutantResult| mutant.severity == Severity::Critical && mutant.status.unnoticed();
    for mutant in mutation.mutants.iter().filter(critical) {
        let message = format!("no test notices {}", mutant.id);
        let diagnostic = Diagnostic::new("critical-mutant-survives", Severity::High, message)
            .in_script(&mutant.migration, mutant.direction)
            .with_help("write a test that fails on it: confiture mutate suggests one")
            .with_evidence("mutant", mutant.id.clone());
        let mut finding = Finding::new(diagnostic, Some(MUTATE));
        finding.file = Some(mutant.file.clone());
        (finding.line, finding.column) = (Some(mutant.line), Some(mutant.column));
        found.push(finding);
    }
    let asked = mutation.thresholds.unwrap_or_default();
    let scores =
        [("score", mutation.score, asked.min_score), ("own score", mutation.own_score, asked.min_own_score)];
    for (name, score, least) in scores {
        let (Some(score), Some(least)) = (score, least) else { continue };
        if score * 100.0 < f64::from(least) {
            let message = format!("the {name} is {:.1} %, less than {least} %", score * 100.0);
            let diagnostic = Diagnostic::new("mutation-score-low", Severity::High, message)
                .with_help("confiture mutate lists what no test notices, worst first");
            found.push(Finding::new(diagnostic, Some(MUTATE)));
        }
    }
    report.findings.extend(found);
}
