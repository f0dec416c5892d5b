//! `MigrationPerformanceProfiler`: every migration of a chain, up and down, counted on tables with rows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use confiture_core::db::{ScratchDb, Server};
use confiture_core::migration::{Direction, Migration, Step};
use confiture_core::plugin::Registry;
use confiture_core::report::{
    Dataset, MigrationProfile, PerformanceProfile, ProfileEnvironment, ScriptProfile,
};
use confiture_fixtures::TestSource;

use crate::count::{Counted, Counting, Reader, Source, digest};
use crate::error::{PerfError, doing};
use crate::ground::close;
use crate::stages::{StageOptions, Stages};

/// Settings of a private server that is profiled: the log as production writes it, and the extension that
/// counts pages. Whoever asks for others names them behind these.
pub fn server_settings() -> Vec<(String, String)> {
    let settings = [
        ("shared_preload_libraries", "pg_stat_statements"),
        // As production has it: pages in full after a checkpoint, and no decoding.
        ("full_page_writes", "on"),
        ("wal_level", "replica"),
        // No checkpoint but ours.
        ("checkpoint_timeout", "1d"),
        ("max_wal_size", "8GB"),
    ];
    settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

/// What is profiled, and how.
#[derive(Debug, Clone, Default)]
pub struct ProfileOptions {
    /// Setup, rows and their seed.
    pub stage: StageOptions,
    /// Indexes of the migrations to profile; `None` means all. The others are applied only.
    pub judged: Option<BTreeSet<usize>>,
    /// The chain ends after this index.
    pub last: Option<usize>,
    /// Count everything a second time, on copies of its own.
    pub twice: bool,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct Profiled {
    /// The measurements.
    pub profile: PerformanceProfile,
    /// The second time, where that was asked for.
    pub again: Option<PerformanceProfile>,
    /// Scripts that failed: indexes of migrations, directions, and where.
    pub failures: Vec<(usize, Direction, confiture_core::plugin::StatementFailure)>,
    /// Of each profiled migration: its index and how long it took in all, rows and copies included.
    pub elapsed: BTreeMap<usize, Duration>,
    /// Of each, the time spent reading around the statements of its up.
    pub looked: BTreeMap<usize, Duration>,
}

/// Profiles the migrations of a directory on one server.
///
/// Each script runs on a fresh copy of the database before it, whose tables have rows and are vacuumed. In
/// its own transactions, each statement is followed by a reading of locks, relations and scans; pages and log
/// are read from a session beside it. A rollback runs on a copy of what the up left.
#[derive(Debug)]
pub struct MigrationPerformanceProfiler<'a> {
    /// Where scratch databases are created.
    pub server: &'a Server,
    /// Probes of others are asked, too.
    pub registry: &'a Registry,
    /// Migrations to profile.
    pub source: &'a TestSource,
    /// What and how.
    pub options: ProfileOptions,
}

impl MigrationPerformanceProfiler<'_> {
    /// Runs it; `on_migration` is told the index of each migration as soon as it is done.
    ///
    /// # Errors
    /// When the server is lost, or refuses what is asked of it besides the migrations.
    pub async fn run(&self, on_migration: &mut (dyn FnMut(usize) + Send)) -> Result<Profiled, PerfError> {
        let reader = Reader::start(self.server).await?;
        let stages = Stages::start(self.server, &self.source.loaded, self.options.stage.clone()).await;
        let result = match stages {
            Ok(stages) => Box::pin(self.climb(stages, &reader, on_migration)).await,
            Err(error) => Err(error.into()),
        };
        reader.close().await;
        result
    }

    async fn climb(
        &self,
        mut stages: Stages<'_>,
        reader: &Reader,
        on_migration: &mut (dyn FnMut(usize) + Send),
    ) -> Result<Profiled, PerfError> {
        let (rows, seed) = (self.options.stage.ladder.rows, self.options.stage.ladder.seed);
        let mut profile = PerformanceProfile {
            environment: environment(self.server, reader).await?,
            dataset: Dataset { seed, rows },
            sources: sources(reader),
            ..PerformanceProfile::default()
        };
        let mut again = self.options.twice.then(|| profile.clone());
        let mut failures = Vec::new();
        let (mut elapsed, mut looked) = (BTreeMap::new(), BTreeMap::new());
        let end = self.options.last.map_or(usize::MAX, |last| last + 1);
        let mut index = 0;
        while let Some(migration) = stages.next().filter(|_| index < end) {
            let started = Instant::now();
            let judged = self.options.judged.as_ref().is_none_or(|judged| judged.contains(&index));
            let after = if !judged {
                None
            } else {
                let mut times = vec![&mut profile];
                times.extend(&mut again);
                let mut after = None;
                if let Some(why) = not_run(&migration.up).or(stages.refused().map(str::to_owned)) {
                    for into in times {
                        into.migrations.push(skipped(migration, &why));
                    }
                } else {
                    stages.prepare().await?;
                    for into in times {
                        close(after.take()).await;
                        let copy = stages.ground()?.copy("count").await?;
                        let counted = Box::pin(self.migration(migration, reader, &copy, into)).await?;
                        let (counted, time) = counted;
                        looked.insert(index, time);
                        let failed = counted.iter().any(|(direction, _)| *direction == Direction::Up);
                        failures.extend(counted.into_iter().map(|(d, failure)| (index, d, failure)));
                        match failed {
                            true => close(Some(copy)).await,
                            false => after = Some(copy),
                        }
                    }
                }
                elapsed.insert(index, started.elapsed());
                after
            };
            stages.advance(after).await?;
            on_migration(index);
            index += 1;
        }
        stages.close().await?;
        failures.dedup_by_key(|(index, direction, _)| (*index, *direction));
        Ok(Profiled { profile, again, failures, elapsed, looked })
    }

    /// Counts both scripts of a migration; `copy` keeps what the up did.
    async fn migration(
        &self,
        migration: &Migration,
        reader: &Reader,
        copy: &ScratchDb,
        into: &mut PerformanceProfile,
    ) -> Result<(Failures, Duration), PerfError> {
        let Step::Sql(up) = &migration.up else { return Ok((Vec::new(), Duration::ZERO)) };
        let counting = Counting {
            server: self.server,
            registry: self.registry,
            reader,
            deadline: self.options.stage.ladder.deadline,
        };
        let counted = counting.run(copy, &migration.id, up, Direction::Up).await?;
        let Counted { script, statements, failure, looked, unavailable, tables, dataset } = counted;
        into.statements.extend(statements);
        into.unavailable.extend(unavailable);
        let mut failures: Vec<_> = failure.into_iter().map(|failure| (Direction::Up, failure)).collect();
        let down = match &migration.down {
            _ if script.failed.is_some() => ScriptProfile {
                skipped: Some("the migration was not applied".to_owned()),
                ..ScriptProfile::default()
            },
            Step::Sql(down) => {
                let below = self.server.clone_database(copy, "count-down").await?;
                let counted = counting.run(&below, &migration.id, down, Direction::Down).await;
                close(Some(below)).await;
                let counted = counted?;
                into.statements.extend(counted.statements);
                failures.extend(counted.failure.map(|failure| (Direction::Down, failure)));
                counted.script
            }
            step => ScriptProfile { skipped: not_run(step), ..ScriptProfile::default() },
        };
        into.migrations.push(MigrationProfile {
            id: migration.id.clone(),
            tables,
            dataset,
            up: script,
            down,
        });
        Ok((failures, looked))
    }
}

