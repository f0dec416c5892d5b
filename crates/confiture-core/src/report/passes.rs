//! What the further passes of `confiture profile` measured: who waits, how long it takes, what it will be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::migration::Direction;

/// Who waited for a migration, and for how long: one run with a probe for each table and kind of statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StallProfile {
    /// Id of the migration.
    pub migration: String,
    /// For how long a transaction that had read the tables stayed open in front of it, in milliseconds; absent
    /// without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader_ms: Option<f64>,
    /// From the first statement to the last commit, in milliseconds.
    pub elapsed_ms: f64,
    /// What the server said when the migration failed, as behind a `lock_timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// Tables it locks that were not probed, because there were too many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// Its locks on tables that were there before, in the order they were taken.
    pub locks: Vec<LockSpan>,
    /// Table by table, in the order of names.
    pub stalls: Vec<Stall>,
}

/// A lock over time, in milliseconds from the migration's start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LockSpan {
    /// Id of the statement that takes it.
    pub statement: String,
    /// Schema and name of the table as SQL writes them.
    pub table: String,
    /// Mode, such as `ACCESS EXCLUSIVE`.
    pub mode: String,
    /// Whether readers or writers of rows wait for it.
    pub blocking: bool,
    /// When the statement was sent.
    pub from_ms: f64,
    /// When its transaction ended.
    pub to_ms: f64,
}

/// What one kind of statement met on one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stall {
    /// Schema and name as SQL writes them.
    pub table: String,
    /// SELECT, INSERT, UPDATE or DELETE.
    pub operation: String,
    /// The longest before the migration, in milliseconds.
    pub before_ms: f64,
    /// The longest from then on.
    pub longest_ms: f64,
    /// When that one was sent, in milliseconds from the migration's start.
    pub longest_at_ms: f64,
    /// Whether that is blocking: longer than 100 ms and three times the longest before.
    pub blocked: bool,
    /// Id of the statement that is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// What the server refused the probe with, SQLSTATE first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// When statements were sent (milliseconds from the migration's start) and what they took; of many close to
    /// each other only the longest.
    pub latencies: Vec<(f64, f64)>,
}

/// Repeated times of one thing, and how they stand to those of a base.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Timings {
    /// `cpu` or `wall`.
    pub metric: String,
    /// Milliseconds of each run at the base, in the order they were run; none where there is no base.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub base_ms: Vec<f64>,
    /// Milliseconds of each run.
    pub head_ms: Vec<f64>,
    /// Head by base: the Hodges–Lehmann estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<Band>,
    /// Confidence of the ratio's interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// Probability of such ranks by chance (one-sided Mann–Whitney), corrected for the number of comparisons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// Median of the head less that of the base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference_ms: Option<f64>,
    /// The smallest ratio that would have been an alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smallest_effect: Option<f64>,
    /// `measured`, `unchanged`, `suspected` (fresh runs were not taken), `slower` or `inconclusive`.
    pub verdict: String,
    /// Why it is inconclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Times of one script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimingProfile {
    /// Id of the migration.
    pub migration: String,
    /// Which script.
    pub direction: Direction,
    /// The times.
    pub timings: Timings,
}

/// A monitored operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OperationProfile {
    /// `forward`, `rollback`, `bulk-insert-10k`, `bulk-insert-50k`, `index-build` or `multi-table`.
    pub name: String,
    /// What was run.
    pub what: String,
    /// Rows of each table before it.
    pub rows: u64,
    /// Why it was not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    /// The times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timings: Option<Timings>,
}

/// A number with its band.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Band {
    /// The number.
    pub estimate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What a cost is at other numbers of rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Curve {
    /// Rows of each table and the cost, of each run.
    pub points: Vec<(f64, f64)>,
    /// Whether `a + b·n·ln n` is fitted instead of `a + b·n`.
    pub sorting: bool,
    /// Rows in production of the largest table that matters; absent where they are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The cost at that many rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<Band>,
    /// Why nothing is predicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// One migration on tables of several sizes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScaleProfile {
    /// Id of the migration.
    pub migration: String,
    /// Its statements.
    pub statements: Vec<StatementScale>,
    /// Its locks that readers or writers wait for.
    pub holds: Vec<HoldScale>,
    /// What the server said where it failed at a size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// One statement on tables of several sizes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StatementScale {
    /// Its id.
    pub statement: String,
    /// Milliseconds of processor time; wall time where there is none.
    pub cpu_ms: Curve,
    /// Bytes of write-ahead log, without full-page images.
    pub wal_bytes: Curve,
}

/// How long a lock that others wait for is held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HoldScale {
    /// Id of the statement that takes it.
    pub statement: String,
    /// Schema and name of the table as SQL writes them.
    pub table: String,
    /// Mode.
    pub mode: String,
    /// Milliseconds of work from the statement to the end of its transaction.
    pub hold_ms: Curve,
    /// Milliseconds from which on it is warned of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_ms: Option<f64>,
    /// Against the budget: `passes`, `warns`, `fails`, or `unknown` without a prediction.
    pub verdict: String,
}

/// Sessions that read and wrote while a migration ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadProfile {
    /// Id of the migration.
    pub migration: String,
    /// How many.
    pub sessions: usize,
    /// Share of statements that read.
    pub reads: f64,
    /// What the server said when the migration failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// Before, during and after it.
    pub phases: Vec<LoadPhase>,
}

/// The statements sent in one phase; latencies in milliseconds, of those that succeeded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadPhase {
    /// `before`, `during` or `after`.
    pub name: String,
    /// How long it was.
    pub wall_ms: f64,
    /// Statements that succeeded.
    pub operations: u64,
    /// Statements that the server refused, by SQLSTATE.
    pub failed: BTreeMap<String, u64>,
    /// Half were as fast.
    pub p50_ms: f64,
    /// 95 % were as fast.
    pub p95_ms: f64,
    /// 99 % were as fast.
    pub p99_ms: f64,
    /// The slowest.
    pub max_ms: f64,
    /// Statements up to each latency: of each doubling from 1/16 ms, `(most ms, statements)`.
    pub histogram: Vec<(f64, u64)>,
}

/// A figure over the runs of a history, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrendProfile {
    /// Id of a migration, or name of an operation.
    pub subject: String,
    /// `cpu_ms`, `wall_ms`, `wal_bytes` or `dirtied`.
    pub metric: String,
    /// Commit and value of each run.
    pub points: Vec<(String, f64)>,
    /// Where the level changed; none are looked for in fewer than ten runs.
    pub changes: Vec<TrendChange>,
}

/// Where a figure goes on at another level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrendChange {
    /// Index of the first run at the new level.
    pub index: usize,
    /// Median since the change before.
    pub before: f64,
    /// Median up to the next change.
    pub after: f64,
    /// Share of random orders that look as much like a change.
    pub p: f64,
}

/// What to write instead of a statement, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recommendation {
    /// Id of the statement.
    pub statement: String,
    /// What was measured that speaks against it.
    pub evidence: String,
    /// Id of the rule about such statements (`confiture explain`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What to do instead.
    pub instead: String,
    /// What the repaired migration cost on the same rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<Tried>,
}

/// A migration beside its repaired form, on the same rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tried {
    /// Each figure as it is and as it would be.
    pub figures: BTreeMap<String, (f64, f64)>,
    /// The change as a unified diff.
    pub diff: String,
}
