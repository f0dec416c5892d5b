//! Running one test on a database that is its own.

use std::ops::Range;
use std::time::{Duration, Instant};

use confiture_core::db::{DbFailure, ScratchDb, ServerKind, Session};
use confiture_core::migration::layout::Loaded;
use confiture_core::migration::{Direction, Migration, ScriptStatement, Step};
use confiture_core::plugin::ScriptRun;
use confiture_core::report::CheckStatus;
use confiture_core::{Diagnostic, Severity};

use super::command::run_command;
use super::expect::{self, Met};
use super::locks::{Locked, Watch};
use super::tap::{Tap, TapStatus, parse_tap};
use super::test::{Action, Expectation, TestKind, UserTest};
use crate::checks::blame::sqlstate_name;
use crate::error::FixtureError;
use crate::ladder::{REACHES_OUT, reaches_out};
use crate::runner::{
    MigrationRunner, failing_span, find_version, run_in_transaction, run_observed, run_script, send,
};

/// What tests are run with.
#[derive(Debug, Clone, Copy)]
pub struct Bench<'a> {
    /// The migrations that `migrate to` applies: those of the directory, or changed ones.
    pub loaded: &'a Loaded,
    /// Most time one statement may take; `None` waits for ever.
    pub deadline: Option<Duration>,
    /// Stop at the first thing that is wrong: enough for a verdict.
    pub fail_fast: bool,
}

/// The code of what a test that never started failed with: a migration before it.
pub const NOT_REACHED: &str = "test-not-reached";

/// How a test ended.
#[derive(Debug, Clone)]
pub struct TestOutcome {
    /// Passed, failed or skipped.
    pub status: CheckStatus,
    /// Why it was skipped.
    pub reason: Option<String>,
    /// What is wrong, the first thing first; empty unless it failed.
    pub findings: Vec<Diagnostic>,
    /// What it judged: assertions, announced failures, indexes, locks, verified statements, TAP tests.
    pub assertions: usize,
    /// Wall time.
    pub elapsed: Duration,
}

/// Runs `test` on `database`, where the migrations up to and including the place `at` are applied (`None`: no
/// migration is).
///
/// Migrations it asks for are run from [`Bench::loaded`], each script under its tool's own rules, in a session
/// of their own. The database is the test's: what it writes stays there. A verify script alone is run in a
/// transaction that is rolled back.
///
/// Costs a connection, one query a statement, one more an assertion, and what the migrations cost.
///
/// # Errors
/// When no session can be opened; what the server refuses of the test is a finding.
pub async fn run(
    test: &UserTest,
    database: &ScratchDb,
    at: Option<usize>,
    bench: &Bench<'_>,
) -> Result<TestOutcome, FixtureError> {
    let started = Instant::now();
    let mut run = Run::new(test, Some(database), bench, at);
    if !test.problems.is_empty() {
        run.findings = test.problems.clone();
    } else if let Some(command) = &test.command {
        let version = at.and_then(|at| bench.loaded.migrations.get(at));
        let version = version.map(|m| if m.version.is_empty() { &m.id } else { &m.version });
        run.assertions = 1;
        run.findings.extend(run_command(command, database, version.map_or("", String::as_str)).await?);
    } else {
        let mut session = database.session().await?;
        session.set_deadline(bench.deadline);
        let done = match test.kind {
            TestKind::Verify => run.verify(&session).await,
            TestKind::PgTap => run.pgtap(&session).await,
            _ => run.actions(&session).await,
        };
        session.close().await;
        done?;
    }
    Ok(run.outcome(started))
}

/// Runs a verify script in a transaction of `session` that is rolled back.
pub(super) async fn run_verify(
    test: &UserTest,
    session: &Session,
    bench: &Bench<'_>,
) -> Result<TestOutcome, FixtureError> {
    let started = Instant::now();
    let mut run = Run::new(test, None, bench, None);
    run.verify(session).await?;
    Ok(run.outcome(started))
}

