//! The complete result of a run, as data; every output format is a view of it.
//!
//! Field names are a contract: scripts outside this workspace read them. Fields are only ever added.

mod gate;
mod mutation;
mod passes;
mod profile;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diagnostic::Severity;
use crate::migration::Direction;

pub use gate::{Approval, GateResult, GateStatus};
pub use mutation::{
    MutantResult, MutantStatus, MutationReport, MutationScore, MutationTest, MutationThresholds,
    MutationTotals, SuppressedMutant,
};
pub use passes::{
    Band, Curve, HoldScale, LoadPhase, LoadProfile, LockSpan, OperationProfile, Recommendation, ScaleProfile,
    Stall, StallProfile, StatementScale, TimingProfile, Timings, TrendChange, TrendProfile, Tried,
};
pub use profile::{
    BufferProfile, Dataset, LockProfile, MigrationProfile, PerformanceProfile, PhaseProfile,
    ProfileEnvironment, ScanProfile, ScriptProfile, StatementProfile, WalProfile,
};

/// Version of the report's shape; raised only when a field changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// Everything that was judged holds.
    Passed,
    /// At least one check failed.
    Failed,
    /// The run itself could not be finished.
    Error,
    /// No migration was judged: never a pass.
    NothingRan,
}

/// The program that made the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `confiture`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A server the run used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerInfo {
    /// Version as the server prints it, such as `17.2`.
    pub version: String,
    /// `private` (started by confiture) or `given`.
    pub kind: String,
}

/// Where the migrations come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceInfo {
    /// SHA-256 of the ids and texts of all migrations, in order: saved reports of other files are stale.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hash: String,
    /// The directory as the user named it.
    pub dir: String,
    /// Id of the layout.
    pub layout: String,
    /// Why it was recognised.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layout_reasons: Vec<String>,
    /// Number of migrations.
    pub migrations: usize,
    /// Files of the directory that were not understood.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_understood: Vec<String>,
}

/// How much of the SQL could be analysed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Statements of all scripts.
    pub statements: usize,
    /// Of these, how many have a syntax tree.
    pub parsed: usize,
    /// The rest: split, run and judged, but not analysed in depth.
    pub unparsed: usize,
}

/// How a check ended for a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckStatus {
    /// There is nothing to judge.
    NotApplicable,
    /// It holds.
    Passed,
    /// Not judged; the reason says why.
    Skipped,
    /// It does not hold.
    Failed,
}

/// One check of one migration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckResult {
    /// Id of the check.
    pub id: String,
    /// How it ended.
    pub status: CheckStatus,
    /// Why it was skipped or is not applicable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Wall time in milliseconds.
    pub duration_ms: f64,
}

/// One migration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MigrationResult {
    /// Unique in the directory.
    pub id: String,
    /// As the tool writes it.
    pub version: String,
    /// What follows the version.
    pub name: String,
    /// File of the forward step.
    pub file: Option<String>,
    /// File of the rollback.
    pub down_file: Option<String>,
    /// Statements of both scripts; a migration without any passes, but nothing ran.
    #[serde(default)]
    pub statements: usize,
    /// In the order they were judged.
    pub checks: Vec<CheckResult>,
}

impl MigrationResult {
    /// Whether a check failed.
    pub fn failed(&self) -> bool {
        self.checks.iter().any(|check| check.status == CheckStatus::Failed)
    }

    /// Whether a check passed or failed that ran a statement; `order` looks at file names only.
    pub fn judged(&self) -> bool {
        let ran = |check: &CheckResult| matches!(check.status, CheckStatus::Failed | CheckStatus::Passed);
        self.statements > 0 && self.checks.iter().any(|check| check.id != "order" && ran(check))
    }
}

