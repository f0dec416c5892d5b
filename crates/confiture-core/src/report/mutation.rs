//! What `confiture mutate` reports.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diagnostic::Severity;
use crate::migration::Direction;
use crate::plugin::MutationCategory;

/// How a mutant ended: exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MutantStatus {
    /// A test that passes on the original fails on it, or a later migration no longer applies.
    Killed,
    /// No test noticed.
    Survived,
    /// The same state on this data: no row exercises it. A survivor of its own kind.
    Indistinct,
    /// Provably the same on every channel of its operator; leaves the denominator.
    Equivalent,
    /// The same outcome as an earlier mutant; leaves the denominator.
    Redundant,
    /// PostgreSQL refuses the text itself; leaves the denominator.
    Stillborn,
    /// PostgreSQL refuses it because of the rows that are there.
    Rejected,
    /// It took longer than the calibrated limit; leaves the denominator.
    Timeout,
    /// Backend, server or connection failed, also when tried again; leaves the denominator.
    Error,
}

impl MutantStatus {
    /// Every status, in the order of reports.
    pub const ALL: [Self; 9] = [
        Self::Killed,
        Self::Survived,
        Self::Indistinct,
        Self::Equivalent,
        Self::Redundant,
        Self::Stillborn,
        Self::Rejected,
        Self::Timeout,
        Self::Error,
    ];

    /// The lower-case name used in every report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Killed => "killed",
            Self::Survived => "survived",
            Self::Indistinct => "indistinct",
            Self::Equivalent => "equivalent",
            Self::Redundant => "redundant",
            Self::Stillborn => "stillborn",
            Self::Rejected => "rejected",
            Self::Timeout => "timeout",
            Self::Error => "error",
        }
    }

    /// Whether a test could have noticed the mutant and none did.
    pub fn unnoticed(self) -> bool {
        matches!(self, Self::Survived | Self::Indistinct)
    }
}

/// How many mutants ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MutationTotals {
    /// All of them, suppressed ones left out.
    pub generated: usize,
    /// [`MutantStatus::Killed`].
    pub killed: usize,
    /// [`MutantStatus::Survived`].
    pub survived: usize,
    /// [`MutantStatus::Indistinct`].
    pub indistinct: usize,
    /// [`MutantStatus::Equivalent`].
    pub equivalent: usize,
    /// [`MutantStatus::Redundant`].
    pub redundant: usize,
    /// [`MutantStatus::Stillborn`].
    pub stillborn: usize,
    /// [`MutantStatus::Rejected`].
    pub rejected: usize,
    /// [`MutantStatus::Timeout`].
    pub timeout: usize,
    /// [`MutantStatus::Error`].
    pub error: usize,
    /// Killed by something of the project's own, alone or besides a built-in check: its tests, its committed
    /// schema, its query files.
    pub own_killed: usize,
}

impl MutationTotals {
    /// Counts one mutant.
    pub fn count(&mut self, mutant: &MutantResult) {
        self.generated += 1;
        let field = match mutant.status {
            MutantStatus::Killed => &mut self.killed,
            MutantStatus::Survived => &mut self.survived,
            MutantStatus::Indistinct => &mut self.indistinct,
            MutantStatus::Equivalent => &mut self.equivalent,
            MutantStatus::Redundant => &mut self.redundant,
            MutantStatus::Stillborn => &mut self.stillborn,
            MutantStatus::Rejected => &mut self.rejected,
            MutantStatus::Timeout => &mut self.timeout,
            MutantStatus::Error => &mut self.error,
        };
        *field += 1;
        self.own_killed += usize::from(mutant.own_kill);
    }

    /// Mutants a test could have noticed: those of the denominator.
    pub fn effective(&self) -> usize {
        self.killed + self.rejected + self.survived + self.indistinct
    }

    /// Share of the effective mutants that were killed or rejected, 0 to 1; `None` without any.
    pub fn score(&self) -> Option<f64> {
        ratio(self.killed + self.rejected, self.effective())
    }