/// Runs `test` in one transaction of `session` that is rolled back: first the migrations after the place `at`
/// up to where the test starts, then the test.
///
/// For tests that [run within](UserTest::runs_within) one; constraints are checked at the end of every
/// statement, as commits would.
///
/// # Errors
/// When the transaction cannot be begun or rolled back; what the server refuses of the test is a finding.
pub async fn run_within(
    test: &UserTest,
    session: &Session,
    at: Option<usize>,
    bench: &Bench<'_>,
) -> Result<TestOutcome, FixtureError> {
    let started = Instant::now();
    let mut run = Run::new(test, None, bench, at);
    run.shared = Some(session);
    let start = match test.needs(bench.loaded) {
        Ok(needs) => needs.start,
        Err(problem) => {
            run.findings.push(*problem);
            return Ok(run.outcome(started));
        }
    };
    let begun = session.execute("BEGIN").await;
    begun.map_err(|source| FixtureError::Query { doing: "begin a transaction", source })?;
    let goes = match start {
        Some(start) => run.climb(start, &(0..0), &[]).await?,
        None => Goes::On,
    };
    if goes == Goes::NoFurther {
        // Not the test's own doing.
        for finding in &mut run.findings {
            finding.code = NOT_REACHED;
        }
    } else {
        let checked = session.execute("SET CONSTRAINTS ALL IMMEDIATE").await;
        checked.map_err(|source| FixtureError::Query { doing: "check constraints", source })?;
        run.actions(session).await?;
    }
    if session.is_usable() {
        let ended = session.execute("ROLLBACK; RESET ALL; SET SESSION AUTHORIZATION DEFAULT").await;
        ended.map_err(|source| FixtureError::Query { doing: "roll back a transaction", source })?;
    }
    Ok(run.outcome(started))
}

/// Whether the test goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goes {
    On,
    NoFurther,
}

/// A test being run.
struct Run<'a> {
    test: &'a UserTest,
    /// `None` for what needs one session only.
    database: Option<&'a ScratchDb>,
    /// The session of a test that stands in one transaction as a whole.
    shared: Option<&'a Session>,
    bench: &'a Bench<'a>,
    /// The last migration applied.
    at: Option<usize>,
    skipped: Option<String>,
    findings: Vec<Diagnostic>,
    assertions: usize,
    /// What `at-most` asks for, of the last step that was measured.
    locked: Locked,
}

impl<'a> Run<'a> {
    fn new(
        test: &'a UserTest,
        database: Option<&'a ScratchDb>,
        bench: &'a Bench<'a>,
        at: Option<usize>,
    ) -> Self {
        Self {
            test,
            database,
            shared: None,
            bench,
            at,
            skipped: None,
            findings: Vec::new(),
            assertions: 0,
            locked: Locked::default(),
        }
    }

    fn outcome(self, started: Instant) -> TestOutcome {
        let status = match (&self.skipped, self.findings.is_empty()) {
            (_, false) => CheckStatus::Failed,
            (Some(_), true) => CheckStatus::Skipped,
            (None, true) => CheckStatus::Passed,
        };
        TestOutcome {
            status,
            reason: self.skipped.filter(|_| status == CheckStatus::Skipped),
            findings: self.findings,
            assertions: self.assertions,
            elapsed: started.elapsed(),
        }
    }

