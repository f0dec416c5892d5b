//! `UserTest`: one test, read and understood, nothing run.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use confiture_core::db::LockMode;
use confiture_core::migration::layout::Loaded;
use confiture_core::migration::{ScriptStatement, Source};
use confiture_core::sql::{self, ObjectKind, Reach, SessionEffect, TransactionSafety};
use confiture_core::{Diagnostic, Location, Severity};

use crate::runner::find_version;

/// What a test is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestKind {
    /// SQL with `-- confiture:` directives.
    Directives,
    /// The verify script of a migration.
    Verify,
    /// pgTAP: what its statements return is TAP.
    PgTap,
    /// A command line.
    Command,
}

impl TestKind {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Directives => "directives",
            Self::Verify => "verify",
            Self::PgTap => "pgtap",
            Self::Command => "command",
        }
    }
}

/// One of the user's own tests.
///
/// A file that cannot be used (an unknown directive, nothing that could fail) is a test all the same: it
/// fails with what is wrong as its finding, before anything is run.
///
/// # Example
/// ```
/// use confiture_fixtures::sqltest::{TestKind, UserTest};
///
/// let text = "-- confiture: assert\nSELECT count(*) = 0 FROM users;\n";
/// let test = UserTest::parse("users_are_empty", "users_are_empty.sql".as_ref(), text.to_owned());
/// assert_eq!((test.kind(), test.problems().len()), (TestKind::Directives, 0));
/// ```
#[derive(Debug, Clone)]
pub struct UserTest {
    pub(super) name: String,
    pub(super) kind: TestKind,
    pub(super) source: Option<Arc<Source>>,
    pub(super) actions: Vec<Action>,
    pub(super) problems: Vec<Diagnostic>,
    pub(super) command: Option<TestCommand>,
    /// The migration a verify script belongs to.
    pub(super) verifies: Option<String>,
}

/// A command line and how long it may take.
#[derive(Debug, Clone)]
pub(super) struct TestCommand {
    pub(super) line: String,
    pub(super) limit: Duration,
}

/// One step of a test, in the order of the file.
#[derive(Debug, Clone)]
pub(super) enum Action {
    /// `migrate to V`; `measured` when an `at-most` asks for its locks, `caught` when its last step has to fail with
    /// this SQLSTATE or condition name.
    Migrate { version: String, span: Range<usize>, measured: bool, caught: Option<String> },
    /// `rollback to V`; `caught` as above.
    Rollback { version: String, span: Range<usize>, caught: Option<String> },
    /// `at-most MODE on TABLE`.
    AtMost { mode: LockMode, table: String, span: Range<usize> },
    /// A statement and what is expected of it.
    Statement { statement: ScriptStatement, expected: Vec<(Expectation, Range<usize>)> },
}

/// What a directive expects of the statement below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expectation {
    /// At least one row, every column of every row true.
    Assert,
    /// It fails with this SQLSTATE or condition name.
    Catch(String),
    /// Its plan uses this index.
    UsesIndex(String),
    /// The rule of a verify script: it succeeds; `rows` asks also for a row and for true booleans.
    Verify { rows: bool },
}

/// On which states of the chain a test depends. Places count from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// The last migration applied before the test starts; `None` for the fresh database.
    pub start: Option<usize>,
    /// The migrations it applies or rolls back itself, in order, each once.
    pub steps: Vec<usize>,
    /// Those of them whose down script it runs.
    pub rolled_back: Vec<usize>,
}

impl Needs {
    /// A test that goes nowhere from `start`.
    pub fn at(start: Option<usize>) -> Self {
        Self { start, steps: Vec::new(), rolled_back: Vec::new() }
    }

    /// The last migration of the chain it needs to be there.
    pub fn last(&self) -> Option<usize> {
        self.steps.iter().copied().max().max(self.start)
    }
}

impl UserTest {
    /// Its name, unique among those that were loaded together.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is written as.
    pub fn kind(&self) -> TestKind {
        self.kind
    }

    /// Its file; a command has none.
    pub fn file(&self) -> Option<&Path> {
        self.source.as_ref().map(|source| source.path.as_path())
    }

    /// The text of its file, or the command line.
    pub fn text(&self) -> &str {
        match (&self.source, &self.command) {
            (Some(source), _) => &source.text,
            (None, Some(command)) => &command.line,
            (None, None) => "",
        }
    }

    /// What makes the file unusable; a test with any fails without being run.
    pub fn problems(&self) -> &[Diagnostic] {
        &self.problems
    }

    /// A command line, run by `sh` on a database of its own at the end of the chain.
    pub fn command(line: &str, limit: Duration) -> Self {
        Self {
            name: line.to_owned(),
            kind: TestKind::Command,
            source: None,
            actions: Vec::new(),
            problems: Vec::new(),
            command: Some(TestCommand { line: line.to_owned(), limit }),
            verifies: None,
        }
    }

