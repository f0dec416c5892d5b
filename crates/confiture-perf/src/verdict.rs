//! The report of a profiled chain: limits and baselines judged, findings placed in the user's files.

mod advice;
mod passes;

use std::collections::BTreeSet;
use std::path::PathBuf;

use confiture_core::migration::{Direction, Migration};
use confiture_core::plugin::Registry;
use confiture_core::report::{
    CheckResult, CheckStatus, Finding, MigrationProfile, PerformanceProfile, RunReport, ServerInfo,
    StatementProfile,
};
use confiture_core::{Diagnostic, Severity};
use confiture_fixtures::{NOT_SELECTED, TestSource};

use crate::baseline::{Change, Incomparable, Metric, PerformanceBaseline, Worse, differences};
use crate::count::milliseconds;
use crate::error::PerfError;
use crate::limits::{Limits, without_timeout};
use crate::profiler::Profiled;
use crate::trends;

/// What a profile is held against.
#[derive(Debug, Clone, Default)]
pub struct JudgeOptions {
    /// Absolute limits.
    pub limits: Limits,
    /// Directory of the baselines; `None` compares with none.
    pub baselines: Option<PathBuf>,
    /// Write baselines instead of comparing.
    pub accept: bool,
}

/// The report of `profiled`: a migration's checks are `up`, `down`, `limits` and `baseline`.
///
/// # Errors
/// A baseline that cannot be read or written.
pub fn judge(
    registry: &Registry,
    source: &TestSource,
    options: &JudgeOptions,
    server: ServerInfo,
    profiled: Profiled,
) -> Result<RunReport, PerfError> {
    let mut report = source.report("profile");
    report.server = Some(server);
    let Profiled { mut profile, again, failures, elapsed, .. } = profiled;
    for (index, result) in report.migrations.iter_mut().enumerate() {
        let migration = &source.loaded.migrations[index];
        let Some(measured) = profile.migrations.iter().find(|measured| measured.id == migration.id) else {
            result.checks = ["up", "down", "limits", "baseline"]
                .map(|id| check(id, CheckStatus::Skipped, Some(NOT_SELECTED.to_owned())))
                .to_vec();
            continue;
        };
        let mut judging = Judging { registry, migration, measured, profile: &profile, findings: Vec::new() };
        for (_, direction, failed) in failures.iter().filter(|(at, ..)| *at == index) {
            let finding = Diagnostic::new("profile-fails", Severity::High, "fails on tables with rows")
                .at(failed.location.clone())
                .in_script(&migration.id, *direction)
                .with_label(failed.failure.to_string())
                .with_help("confiture test shows whether rows are in the way");
            judging.findings.push(Finding::new(finding, Some(direction.as_str())));
        }
        let mut checks = vec![judging.ran(Direction::Up), judging.ran(Direction::Down)];
        if measured.up.skipped.is_none() {
            checks.push(judging.limits(&options.limits));
            let current = PerformanceBaseline::of(&profile, again.as_ref(), measured);
            checks.push(judging.baseline(options, &current)?);
            checks.extend(judging.stalls(&options.limits));
            checks.extend(judging.prediction(&options.limits));
            checks.extend(judging.timing(&options.limits));
        }
        if let (Some(first), Some(took)) = (checks.first_mut(), elapsed.get(&index)) {
            first.duration_ms = milliseconds(*took);
        }
        report.findings.append(&mut judging.findings);
        result.checks = checks;
    }
    for change in trends::newest(&profile.trends) {
        report.findings.push(Finding::new(change, None));
    }
    let recommendations = advice::recommendations(registry, source, &profile, &report.findings);
    profile.recommendations = recommendations;
    report.profile = Some(profile);
    report.conclude();
    Ok(report)
}

struct Judging<'a> {
    registry: &'a Registry,
    migration: &'a Migration,
    measured: &'a MigrationProfile,
    profile: &'a PerformanceProfile,
    findings: Vec<Finding>,
}

