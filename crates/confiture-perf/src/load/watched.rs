//! One run of a script, statement by statement: times, log, locks.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use confiture_core::db::{DbFailure, Execution, LockMode, ScratchDb, ServerKind, Session, relation_locks};
use confiture_core::migration::{Direction, Script};
use confiture_core::sql::Tokens;
use confiture_fixtures::{FixtureError, ScriptObserver, Sending, Sent, Standing, run_observed};

use crate::error::doing;
use crate::stats::Timing;

/// One statement of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchedStatement {
    /// Its index in the script.
    pub index: usize,
    /// Number of its transaction in the run, from 0.
    pub transaction: usize,
    /// From the start of the run to its sending.
    pub sent: Duration,
    /// What it took.
    pub timing: Timing,
    /// Bytes of write-ahead log that its server wrote meanwhile: its own where nobody else writes there.
    pub wal_bytes: u64,
    /// Locks on tables that were there before, with the strongest mode it took that its transaction did not hold
    /// yet, by schema and name as SQL writes them. Of a statement that refuses a transaction: the tables it names,
    /// as `SHARE UPDATE EXCLUSIVE`.
    pub locks: BTreeMap<String, LockMode>,
}

/// A run of a script.
#[derive(Debug, Clone)]
pub struct WatchedRun {
    /// Its statements, transaction control left out.
    pub statements: Vec<WatchedStatement>,
    /// From the start of the run to the end of each transaction.
    pub transactions: Vec<Duration>,
    /// All of it.
    pub elapsed: Duration,
    /// What it failed with.
    pub failure: Option<DbFailure>,
}

impl WatchedRun {
    /// The whole run as one timing, the time for our own questions left out.
    pub fn timing(&self) -> Timing {
        let all = || self.statements.iter().map(|statement| statement.timing);
        Timing {
            wall: all().map(|timing| timing.wall).sum(),
            cpu: all().map(|timing| timing.cpu).sum(),
            run_queue: all().map(|timing| timing.run_queue).sum(),
        }
    }

    /// The strongest lock on each table that was there before.
    pub fn strongest(&self) -> BTreeMap<String, LockMode> {
        let mut strongest = BTreeMap::new();
        for (table, mode) in self.statements.iter().flat_map(|statement| &statement.locks) {
            let kept = strongest.entry(table.clone()).or_insert(*mode);
            *kept = (*kept).max(*mode);
        }
        strongest
    }
}

/// Runs a script under its tool's rules and watches each statement.
///
/// `locks` says whether they are read behind each statement, which costs a query.
///
/// # Errors
/// When our own questions fail; what the script fails with is in the run.
pub async fn watch(
    database: &ScratchDb,
    session: &Session,
    script: &Script,
    direction: Direction,
    locks: bool,
) -> Result<WatchedRun, FixtureError> {
    let local = database.server().kind() == ServerKind::Private;
    let tables = existing(session).await.map_err(doing("list tables"))?;
    let mut watcher = Watcher {
        session,
        started: Instant::now(),
        process: local.then(|| session.backend_pid()),
        locks,
        tables,
        held: BTreeMap::new(),
        statements: Vec::new(),
        transactions: Vec::new(),
        trouble: None,
    };
    let run = run_observed(session, script, direction, &mut watcher).await;
    let elapsed = watcher.started.elapsed();
    if let Some(failure) = watcher.trouble {
        return Err(doing("watch a statement")(failure));
    }
    let mut transactions = watcher.transactions;
    let known = watcher.statements.iter().map(|statement| statement.transaction + 1).max().unwrap_or(0);
    transactions.resize(known.max(transactions.len()), elapsed);
    let failure = run.failure.map(|failure| failure.failure);
    Ok(WatchedRun { statements: watcher.statements, transactions, elapsed, failure })
}

/// Tables by oid, as SQL writes them.
async fn existing(session: &Session) -> Result<BTreeMap<u32, (String, String)>, DbFailure> {
    let sql = "SELECT c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), \
               c.relname::text FROM pg_catalog.pg_class c \
               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
               WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";
    let rows = session.query(sql, &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect())
}

