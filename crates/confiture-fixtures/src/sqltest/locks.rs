//! The strongest lock a migration takes on a table, measured while it runs.

use std::collections::BTreeMap;
use std::future::Future;
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use confiture_core::Diagnostic;
use confiture_core::db::{DbFailure, Execution, LockMode, Session, relation_locks};
use confiture_core::migration::Migration;

use super::test::UserTest;
use crate::runner::{ScriptObserver, Sending, Sent, Standing};

/// How often to look at a statement that cannot run in a transaction.
const POLL: Duration = Duration::from_millis(1);

/// A table that locks are measured on.
#[derive(Debug, Default, Clone)]
struct Table {
    /// Its oid before the step; `None` when it was not there.
    before: Option<u32>,
    /// After it.
    after: Option<u32>,
    /// What the server said of its name.
    refused: Option<String>,
}

/// Reads the locks of a script's session: before each commit, and, of statements that cannot run in a
/// transaction, while they run.
pub(super) struct Watch<'a> {
    session: &'a Session,
    other: &'a Session,
    tables: BTreeMap<String, Table>,
    strongest: BTreeMap<u32, LockMode>,
    /// Why a measurement failed.
    failure: Option<DbFailure>,
}

/// What was measured of one step.
#[derive(Debug, Default)]
pub(super) struct Locked {
    migration: String,
    tables: BTreeMap<String, Table>,
    strongest: BTreeMap<u32, LockMode>,
    failure: Option<DbFailure>,
}

impl<'a> Watch<'a> {
    /// Gets ready to watch what `session` does to `tables` (as SQL writes their names) from `other`.
    pub(super) async fn start(session: &'a Session, other: &'a Session, tables: &[String]) -> Self {
        let mut named = BTreeMap::new();
        for name in tables {
            let mut table = Table::default();
            match oid(other, name).await {
                Ok(oid) => table.before = oid,
                Err(failure) => table.refused = Some(failure.message),
            }
            named.insert(name.clone(), table);
        }
        Self { session, other, tables: named, strongest: BTreeMap::new(), failure: None }
    }

    /// Reads the locks the session's open transaction holds; to be called right before it commits.
    async fn read(&mut self) {
        let locks = relation_locks(self.session, self.session.backend_pid()).await;
        self.keep(locks.map(|locks| locks.into_iter().map(|lock| (lock.oid, lock.mode)).collect()));
    }

    /// Watches a statement that cannot run in a transaction block.
    ///
    /// It takes and releases its locks itself, in a moment. So that they can be read, `other` stands in its
    /// way: it first holds `SHARE UPDATE EXCLUSIVE` on the tables, which everything from that mode up has to
    /// wait for, then `ACCESS SHARE`, until the statement waits for it or ends. What such a statement takes
    /// below `SHARE UPDATE EXCLUSIVE` may be missed.
    async fn around<T>(&mut self, work: impl Future<Output = T>) -> T {
        let held: Vec<String> = self
            .tables
            .iter()
            .filter(|(_, table)| table.before.is_some())
            .map(|(name, _)| name.clone())
            .collect();
        if held.is_empty() {
            return work.await;
        }
        let names = held.join(", ");
        let begin = format!(
            "BEGIN; LOCK TABLE {names} IN ACCESS SHARE MODE; SAVEPOINT watch; \
             LOCK TABLE {names} IN SHARE UPDATE EXCLUSIVE MODE"
        );
        if let Err(failure) = self.other.execute(&begin).await {
            self.failure.get_or_insert(failure);
            self.release("ROLLBACK").await;
            return work.await;
        }
        tokio::pin!(work);
        let mut stage = 0;
        let result = loop {
            tokio::select! {
                result = &mut work => break result,
                () = tokio::time::sleep(POLL) => {
                    let waits = self.look().await;
                    match (stage, waits) {
                        (0, true) => self.release("ROLLBACK TO watch").await,
                        (1, true) => self.release("COMMIT").await,
                        _ => continue,
                    }
                    stage += 1;
                }
            }
        };
        if stage < 2 {
            self.release("ROLLBACK").await;
        }
        result
    }

