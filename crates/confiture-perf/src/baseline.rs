//! `PerformanceBaseline`: the counters of a migration as a committed file.

mod compare;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use confiture_core::migration::Direction;
use confiture_core::report::{
    MigrationProfile, PerformanceProfile, ProfileEnvironment, StatementProfile, WalProfile,
};
use serde::{Deserialize, Serialize};

use crate::error::PerfError;
pub use compare::{Change, Metric, Worse, differences};

/// Version of the file's shape.
const VERSION: u32 = 1;

/// The counters of one migration, and what they were measured on.
///
/// Counters only: no times, so that the file changes when something changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerformanceBaseline {
    /// Version of this shape.
    pub baseline_version: u32,
    /// Rows of each table.
    pub dataset: BaselineDataset,
    /// The rollback.
    pub down: Vec<StatementBaseline>,
    /// The server.
    pub environment: BaselineEnvironment,
    /// Id of the migration.
    pub migration: String,
    /// The forward script.
    pub up: Vec<StatementBaseline>,
}

/// The server counters were read on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineEnvironment {
    /// Hash of the rest.
    pub fingerprint: String,
    /// Major version.
    pub major: u32,
    /// Settings that counters depend on.
    pub settings: BTreeMap<String, String>,
}

/// The rows counters were read on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineDataset {
    /// Hash of tables, rows and sizes.
    pub hash: String,
    /// Rows asked for in each table.
    pub rows: u64,
    /// Their seed.
    pub seed: u64,
}

/// The counters of one statement; its sets are sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementBaseline {
    /// Pages: dirtied, touched; `null` where they could not be read.
    pub buffers: Option<BTreeMap<String, u64>>,
    /// Relations that are new.
    pub created: Vec<String>,
    /// Hash of its tokens.
    pub fingerprint: String,
    /// `relation mode` of each lock on what was there before.
    pub locks: Vec<String>,
    /// Counters that two runs did not agree on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nondeterministic: Vec<String>,
    /// Relations written anew.
    pub rewrites: Vec<String>,
    /// Rows of the command tag.
    pub rows: u64,
    /// Tables scanned sequentially; `full` behind those read from end to end.
    pub scans: Vec<String>,
    /// Its beginning.
    pub sql: String,
    /// Temporary blocks.
    pub temp: Option<u64>,
    /// Log: bytes, fpi, records.
    pub wal: Option<BTreeMap<String, u64>>,
}

impl StatementBaseline {
    /// The counters of a measured statement.
    pub fn of(statement: &StatementProfile) -> Self {
        let wal = |wal: WalProfile| {
            let counts =
                [("records", wal.records), ("fpi", wal.full_page_images), ("bytes", Some(wal.bytes))];
            counts.into_iter().filter_map(|(name, count)| Some((name.to_owned(), count?))).collect()
        };
        let mut locks: Vec<String> = statement
            .locks
            .iter()
            .filter(|lock| lock.existing)
            .map(|lock| format!("{} {}", lock.relation, lock.mode))
            .collect();
        locks.sort();
        let full = |full: bool| if full { " full" } else { "" };
        Self {
            buffers: statement.buffers.map(|buffers| {
                [("touched".to_owned(), buffers.touched), ("dirtied".to_owned(), buffers.dirtied)].into()
            }),
            created: statement.created.clone(),
            fingerprint: statement.fingerprint.clone(),
            locks,
            nondeterministic: Vec::new(),
            rewrites: statement.rewrites.clone(),
            rows: statement.rows,
            scans: statement
                .scans
                .iter()
                .map(|scan| format!("{}{}", scan.relation, full(scan.full)))
                .collect(),
            sql: statement.sql.clone(),
            temp: statement.temp_blocks,
            wal: statement.wal.map(wal),
        }
    }

    /// Every counter by its name.
    pub(crate) fn counters(&self) -> BTreeMap<String, u64> {
        let mut all = BTreeMap::from([("rows".to_owned(), self.rows)]);
        for (prefix, counts) in [("wal", &self.wal), ("buffers", &self.buffers)] {
            let counts = counts.iter().flatten();
            all.extend(counts.map(|(name, count)| (format!("{prefix}.{name}"), *count)));
        }
        all.extend(self.temp.map(|temp| ("temp".to_owned(), temp)));
        all
    }