/// One of the user's own tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TestResult {
    /// Unique in the run: the path below the tests directory without extension, `verify ID` of a migration,
    /// or the command line.
    pub name: String,
    /// `directives`, `verify`, `pgtap` or `command`.
    pub kind: String,
    /// Its file; a command has none.
    pub file: Option<String>,
    /// How it ended; never `not-applicable`.
    pub status: CheckStatus,
    /// Why it was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it judged: assertions, announced failures, indexes, locks, verified statements, TAP tests.
    pub assertions: usize,
    /// Wall time in milliseconds.
    pub duration_ms: f64,
}

impl TestResult {
    /// Whether it failed.
    pub fn failed(&self) -> bool {
        self.status == CheckStatus::Failed
    }
}

/// A finding, with its place resolved to lines and columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// `confiture explain CODE` prints its page.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// Id of the migration.
    pub migration: Option<String>,
    /// Which script.
    pub direction: Option<Direction>,
    /// File, as the user would write it.
    pub file: Option<String>,
    /// From 1.
    pub line: Option<usize>,
    /// In characters, from 1.
    pub column: Option<usize>,
    /// One line.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Id of the check that found it; `None` when the directory itself is at fault.
    pub check: Option<String>,
    /// Name of the user's test that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// Machine-readable facts.
    pub evidence: serde_json::Map<String, serde_json::Value>,
    /// Who wants the deployment all the same, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// Bytes of the file that are marked when the finding is printed.
    #[serde(skip)]
    pub span: Option<std::ops::Range<usize>>,
    /// Text printed under the marked source.
    #[serde(skip)]
    pub label: Option<String>,
}

impl Finding {
    /// A diagnostic as a finding of `check`.
    pub fn new(diagnostic: crate::Diagnostic, check: Option<&str>) -> Self {
        let at = diagnostic.location;
        Self {
            code: diagnostic.code.to_owned(),
            severity: diagnostic.severity,
            migration: diagnostic.migration,
            direction: diagnostic.direction,
            file: at.as_ref().map(|at| at.file.display().to_string()),
            line: at.as_ref().map(|at| at.line),
            column: at.as_ref().map(|at| at.column),
            message: diagnostic.message,
            help: diagnostic.help,
            check: check.map(str::to_owned),
            test: None,
            evidence: diagnostic.evidence,
            approval: None,
            span: at.map(|at| at.span),
            label: diagnostic.label,
        }
    }

    /// Whether it speaks against a deployment: above [`Low`](Severity::Low) and not approved.
    pub fn objects(&self) -> bool {
        self.severity > Severity::Low && self.approval.is_none()
    }

    /// A diagnostic as what the user's test `name` failed with.
    pub fn of_test(diagnostic: crate::Diagnostic, name: &str) -> Self {
        Self { test: Some(name.to_owned()), ..Self::new(diagnostic, None) }
    }
}

/// The complete result of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunReport {
    /// See [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The program.
    pub tool: Tool,
    /// The command, such as `test`.
    pub command: String,
    /// How it ended.
    pub status: RunStatus,
    /// The server; the first one when several were used.
    pub server: Option<ServerInfo>,
    /// All servers when there was more than one, in the order given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<ServerInfo>,
    /// The migrations' origin.
    pub source: Option<SourceInfo>,
    /// How much could be analysed.
    pub coverage: Coverage,
    /// In chain order.
    pub migrations: Vec<MigrationResult>,
    /// The user's own tests, in the order of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<TestResult>,
    /// In chain order, then by severity, worst first.
    pub findings: Vec<Finding>,
    /// The mutants of `confiture mutate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutation: Option<MutationReport>,
    /// The measurements of `confiture profile`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<PerformanceProfile>,
    /// The gates of `confiture gate`, in the order they were asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateResult>,
    /// Why the run ended early, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Wall time of the whole run in milliseconds.
    pub duration_ms: f64,
}