    fn source_text(&self) -> &'a str {
        self.test.source.as_ref().map_or("", |source| source.text.as_str())
    }

    /// A second session in the test's database.
    async fn helper(&self) -> Result<Session, FixtureError> {
        let Some(database) = self.database else { return Err(FixtureError::Interrupted) };
        let mut session = database.session().await?;
        session.set_deadline(self.bench.deadline);
        Ok(session)
    }

    async fn actions(&mut self, session: &Session) -> Result<(), FixtureError> {
        for (place, action) in self.test.actions.iter().enumerate() {
            let goes = match action {
                Action::Statement { statement, expected } => {
                    self.statement(session, statement, expected).await?
                }
                other => self.directive(place, other).await?,
            };
            if goes == Goes::NoFurther {
                break;
            }
        }
        Ok(())
    }

    /// What stands at `place` and is no statement of the test's.
    async fn directive(&mut self, place: usize, action: &Action) -> Result<Goes, FixtureError> {
        Ok(match action {
            Action::Migrate { version, span, measured, caught } => {
                let tables = if *measured { self.tables_after(place) } else { Vec::new() };
                self.migrate(version, span, tables, caught.as_deref()).await?
            }
            Action::Rollback { version, span, caught } => {
                self.rollback(version, span, caught.as_deref()).await?
            }
            Action::AtMost { mode, table, span } => {
                self.assertions += 1;
                let wrong = self.locked.judge(self.test, *mode, table, span.clone());
                self.note(wrong)
            }
            Action::Statement { .. } => Goes::On,
        })
    }

    fn note(&mut self, wrong: Option<Diagnostic>) -> Goes {
        let stop = wrong.is_some() && self.bench.fail_fast;
        self.findings.extend(wrong);
        if stop { Goes::NoFurther } else { Goes::On }
    }

    /// The tables of the `at-most` directives about the step at `place`.
    fn tables_after(&self, place: usize) -> Vec<String> {
        let after = self.test.actions.iter().skip(place + 1);
        let step = after.take_while(|a| !matches!(a, Action::Migrate { .. } | Action::Rollback { .. }));
        step.filter_map(|action| match action {
            Action::AtMost { table, .. } => Some(table.clone()),
            _ => None,
        })
        .collect()
    }

    async fn statement(
        &mut self,
        session: &Session,
        statement: &ScriptStatement,
        expected: &[(Expectation, Range<usize>)],
    ) -> Result<Goes, FixtureError> {
        if expected.is_empty() {
            return Ok(match send(session, statement, self.source_text()).await {
                Ok(_) => Goes::On,
                Err(failure) => self.refused(statement, &failure),
            });
        }
        let mut goes = Goes::On;
        // The plan first: the assertion runs the statement.
        let planned = expected.iter().filter(|(e, _)| matches!(e, Expectation::UsesIndex(_)));
        let others = expected.iter().filter(|(e, _)| !matches!(e, Expectation::UsesIndex(_)));
        for (expectation, span) in planned.chain(others) {
            self.assertions += 1;
            let met = match expectation {
                Expectation::Assert => expect::assert(session, statement).await,
                Expectation::UsesIndex(name) => expect::uses_index(session, statement, name).await,
                Expectation::Verify { rows } => expect::verify(session, statement, *rows).await,
                Expectation::Catch(state) => match self.code_of(state, span).await? {
                    Some(code) => self.catch(session, statement, &code).await?,
                    None => return Ok(Goes::NoFurther),
                },
            };
            match met {
                Met::Yes => {}
                Met::No { code, message, label, help } => {
                    let (start, text) = (statement.span.start, &statement.sql);
                    let first_line = start..start + text.lines().next().map_or(0, str::len);
                    let message = format!("{}: {message}", self.test.name);
                    let mut finding = self.test.finding(code, first_line, message).with_label(label);
                    if let Some(help) = help {
                        finding = finding.with_help(help);
                    }
                    goes = self.note(Some(finding));
                }
                Met::Refused(failure) => goes = self.refused(statement, &failure),
            }
            if goes == Goes::NoFurther {
                break;
            }
        }
        Ok(if session.is_usable() { goes } else { Goes::NoFurther })
    }

    /// The SQLSTATE of `state`, a SQLSTATE or the name of one; `None`, with a finding, where it is neither.
    async fn code_of(&mut self, state: &str, span: &Range<usize>) -> Result<Option<String>, FixtureError> {
        if state.len() == 5 {
            return Ok(Some(state.to_owned()));
        }
        let code = match self.shared {
            Some(shared) => {
                savepoint(shared).await?;
                let code = expect::condition(shared, state).await;
                back_to_savepoint(shared).await?;
                code
            }
            None => {
                let helper = self.helper().await?;
                let code = expect::condition(&helper, state).await;
                helper.close().await;
                code
            }
        };
        Ok(match code {
            Ok(code) => Some(code),
            Err(unknown) => {
                let help = "PL/pgSQL knows the names of appendix A of the manual";
                self.findings.push(self.test.problem(span.clone(), &unknown, help));
                None
            }
        })
    }

    /// A statement that has to fail; in a transaction, behind a savepoint.
    async fn catch(
        &self,
        session: &Session,
        statement: &ScriptStatement,
        code: &str,
    ) -> Result<Met, FixtureError> {
        let Some(shared) = self.shared else {
            return Ok(expect::catch(session, statement, self.source_text(), code).await);
        };
        savepoint(shared).await?;
        let met = expect::catch(session, statement, self.source_text(), code).await;
        back_to_savepoint(shared).await?;
        Ok(met)
    }

    /// A statement that failed without having announced it ends the test.
    fn refused(&mut self, statement: &ScriptStatement, failure: &DbFailure) -> Goes {
        let span = failing_span(self.source_text(), statement, failure);
        let code = if self.test.kind == TestKind::Verify { "verify-fails" } else { "test-statement-fails" };
        let (sqlstate, what) = state_of(failure);
        let message = format!("{}: the statement fails: {what}", self.test.name);
        let finding = self.test.finding(code, span, message).with_label(said(failure));
        let finding = match (self.test.kind, failure.is_timeout()) {
            (TestKind::Directives, false) => finding
                .with_help(format!("if it has to fail, write  -- confiture: catch {sqlstate}  above it")),
            _ => finding,
        };
        self.findings.push(finding.with_evidence("sqlstate", sqlstate));
        Goes::NoFurther
    }

    async fn migrate(
        &mut self,
        version: &str,
        span: &Range<usize>,
        tables: Vec<String>,
        caught: Option<&str>,
    ) -> Result<Goes, FixtureError> {
        let target = find_version(self.bench.loaded, version)?;
        let Some(state) = caught else { return self.climb(target, span, &tables).await };
        if let Some(before) = target.checked_sub(1)
            && self.climb(before, span, &[]).await? == Goes::NoFurther
        {
            return Ok(Goes::NoFurther);
        }
        self.failing_step(target, Direction::Up, state, span).await
    }

    /// The script of the migration at `place`, which has to fail with `state`.
    async fn failing_step(
        &mut self,
        place: usize,
        direction: Direction,
        state: &str,
        span: &Range<usize>,
    ) -> Result<Goes, FixtureError> {
        self.assertions += 1;
        let Some(code) = self.code_of(state, span).await? else { return Ok(Goes::NoFurther) };
        let known = self.findings.len();
        let goes = self.step(place, direction, span, &[]).await?;
        let id = &self.bench.loaded.migrations[place].id;
        let what = if direction == Direction::Up { "up" } else { "down" };
        let expected = format!("{code} {}", sqlstate_name(&code));
        let message = format!("{}: {id} {what} has to fail with {}", self.test.name, expected.trim_end());
        if goes == Goes::On {
            self.at = if direction == Direction::Up { Some(place) } else { place.checked_sub(1) };
            let finding = self.test.finding("test-error-expected", span.clone(), message);
            return Ok(self.note(Some(finding.with_label("it goes through"))));
        }
        // Skipped, and what cannot be run, stay what they are.
        let failed = self.findings.get(known).and_then(|finding| finding.evidence.get("sqlstate"));
        let Some(failed) = failed.and_then(|value| value.as_str()).map(str::to_owned) else {
            return Ok(goes);
        };
        if failed == code {
            self.findings.truncate(known);
            return Ok(Goes::On);
        }
        if let Some(finding) = self.findings.get_mut(known) {
            finding.message = message;
        }
        Ok(Goes::NoFurther)
    }

    /// Applies the migrations up to and including the one at `target`.
    async fn climb(
        &mut self,
        target: usize,
        span: &Range<usize>,
        tables: &[String],
    ) -> Result<Goes, FixtureError> {
        let first = self.at.map_or(0, |at| at + 1);
        for place in first..=target {
            let watched = if place == target { tables } else { &[] };
            if self.step(place, Direction::Up, span, watched).await? == Goes::NoFurther {
                return Ok(Goes::NoFurther);
            }
            self.at = Some(place);
        }
        Ok(Goes::On)
    }

    async fn rollback(
        &mut self,
        version: &str,
        span: &Range<usize>,
        caught: Option<&str>,
    ) -> Result<Goes, FixtureError> {
        let target = find_version(self.bench.loaded, version)?;
        while let Some(place) = self.at.filter(|at| *at > target) {
            if let Some(state) = caught
                && place == target + 1
            {
                return self.failing_step(place, Direction::Down, state, span).await;
            }
            if self.step(place, Direction::Down, span, &[]).await? == Goes::NoFurther {
                return Ok(Goes::NoFurther);
            }
            self.at = place.checked_sub(1);
        }
        Ok(Goes::On)
    }

    /// Runs one script of one migration, in a session of its own.
    async fn step(
        &mut self,
        place: usize,
        direction: Direction,
        span: &Range<usize>,
        tables: &[String],
    ) -> Result<Goes, FixtureError> {
        let migration = &self.bench.loaded.migrations[place];
        let given = self.database.is_some_and(|db| db.server().kind() == ServerKind::Given);
        if given && reaches_out(migration) {
            return Ok(self.skip(format!("{} was not run: {REACHES_OUT}", migration.id)));
        }
        let script = match migration.step(direction) {
            Step::Sql(script) => script,
            Step::Absent if direction == Direction::Up => return Ok(Goes::On),
            Step::Absent => {
                let label = format!("{} has no down script", migration.id);
                let finding = self.migration_fails(span.clone(), &migration.id, direction, &label);
                self.findings.push(finding.with_help("write it, or test up to this migration only"));
                return Ok(Goes::NoFurther);
            }
            Step::NotRunnable { reason, .. } => {
                return Ok(self.skip(format!("{} cannot be run: {reason}", migration.id)));
            }
        };
        if let Some(session) = self.shared {
            let run = run_in_transaction(session, script, direction).await;
            return Ok(self.stepped(&run, migration, direction, span));
        }
        let session = self.helper().await?;
        let run: Result<ScriptRun, FixtureError> = if tables.is_empty() {
            Ok(run_script(&session, script, direction).await)
        } else {
            let other = self.helper().await?;
            let mut watch = Watch::start(&session, &other, tables).await;
            let run = run_observed(&session, script, direction, &mut watch).await;
            self.locked = watch.end(&session, migration).await;
            other.close().await;
            Ok(run)
        };
        let run = run?;
        if self.stepped(&run, migration, direction, span) == Goes::NoFurther {
            session.close().await;
            return Ok(Goes::NoFurther);
        }
        let runner = MigrationRunner::attached(&session, self.bench.loaded);
        if let Err(failure) = runner.record(migration, direction).await {
            tracing::debug!(migration = %migration.id, %failure, "not recorded in the tool's table");
        }
        session.close().await;
        Ok(Goes::On)
    }

    /// What a migration that was asked for means for the test.
    fn stepped(
        &mut self,
        run: &ScriptRun,
        migration: &Migration,
        direction: Direction,
        span: &Range<usize>,
    ) -> Goes {
        let Some(failed) = &run.failure else { return Goes::On };
        let (sqlstate, what) = state_of(&failed.failure);
        let file = failed.location.file.display();
        let label = format!("{what} at {file}:{}: {}", failed.location.line, said(&failed.failure));
        let finding = self.migration_fails(span.clone(), &migration.id, direction, &label);
        self.findings.push(finding.with_evidence("sqlstate", sqlstate));
        Goes::NoFurther
    }

    fn skip(&mut self, reason: String) -> Goes {
        self.skipped = Some(reason);
        Goes::NoFurther
    }

    fn migration_fails(
        &self,
        span: Range<usize>,
        migration: &str,
        direction: Direction,
        label: &str,
    ) -> Diagnostic {
        let what = if direction == Direction::Up { "up" } else { "down" };
        let message = format!("{}: {migration} {what} fails on the rows of the test", self.test.name);
        let finding = self.test.finding("test-migration-fails", span, message);
        finding.with_label(label).with_evidence("migration", migration)
    }

    async fn verify(&mut self, session: &Session) -> Result<(), FixtureError> {
        let begun = session.execute("BEGIN").await;
        begun.map_err(|source| FixtureError::Query { doing: "begin a transaction", source })?;
        self.actions(session).await?;
        if session.is_usable() {
            let ended = session.execute("ROLLBACK; RESET ALL; SET SESSION AUTHORIZATION DEFAULT").await;
            ended.map_err(|source| FixtureError::Query { doing: "roll back a transaction", source })?;
        }
        Ok(())
    }

    async fn pgtap(&mut self, session: &Session) -> Result<(), FixtureError> {
        let helper = self.helper().await?;
        let ready = expect::provide_pgtap(&helper, self.test).await;
        helper.close().await;
        match ready {
            Ok(None) => {}
            Ok(Some(reason)) => {
                self.skipped = Some(reason);
                return Ok(());
            }
            Err(source) => return Err(FixtureError::Query { doing: "create the extension pgtap", source }),
        }
        // Every line of TAP with the statement it came from.
        let mut lines: Vec<String> = Vec::new();
        let mut from: Vec<Range<usize>> = Vec::new();
        for (place, action) in self.test.actions.iter().enumerate() {
            let goes = match action {
                Action::Statement { statement, .. } => match session.query_simple(&statement.sql).await {
                    Err(failure) => self.refused(statement, &failure),
                    Ok(result) => {
                        for value in result.rows.iter().flatten().flatten() {
                            for line in value.lines() {
                                lines.push(line.to_owned());
                                let first = statement.sql.lines().next().map_or(0, str::len);
                                from.push(statement.span.start..statement.span.start + first);
                            }
                        }
                        Goes::On
                    }
                },
                other => self.directive(place, other).await?,
            };
            if goes == Goes::NoFurther {
                break;
            }
        }
        let locks = self.assertions;
        let tap = parse_tap(&lines.join("\n"));
        self.assertions += tap.tests.iter().filter(|test| test.status != TapStatus::Skipped).count();
        for test in tap.tests.iter().filter(|test| test.status == TapStatus::Failed) {
            let span = from.get(test.line).cloned().unwrap_or(0..0);
            let name = if test.description.is_empty() { "" } else { " - " };
            let message = format!("{}: not ok {}{name}{}", self.test.name, test.number, test.description);
            let finding = self.test.finding("tap-fails", span, message);
            self.findings.push(finding.with_label(test.diagnostics.join("; ")));
        }
        if self.skipped.is_none() && self.findings.is_empty() {
            if let Some(wrong) = tap.problem() {
                let message = format!("{}: {wrong}", self.test.name);
                self.findings.push(self.test.finding("tap-fails", 0..0, message));
            } else if self.assertions == locks {
                self.ran_nothing(&tap);
            }
        }
        Ok(())
    }

    /// A plan that asks for nothing (`1..0 # SKIP`) skips the file, as TAP has it; tests that were begun and
    /// all skipped are a test that judged nothing.
    fn ran_nothing(&mut self, tap: &Tap) {
        let reason = tap.skip_reason();
        if tap.tests.is_empty() && tap.skip_all.as_ref().is_some_and(|why| !why.is_empty()) {
            self.skipped = Some(reason);
            return;
        }
        let message = format!("{}: {reason}", self.test.name);
        let help = "a test that ran nothing is no pass: remove skip(), or the file";
        self.findings.push(self.test.finding("test-asserts-nothing", 0..0, message).with_help(help));
    }
}

