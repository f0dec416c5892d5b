//! Who waits for a migration, and for how long: the blocked-query probe.

mod reported;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use confiture_core::db::{DbFailure, LockMode, ScratchDb, Session};
use confiture_core::migration::{Direction, Script};
use confiture_fixtures::FixtureError;
use serde::Serialize;

use crate::error::doing;
use crate::ground::{Ground, measured_session};
use crate::load::{Operation, Subject, WatchedRun, watch};

/// Most tables that are probed: each costs four sessions.
const MOST_TABLES: usize = 12;

/// How to probe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProbeOptions {
    /// Time between a session's answer and its next statement.
    pub every: Duration,
    /// How long to probe before the migration.
    pub before: Duration,
    /// For how long a transaction that has read all the tables stays open while the migration runs: what
    /// waits for it makes others wait. `None` for none.
    pub reader: Option<Duration>,
    /// Shorter stalls are no blocking.
    pub least: Duration,
    /// Nor are those of fewer times the longest one before the migration.
    pub times: f64,
    /// Most time one statement of the migration may take.
    pub deadline: Option<Duration>,
}

impl Default for ProbeOptions {
    fn default() -> Self {
        Self {
            every: Duration::from_millis(5),
            before: Duration::from_millis(500),
            reader: None,
            least: Duration::from_millis(100),
            times: 3.0,
            deadline: None,
        }
    }
}

/// One statement of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    /// When it was sent, in milliseconds from the migration's start; negative before it.
    pub at_ms: f64,
    /// What it took, in milliseconds.
    pub took_ms: f64,
}

/// What one kind of statement met on one table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stall {
    /// Schema and name as SQL writes them.
    pub table: String,
    /// The kind.
    pub operation: Operation,
    /// The longest before the migration, in milliseconds.
    pub before_ms: f64,
    /// The longest from then on.
    pub longest: Latency,
    /// Whether that is blocking.
    pub blocked: bool,
    /// Index of the statement that is to blame: the first of its transaction whose lock the probe has to wait
    /// for, or else that changed rows of the table, or that ran meanwhile.
    pub guilty: Option<usize>,
    /// The first failure of the probe's own statement since the migration started: SQLSTATE and message.
    pub failed: Option<(String, String)>,
    /// All of them, in the order they were sent.
    pub latencies: Vec<Latency>,
}

/// A probed run.
#[derive(Debug, Clone)]
pub struct ProbeReport {
    /// Table by table, in the order of names and of [`Operation::ALL`].
    pub stalls: Vec<Stall>,
    /// Tables the migration locks that were not probed because there were too many.
    pub left_out: Vec<String>,
    /// The migration.
    pub run: WatchedRun,
}

impl ProbeReport {
    /// Those that were blocked, the longest first.
    pub fn blocked(&self) -> Vec<&Stall> {
        let mut blocked: Vec<&Stall> = self.stalls.iter().filter(|stall| stall.blocked).collect();
        blocked.sort_by(|a, b| b.longest.took_ms.total_cmp(&a.longest.took_ms));
        blocked
    }

    /// The longest stall of one kind of statement on a table, by schema and name as SQL writes them.
    pub fn stall(&self, table: &str, operation: Operation) -> Option<&Stall> {
        self.stalls.iter().find(|stall| stall.table == table && stall.operation == operation)
    }
}

/// Runs the migration twice on copies of its ground: once to see which tables it touches, once with a session for
/// each of these tables and each of SELECT, INSERT, UPDATE and DELETE, which asks for the table's first row every few
/// milliseconds and takes that back.
///
/// # Errors
/// When copies or sessions cannot be had or our own questions fail; what the script fails with (a `lock_timeout`
/// behind the reader) is in the report.
pub async fn probe(
    ground: &Ground,
    script: &Script,
    direction: Direction,
    options: ProbeOptions,
) -> Result<ProbeReport, FixtureError> {
    let touched = touched(ground, script, direction, options).await?;
    let copy = ground.copy("probe").await?;
    let report = probed(&copy, script, direction, options, &touched).await;
    copy.close().await?;
    report
}

