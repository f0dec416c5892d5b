//! Sessions that read and write while a migration runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::{Duration, Instant};

use confiture_core::db::{ScratchDb, Session};
use confiture_core::migration::{Direction, Script};
use confiture_core::report::LoadPhase;
use confiture_fixtures::FixtureError;
use hdrhistogram::Histogram;

use super::operation::{Operation, Subject};
use super::watched::{WatchedRun, watch};
use crate::error::doing;
use crate::ground::{Ground, measured_session};
use crate::stats::SplitMix;

/// Who works beside the migration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadOptions {
    /// Sessions; each sends its next statement when the last one is answered.
    pub sessions: usize,
    /// Share of statements that read, from 0 to 1; the others update a row.
    pub reads: f64,
    /// How long they work before the migration, and again after it.
    pub around: Duration,
    /// Seed of the choice of tables, pages and statements.
    pub seed: u64,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self { sessions: 4, reads: 0.8, around: Duration::from_millis(500), seed: 0 }
    }
}

/// What the load saw of a migration, and the migration of the load.
#[derive(Debug, Clone)]
pub struct LoadReport {
    /// Before, during and after; a statement counts where it was sent.
    pub phases: [LoadPhase; 3],
    /// The migration.
    pub run: WatchedRun,
}

/// The longest latency that is told apart, in microseconds.
const LONGEST: u64 = 3_600_000_000;
const NAMES: [&str; 3] = ["before", "during", "after"];

#[derive(Debug)]
struct Tally {
    latencies: Histogram<u64>,
    failed: BTreeMap<String, u64>,
}

impl Tally {
    fn new() -> Result<Self, FixtureError> {
        // Two significant figures of microseconds, up to an hour: what is recorded beyond the bounds is cut off there.
        let latencies = Histogram::new_with_bounds(1, LONGEST, 2)
            .map_err(|error| FixtureError::Runtime { reason: format!("make a histogram: {error}") })?;
        Ok(Self { latencies, failed: BTreeMap::new() })
    }

    fn phase(&self, name: &str, wall: Duration) -> LoadPhase {
        let latencies = &self.latencies;
        let at = |quantile: f64| latencies.value_at_quantile(quantile) as f64 / 1e3;
        let steps = latencies
            .iter_log(62, 2.0)
            .map(|step| (step.value_iterated_to() as f64 / 1e3, step.count_since_last_iteration()));
        LoadPhase {
            name: name.to_owned(),
            wall_ms: wall.as_secs_f64() * 1e3,
            operations: latencies.len(),
            failed: self.failed.clone(),
            p50_ms: at(0.5),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            max_ms: latencies.max() as f64 / 1e3,
            histogram: steps.collect(),
        }
    }
}

/// Runs a script on a copy of its ground while sessions read and write the tables there; writes are committed.
///
/// A closed loop: a session that has to wait sends nothing meanwhile, so a stall counts once for each session.
///
/// # Errors
/// When sessions cannot be had or our own questions fail. What the script fails with is in the run, what the
/// sessions fail with in their phase.
pub async fn closed_loop(
    ground: &Ground,
    script: &Script,
    direction: Direction,
    options: LoadOptions,
) -> Result<LoadReport, FixtureError> {
    let copy = ground.copy("load").await?;
    let report = under_load(&copy, &ground.tables(), script, direction, options).await;
    copy.close().await?;
    report
}

async fn under_load(
    database: &ScratchDb,
    tables: &BTreeSet<String>,
    script: &Script,
    direction: Direction,
    options: LoadOptions,
) -> Result<LoadReport, FixtureError> {
    let session = measured_session(database, None).await?;
    let mut subjects = Subject::all(&session).await.map_err(doing("list tables"))?;
    subjects.retain(|subject| tables.contains(&subject.table));
    let subjects = Arc::new(subjects);
    let phase = Arc::new(AtomicU8::new(0));
    let ended = Arc::new(AtomicBool::new(false));
    let mut workers = Vec::new();
    for number in 0..options.sessions {
        let session = database.session().await?;
        let worker = Worker {
            session,
            subjects: Arc::clone(&subjects),
            random: SplitMix::new(options.seed ^ (number as u64) << 32),
            reads: options.reads,
            phase: Arc::clone(&phase),
            ended: Arc::clone(&ended),
        };
        workers.push(tokio::spawn(worker.work()));
    }
    tokio::time::sleep(options.around).await;
    phase.store(1, Ordering::Release);
    let started = Instant::now();
    let run = watch(database, &session, script, direction, true).await;
    let during = started.elapsed();
    phase.store(2, Ordering::Release);
    tokio::time::sleep(options.around).await;
    ended.store(true, Ordering::Release);
    session.close().await;
    let mut tallies = [Tally::new()?, Tally::new()?, Tally::new()?];
    for worker in workers {
        let tally = worker.await.map_err(|error| FixtureError::Runtime { reason: error.to_string() })?;
        for (all, one) in tallies.iter_mut().zip(tally?) {
            all.latencies
                .add(one.latencies)
                .map_err(|error| FixtureError::Runtime { reason: format!("add histograms: {error}") })?;
            for (code, count) in one.failed {
                *all.failed.entry(code).or_default() += count;
            }
        }
    }
    let walls = [options.around, during, options.around];
    let phases = std::array::from_fn(|at| tallies[at].phase(NAMES[at], walls[at]));
    Ok(LoadReport { phases, run: run? })
}

struct Worker {
    session: Session,
    subjects: Arc<Vec<Subject>>,
    random: SplitMix,
    reads: f64,
    phase: Arc<AtomicU8>,
    ended: Arc<AtomicBool>,
}

impl Worker {
    async fn work(mut self) -> Result<[Tally; 3], FixtureError> {
        let mut tallies = [Tally::new()?, Tally::new()?, Tally::new()?];
        while !self.ended.load(Ordering::Acquire) && self.session.is_usable() {
            let Some(sql) = self.next() else {
                tokio::time::sleep(Duration::from_millis(1)).await;
                continue;
            };
            let tally = &mut tallies[usize::from(self.phase.load(Ordering::Acquire)).min(2)];
            match self.session.execute(&sql).await {
                Ok(done) => {
                    let latency = u64::try_from(done.elapsed.as_micros()).unwrap_or(u64::MAX);
                    tally.latencies.saturating_record(latency);
                }
                Err(failure) => {
                    let code = failure.sqlstate.unwrap_or_else(|| "connection".to_owned());
                    *tally.failed.entry(code).or_default() += 1;
                }
            }
        }
        self.session.close().await;
        Ok(tallies)
    }

    fn next(&mut self) -> Option<String> {
        let subjects = &self.subjects;
        let subject = subjects.get(self.random.below(subjects.len().max(1) as u64) as usize)?;
        let reads = self.random.unit() < self.reads;
        let operation = if reads { Operation::Select } else { Operation::Update };
        let page = self.random.below(u64::from(subject.pages)) as u32;
        subject.on_page(operation, page).or_else(|| subject.on_page(Operation::Select, page))
    }
}