    /// Marks the counters of which `again` says another number.
    fn mark(&mut self, again: &Self) {
        let other = again.counters();
        let differ = self.counters().into_iter().filter(|(name, count)| other.get(name) != Some(count));
        self.nondeterministic = differ.map(|(name, _)| name).collect();
    }
}

/// Why a baseline says nothing about a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incomparable {
    /// Another server or other settings; what differs.
    Environment(String),
    /// Other rows; what differs.
    Dataset(String),
}

impl PerformanceBaseline {
    /// The counters of `migration` in `profile`; those that `again`, a second run, does not confirm are marked.
    pub fn of(
        profile: &PerformanceProfile,
        again: Option<&PerformanceProfile>,
        migration: &MigrationProfile,
    ) -> Self {
        let script = |direction| {
            let mut statements: Vec<_> =
                profile.script(&migration.id, direction).map(StatementBaseline::of).collect();
            if let Some(again) = again {
                let second = again.script(&migration.id, direction).map(StatementBaseline::of);
                for (statement, second) in statements.iter_mut().zip(second) {
                    statement.mark(&second);
                }
            }
            statements
        };
        let ProfileEnvironment { major, settings, fingerprint, .. } = profile.environment.clone();
        Self {
            baseline_version: VERSION,
            dataset: BaselineDataset {
                hash: migration.dataset.clone(),
                rows: profile.dataset.rows,
                seed: profile.dataset.seed,
            },
            down: script(Direction::Down),
            environment: BaselineEnvironment { fingerprint, major, settings },
            migration: migration.id.clone(),
            up: script(Direction::Up),
        }
    }

    /// The statements of `direction`.
    pub fn script(&self, direction: Direction) -> &[StatementBaseline] {
        match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        }
    }

    /// Why counters of `current` do not compare with these.
    pub fn incomparable(&self, current: &Self) -> Option<Incomparable> {
        let (was, is) = (&self.environment, &current.environment);
        if was.fingerprint != is.fingerprint {
            let mut what: Vec<String> = Vec::new();
            if was.major != is.major {
                what.push(format!("PostgreSQL {}, now {}", was.major, is.major));
            }
            for (name, value) in &is.settings {
                let had = was.settings.get(name).map_or("unset", String::as_str);
                if had != value {
                    what.push(format!("{name} {had}, now {value}"));
                }
            }
            return Some(Incomparable::Environment(what.join("; ")));
        }
        let (was, is) = (&self.dataset, &current.dataset);
        (was != is).then(|| {
            let said = match (was.rows == is.rows, was.seed == is.seed) {
                (false, _) => format!("{} rows a table, now {}", was.rows, is.rows),
                (_, false) => format!("seed {}, now {}", was.seed, is.seed),
                _ => "the tables before it, or their rows, are others".to_owned(),
            };
            Incomparable::Dataset(said)
        })
    }

    /// `<migration>.baseline.json` in `dir`; what a file name cannot hold is replaced.
    pub fn path(dir: &Path, migration: &str) -> PathBuf {
        let name = |c: char| if matches!(c, '/' | '\\' | ':' | '\0') { '_' } else { c };
        dir.join(format!("{}.baseline.json", migration.chars().map(name).collect::<String>()))
    }

    /// Reads the baseline of `migration`; `None` where there is none.
    ///
    /// # Errors
    /// [`PerfError::Io`], and [`PerfError::Baseline`] for a file that this version does not read.
    pub fn read(dir: &Path, migration: &str) -> Result<Option<Self>, PerfError> {
        let path = Self::path(dir, migration);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(PerfError::Io { doing: "read", path, source }),
        };
        let refused = |reason: String| PerfError::Baseline {
            path: path.clone(),
            reason: format!("{reason}; --accept writes it anew"),
        };
        let read: Self = serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
        if read.baseline_version != VERSION {
            return Err(refused(format!("it has version {}, not {VERSION}", read.baseline_version)));
        }
        Ok(Some(read))
    }

    /// Writes it into `dir`, which is made where it is missing.
    ///
    /// # Errors
    /// [`PerfError::Io`].
    pub fn write(&self, dir: &Path) -> Result<(), PerfError> {
        let path = Self::path(dir, &self.migration);
        let failed = |source| PerfError::Io { doing: "write", path: path.clone(), source };
        std::fs::create_dir_all(dir).map_err(failed)?;
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(error.into()))?;
        std::fs::write(&path, text + "\n").map_err(failed)
    }
}
