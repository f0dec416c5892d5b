//! What gates read out of a report.

use confiture_core::plugin::{GateContext, GateVerdict, Outcome};
use confiture_core::report::{CheckResult, CheckStatus, Finding, MigrationResult};
use confiture_fixtures::NOT_SELECTED;

use crate::lint::CHECK;

/// The checks called one of `ids`, of the migrations that were selected.
pub(super) fn judged<'a>(
    cx: &GateContext<'a>,
    ids: &'a [&'a str],
) -> impl Iterator<Item = (&'a MigrationResult, &'a CheckResult)> {
    let all = cx
        .report
        .migrations
        .iter()
        .flat_map(|migration| migration.checks.iter().map(move |check| (migration, check)));
    all.filter(move |(_, check)| {
        ids.contains(&check.id.as_str()) && check.reason.as_deref() != Some(NOT_SELECTED)
    })
}

/// The findings that `wanted` takes.
pub(super) fn about<'a>(cx: &GateContext<'a>, wanted: impl Fn(&Finding) -> bool) -> Vec<&'a Finding> {
    cx.report.findings.iter().filter(|finding| wanted(finding)).collect()
}

/// The verdict of these checks and findings: not run where a check was skipped and nothing failed.
pub(super) fn of_checks(cx: &GateContext<'_>, ids: &[&str], findings: &[&Finding]) -> GateVerdict {
    let mut verdict = GateVerdict::of(findings.iter().copied());
    if verdict.outcome == Outcome::Failed {
        return verdict;
    }
    let mut passed = false;
    let mut nothing = None;
    for (migration, check) in judged(cx, ids) {
        let reason = check.reason.clone().unwrap_or_default();
        match check.status {
            CheckStatus::Passed | CheckStatus::Failed => passed = true,
            CheckStatus::NotApplicable => nothing = nothing.or(Some(reason)),
            CheckStatus::Skipped => {
                verdict.outcome = Outcome::Skipped(format!("{} of {}: {reason}", check.id, migration.id));
                return verdict;
            }
        }
    }
    if !passed {
        verdict.outcome = match nothing {
            Some(reason) => Outcome::NotApplicable(reason),
            None => Outcome::Skipped(format!("no migration was judged by {}", ids.join(", "))),
        };
    }
    verdict
}

/// Whether a rule of one of these categories, or a measurement, found it.
pub(super) fn of_rules(finding: &Finding, categories: &[&str]) -> bool {
    let category = finding.evidence.get("category").and_then(|category| category.as_str());
    finding.check.as_deref() == Some(CHECK) && category.is_some_and(|known| categories.contains(&known))
}