impl RunReport {
    /// An empty report of `command`.
    pub fn new(command: &str, version: &str) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool { name: "confiture".to_owned(), version: version.to_owned() },
            command: command.to_owned(),
            status: RunStatus::NothingRan,
            server: None,
            servers: Vec::new(),
            source: None,
            coverage: Coverage::default(),
            migrations: Vec::new(),
            tests: Vec::new(),
            findings: Vec::new(),
            mutation: None,
            profile: None,
            gates: Vec::new(),
            error: None,
            duration_ms: 0.0,
        }
    }

    /// Works out [`status`](Self::status) from what the report holds.
    pub fn conclude(&mut self) {
        self.status = if self.error.is_some() {
            RunStatus::Error
        } else if self.migrations.iter().any(MigrationResult::failed)
            || self.tests.iter().any(TestResult::failed)
            || self.gates.iter().any(GateResult::stops) && self.anything_ran()
            || self.findings.iter().any(|finding| finding.check.is_none() && finding.objects())
        {
            RunStatus::Failed
        } else if self.anything_ran() {
            RunStatus::Passed
        } else {
            RunStatus::NothingRan
        };
    }

    /// Whether something was judged; where mutants were to be run, only they count.
    fn anything_ran(&self) -> bool {
        match &self.mutation {
            Some(mutation) => mutation.planned > 0,
            None => {
                self.migrations.iter().any(MigrationResult::judged)
                    || self.tests.iter().any(|test| test.status == CheckStatus::Passed)
            }
        }
    }

    /// Merges runs of the same migrations on several servers into one report.
    ///
    /// A check's status is its worst; equal findings are listed once, with the majors they occur on in
    /// `evidence.servers` when they do not occur on all of them.
    pub fn merge(runs: Vec<Self>) -> Option<Self> {
        let count = runs.len();
        let mut runs = runs.into_iter();
        let mut merged = runs.next()?;
        if count == 1 {
            return Some(merged);
        }
        let version = |report: &Self| report.server.as_ref().map_or_else(String::new, |s| s.version.clone());
        let mut seen: BTreeMap<usize, Vec<String>> =
            (0..merged.findings.len()).map(|at| (at, vec![version(&merged)])).collect();
        merged.servers.extend(merged.server.clone());
        for run in runs {
            let server = version(&run);
            merged.servers.extend(run.server.clone());
            merged.duration_ms = merged.duration_ms.max(run.duration_ms);
            if merged.error.is_none() {
                merged.error = run.error.map(|error| format!("on PostgreSQL {server}: {error}"));
            }
            for (into, from) in merged.migrations.iter_mut().zip(run.migrations) {
                for check in from.checks {
                    match into.checks.iter_mut().find(|c| c.id == check.id) {
                        Some(known) if known.status < check.status => *known = check,
                        Some(_) => {}
                        None => into.checks.push(check),
                    }
                }
            }
            for test in run.tests {
                match merged.tests.iter_mut().find(|known| known.name == test.name) {
                    Some(known) if known.status < test.status => *known = test,
                    Some(_) => {}
                    None => merged.tests.push(test),
                }
            }
            for gate in run.gates {
                match merged.gates.iter_mut().find(|known| known.id == gate.id) {
                    Some(known) => known.absorb(gate),
                    None => merged.gates.push(gate),
                }
            }
            for finding in run.findings {
                let same = |f: &Finding| {
                    f.code == finding.code
                        && f.migration == finding.migration
                        && f.test == finding.test
                        && f.direction == finding.direction
                        && f.line == finding.line
                        && f.message == finding.message
                };
                match merged.findings.iter().position(same) {
                    Some(at) => seen.entry(at).or_default().push(server.clone()),
                    None => {
                        seen.insert(merged.findings.len(), vec![server.clone()]);
                        merged.findings.push(finding);
                    }
                }
            }
        }
        for (at, servers) in seen {
            if servers.len() < count {
                merged.findings[at].evidence.insert("servers".to_owned(), servers.into());
            }
        }
        let place: BTreeMap<&str, usize> =
            merged.migrations.iter().enumerate().map(|(at, m)| (m.id.as_str(), at)).collect();
        let at = |f: &Finding| f.migration.as_deref().and_then(|id| place.get(id).copied());
        merged.findings.sort_by_key(at);
        merged.conclude();
        Some(merged)
    }
}
