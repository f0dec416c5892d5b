//! The count pass: one script on a fresh copy, with everything read that it changed.

mod counters;
mod process;
mod sampler;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use confiture_core::db::{DbFailure, Execution, LockMode, ScratchDb, Server, Session};
use confiture_core::migration::{Direction, Script};
use confiture_core::plugin::Registry;
use confiture_core::report::{LockProfile, ScanProfile, ScriptProfile, StatementProfile};
use confiture_core::sql::{TokenKind, Tokens, TransactionControl, classify, outline};
use confiture_fixtures::{Gauge, ScriptObserver, Sending, Sent, Standing, run_observed};
use sha2::{Digest as _, Sha256};

use crate::error::{PerfError, doing};
use crate::ground::measured_session;
pub(crate) use counters::{Reader, Source};
use process::Process;
use sampler::Samples;

/// Characters of a statement that are kept.
const EXCERPT: usize = 120;

/// What one script is counted with.
pub(crate) struct Counting<'a> {
    pub server: &'a Server,
    pub registry: &'a Registry,
    pub reader: &'a Reader,
    pub deadline: Option<Duration>,
}

/// A script that was counted.
#[derive(Debug)]
pub(crate) struct Counted {
    pub script: ScriptProfile,
    pub statements: Vec<StatementProfile>,
    pub failure: Option<confiture_core::plugin::StatementFailure>,
    /// Time spent reading, before and between the statements.
    pub looked: Duration,
    /// Metrics that no statement has, and why.
    pub unavailable: BTreeMap<String, String>,
    /// Rows of the tables before it, by name.
    pub tables: BTreeMap<String, u64>,
    /// Hash of the tables, their rows and sizes.
    pub dataset: String,
}

impl Counting<'_> {
    /// Runs `script` in `database`, which keeps what it did.
    ///
    /// # Errors
    /// When our own questions are refused or the server is lost.
    pub(crate) async fn run(
        &self,
        database: &ScratchDb,
        migration: &str,
        script: &Script,
        direction: Direction,
    ) -> Result<Counted, PerfError> {
        let session = measured_session(database, self.deadline).await?;
        let mut unavailable = BTreeMap::new();
        if let Err(failure) = session.execute("CHECKPOINT").await {
            unavailable.insert("checkpoint".to_owned(), failure.message);
        }
        let process = match Process::of(self.server, &session) {
            Ok(process) => Some(process),
            Err(why) => {
                for metric in ["cpu", "wait", "memory"] {
                    unavailable.insert(metric.to_owned(), why.clone());
                }
                None
            }
        };
        match self.reader.source() {
            Source::Statements => {}
            Source::Position(why) => {
                for metric in ["wal-records", "buffers", "temp"] {
                    unavailable.insert(metric.to_owned(), why.clone());
                }
            }
            Source::Nothing(why) => {
                for metric in ["wal", "buffers", "temp"] {
                    unavailable.insert(metric.to_owned(), why.clone());
                }
            }
        }
        let begun = Instant::now();
        self.reader.reset(self.server).await?;
        let oid = "SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()";
        let oid = session.query(oid, &[]).await.map_err(doing("find the database"))?;
        let Some(oid) = oid.first().map(|row| row.get(0)) else {
            unreachable!("a session is in a database that is there")
        };
        let known = Gauge::read(&session).await.map_err(doing("list relations"))?;
        let rows = known.rows(&session).await.map_err(doing("count rows"))?;
        let (tables, dataset) = describe(&session, &known, &rows).await.map_err(doing("measure tables"))?;
        let mut watch = Watch {
            counting: self,
            database,
            session: &session,
            migration,
            script,
            direction,
            oid,
            process,
            beside: None,
            before: known.clone(),
            stale: true,
            known,
            rows,
            looked: begun.elapsed(),
            clock: Duration::ZERO,
            commit: Duration::ZERO,
            open: Vec::new(),
            statements: Vec::new(),
            failure: None,
        };
        let run = Box::pin(run_observed(&session, script, direction, &mut watch)).await;
        watch.release();
        if let Some(beside) = watch.beside.take() {
            beside.close().await;
        }
        let Watch { statements, failure, looked, clock, commit, .. } = watch;
        session.close().await;
        if let Some(error) = failure {
            return Err(error);
        }
        let script = ScriptProfile {
            skipped: None,
            failed: run.failure.as_ref().map(|failed| failed.failure.to_string()),
            statements: statements.len(),
            wall_ms: milliseconds(clock),
            commit_ms: milliseconds(commit),
        };
        Ok(Counted { script, statements, failure: run.failure, looked, unavailable, tables, dataset })
    }
}

