//! The `Check` trait: a judgement of one migration from what was observed around it.

use std::fmt::Debug;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;

use super::PluginMeta;
use crate::catalog::{Catalog, Difference};
use crate::db::{DbFailure, Notice};
use crate::diagnostic::{Diagnostic, Location};
use crate::migration::layout::Loaded;
use crate::migration::{Direction, Migration};

/// Where a script was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Committed in the chain's own database.
    Chain,
    /// In a transaction that was rolled back.
    Transaction,
    /// Committed in a clone that was dropped.
    Clone,
}

/// The statement that ended a script.
#[derive(Debug, Clone)]
pub struct StatementFailure {
    /// Index into the script's statements; `None` when the commit itself failed.
    pub statement: Option<usize>,
    /// What the server said.
    pub failure: DbFailure,
    /// The place in the user's file: the server's error position where it gave one.
    pub location: Location,
}

/// What happened when a script was run.
#[derive(Debug, Clone)]
pub struct ScriptRun {
    /// Which script.
    pub direction: Direction,
    /// Where it was run.
    pub isolation: Isolation,
    /// Wall time from the first statement to the end of the last.
    pub elapsed: Duration,
    /// Statements that succeeded.
    pub statements_run: usize,
    /// What ended it early.
    pub failure: Option<StatementFailure>,
    /// Notices with the index of the statement that caused them.
    pub notices: Vec<(usize, Notice)>,
}

/// A script interrupted before its last statement and run again, on a clone of the state before it.
#[derive(Debug, Clone)]
pub struct Interruption {
    /// Statements that had run when it was interrupted.
    pub statements_run: usize,
    /// What remained of them.
    pub left: Vec<Difference>,
    /// The failure of the second attempt; `None` when running the script again succeeded.
    pub rerun: Option<StatementFailure>,
}

/// Down and up again, from the state after the first up.
#[derive(Debug, Clone)]
pub struct RoundTrip {
    /// The rollback.
    pub down: ScriptRun,
    /// The catalog after the rollback.
    pub after_down: Catalog,
    /// Differences from the catalog before the first up; empty when the rollback is exact.
    pub down_differences: Vec<Difference>,
    /// Differences that come out otherwise each time the rollback is run (`'now'` in a view).
    pub down_unstable: Vec<Difference>,
    /// The second up; `None` when the rollback failed.
    pub re_up: Option<ScriptRun>,
    /// Differences of the second up's catalog from the first one's.
    pub re_up_differences: Vec<Difference>,
    /// Differences that come out otherwise each time the up is run.
    pub re_up_unstable: Vec<Difference>,
}

/// Something that may have been observed.
#[derive(Debug, Clone)]
pub enum Observation<T> {
    /// It was.
    Made(Box<T>),
    /// It was not wanted, or failed; says why.
    Not(String),
    /// There was nothing to observe; says why.
    Nothing(&'static str),
}

/// Everything observed about one migration.
#[derive(Debug, Clone)]
pub struct RungRecord {
    /// The catalog before its up.
    pub before: Catalog,
    /// The catalog after its up; what remained when the up failed.
    pub after: Catalog,
    /// Its up; `None` when there is nothing that can be run.
    pub up: Option<ScriptRun>,
    /// Down and up again; `None` when the up failed or there is no down to run.
    pub round_trip: Option<RoundTrip>,
    /// What an interrupted up leaves; `None` where the server itself guarantees that nothing remains.
    pub interruption: Option<Interruption>,
    /// The same on tables with rows.
    pub data: Observation<super::DataRecord>,
    /// Why it was not run although it could be; `None` when it was.
    pub refused: Option<String>,
    /// Places in the chain of the earlier migrations that were not applied, ascending.
    pub missing_before: Vec<usize>,
    /// The query files at the states before and after its up, in the order of their paths; empty when
    /// there are none, `None` when there are and its up was not applied.
    pub queries: Option<Vec<QueryRecord>>,
}

/// A query file at the states before and after a migration.
#[derive(Debug, Clone)]
pub struct QueryRecord {
    /// Its path as the user would write it.
    pub file: std::path::PathBuf,
    /// What it failed with before; `None` when it worked.
    pub before: Option<StatementFailure>,
    /// What it fails with after; `None` when it works.
    pub after: Option<StatementFailure>,
}

/// The schema the project says its migrations lead to.
#[derive(Debug, Clone)]
pub struct CommittedSchema {
    /// The file it was read from.
    pub path: PathBuf,
    /// What it holds.
    pub catalog: Catalog,
}

/// How often a check is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CheckScope {
    /// Of every migration that is judged.
    #[default]
    Migration,
    /// Once, at the last migration of the chain: [`CheckContext::record`] is of that one.
    Chain,
}