    /// Reads the locks of the session from outside; `true` when it waits for `other`.
    async fn look(&mut self) -> bool {
        let pid = self.session.backend_pid();
        let locks = relation_locks(self.other, pid).await;
        self.keep(locks.map(|locks| locks.into_iter().map(|lock| (lock.oid, lock.mode)).collect()));
        let waits = "SELECT pg_catalog.pg_backend_pid() = ANY (pg_catalog.pg_blocking_pids($1))";
        match self.other.query(waits, &[&pid]).await {
            Ok(rows) => rows.first().is_some_and(|row| row.get(0)),
            Err(failure) => {
                self.failure.get_or_insert(failure);
                true
            }
        }
    }

    async fn release(&mut self, sql: &str) {
        if let Err(failure) = self.other.execute(sql).await {
            self.failure.get_or_insert(failure);
        }
    }

    fn keep(&mut self, locks: Result<Vec<(u32, LockMode)>, DbFailure>) {
        match locks {
            Ok(locks) => {
                for (oid, mode) in locks {
                    let strongest = self.strongest.entry(oid).or_insert(mode);
                    *strongest = mode.max(*strongest);
                }
            }
            Err(failure) => drop(self.failure.get_or_insert(failure)),
        }
    }

    /// What was measured, once the script has ended.
    pub(super) async fn end(mut self, session: &Session, migration: &Migration) -> Locked {
        for (name, table) in &mut self.tables {
            if table.refused.is_none() {
                table.after = oid(session, name).await.ok().flatten();
            }
        }
        Locked {
            migration: migration.id.clone(),
            tables: self.tables,
            strongest: self.strongest,
            failure: self.failure,
        }
    }
}

#[async_trait]
impl ScriptObserver for Watch<'_> {
    async fn statement(&mut self, sending: Sending<'_>, sent: Sent<'_>) -> Result<Execution, DbFailure> {
        match sending.standing {
            Standing::Alone => self.around(sent).await,
            _ => sent.await,
        }
    }

    async fn before_commit(&mut self) {
        self.read().await;
    }
}

impl Locked {
    /// What is wrong when the step may take at most `most` on `table`.
    pub(super) fn judge(
        &self,
        test: &UserTest,
        most: LockMode,
        table: &str,
        span: Range<usize>,
    ) -> Option<Diagnostic> {
        let known = self.tables.get(table).cloned().unwrap_or_default();
        if let Some(refused) = &known.refused {
            return Some(test.problem(span, refused, "write the table's name as SQL does"));
        }
        if let Some(failure) = &self.failure {
            return Some(test.problem(
                span,
                &format!("the locks could not be read: {failure}"),
                "run it again",
            ));
        }
        let oids: Vec<u32> = known.before.into_iter().chain(known.after).collect();
        if oids.is_empty() {
            let help = "name a table that is there before or after the migration";
            return Some(test.problem(span, &format!("there is no table {table}"), help));
        }
        let took = oids.iter().filter_map(|oid| self.strongest.get(oid)).max()?;
        if *took <= most {
            return None;
        }
        let message = format!("{}: {} takes more than {most} on {table}", test.name(), self.migration);
        let finding = test.finding("test-lock-too-strong", span, message);
        Some(
            finding
                .with_label(format!("it takes {took}"))
                .with_evidence("migration", self.migration.clone())
                .with_evidence("lock", took.as_str()),
        )
    }
}

/// The oid of the relation that SQL calls `name`.
async fn oid(session: &Session, name: &str) -> Result<Option<u32>, DbFailure> {
    let rows = session.query("SELECT pg_catalog.to_regclass($1)::oid", &[&name]).await?;
    Ok(rows.first().and_then(|row| row.get(0)))
}