/// Rows of each table, and a hash of tables, rows and sizes.
async fn describe(
    session: &Session,
    gauge: &Gauge,
    rows: &BTreeMap<u32, u64>,
) -> Result<(BTreeMap<String, u64>, String), DbFailure> {
    let sizes = "SELECT oid, pg_catalog.pg_relation_size(oid), pg_catalog.pg_indexes_size(oid) \
                 FROM pg_catalog.pg_class WHERE oid = ANY ($1)";
    let oids: Vec<u32> = rows.keys().copied().collect();
    let mut hash: BTreeMap<String, String> = BTreeMap::new();
    for row in session.query(sizes, &[&oids]).await? {
        let oid: u32 = row.get(0);
        let Some(relation) = gauge.relations.get(&oid) else { continue };
        let size = format!("{:?} {} {}", rows.get(&oid), row.get::<_, i64>(1), row.get::<_, i64>(2));
        hash.insert(relation.sql_name(), size);
    }
    let named = |(oid, rows): (&u32, &u64)| Some((gauge.relations.get(oid)?.sql_name(), *rows));
    Ok((rows.iter().filter_map(named).collect(), digest(format!("{hash:?}"))))
}

/// 16 hexadecimal digits that stand for `text`.
pub(crate) fn digest(text: impl AsRef<[u8]>) -> String {
    Sha256::digest(text)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hash of the tokens of a statement: white space, comments and the case of words do not matter.
///
/// # Example
/// ```
/// use confiture_perf::fingerprint;
///
/// assert_eq!(fingerprint("drop  TABLE t -- old"), fingerprint("DROP TABLE t"));
/// assert_ne!(fingerprint("DROP TABLE t"), fingerprint("DROP TABLE u"));
/// ```
pub fn fingerprint(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    for token in Tokens::new(sql).filter(|token| !token.kind.is_trivia()) {
        match token.kind {
            TokenKind::Ident => text.push_str(&token.text(sql).to_lowercase()),
            _ => text.push_str(token.text(sql)),
        }
        text.push('\0');
    }
    digest(text)
}

/// The beginning of a statement in one line.
fn excerpt(sql: &str) -> String {
    let words: Vec<&str> = sql.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(EXCERPT) {
        Some((at, _)) => format!("{}…", line[..at].trim_end()),
        None => line,
    }
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    // To a microsecond: more would be noise in every report.
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// A script being counted.
struct Watch<'a> {
    counting: &'a Counting<'a>,
    database: &'a ScratchDb,
    session: &'a Session,
    migration: &'a str,
    script: &'a Script,
    direction: Direction,
    /// OID of the database.
    oid: u32,
    process: Option<Process>,
    /// A session in the same database, for statements that refuse a transaction.
    beside: Option<Session>,
    /// As it was before the script.
    known: Gauge,
    rows: BTreeMap<u32, u64>,
    /// As it was after the last statement.
    before: Gauge,
    /// A transaction has ended since `before` was read.
    stale: bool,
    /// Our own time so far.
    looked: Duration,
    /// The script's own time so far.
    clock: Duration,
    commit: Duration,
    /// Locks that are held: places in `statements` and its locks.
    open: Vec<(usize, usize)>,
    statements: Vec<StatementProfile>,
    /// What ended the measuring.
    failure: Option<PerfError>,
}

#[async_trait]
impl ScriptObserver for Watch<'_> {
    async fn statement(&mut self, sending: Sending<'_>, sent: Sent<'_>) -> Result<Execution, DbFailure> {
        if sending.standing == Standing::Control || self.failure.is_some() {
            let execution = sent.await?;
            match classify(&sending.statement.sql).control {
                // Counted when its transaction has ended.
                Some(TransactionControl::Commit) => {}
                Some(TransactionControl::Rollback) => {
                    self.clock += execution.elapsed;
                    self.release();
                }
                _ => self.clock += execution.elapsed,
            }
            self.stale |= sending.standing == Standing::Control;
            return Ok(execution);
        }
        let begun = Instant::now();
        // Boxed: it holds the readings of before and after.
        let execution = Box::pin(self.measure(sending, sent)).await?;
        self.looked += begun.elapsed().saturating_sub(execution.elapsed);
        Ok(execution)
    }

    async fn after_commit(&mut self, took: Duration) {
        self.commit += took;
        self.clock += took;
        self.release();
        self.stale = true;
    }
}