    /// On which states it depends.
    ///
    /// A file starts at the version its first `migrate to` names (one before, when an `at-most` asks for the
    /// locks of that very step, or a `catch` for its failure), and at the last one of `loaded` when it names none,
    /// as a command does.
    ///
    /// # Errors
    /// A finding about the directive that names no version of `loaded`, or one in the wrong direction.
    pub fn needs(&self, loaded: &Loaded) -> Result<Needs, Box<Diagnostic>> {
        let end = loaded.migrations.len().checked_sub(1);
        if let Some(migration) = &self.verifies {
            let start = loaded.migrations.iter().position(|m| &m.id == migration);
            return Ok(Needs::at(start));
        }
        let find = |version: &str, span: &Range<usize>| {
            find_version(loaded, version).map_err(|error| {
                let text = format!("{error}");
                Box::new(self.problem(span.clone(), "no such version", &text))
            })
        };
        let mut needs: Option<Needs> = None;
        let mut at = None;
        for action in &self.actions {
            match action {
                Action::Migrate { version, span, measured, caught } => {
                    let target = find(version, span)?;
                    let reached = if caught.is_some() { target.checked_sub(1) } else { Some(target) };
                    let Some(needs) = &mut needs else {
                        let own = *measured || caught.is_some();
                        let start = if own { target.checked_sub(1) } else { Some(target) };
                        let steps = if own { vec![target] } else { Vec::new() };
                        needs = Some(Needs { steps, ..Needs::at(start) });
                        at = reached;
                        continue;
                    };
                    if at.is_some_and(|at| target <= at) {
                        let label =
                            format!("the test is at {} already", loaded.migrations[at.unwrap_or(0)].id);
                        let help = "use  rollback to VERSION  to go back";
                        return Err(Box::new(self.problem(span.clone(), &label, help)));
                    }
                    let first = at.map_or(0, |at| at + 1);
                    needs.steps.extend(first..=target);
                    at = reached;
                }
                Action::Rollback { version, span, caught } => {
                    let target = find(version, span)?;
                    let needs = needs.get_or_insert_with(|| Needs::at(end));
                    let from = at.or(end);
                    if from.is_none_or(|from| target >= from) {
                        let label = "the test is not past this version";
                        let help = "use  migrate to VERSION  to go forward";
                        return Err(Box::new(self.problem(span.clone(), label, help)));
                    }
                    let down = (target + 1..=from.unwrap_or(0)).rev();
                    needs.steps.extend(down.clone());
                    needs.rolled_back.extend(down);
                    at = Some(if caught.is_some() { target + 1 } else { target });
                }
                Action::AtMost { .. } | Action::Statement { .. } => {}
            }
        }
        let mut needs = needs.unwrap_or_else(|| Needs::at(end));
        let mut seen = std::collections::BTreeSet::new();
        needs.steps.retain(|step| seen.insert(*step));
        Ok(needs)
    }

    /// Whether it can be run in one transaction that is rolled back and mean the same: no directive measures
    /// locks or asks for a migration's failure, and no statement refuses a transaction block, ends it, or changes the
    /// session for migrations that follow.
    pub fn runs_within(&self) -> bool {
        let migrates = self.actions.iter().any(|action| matches!(action, Action::Migrate { .. }));
        self.problems.is_empty()
            && matches!(self.kind, TestKind::Directives | TestKind::Verify)
            && self.actions.iter().all(|action| match action {
                Action::Migrate { measured, caught, .. } => !measured && caught.is_none(),
                Action::Rollback { caught, .. } => caught.is_none(),
                Action::AtMost { .. } => false,
                Action::Statement { statement, .. } => {
                    let class = sql::classify(&statement.sql);
                    class.transaction == TransactionSafety::Allowed
                        && class.control.is_none()
                        && !(migrates && class.session == SessionEffect::Session)
                }
            })
    }

    /// The SQL of its own statements, in order.
    pub fn statements(&self) -> impl Iterator<Item = &str> {
        self.actions.iter().filter_map(|action| match action {
            Action::Statement { statement, .. } => Some(&*statement.sql),
            _ => None,
        })
    }

    /// The first statement that changes what all databases of the server share, roles apart.
    pub(super) fn reaches_out(&self) -> bool {
        self.actions.iter().any(|action| match action {
            Action::Statement { statement, .. } => {
                let class = sql::classify(&statement.sql);
                class.reach == Reach::Cluster && class.object != Some(ObjectKind::Role)
            }
            _ => false,
        })
    }

    /// Where `span` of its file is.
    pub(super) fn locate(&self, span: Range<usize>) -> Option<Location> {
        let source = self.source.as_ref()?;
        Some(Location::new(&source.path, &source.text, span))
    }

    /// A finding at `span` of its file.
    pub(super) fn finding(&self, code: &'static str, span: Range<usize>, message: String) -> Diagnostic {
        let finding = Diagnostic::new(code, Severity::High, message);
        match self.locate(span) {
            Some(location) => finding.at(location),
            None => finding,
        }
    }

    /// A finding about a directive that cannot be followed.
    pub(super) fn problem(&self, span: Range<usize>, label: &str, help: &str) -> Diagnostic {
        let message = format!("the test {} cannot be run as it is written", self.name);
        self.finding("test-directive", span, message).with_label(label).with_help(help)
    }
}
