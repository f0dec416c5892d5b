//! Files of a run for those who collect them: `latest.json`, and a line a run in `history.jsonl`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use confiture_core::report::PerformanceProfile;
use serde::{Deserialize, Serialize};

use crate::error::PerfError;
use crate::stats::median;

/// One run in the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// Seconds since 1970.
    pub at: u64,
    /// The commit, where one is known.
    pub commit: Option<String>,
    /// Processors of the machine.
    pub processors: usize,
    /// Its load average over a minute.
    pub load: Option<f64>,
    /// Fingerprint of the server.
    pub environment: String,
    /// Rows asked for in each table.
    pub rows: u64,
    /// Forward scripts by migration: sums over their statements.
    pub migrations: BTreeMap<String, HistoryCosts>,
    /// Medians of the monitored operations in milliseconds, of processor time where there is one.
    #[serde(default)]
    pub operations: BTreeMap<String, f64>,
}

/// What one forward script cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HistoryCosts {
    /// Wall time in milliseconds.
    pub wall_ms: f64,
    /// Processor time in milliseconds.
    pub cpu_ms: Option<f64>,
    /// Log in bytes.
    pub wal_bytes: Option<u64>,
    /// Pages made dirty.
    pub dirtied: Option<u64>,
}

impl HistoryEntry {
    /// The entry of a run that ended at `at`, in seconds since 1970.
    pub fn new(profile: &PerformanceProfile, at: u64, commit: Option<String>) -> Self {
        let load = std::fs::read_to_string("/proc/loadavg").ok();
        let load = load.and_then(|text| text.split_whitespace().next()?.parse().ok());
        let mut migrations = BTreeMap::new();
        for migration in profile.migrations.iter().filter(|migration| migration.up.skipped.is_none()) {
            let up = || profile.script(&migration.id, confiture_core::migration::Direction::Up);
            let costs = HistoryCosts {
                wall_ms: migration.up.wall_ms,
                cpu_ms: up().map(|statement| statement.cpu_ms).sum(),
                wal_bytes: up().map(|statement| statement.wal.map(|wal| wal.bytes)).sum(),
                dirtied: up().map(|statement| statement.buffers.map(|buffers| buffers.dirtied)).sum(),
            };
            migrations.insert(migration.id.clone(), costs);
        }
        let medians = profile.operations.iter().filter_map(|operation| {
            let times = &operation.timings.as_ref()?.head_ms;
            (!times.is_empty()).then(|| (operation.name.clone(), median(times)))
        });
        Self {
            at,
            commit,
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            load,
            environment: profile.environment.fingerprint.clone(),
            rows: profile.dataset.rows,
            migrations,
            operations: medians.collect(),
        }
    }

    /// The entries of `history.jsonl` in `dir`, oldest first; none where there is no such file. A line that is no
    /// entry, as of another version, is left out.
    ///
    /// # Errors
    /// [`PerfError::Io`].
    pub fn history(dir: &Path) -> Result<Vec<Self>, PerfError> {
        let path = dir.join("history.jsonl");
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(PerfError::Io { doing: "read", path, source }),
        }
    }

    /// Writes `latest.json` with the whole profile to `dir`, and adds the entry to `history.jsonl`.
    ///
    /// # Errors
    /// [`PerfError::Io`].
    pub fn write(&self, profile: &PerformanceProfile, dir: &Path) -> Result<(), PerfError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| PerfError::Io { doing: "write", path, source }
        };
        std::fs::create_dir_all(dir).map_err(failed(dir))?;
        let latest = dir.join("latest.json");
        let whole = serde_json::json!({ "run": self, "profile": profile });
        let text = serde_json::to_string_pretty(&whole).map_err(|error| failed(&latest)(error.into()))?;
        std::fs::write(&latest, text + "\n").map_err(failed(&latest))?;
        let history = dir.join("history.jsonl");
        let line = serde_json::to_string(self).map_err(|error| failed(&history)(error.into()))? + "\n";
        let file = std::fs::File::options().create(true).append(true).open(&history);
        file.and_then(|mut file| file.write_all(line.as_bytes())).map_err(failed(&history))
    }
}