async fn touched(
    ground: &Ground,
    script: &Script,
    direction: Direction,
    options: ProbeOptions,
) -> Result<WatchedRun, FixtureError> {
    let copy = ground.copy("touch").await?;
    let session = measured_session(&copy, options.deadline).await?;
    let run = watch(&copy, &session, script, direction, true).await;
    session.close().await;
    copy.close().await?;
    run
}

async fn probed(
    copy: &ScratchDb,
    script: &Script,
    direction: Direction,
    options: ProbeOptions,
    first: &WatchedRun,
) -> Result<ProbeReport, FixtureError> {
    let session = measured_session(copy, options.deadline).await?;
    let locked = first.strongest();
    let all = Subject::all(&session).await.map_err(doing("list tables"))?;
    let mut subjects: Vec<Subject> = all.into_iter().filter(|s| locked.contains_key(&s.table)).collect();
    subjects.sort_by_key(|subject| std::cmp::Reverse(locked[&subject.table]));
    let left_out = subjects.iter().skip(MOST_TABLES).map(|subject| subject.table.clone()).collect();
    subjects.truncate(MOST_TABLES);
    subjects.sort_by(|a, b| a.table.cmp(&b.table));
    let ended = Arc::new(AtomicBool::new(false));
    let clock = Instant::now();
    let mut probes = Vec::new();
    for subject in &subjects {
        for operation in Operation::ALL {
            let Some(sql) = subject.on_first_row(operation) else { continue };
            let session = copy.session().await?;
            let ended = Arc::clone(&ended);
            let asking = ask(session, format!("BEGIN; {sql}; ROLLBACK"), clock, options.every, ended);
            probes.push((subject.table.clone(), operation, tokio::spawn(asking)));
        }
    }
    tokio::time::sleep(options.before).await;
    let reader = match options.reader {
        Some(held) => Some(read(copy, &subjects, held).await?),
        None => None,
    };
    let started = clock.elapsed();
    let run = watch(copy, &session, script, direction, false).await;
    if let Some(reader) = reader {
        reader.abort();
    }
    tokio::time::sleep(options.every * 4).await;
    ended.store(true, Ordering::Release);
    session.close().await;
    let mut answers = Vec::new();
    for (table, operation, probe) in probes {
        let asked = probe.await.map_err(|error| FixtureError::Runtime { reason: error.to_string() })?;
        answers.push((table, operation, asked));
    }
    let run = with_locks(run?, first);
    let stalls = answers
        .into_iter()
        .map(|(table, operation, asked)| stall(table, operation, asked, started, &run, options))
        .collect();
    Ok(ProbeReport { stalls, left_out, run })
}

/// The probed run with the locks that were read in the first one.
fn with_locks(mut run: WatchedRun, first: &WatchedRun) -> WatchedRun {
    for statement in &mut run.statements {
        if let Some(known) = first.statements.iter().find(|known| known.index == statement.index) {
            statement.locks.clone_from(&known.locks);
        }
    }
    run
}

/// What a probe was answered: when it asked, what it took, what it failed with.
type Answers = Vec<(Duration, Duration, Option<DbFailure>)>;

async fn ask(
    session: Session,
    sql: String,
    clock: Instant,
    every: Duration,
    ended: Arc<AtomicBool>,
) -> Answers {
    let mut answers = Vec::new();
    while !ended.load(Ordering::Acquire) && session.is_usable() {
        let at = clock.elapsed();
        let failure = session.execute(&sql).await.err();
        answers.push((at, clock.elapsed() - at, failure.clone()));
        if failure.is_some()
            && let Err(failure) = session.execute("ROLLBACK").await
        {
            tracing::debug!(%failure, "probe");
        }
        tokio::time::sleep(every).await;
    }
    session.close().await;
    answers
}