/// What a check may look at.
#[derive(Debug)]
#[non_exhaustive]
pub struct CheckContext<'a> {
    /// The migration to judge.
    pub migration: &'a Migration,
    /// Its place in the chain, from 0.
    pub index: usize,
    /// The whole directory.
    pub loaded: &'a Loaded,
    /// What was observed.
    pub record: &'a RungRecord,
    /// Versions of the base reference that are already released, when one was given.
    pub released: Option<&'a [String]>,
    /// The committed schema, where there is one.
    pub committed: Option<&'a CommittedSchema>,
}

impl<'a> CheckContext<'a> {
    /// A context without a base reference.
    pub fn new(loaded: &'a Loaded, index: usize, record: &'a RungRecord) -> Self {
        Self { migration: &loaded.migrations[index], index, loaded, record, released: None, committed: None }
    }

    /// Adds the ids of the migrations that the base reference already holds.
    #[must_use]
    pub fn with_released(mut self, released: Option<&'a [String]>) -> Self {
        self.released = released;
        self
    }

    /// Adds the committed schema.
    #[must_use]
    pub fn with_committed(mut self, committed: Option<&'a CommittedSchema>) -> Self {
        self.committed = committed;
        self
    }
}

/// How a check ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not.
    Failed,
    /// It was not judged; says why.
    Skipped(String),
    /// There is nothing to judge; says why.
    NotApplicable(String),
}

/// A check's judgement and what it has to say.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// How it ends.
    pub outcome: Outcome,
    /// What is wrong or worth knowing; may be non-empty when the check passes.
    pub findings: Vec<Diagnostic>,
}

impl Verdict {
    /// It holds and there is nothing to say.
    pub fn passed() -> Self {
        Self { outcome: Outcome::Passed, findings: Vec::new() }
    }

    /// Not judged.
    pub fn skipped(reason: impl Into<String>) -> Self {
        Self { outcome: Outcome::Skipped(reason.into()), findings: Vec::new() }
    }

    /// Nothing to judge.
    pub fn not_applicable(reason: impl Into<String>) -> Self {
        Self { outcome: Outcome::NotApplicable(reason.into()), findings: Vec::new() }
    }

    /// Failed when one of `findings` is above [`Info`](crate::Severity::Info), else passed.
    pub fn of(findings: Vec<Diagnostic>) -> Self {
        let failed = findings.iter().any(|finding| finding.severity > crate::Severity::Info);
        Self { outcome: if failed { Outcome::Failed } else { Outcome::Passed }, findings }
    }
}

/// Why a check could not judge.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The server refused something the check itself asked for.
    #[error("check {check}: {source}")]
    Database {
        /// Id of the check.
        check: &'static str,
        /// What the server said.
        source: DbFailure,
    },
}

/// A check of `confiture test`.
///
/// Checks are asked in the order of [`rank`](Check::rank), then id; [`scope`](Check::scope) says how often.
#[async_trait]
pub trait Check: Send + Sync + Debug {
    /// Id, summary and documentation.
    fn meta(&self) -> &'static PluginMeta;

    /// Place among the checks of a migration, ascending; the built-in ones use 10, 20, ….
    fn rank(&self) -> u32 {
        1000
    }

    /// Whether it is asked of every migration or of the chain.
    fn scope(&self) -> CheckScope {
        CheckScope::Migration
    }

    /// Judges one migration, or the chain at its last one.
    ///
    /// # Errors
    /// [`CheckError`] when it could not be judged; a defect of the migration is a finding.
    async fn judge(&self, cx: &CheckContext<'_>) -> Result<Verdict, CheckError>;
}