type Failures = Vec<(Direction, confiture_core::plugin::StatementFailure)>;

/// Why a step cannot be run.
fn not_run(step: &Step) -> Option<String> {
    match step {
        Step::Sql(_) => None,
        Step::Absent => Some("there is no script".to_owned()),
        Step::NotRunnable { reason, .. } => Some(reason.clone()),
    }
}

fn skipped(migration: &Migration, why: &str) -> MigrationProfile {
    let script = || ScriptProfile { skipped: Some(why.to_owned()), ..ScriptProfile::default() };
    MigrationProfile {
        id: migration.id.clone(),
        tables: BTreeMap::new(),
        dataset: String::new(),
        up: script(),
        down: script(),
    }
}

/// Where each metric comes from.
fn sources(reader: &Reader) -> BTreeMap<String, String> {
    let mut sources: BTreeMap<String, String> = BTreeMap::new();
    let counters: &[&str] = match reader.source() {
        Source::Statements => &["wal", "wal-records", "buffers", "temp"],
        Source::Position(_) => {
            sources.insert("wal".to_owned(), "pg_current_wal_insert_lsn".to_owned());
            &[]
        }
        Source::Nothing(_) => &[],
    };
    let fixed = [
        ("locks", "pg_locks"),
        ("rewrites", "pg_class.relfilenode"),
        ("created", "pg_class"),
        ("dropped", "pg_class"),
        ("scans", "pg_stat_get_xact_numscans"),
        ("cpu", "/proc/PID/schedstat"),
        ("wait", "/proc/PID/schedstat"),
        ("memory", "/proc/PID/status RssAnon"),
        ("phases", "pg_stat_progress_create_index, _cluster, _vacuum"),
    ];
    sources.extend(counters.iter().map(|metric| ((*metric).to_owned(), "pg_stat_statements".to_owned())));
    sources.extend(fixed.map(|(metric, source)| (metric.to_owned(), source.to_owned())));
    sources
}

/// What counters depend on.
async fn environment(server: &Server, reader: &Reader) -> Result<ProfileEnvironment, PerfError> {
    let sql = "SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN ('autovacuum', 'block_size', \
         'data_checksums', 'default_toast_compression', 'full_page_writes', 'maintenance_work_mem', \
         'server_encoding', 'shared_buffers', 'wal_compression', 'wal_level', 'wal_log_hints', 'work_mem') \
         ORDER BY name";
    let rows = reader.session().query(sql, &[]).await.map_err(doing("read settings"))?;
    let mut settings: BTreeMap<String, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let source = match reader.source() {
        Source::Statements => "pg_stat_statements",
        Source::Position(_) => "log position",
        Source::Nothing(_) => "none",
    };
    settings.insert("counters".to_owned(), source.to_owned());
    let major = server.version().major();
    let fingerprint = digest(format!("{major} {settings:?}"));
    Ok(ProfileEnvironment { major, version: server.version().to_string(), settings, fingerprint })
}