    /// The same, kills by the project's own tests, committed schema and query files only.
    pub fn own_score(&self) -> Option<f64> {
        ratio(self.own_killed, self.effective())
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of mutants are far below 2^52")]
fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// A part of the mutants: how they ended, and what share was noticed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MutationScore {
    /// How they ended.
    #[serde(flatten)]
    pub totals: MutationTotals,
    /// [`MutationTotals::score`].
    pub score: Option<f64>,
    /// [`MutationTotals::own_score`].
    pub own_score: Option<f64>,
}

impl From<MutationTotals> for MutationScore {
    fn from(totals: MutationTotals) -> Self {
        Self { totals, score: totals.score(), own_score: totals.own_score() }
    }
}

/// What one test did about the mutants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MutationTest {
    /// Name of the test or built-in check.
    pub name: String,
    /// Whether it is one of the user's own.
    pub own: bool,
    /// Mutants it was run on.
    pub reached: usize,
    /// Of these, how many it killed.
    pub kills: usize,
}

impl MutationTest {
    /// From how many mutants on a test that kills none is called weak.
    pub const WEAK_FROM: usize = 5;

    /// Whether it is one of the user's own that saw many mutants and noticed none of them.
    pub fn weak(&self) -> bool {
        self.own && self.kills == 0 && self.reached >= Self::WEAK_FROM
    }
}

/// One mutant and how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MutantResult {
    /// Stable: operator, migration, object and occurrence.
    pub id: String,
    /// Its place in the whole plan, from 0.
    #[serde(default)]
    pub place: usize,
    /// Id of its operator.
    pub operator: String,
    /// Of its operator.
    pub category: MutationCategory,
    /// Of its operator, or as configured.
    pub severity: Severity,
    /// Id of the migration.
    pub migration: String,
    /// Which script.
    pub direction: Direction,
    /// What it breaks, as a person would call it.
    #[serde(default)]
    pub object: String,
    /// The user's file.
    pub file: String,
    /// Line of the first change, from 1.
    pub line: usize,
    /// Column of the first change in characters, from 1.
    pub column: usize,
    /// What it does, in one line.
    pub description: String,
    /// The lines of the file it changes, as they are.
    pub original: String,
    /// The same lines in the mutant.
    pub replacement: String,
    /// How it ended.
    pub status: MutantStatus,
    /// Tests and checks that were run on it, by name; also those that noticed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<String>,
    /// Tests and checks that noticed; the first only, unless all were asked (`--matrix`).
    pub killed_by: Vec<String>,
    /// Whether one of these is the project's own: a test, the committed schema, a query file.
    #[serde(default)]
    pub own_kill: bool,
    /// The mutant it is redundant with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
    /// Why it ended so: the server's message, what is equal, what a test said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// An assertion that would notice it, tried on the original and on the mutant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// Wall time in milliseconds.
    pub duration_ms: f64,
}

/// What a project asks of its mutants.
///
/// Without any of them, every mutant that was not noticed counts as a failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MutationThresholds {
    /// The least score, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_score: Option<u8>,
    /// The least score by the user's own tests, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_own_score: Option<u8>,
    /// The least severity of which no mutant may go unnoticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_on: Option<Severity>,
}

impl MutationThresholds {
    /// Whether the project asks for nothing in particular.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A mutant that was not run because the user said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SuppressedMutant {
    /// Id of the mutant.
    pub id: String,
    /// The user's reason.
    pub reason: String,
}