impl Watch<'_> {
    async fn measure(&mut self, sending: Sending<'_>, sent: Sent<'_>) -> Result<Execution, DbFailure> {
        let alone = sending.standing == Standing::Alone;
        let ready = self.ready(alone).await;
        let (counted, scanned, probed) = match ready {
            Ok(ready) => ready,
            Err(error) => {
                self.failure = Some(error);
                return sent.await;
            }
        };
        let reader = self.counting.reader.session();
        let (process, backend) = (self.process.clone(), self.session.backend_pid());
        let (memory, times) =
            (process.as_ref().and_then(Process::memory), process.as_ref().and_then(Process::times));
        let (result, samples) = match (&self.beside, alone) {
            (Some(beside), true) => {
                let tables = self.tables_of(&sending.statement.sql);
                sampler::around_alone(beside, reader, backend, process.as_ref(), &tables, sent).await
            }
            _ => sampler::around(reader, backend, process.as_ref(), sent).await,
        };
        let execution = result?;
        let times = times.zip(process.as_ref().and_then(Process::times));
        let memory_now = process.as_ref().and_then(Process::memory).max(samples.memory);
        let wall = execution.elapsed.saturating_sub(samples.stopped);
        let number = sending.index + 1;
        let at = self.script.locate(sending.statement.span.clone());
        let mut profile = StatementProfile {
            id: format!("{}/{}/{number}", self.migration, self.direction.as_str()),
            migration: self.migration.to_owned(),
            direction: self.direction,
            number,
            file: at.file.display().to_string(),
            line: at.line,
            column: at.column,
            sql: excerpt(&sending.statement.sql),
            fingerprint: fingerprint(&sending.statement.sql),
            started_ms: milliseconds(self.clock),
            lock_timeout: self.before.lock_timeout,
            wall_ms: milliseconds(wall),
            cpu_ms: times.map(|(was, is)| milliseconds(is.ran.saturating_sub(was.ran))),
            wait_ms: times.map(|(was, is)| milliseconds(is.waited.saturating_sub(was.waited))),
            rows: execution.rows,
            locks: Vec::new(),
            rewrites: Vec::new(),
            created: Vec::new(),
            dropped: Vec::new(),
            scans: Vec::new(),
            wal: None,
            buffers: None,
            temp_blocks: None,
            memory_bytes: memory_now.zip(memory).map(|(now, was)| now.saturating_sub(was)),
            phases: samples.phases.clone(),
            probes: BTreeMap::new(),
            unavailable: BTreeMap::new(),
        };
        if let Err(error) = self.read(&mut profile, alone, counted, scanned, probed, &samples).await {
            self.failure = Some(error);
            return Ok(execution);
        }
        let at = self.statements.len();
        self.open.extend((0..profile.locks.len()).map(|lock| (at, lock)));
        self.statements.push(profile);
        self.clock += wall;
        if alone {
            self.release();
            self.stale = true;
        }
        Ok(execution)
    }

    /// Reads what has to be known before a statement; its counters last, so that no reading counts.
    async fn ready(&mut self, alone: bool) -> Result<Before, PerfError> {
        if self.stale {
            self.before = Gauge::read(self.session).await.map_err(doing("list relations"))?;
            self.stale = false;
        }
        if alone && self.beside.is_none() {
            self.beside = Some(self.database.session().await?);
        }
        let probed = self.probes().await?;
        let scanned = match alone {
            true => self.flushed_scans().await?,
            false => None,
        };
        let counted = self.counting.reader.read(self.oid).await.map_err(doing("read counters"))?;
        Ok((counted, scanned, probed))
    }

    /// Reads what a statement has changed; its counters first.
    async fn read(
        &mut self,
        profile: &mut StatementProfile,
        alone: bool,
        counted: Option<counters::Counters>,
        scanned: Option<Scans>,
        probed: Probed,
        samples: &Samples,
    ) -> Result<(), PerfError> {
        let now = self.counting.reader.read(self.oid).await.map_err(doing("read counters"))?;
        if let (Some(now), Some(before)) = (now, counted) {
            let known = self.counting.reader.source() == &Source::Statements;
            match now.since(&before).filter(|since| !known || since.calls > 0) {
                Some(since) => {
                    profile.wal = Some(since.wal);
                    profile.buffers = since.buffers;
                    profile.temp_blocks = since.temp_blocks;
                }
                None => {
                    for metric in ["wal", "buffers", "temp"] {
                        let why = "pg_stat_statements does not count this statement";
                        profile.unavailable.insert(metric.to_owned(), why.to_owned());
                    }
                }
            }
        }
        if let Some(failure) = &samples.failure {
            profile.unavailable.insert("phases".to_owned(), failure.message.clone());
        }
        let after = Gauge::read(self.session).await.map_err(doing("list relations"))?;
        let scans = match alone {
            true => self.flushed_scans().await?,
            false => Some(scans_of(&after)),
        };
        let scans_before = if alone { scanned } else { Some(scans_of(&self.before)) };
        match scans.zip(scans_before) {
            Some((now, before)) => profile.scans = self.scans(&after, &now, &before),
            None => {
                let why = "PostgreSQL 14 counts them later, outside of transactions";
                profile.unavailable.insert("scans".to_owned(), why.to_owned());
            }
        }
        self.relations(profile, &after);
        let locks = if alone { &samples.locks } else { &after.locks };
        profile.locks = self.locks(locks, &after, alone);
        if alone {
            let why = "what it held for moments only may be missing".to_owned();
            profile.unavailable.insert("locks-complete".to_owned(), why);
        }
        let probed_now = self.probes().await?;
        profile.probes = changed(&probed, &probed_now);
        self.before = after;
        Ok(())
    }

    /// Existing tables a statement names, or whose indexes it names, as SQL writes them.
    fn tables_of(&self, sql: &str) -> Vec<String> {
        let outline = outline(sql);
        let mut tables = Vec::new();
        for name in outline.names.iter().chain(&outline.on) {
            let named = self.before.relations.values().find(|relation| {
                relation.kind == 'r'
                    && relation.name == name.name()
                    && name.schema().is_none_or(|schema| schema == relation.schema)
            });
            tables.extend(named.map(confiture_fixtures::GaugedRelation::sql_name));
        }
        tables.dedup();
        tables
    }

    /// Scans of every table so far, after making the server add up what it has not yet; not on 14.
    async fn flushed_scans(&self) -> Result<Option<Scans>, PerfError> {
        if self.counting.server.version().major() < 15 {
            return Ok(None);
        }
        let failed = doing("read scans");
        self.session.execute("SELECT pg_catalog.pg_stat_force_next_flush()").await.map_err(&failed)?;
        let sql = "SELECT c.oid, pg_catalog.pg_stat_get_numscans(c.oid), \
                   pg_catalog.pg_stat_get_tuples_returned(c.oid) FROM pg_catalog.pg_class c \
                   WHERE c.oid >= 16384 AND c.relkind IN ('r', 'm')";
        let rows = self.session.query_prepared(sql, &[]).await.map_err(&failed)?;
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        Ok(Some(rows.iter().map(|row| (row.get(0), (count(row.get(1)), count(row.get(2))))).collect()))
    }

    fn scans(&self, after: &Gauge, now: &Scans, before: &Scans) -> Vec<ScanProfile> {
        let mut scans = Vec::new();
        for (oid, (begun, returned)) in now {
            let (had, read) = before.get(oid).copied().unwrap_or_default();
            let Some(relation) = after.relations.get(oid).filter(|_| *begun > had) else { continue };
            let tuples = returned.saturating_sub(read);
            let rows = self.rows.get(oid).copied().unwrap_or_default();
            let (scans_begun, full) = (begun - had, rows > 0 && tuples >= rows);
            scans.push(ScanProfile { relation: relation.sql_name(), scans: scans_begun, tuples, full });
        }
        scans.sort_by(|a, b| a.relation.cmp(&b.relation));
        scans
    }

    fn relations(&self, profile: &mut StatementProfile, after: &Gauge) {
        for (oid, is) in &after.relations {
            match self.before.relations.get(oid) {
                Some(was) if was.file != is.file => profile.rewrites.push(was.sql_name()),
                Some(_) => {}
                None => profile.created.push(is.sql_name()),
            }
        }
        let gone = self.before.relations.iter().filter(|(oid, _)| !after.relations.contains_key(oid));
        profile.dropped.extend(gone.map(|(_, was)| was.sql_name()));
        for list in [&mut profile.rewrites, &mut profile.created, &mut profile.dropped] {
            list.sort();
        }
    }

    /// Locks that are new or stronger than before.
    fn locks(&self, locks: &BTreeMap<u32, LockMode>, after: &Gauge, alone: bool) -> Vec<LockProfile> {
        let mut profiles = Vec::new();
        for (oid, mode) in locks {
            if !alone && self.before.locks.get(oid) >= Some(mode) {
                continue;
            }
            let named = self.before.relations.get(oid).or_else(|| after.relations.get(oid));
            // Of those that refuse a transaction only tables: on indexes they hold locks for moments.
            let Some(relation) = named.filter(|relation| !alone || relation.is_table()) else { continue };
            profiles.push(LockProfile {
                relation: relation.sql_name(),
                mode: mode.as_str().to_owned(),
                existing: self.known.relations.contains_key(oid),
                index: relation.is_index(),
                taken_ms: milliseconds(self.clock),
                held_ms: 0.0,
                sampled: alone,
            });
        }
        profiles.sort_by(|a, b| (&a.relation, &a.mode).cmp(&(&b.relation, &b.mode)));
        profiles
    }

    /// The transaction has ended: says of all locks how long they were held.
    fn release(&mut self) {
        let now = milliseconds(self.clock);
        for (statement, lock) in self.open.drain(..) {
            let lock = self.statements.get_mut(statement).and_then(|s| s.locks.get_mut(lock));
            if let Some(lock) = lock {
                lock.held_ms = ((now - lock.taken_ms) * 1e3).round() / 1e3;
            }
        }
    }

    /// What probes of others read; locks are read with the relations.
    async fn probes(&self) -> Result<Probed, PerfError> {
        let mut all = Probed::new();
        for probe in self.counting.registry.probes().filter(|probe| probe.meta().id != "locks") {
            let values = probe.read(self.session).await.map_err(doing("read a probe"))?;
            all.insert(probe.meta().id, values);
        }
        Ok(all)
    }
}

/// Scans begun and tuples returned so far, by OID.
type Scans = BTreeMap<u32, (u64, u64)>;
type Probed = BTreeMap<&'static str, BTreeMap<String, u64>>;
type Before = (Option<counters::Counters>, Option<Scans>, Probed);

fn scans_of(gauge: &Gauge) -> Scans {
    let tables = gauge.relations.iter().filter(|(_, relation)| relation.is_table());
    tables.map(|(oid, relation)| (*oid, (relation.scans, relation.returned))).collect()
}

/// Values that are not what they were, and by how much.
fn changed(before: &Probed, now: &Probed) -> BTreeMap<String, BTreeMap<String, i64>> {
    let mut all = BTreeMap::new();
    for (id, values) in now {
        let had = |name: &str| before.get(id).and_then(|known| known.get(name)).copied().unwrap_or_default();
        let differences: BTreeMap<String, i64> = values
            .iter()
            .map(|(name, value)| (name.clone(), value.cast_signed().saturating_sub(had(name).cast_signed())))
            .filter(|(_, difference)| *difference != 0)
            .collect();
        if !differences.is_empty() {
            all.insert((*id).to_owned(), differences);
        }
    }
    all
}