async fn savepoint(session: &Session) -> Result<(), FixtureError> {
    let set = session.execute("SAVEPOINT confiture_catch").await;
    set.map(drop).map_err(|source| FixtureError::Query { doing: "set a savepoint", source })
}

/// Where the session can still be used.
async fn back_to_savepoint(session: &Session) -> Result<(), FixtureError> {
    if !session.is_usable() {
        return Ok(());
    }
    let ended = session.execute("ROLLBACK TO SAVEPOINT confiture_catch").await;
    ended.map(drop).map_err(|source| FixtureError::Query { doing: "roll back to a savepoint", source })
}

/// The SQLSTATE and, where it is known, its name.
fn state_of(failure: &DbFailure) -> (String, String) {
    let sqlstate = failure.sqlstate.clone().unwrap_or_default();
    let what = format!("{sqlstate} {}", sqlstate_name(&sqlstate));
    (sqlstate, what.trim().to_owned())
}

/// The server's message and detail, a line each at most.
pub(super) fn said(failure: &DbFailure) -> String {
    let mut text = failure.message.lines().next().unwrap_or_default().to_owned();
    if let Some(detail) = &failure.detail {
        text.push_str(&format!(" ({})", detail.lines().next().unwrap_or_default()));
    }
    text
}

impl TestOutcome {
    /// Whether it failed because of the server or the clock, which says nothing about what it tests.
    pub fn is_trouble(&self) -> bool {
        self.findings.iter().any(|finding| {
            let sqlstate = finding.evidence.get("sqlstate").and_then(|value| value.as_str());
            let class = sqlstate.map(|state| state.get(..2).unwrap_or_default());
            matches!(class, Some("" | "08" | "40" | "53" | "57" | "58" | "XX"))
                || finding.evidence.contains_key("timeout")
        })
    }

    /// A test that was not run.
    pub(super) fn skipped(reason: impl Into<String>) -> Self {
        Self {
            status: CheckStatus::Skipped,
            reason: Some(reason.into()),
            findings: Vec::new(),
            assertions: 0,
            elapsed: Duration::ZERO,
        }
    }

    /// A test that failed because a migration before it does.
    pub fn not_reached(migration: &str, failure: &DbFailure) -> Self {
        let message = format!("{migration} fails before the test starts: {failure}");
        let sqlstate = failure.sqlstate.clone().unwrap_or_default();
        Self::unusable(vec![
            Diagnostic::new(NOT_REACHED, Severity::High, message).with_evidence("sqlstate", sqlstate),
        ])
    }

    /// A test that failed before it was run.
    pub(super) fn unusable(findings: Vec<Diagnostic>) -> Self {
        debug_assert!(findings.iter().all(|finding| finding.severity > Severity::Info));
        let status = CheckStatus::Failed;
        Self { status, reason: None, findings, assertions: 0, elapsed: Duration::ZERO }
    }
}