impl Judging<'_> {
    fn ran(&self, direction: Direction) -> CheckResult {
        let script = self.measured.script(direction);
        match (&script.skipped, &script.failed) {
            (Some(why), _) if direction == Direction::Down => {
                check("down", CheckStatus::NotApplicable, Some(why.clone()))
            }
            (Some(why), _) => check("up", CheckStatus::Skipped, Some(why.clone())),
            (None, Some(_)) => check(direction.as_str(), CheckStatus::Failed, None),
            (None, None) => check(direction.as_str(), CheckStatus::Passed, None),
        }
    }

    fn limits(&mut self, limits: &Limits) -> CheckResult {
        let before = self.findings.len();
        for direction in [Direction::Up, Direction::Down] {
            let statements: Vec<&StatementProfile> =
                self.profile.script(&self.migration.id, direction).collect();
            for statement in &statements {
                let Some(sql) = self.sql(statement) else { continue };
                for finding in limits.judge(self.registry, self.profile, statement, &sql) {
                    self.add(finding, statement, "limits");
                }
            }
            if let Some((at, finding)) = without_timeout(&statements).filter(|_| direction == Direction::Up) {
                self.add(finding, statements[at], "limits");
            }
        }
        check("limits", self.status(before), None)
    }

    fn baseline(
        &mut self,
        options: &JudgeOptions,
        current: &PerformanceBaseline,
    ) -> Result<CheckResult, PerfError> {
        let Some(dir) = &options.baselines else {
            return Ok(check("baseline", CheckStatus::NotApplicable, Some("none is wanted".to_owned())));
        };
        if self.measured.up.failed.is_some() || self.measured.down.failed.is_some() {
            let why = "a script failed".to_owned();
            return Ok(check("baseline", CheckStatus::Skipped, Some(why)));
        }
        if options.accept {
            current.write(dir)?;
            return Ok(check("baseline", CheckStatus::NotApplicable, Some("written".to_owned())));
        }
        let Some(baseline) = PerformanceBaseline::read(dir, &self.migration.id)? else {
            let why = "there is none; --accept writes it".to_owned();
            return Ok(check("baseline", CheckStatus::NotApplicable, Some(why)));
        };
        if let Some(why) = baseline.incomparable(current) {
            let (Incomparable::Environment(what) | Incomparable::Dataset(what)) = &why;
            let message = format!("no comparable baseline: {what}");
            let file = PerformanceBaseline::path(dir, &self.migration.id).display().to_string();
            let mut finding = Diagnostic::new("baseline-incomparable", Severity::Low, &message)
                .with_help("measure it anew with --accept, or run with what it was measured with")
                .with_evidence("baseline", file);
            finding.migration = Some(self.migration.id.clone());
            if let Some(script) = self.migration.up.script() {
                finding = finding.at(script.locate(script.span.start..script.span.start));
            }
            self.findings.push(Finding::new(finding, Some("baseline")));
            return Ok(check("baseline", CheckStatus::Skipped, Some(message)));
        }
        let before = self.findings.len();
        for direction in [Direction::Up, Direction::Down] {
            let statements: Vec<&StatementProfile> =
                self.profile.script(&self.migration.id, direction).collect();
            for change in differences(baseline.script(direction), current.script(direction)) {
                self.changed(&change, &statements, direction);
            }
        }
        Ok(check("baseline", self.status(before), None))
    }

    fn changed(&mut self, change: &Change, statements: &[&StatementProfile], direction: Direction) {
        let (code, what) = match change.metric {
            Metric::Locks => ("baseline-locks", "locks"),
            Metric::Rewrites => ("baseline-rewrites", "rewrites"),
            Metric::Scans => ("baseline-scans", "sequential scans"),
            Metric::Created => ("baseline-created", "created relations"),
            Metric::Counters => ("baseline-counters", "counters"),
        };
        let severity = match (change.worse, change.metric) {
            (Worse::No, _) => Severity::Info,
            (Worse::Yes, Metric::Rewrites) => Severity::High,
            (Worse::Yes, _) if change.more.iter().any(|lock| lock.ends_with(" ACCESS EXCLUSIVE")) => {
                Severity::High
            }
            (Worse::Yes, _) => Severity::Medium,
        };
        let parts = match change.metric {
            Metric::Counters => [("more", &change.more), ("less", &change.less)],
            _ => [("new", &change.more), ("gone", &change.less)],
        };
        let said: Vec<String> = parts
            .iter()
            .filter(|(_, list)| !list.is_empty())
            .map(|(word, list)| format!("{word}: {}", list.join(", ")))
            .collect();
        let mut finding = Diagnostic::new(code, severity, format!("{what} are not those of the baseline"))
            .with_label(said.join("; "))
            .with_help("restore the statement, or accept the change with confiture profile --accept");
        for (word, list) in parts {
            finding = finding.with_evidence(word, list.clone());
        }
        match change.statement.and_then(|at| statements.get(at)) {
            Some(statement) => self.add(finding, statement, "baseline"),
            None => {
                finding.message = format!("a statement of the baseline is gone, with its {what}");
                if let Some(script) = self.migration.step(direction).script() {
                    finding = finding.at(script.locate(script.span.start..script.span.start));
                }
                let finding = finding.in_script(&self.migration.id, direction);
                self.findings.push(Finding::new(finding, Some("baseline")));
            }
        }
    }

    fn add(&mut self, finding: Diagnostic, statement: &StatementProfile, check: &str) {
        let mut finding = finding
            .in_script(&self.migration.id, statement.direction)
            .with_evidence("statement", statement.id.clone());
        let script = self.migration.step(statement.direction).script();
        if let Some(script) = script
            && let Some(source) = statement.number.checked_sub(1).and_then(|at| script.statements.get(at))
        {
            finding = finding.at(script.locate(source.span.clone()));
        }
        self.findings.push(Finding::new(finding, Some(check)));
    }

    fn sql(&self, statement: &StatementProfile) -> Option<std::sync::Arc<str>> {
        let script = self.migration.step(statement.direction).script()?;
        Some(script.statements.get(statement.number.checked_sub(1)?)?.sql.clone())
    }

    /// Failed where a finding since `before` is more than a weakness.
    fn status(&self, before: usize) -> CheckStatus {
        let grave: BTreeSet<Severity> =
            self.findings[before..].iter().map(|finding| finding.severity).collect();
        match grave.last() {
            Some(worst) if *worst > Severity::Low => CheckStatus::Failed,
            _ => CheckStatus::Passed,
        }
    }
}

fn check(id: &str, status: CheckStatus, reason: Option<String>) -> CheckResult {
    CheckResult { id: id.to_owned(), status, reason, duration_ms: 0.0 }
}
