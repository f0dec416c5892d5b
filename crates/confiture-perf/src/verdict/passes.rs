//! What the further passes measured, held against the limits.

use std::collections::BTreeMap;

use confiture_core::report::{CheckResult, CheckStatus, Finding, Stall};
use confiture_core::{Diagnostic, Severity};

use super::{Judging, check};
use crate::limits::Limits;

/// `deadlock_detected` (manual 18, appendix A).
const DEADLOCK: &str = "40P01";

impl Judging<'_> {
    /// Stalls of the probe; `None` where none was sent.
    pub(super) fn stalls(&mut self, limits: &Limits) -> Option<CheckResult> {
        let profile = self.profile;
        let of: Vec<_> = profile.stalls.iter().filter(|s| s.migration == self.migration.id).collect();
        if of.is_empty() {
            return None;
        }
        let limit = limits.stall.as_secs_f64() * 1e3;
        let before = self.findings.len();
        for run in of {
            // One finding for each statement that is to blame: its longest stall.
            let mut worst: BTreeMap<Option<&str>, Vec<&Stall>> = BTreeMap::new();
            for stall in run.stalls.iter().filter(|stall| stall.blocked && stall.longest_ms > limit) {
                worst.entry(stall.statement.as_deref()).or_default().push(stall);
            }
            for (statement, mut stalls) in worst {
                stalls.sort_by(|a, b| b.longest_ms.total_cmp(&a.longest_ms));
                let Some(longest) = stalls.first() else { continue };
                let behind = run.reader_ms.map_or(String::new(), |reader| {
                    format!(
                        ", behind a transaction that had read the table and stayed open for {}",
                        time(reader)
                    )
                });
                let message = format!(
                    "{} on {} waited {}{behind}",
                    longest.operation,
                    longest.table,
                    time(longest.longest_ms)
                );
                let all: Vec<String> = stalls
                    .iter()
                    .map(|stall| format!("{} {} {}", stall.operation, stall.table, time(stall.longest_ms)))
                    .collect();
                let deadlock =
                    stalls.iter().any(|s| s.failed.as_ref().is_some_and(|why| why.starts_with(DEADLOCK)))
                        || run.failed.as_ref().is_some_and(|why| why.contains(DEADLOCK));
                let (label, help) = match (deadlock, run.reader_ms) {
                    (true, _) => (
                        "the script changes rows and then asks for the table, the other waits for such a row: \
                         one of both ended with a deadlock",
                        "take the strongest lock of the script first, or change the rows in a migration of their own",
                    ),
                    (false, Some(_)) => (
                        "others wait for this statement, which waits for the transaction",
                        "SET lock_timeout = '2s'; before it, and try again when it fails: others wait no longer then",
                    ),
                    (false, None) => (
                        "others wait for this statement",
                        "take the lock for a moment only: do the work before, in steps, or CONCURRENTLY",
                    ),
                };
                let finding = Diagnostic::new("profile-stall", Severity::Low, message)
                    .with_label(label)
                    .with_help(help)
                    .with_evidence("stalls", all)
                    .with_evidence("longest_ms", longest.longest_ms)
                    .with_evidence("before_ms", longest.before_ms);
                self.at(finding, statement, "stalls");
            }
        }
        Some(check("stalls", self.status(before), None))
    }

    /// Holds at the rows of production; `None` where nothing was scaled.
    pub(super) fn prediction(&mut self, limits: &Limits) -> Option<CheckResult> {
        let profile = self.profile;
        let scale = profile.scale.iter().find(|scale| scale.migration == self.migration.id)?;
        if let Some(why) = &scale.failed {
            return Some(check("prediction", CheckStatus::Skipped, Some(why.clone())));
        }
        let before = self.findings.len();
        for hold in &scale.holds {
            let severity = match hold.verdict.as_str() {
                "fails" => Severity::High,
                "warns" => Severity::Low,
                "unknown" => Severity::Info,
                _ => continue,
            };
            let rows = hold.hold_ms.rows.unwrap_or_default();
            let finding = match (&hold.hold_ms.prediction, &hold.hold_ms.refused) {
                (Some(band), _) => {
                    let budget =
                        if severity == Severity::High { limits.hold.fails } else { limits.hold.warns };
                    let message = format!(
                        "{} on {} would be held for {} with {rows} rows",
                        hold.mode,
                        hold.table,
                        time(band.estimate)
                    );
                    Diagnostic::new("profile-hold-predicted", severity, message)
                        .with_label(format!(
                            "between {} and {}; the limit is {}",
                            time(band.low),
                            time(band.high),
                            time(budget.as_secs_f64() * 1e3)
                        ))
                        .with_help(
                            "do this in steps that each take a short lock, or in a window without traffic",
                        )
                        .with_evidence("estimate_ms", band.estimate)
                        .with_evidence("low_ms", band.low)
                        .with_evidence("high_ms", band.high)
                }
                (None, refused) => {
                    let why = refused.clone().unwrap_or_else(|| "there is no fit".to_owned());
                    let message =
                        format!("how long {} on {} will be held is not predicted", hold.mode, hold.table);
                    Diagnostic::new("profile-prediction-refused", Severity::Info, message)
                        .with_label(why)
                        .with_help("name rows of production under [perf.rows], or measure larger tables with --sizes")
                }
            };
            let finding = finding
                .with_evidence("relation", hold.table.clone())
                .with_evidence("mode", hold.mode.clone())
                .with_evidence("rows", rows);
            self.at(finding, Some(&hold.statement), "prediction");
        }
        let known = scale.holds.is_empty() || scale.holds.iter().any(|hold| hold.verdict != "unknown");
        let why = "no hold could be predicted: see the notes (-v)".to_owned();
        Some(match (known, self.status(before)) {
            (false, _) => check("prediction", CheckStatus::Skipped, Some(why)),
            (true, status) => check("prediction", status, None),
        })
    }

    /// Times against the base; `None` where none were compared.
    pub(super) fn timing(&mut self, limits: &Limits) -> Option<CheckResult> {
        let profile = self.profile;
        let of = profile.timings.iter().filter(|timing| timing.migration == self.migration.id);
        let compared: Vec<_> = of.filter(|timing| timing.timings.verdict != "measured").collect();
        if compared.is_empty() {
            return None;
        }
        let before = self.findings.len();
        let mut said = None;
        for timing in compared {
            let times = &timing.timings;
            let direction = timing.direction.as_str();
            match times.verdict.as_str() {
                "slower" => {
                    let ratio = times.ratio.map_or(f64::NAN, |ratio| ratio.estimate);
                    let gates = times.head_ms.len() >= limits.gating_runs;
                    let severity = if gates { Severity::Medium } else { Severity::Low };
                    let message = format!("{direction} takes {ratio:.2} times as long as at the base");
                    let mut label = times.ratio.map_or(String::new(), |r| {
                        format!("between {:.2} and {:.2} times, {} time", r.low, r.high, times.metric)
                    });
                    if !gates {
                        label.push_str(&format!(
                            "; {} runs advise, {} would fail",
                            times.head_ms.len(),
                            limits.gating_runs
                        ));
                    }
                    let mut finding = Diagnostic::new("timing-slower", severity, message)
                        .with_label(label)
                        .with_help(
                            "compare the counters of both: confiture profile --accept at the base, then here",
                        )
                        .with_evidence("ratio", ratio)
                        .with_evidence("base_ms", times.base_ms.clone())
                        .with_evidence("head_ms", times.head_ms.clone())
                        .in_script(&self.migration.id, timing.direction);
                    if let Some(script) = self.migration.step(timing.direction).script() {
                        finding = finding.at(script.locate(script.span.start..script.span.start));
                    }
                    self.findings.push(Finding::new(finding, Some("timing")));
                }
                "inconclusive" => {
                    let why = times.reason.clone().unwrap_or_default();
                    said = Some(format!("{direction} is inconclusive: {why}"));
                }
                _ => {}
            }
        }
        Some(match (said, self.status(before)) {
            (Some(why), CheckStatus::Passed) => check("timing", CheckStatus::Skipped, Some(why)),
            (_, status) => check("timing", status, None),
        })
    }

    /// A finding at the statement with this id, or at the script's start.
    fn at(&mut self, finding: Diagnostic, statement: Option<&str>, check: &str) {
        let profile = self.profile;
        let known = profile.statements.iter().find(|known| Some(known.id.as_str()) == statement);
        if let Some(known) = known {
            return self.add(finding, known, check);
        }
        let mut finding = finding.in_script(&self.migration.id, confiture_core::migration::Direction::Up);
        if let Some(script) = self.migration.up.script() {
            finding = finding.at(script.locate(script.span.start..script.span.start));
        }
        self.findings.push(Finding::new(finding, Some(check)));
    }
}

/// `3.1 s`, `400 ms`.
pub(super) fn time(milliseconds: f64) -> String {
    match milliseconds {
        ms if ms >= 1000.0 => format!("{:.1} s", ms / 1000.0),
        ms if ms >= 10.0 => format!("{ms:.0} ms"),
        ms => format!("{ms:.1} ms"),
    }
}