struct Watcher<'a> {
    session: &'a Session,
    started: Instant,
    process: Option<i32>,
    locks: bool,
    tables: BTreeMap<u32, (String, String)>,
    /// Held by the open transaction.
    held: BTreeMap<u32, LockMode>,
    statements: Vec<WatchedStatement>,
    transactions: Vec<Duration>,
    trouble: Option<DbFailure>,
}

impl Watcher<'_> {
    async fn position(&mut self) -> u64 {
        let sql = "SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::bigint";
        match self.session.query(sql, &[]).await {
            Ok(rows) => rows.first().map_or(0, |row| row.get::<_, i64>(0).unsigned_abs()),
            Err(failure) => {
                self.trouble.get_or_insert(failure);
                0
            }
        }
    }

    async fn taken(&mut self, sending: Sending<'_>) -> BTreeMap<String, LockMode> {
        if sending.standing == Standing::Alone {
            let sql = &sending.statement.sql;
            let words: Vec<String> = Tokens::new(sql).map(|token| unquoted(token.text(sql))).collect();
            let named = self.tables.values().filter(|(_, name)| words.contains(name));
            return named.map(|(full, _)| (full.clone(), LockMode::ShareUpdateExclusive)).collect();
        }
        let locks = match self.locks {
            true => relation_locks(self.session, self.session.backend_pid()).await,
            false => Ok(Vec::new()),
        };
        let mut taken: BTreeMap<String, LockMode> = BTreeMap::new();
        match locks {
            Err(failure) => drop(self.trouble.get_or_insert(failure)),
            Ok(locks) => {
                for lock in locks.into_iter().filter(|lock| lock.granted) {
                    let Some((full, _)) = self.tables.get(&lock.oid) else { continue };
                    if self.held.get(&lock.oid).is_none_or(|held| lock.mode > *held) {
                        self.held.insert(lock.oid, lock.mode);
                        taken.insert(full.clone(), lock.mode);
                    }
                }
            }
        }
        taken
    }
}

/// The name a token stands for.
fn unquoted(token: &str) -> String {
    match token.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => token.to_ascii_lowercase(),
    }
}

#[async_trait]
impl ScriptObserver for Watcher<'_> {
    async fn statement(&mut self, sending: Sending<'_>, sent: Sent<'_>) -> Result<Execution, DbFailure> {
        if sending.standing == Standing::Control {
            return sent.await;
        }
        let wal = self.position().await;
        let before = self.process.and_then(schedule);
        let at = self.started.elapsed();
        let execution = sent.await?;
        let after = self.process.and_then(schedule);
        let wall = execution.elapsed;
        let spent = before
            .zip(after)
            .map(|(before, after)| (after.0.saturating_sub(before.0), after.1.saturating_sub(before.1)));
        let wal_bytes = self.position().await.saturating_sub(wal);
        let locks = self.taken(sending).await;
        let transaction = self.transactions.len();
        let timing = Timing { wall, cpu: spent.map(|spent| spent.0), run_queue: spent.map(|spent| spent.1) };
        let statement =
            WatchedStatement { index: sending.index, transaction, sent: at, timing, wal_bytes, locks };
        self.statements.push(statement);
        if sending.standing == Standing::Alone {
            self.after_commit(Duration::ZERO).await;
        }
        Ok(execution)
    }

    async fn after_commit(&mut self, _took: Duration) {
        self.transactions.push(self.started.elapsed());
        self.held.clear();
    }
}

/// Time a process ran, and time it waited for a processor (`Documentation/scheduler/sched-stats.rst` of Linux);
/// `None` where the system does not tell.
pub(crate) fn schedule(process: i32) -> Option<(Duration, Duration)> {
    let text = std::fs::read_to_string(format!("/proc/{process}/schedstat")).ok()?;
    let mut numbers = text.split_whitespace().map(|number| number.parse().map(Duration::from_nanos));
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}
