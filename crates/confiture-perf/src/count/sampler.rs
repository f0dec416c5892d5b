//! Looks at a statement from another session while it runs.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::{Duration, Instant};

use confiture_core::db::{DbFailure, LockMode, Session};
use confiture_core::report::PhaseProfile;
use confiture_fixtures::Gauge;

use super::process::Process;

/// How often.
const EVERY: Duration = Duration::from_millis(10);
/// How often a statement that has to be stopped for a moment is looked at.
const POLL: Duration = Duration::from_millis(1);

/// What was seen of one statement.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    pub phases: Vec<PhaseProfile>,
    /// Most private memory in bytes.
    pub memory: Option<u64>,
    /// Strongest locks from `SHARE UPDATE EXCLUSIVE` up, where they were asked for.
    pub locks: BTreeMap<u32, LockMode>,
    /// Time the statement was held up by us.
    pub stopped: Duration,
    /// Why something could not be seen.
    pub failure: Option<DbFailure>,
}

/// Awaits `work`, looking at `backend` every 10 ms; what ends before leaves nothing to see.
pub(crate) async fn around<T>(
    session: &Session,
    backend: i32,
    process: Option<&Process>,
    work: impl Future<Output = T>,
) -> (T, Samples) {
    let mut samples = Samples::default();
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return (done, samples),
            () = tokio::time::sleep(EVERY) => samples.look(session, backend, process).await,
        }
    }
}

/// The same of a statement that refuses a transaction, whose locks nobody can read afterwards.
///
/// `beside` is a session in the same database. It stands in the way of everything from
/// `SHARE UPDATE EXCLUSIVE` up on `tables` (as SQL writes them) until the statement waits for it; then that
/// lock is read, and the rest as far as it is seen every millisecond or so.
pub(crate) async fn around_alone<T>(
    beside: &Session,
    session: &Session,
    backend: i32,
    process: Option<&Process>,
    tables: &[String],
    work: impl Future<Output = T>,
) -> (T, Samples) {
    let mut samples = Samples::default();
    let mut stands = false;
    if !tables.is_empty() {
        let lock = format!("BEGIN; LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE", tables.join(", "));
        match beside.execute(&lock).await {
            Ok(_) => stands = true,
            Err(failure) => {
                // A view, or a table that is not there: seen without standing in the way.
                tracing::debug!(%failure, "not in the way");
                samples.release(beside).await;
            }
        }
    }
    let started = Instant::now();
    let mut looked = started;
    tokio::pin!(work);
    let done = loop {
        tokio::select! {
            biased;
            done = &mut work => break done,
            () = tokio::time::sleep(POLL) => {
                samples.locks(beside, backend, stands).await;
                if stands && samples.waits(beside, backend).await {
                    samples.release(beside).await;
                    stands = false;
                    samples.stopped = started.elapsed();
                }
                if looked.elapsed() >= EVERY {
                    samples.look(session, backend, process).await;
                    looked = Instant::now();
                }
            }
        }
    };
    if stands {
        samples.release(beside).await;
    }
    (done, samples)
}

impl Samples {
    async fn look(&mut self, session: &Session, backend: i32, process: Option<&Process>) {
        const PROGRESS: &str = "SELECT phase, CASE WHEN tuples_total > 0 THEN tuples_done ELSE blocks_done END, \
             CASE WHEN tuples_total > 0 THEN tuples_total ELSE blocks_total END \
             FROM pg_catalog.pg_stat_progress_create_index WHERE pid = $1 \
             UNION ALL SELECT phase, heap_blks_scanned, heap_blks_total \
             FROM pg_catalog.pg_stat_progress_cluster WHERE pid = $1 \
             UNION ALL SELECT phase, heap_blks_scanned, heap_blks_total \
             FROM pg_catalog.pg_stat_progress_vacuum WHERE pid = $1";
        self.memory = self.memory.max(process.and_then(Process::memory));
        let rows = match session.query_prepared(PROGRESS, &[&backend]).await {
            Ok(rows) => rows,
            Err(failure) => {
                self.failure.get_or_insert(failure);
                return;
            }
        };
        let Some(row) = rows.first() else { return };
        let name: String = row.get(0);
        let count = |at: usize| row.get::<_, Option<i64>>(at).and_then(|n| u64::try_from(n).ok());
        let (done, total) = (count(1), count(2).filter(|total| *total > 0));
        let every = EVERY.as_secs_f64() * 1000.0;
        match self.phases.last_mut().filter(|phase| phase.name == name) {
            Some(phase) => {
                phase.wall_ms += every;
                (phase.done, phase.total) = (done, total);
            }
            None => self.phases.push(PhaseProfile { name, wall_ms: every, done, total }),
        }
    }

    /// Reads locks; those of a moment ago are forgotten as soon as nobody stands in the way, when weaker.
    async fn locks(&mut self, beside: &Session, backend: i32, waiting: bool) {
        let read =
            if waiting { waited_for(beside, backend).await } else { Gauge::locks_of(beside, backend).await };
        match read {
            Ok(locks) => {
                for (oid, mode) in locks {
                    if mode >= LockMode::ShareUpdateExclusive {
                        let known = self.locks.entry(oid).or_insert(mode);
                        *known = mode.max(*known);
                    }
                }
            }
            Err(failure) => drop(self.failure.get_or_insert(failure)),
        }
    }

    async fn waits(&mut self, beside: &Session, backend: i32) -> bool {
        let sql = "SELECT pg_catalog.pg_backend_pid() = ANY (pg_catalog.pg_blocking_pids($1))";
        match beside.query_prepared(sql, &[&backend]).await {
            Ok(rows) => rows.first().is_some_and(|row| row.get(0)),
            Err(failure) => {
                self.failure.get_or_insert(failure);
                true
            }
        }
    }

    async fn release(&mut self, beside: &Session) {
        if let Err(failure) = beside.execute("ROLLBACK").await {
            self.failure.get_or_insert(failure);
        }
    }
}

/// The locks `backend` holds or waits for.
async fn waited_for(beside: &Session, backend: i32) -> Result<BTreeMap<u32, LockMode>, DbFailure> {
    let locks = confiture_core::db::relation_locks(beside, backend).await?;
    let mut strongest: BTreeMap<u32, LockMode> = BTreeMap::new();
    for lock in locks {
        let known = strongest.entry(lock.oid).or_insert(lock.mode);
        *known = lock.mode.max(*known);
    }
    Ok(strongest)
}