/// A transaction that has read all `subjects` and stays open for `held`.
async fn read(
    copy: &ScratchDb,
    subjects: &[Subject],
    held: Duration,
) -> Result<tokio::task::JoinHandle<()>, FixtureError> {
    let session = copy.session().await?;
    let begun = session.execute("BEGIN").await;
    begun.map_err(doing("begin a transaction"))?;
    for subject in subjects {
        if let Some(sql) = subject.on_first_row(Operation::Select) {
            session.execute(&sql).await.map_err(doing("read a table"))?;
        }
    }
    Ok(tokio::spawn(async move {
        tokio::time::sleep(held).await;
        if let Err(failure) = session.execute("ROLLBACK").await {
            tracing::debug!(%failure, "reader");
        }
        session.close().await;
    }))
}

fn stall(
    table: String,
    operation: Operation,
    answers: Answers,
    started: Duration,
    run: &WatchedRun,
    options: ProbeOptions,
) -> Stall {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let latency = |(at, took, _): &(Duration, Duration, Option<DbFailure>)| Latency {
        at_ms: milliseconds(*at) - milliseconds(started),
        took_ms: milliseconds(*took),
    };
    let before = answers.iter().filter(|(at, took, _)| *at + *took < started).map(|answer| answer.1);
    let before_ms = milliseconds(before.max().unwrap_or_default());
    let since = || answers.iter().filter(|(at, took, _)| *at + *took >= started);
    let longest = since().max_by_key(|(_, took, _)| *took);
    let longest = longest.map_or(Latency { at_ms: 0.0, took_ms: 0.0 }, latency);
    // A key or a reference that keeps a row out is an answer like any other.
    let broken = since().find_map(|(_, _, failure)| {
        let failure = failure.as_ref()?;
        let code = failure.sqlstate.clone().unwrap_or_default();
        (!code.starts_with("23")).then(|| (code, failure.message.clone()))
    });
    let blocked =
        longest.took_ms > milliseconds(options.least) && longest.took_ms > options.times * before_ms;
    let guilty = if blocked { guilty(&table, operation, longest, run) } else { None };
    let latencies = answers.iter().map(latency).collect();
    Stall { table, operation, before_ms, longest, blocked, guilty, failed: broken, latencies }
}

fn guilty(table: &str, operation: Operation, longest: Latency, run: &WatchedRun) -> Option<usize> {
    let from = longest.at_ms;
    let to = from + longest.took_ms;
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let meanwhile: Vec<_> = run
        .statements
        .iter()
        .filter(|s| ms(s.sent) < to && run.transactions.get(s.transaction).is_none_or(|end| ms(*end) > from))
        .collect();
    // The transaction that held it up longest, not one that only began before the answer was read.
    let overlap = |transaction: usize| {
        let starts = meanwhile.iter().filter(|s| s.transaction == transaction).map(|s| ms(s.sent));
        let start = starts.fold(f64::MAX, f64::min);
        run.transactions.get(transaction).map_or(to, |end| ms(*end)).min(to) - start.max(from)
    };
    let transactions: BTreeSet<usize> = meanwhile.iter().map(|s| s.transaction).collect();
    let worst = transactions.into_iter().max_by(|a, b| overlap(*a).total_cmp(&overlap(*b)))?;
    let within: Vec<_> = meanwhile.into_iter().filter(|s| s.transaction == worst).collect();
    let first = |wanted: &dyn Fn(LockMode) -> bool| {
        within.iter().find(|s| s.locks.get(table).is_some_and(|mode| wanted(*mode))).map(|s| s.index)
    };
    let longest_within = || within.iter().max_by_key(|s| s.timing.wall).map(|s| s.index);
    first(&|mode| operation.waits_for(mode))
        .or_else(|| first(&|mode| mode >= LockMode::RowExclusive))
        .or_else(longest_within)
}

/// The longest stall of each table, in milliseconds, by schema and name as SQL writes them.
pub fn longest_by_table(report: &ProbeReport) -> BTreeMap<&str, f64> {
    let mut longest: BTreeMap<&str, f64> = BTreeMap::new();
    for stall in &report.stalls {
        let kept = longest.entry(&stall.table).or_default();
        *kept = kept.max(stall.longest.took_ms);
    }
    longest
}