/// Everything about the mutants of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MutationReport {
    /// Version of the operator set that was used.
    pub operators_version: u32,
    /// Hash of the plan: the mutants, in order, and what they are judged by.
    pub plan_hash: String,
    /// `K/N` when only a part of the plan was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// Mutants of the whole plan, those of other shards too.
    #[serde(default)]
    pub planned: usize,
    /// Whether every test was asked about every mutant (`--matrix`), not only until the first noticed.
    #[serde(default)]
    pub matrix: bool,
    /// Whether assertions were looked for.
    #[serde(default)]
    pub suggestions: bool,
    /// What the scores have to reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<MutationThresholds>,
    /// How the mutants ended.
    pub totals: MutationTotals,
    /// Killed and rejected among those that could be noticed, 0 to 1.
    pub score: Option<f64>,
    /// The same, kills by the project's own tests, committed schema and query files only.
    pub own_score: Option<f64>,
    /// The same as `score`, each mutant weighted by its severity (critical 8, high 4, medium 2, low 1).
    pub weighted_score: Option<f64>,
    /// By category.
    pub by_category: BTreeMap<String, MutationScore>,
    /// By severity.
    pub by_severity: BTreeMap<String, MutationScore>,
    /// By operator.
    pub by_operator: BTreeMap<String, MutationScore>,
    /// By migration.
    pub by_migration: BTreeMap<String, MutationScore>,
    /// Tests and checks, by name.
    pub tests: Vec<MutationTest>,
    /// What is untested, in the user's words, worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recommendations: Vec<String>,
    /// Mutants left out on request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suppressed: Vec<SuppressedMutant>,
    /// Every mutant, in the order of the plan.
    pub mutants: Vec<MutantResult>,
}

impl MutationReport {
    /// The user's own tests that saw many mutants and noticed none, by name. Only a run that asked every test about
    /// every mutant can tell: else a mutant that another test noticed first is not asked about.
    pub fn weak_tests(&self) -> impl Iterator<Item = &MutationTest> {
        self.tests.iter().filter(|test| self.matrix && test.weak())
    }

    /// The report about `mutants`, counted.
    pub fn new(operators_version: u32, plan_hash: String, mutants: Vec<MutantResult>) -> Self {
        let mut report = Self {
            operators_version,
            plan_hash,
            shard: None,
            matrix: false,
            suggestions: false,
            planned: mutants.len(),
            thresholds: None,
            totals: MutationTotals::default(),
            score: None,
            own_score: None,
            weighted_score: None,
            by_category: BTreeMap::new(),
            by_severity: BTreeMap::new(),
            by_operator: BTreeMap::new(),
            by_migration: BTreeMap::new(),
            tests: Vec::new(),
            recommendations: Vec::new(),
            suppressed: Vec::new(),
            mutants,
        };
        report.count();
        report
    }

    /// Counts the mutants anew.
    pub fn count(&mut self) {
        let mutants = &self.mutants;
        let by = |key: fn(&MutantResult) -> String| {
            let mut parts: BTreeMap<String, MutationTotals> = BTreeMap::new();
            for mutant in mutants {
                parts.entry(key(mutant)).or_default().count(mutant);
            }
            parts.into_iter().map(|(key, totals)| (key, MutationScore::from(totals))).collect()
        };
        self.by_category = by(|mutant| mutant.category.as_str().to_owned());
        self.by_severity = by(|mutant| mutant.severity.as_str().to_owned());
        self.by_operator = by(|mutant| mutant.operator.clone());
        self.by_migration = by(|mutant| mutant.migration.clone());
        let mut totals = MutationTotals::default();
        let (mut noticed, mut all) = (0, 0);
        for mutant in mutants {
            totals.count(mutant);
            let weight = weight(mutant.severity);
            match mutant.status {
                MutantStatus::Killed | MutantStatus::Rejected => {
                    noticed += weight;
                    all += weight;
                }
                MutantStatus::Survived | MutantStatus::Indistinct => all += weight,
                _ => {}
            }
        }
        self.totals = totals;
        self.score = totals.score();
        self.own_score = totals.own_score();
        self.weighted_score = ratio(noticed, all);
    }
}

/// How much one mutant counts in the weighted score.
fn weight(severity: Severity) -> usize {
    match severity {
        Severity::Critical => 8,
        Severity::High => 4,
        Severity::Medium => 2,
        Severity::Low | Severity::Info => 1,
    }
}
