//! What `confiture profile` reports: what each statement locks, writes anew, scans, writes and costs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::passes::{
    LoadProfile, OperationProfile, Recommendation, ScaleProfile, StallProfile, TimingProfile, TrendProfile,
};
use crate::migration::Direction;

/// What was measured of a chain of migrations on tables with rows.
///
/// A metric that could not be read is absent and named in [`unavailable`](Self::unavailable), or in that of
/// the statement; it is never 0.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PerformanceProfile {
    /// Where it was measured.
    pub environment: ProfileEnvironment,
    /// The rows it was measured on.
    pub dataset: Dataset,
    /// Where each metric comes from, such as `wal`: `pg_stat_statements`.
    pub sources: BTreeMap<String, String>,
    /// Metrics that no statement has, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unavailable: BTreeMap<String, String>,
    /// In chain order, each migration up, then down.
    pub statements: Vec<StatementProfile>,
    /// In chain order.
    pub migrations: Vec<MigrationProfile>,
    /// Who waited (`--probe`); in chain order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stalls: Vec<StallProfile>,
    /// Repeated times (`--time`, `--against-ref`); in chain order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timings: Vec<TimingProfile>,
    /// Costs at several sizes (`--scale`); in chain order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scale: Vec<ScaleProfile>,
    /// What sessions beside the migrations met (`--load`); in chain order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub load: Vec<LoadProfile>,
    /// The monitored operations (`--operations`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<OperationProfile>,
    /// Figures over the runs that `history.jsonl` holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trends: Vec<TrendProfile>,
    /// What to write instead; in chain order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recommendations: Vec<Recommendation>,
}

impl PerformanceProfile {
    /// The statements of one script, in their order.
    pub fn script<'a>(
        &'a self,
        migration: &'a str,
        direction: Direction,
    ) -> impl Iterator<Item = &'a StatementProfile> {
        let of = move |s: &&StatementProfile| s.migration == migration && s.direction == direction;
        self.statements.iter().filter(of)
    }
}

/// The server a profile was measured on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProfileEnvironment {
    /// Major version.
    pub major: u32,
    /// Version as the server prints it, such as `17.2`.
    pub version: String,
    /// Settings that counters depend on, by name.
    pub settings: BTreeMap<String, String>,
    /// Hash of the major and the settings: counters of another one do not compare.
    pub fingerprint: String,
}

/// The rows that tables had.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dataset {
    /// Seed of generated rows.
    pub seed: u64,
    /// Rows asked for in each table.
    pub rows: u64,
}

/// One migration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MigrationProfile {
    /// Its id.
    pub id: String,
    /// Rows of each table before it, by schema and name as SQL writes them; those of a parent hold its
    /// children's.
    pub tables: BTreeMap<String, u64>,
    /// Hash of the tables, their rows and their sizes.
    pub dataset: String,
    /// The forward script.
    pub up: ScriptProfile,
    /// The rollback.
    pub down: ScriptProfile,
}

impl MigrationProfile {
    /// The script of `direction`.
    pub fn script(&self, direction: Direction) -> &ScriptProfile {
        match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        }
    }
}

/// One script of a migration, on a fresh copy of the database before it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScriptProfile {
    /// Why it was not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    /// What the server said when it failed; statements before were measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// Statements that were measured.
    pub statements: usize,
    /// Wall time of its statements and commits in milliseconds, without ours.
    pub wall_ms: f64,
    /// Of these, the commits.
    pub commit_ms: f64,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StatementProfile {
    /// `<migration>/<direction>/<number from 1>`.
    pub id: String,
    /// Id of the migration.
    pub migration: String,
    /// Which script.
    pub direction: Direction,
    /// Its number in the script, from 1; transaction control is counted and not measured.
    pub number: usize,
    /// File, as the user would write it.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// Its beginning, in one line.
    pub sql: String,
    /// Hash of its tokens: white space, comments and the case of words do not matter.
    pub fingerprint: String,
    /// When it began, in milliseconds of the script's own time.
    pub started_ms: f64,
    /// Whether a `lock_timeout` was in force.
    pub lock_timeout: bool,
    /// Wall time in milliseconds.
    pub wall_ms: f64,
    /// Time its server process ran, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<f64>,
    /// Time its server process could have run and had no processor, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<f64>,
    /// Rows of the command tag.
    pub rows: u64,
    /// Table and index locks that its transaction did not hold yet, by relation.
    pub locks: Vec<LockProfile>,
    /// Relations that have another file than before, by name.
    pub rewrites: Vec<String>,
    /// Relations that are new, by name.
    pub created: Vec<String>,
    /// Relations that are gone, by name.
    pub dropped: Vec<String>,
    /// Tables that were scanned sequentially.
    pub scans: Vec<ScanProfile>,
    /// Write-ahead log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wal: Option<WalProfile>,
    /// Pages of relations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffers: Option<BufferProfile>,
    /// Temporary blocks of 8 KiB, read and written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temp_blocks: Option<u64>,
    /// Most private memory of the server process beyond what it had before, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// What an index build or rewrite told of its progress, in order; too short to be seen where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<PhaseProfile>,
    /// What other probes read, by their ids: values that changed, and by how much.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub probes: BTreeMap<String, BTreeMap<String, i64>>,
    /// Metrics this statement lacks although others have them, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unavailable: BTreeMap<String, String>,
}

/// A lock on a relation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LockProfile {
    /// Schema and name as SQL writes them.
    pub relation: String,
    /// Mode, such as `ACCESS EXCLUSIVE`; the strongest where there are several.
    pub mode: String,
    /// Whether the relation was there before the script: nobody waits for what is new.
    pub existing: bool,
    /// Whether the relation is an index.
    #[serde(default)]
    pub index: bool,
    /// When it was taken at the earliest, in milliseconds of the script's own time.
    pub taken_ms: f64,
    /// How long it was held at most: to the end of its transaction, in milliseconds of the script's own time.
    pub held_ms: f64,
    /// Seen from another session: the statement refuses a transaction, so what it held for moments may be
    /// missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sampled: bool,
}

/// Sequential scans of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScanProfile {
    /// Schema and name as SQL writes them.
    pub relation: String,
    /// How many were begun.
    pub scans: u64,
    /// Tuples they returned.
    pub tuples: u64,
    /// Whether as many tuples were read as the table has rows.
    pub full: bool,
}

/// What a statement wrote to the write-ahead log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WalProfile {
    /// Records; absent where only the log's position is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// Full page images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_page_images: Option<u64>,
    /// Bytes.
    pub bytes: u64,
}

/// Pages of relations, shared and of temporary tables, each of 8 KiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BufferProfile {
    /// Found in memory or read.
    pub touched: u64,
    /// Made dirty.
    pub dirtied: u64,
}

/// A phase of an index build or rewrite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PhaseProfile {
    /// As the server names it.
    pub name: String,
    /// For how long it was seen, in milliseconds; to 10 ms.
    pub wall_ms: f64,
    /// Blocks or tuples done when it was seen last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<u64>,
    /// Of so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}
