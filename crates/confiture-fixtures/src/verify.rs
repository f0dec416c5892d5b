//! `verify_migrations`: the built-in checks as one test of a Rust program.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use confiture_core::Severity;
use confiture_core::db::{Server, ServerOptions};
use confiture_core::plugin::Registry;
use confiture_core::report::{Finding, RunReport, RunStatus};

use crate::error::FixtureError;
use crate::setup::SetupFile;
use crate::test_db::{TestDbBuilder, on_runtime, wait};
use crate::test_run::{TestOptions, TestRun, TestSource};
use crate::wanted::{Wanted, wanted_methods};

/// Judges the migrations of `dir` with every linked check, as `confiture test` does; for a test.
///
/// Works in a test of any kind, asynchronous or not. [`Verification`] has layouts, setup files and skipped
/// checks, and gives the report.
///
/// # Panics
/// When a check fails, with the findings as the command line prints them; when nothing could be judged;
/// when the directory cannot be read or there is no server.
///
/// # Example
/// ```no_run
/// #[test]
/// fn migrations_go_up_and_down() {
///     confiture_fixtures::verify_migrations("migrations");
/// }
/// ```
#[track_caller]
pub fn verify_migrations(dir: impl AsRef<Path>) {
    let verification = Verification::of(dir);
    let report = wait(async move || verification.judge().await);
    let report = report.unwrap_or_else(|error| panic!("failed to {error}"));
    assert!(report.status == RunStatus::Passed, "{}", report_text(&report));
}

/// A run of the built-in checks on one directory.
///
/// # Example
/// ```no_run
/// # async fn example() -> Result<(), confiture_fixtures::FixtureError> {
/// use confiture_core::report::RunStatus;
/// use confiture_fixtures::{Verification, report_text};
///
/// let report = Verification::of("db/migrations").setup("db/roles.sql").skip("atomic").run().await?;
/// assert_eq!(report.status, RunStatus::Passed, "{}", report_text(&report));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Verification {
    wanted: Wanted,
    skip: Vec<String>,
    server: ServerOptions,
}

impl Verification {
    /// Of the migrations in `dir`, which a process started by cargo sees relative to its package, on the
    /// server that the environment says (see [`TestDb`](crate::TestDb)).
    pub fn of(dir: impl AsRef<Path>) -> Self {
        Self {
            wanted: Wanted::of(dir.as_ref()),
            skip: Vec::new(),
            server: TestDbBuilder::server_of_environment(),
        }
    }

    wanted_methods!();

    /// Leaves a check out, by its id; the report shows it as skipped.
    #[must_use]
    pub fn skip(mut self, check: impl Into<String>) -> Self {
        self.skip.push(check.into());
        self
    }

    /// Uses this server.
    #[must_use]
    pub fn server(mut self, options: ServerOptions) -> Self {
        self.server = options;
        self
    }

    /// Judges the migrations. Findings are in the report; [`RunReport::status`] says whether all holds.
    ///
    /// # Errors
    /// [`FixtureError::Load`], [`FixtureError::Setup`], [`FixtureError::Database`];
    /// [`FixtureError::UnknownCheck`] for a skipped check that there is not.
    pub async fn run(self) -> Result<RunReport, FixtureError> {
        on_runtime(async move || self.judge().await).await
    }

    async fn judge(self) -> Result<RunReport, FixtureError> {
        let registry = Registry::linked()?;
        let known: Vec<&str> = registry.checks().map(|check| check.meta().id).collect();
        if let Some(unknown) = self.skip.iter().find(|id| !known.contains(&id.as_str())) {
            return Err(FixtureError::UnknownCheck { check: unknown.clone(), known: known.join(", ") });
        }
        let Wanted { dir, layout, setup, load } = &self.wanted;
        let source = TestSource::load(&registry, dir, layout.as_deref(), load)?;
        let mut options = TestOptions::default();
        for file in setup {
            options.ladder.setup.push(SetupFile::read(file)?);
        }
        options.skipped_checks = self.skip.into_iter().collect();
        let server = Server::open(&self.server).await?;
        let run = TestRun { server: &server, registry: &registry, source: &source, options };
        let tested = run.run(&mut |_| {}).await;
        server.close().await;
        Ok(tested?.report)
    }
}

/// The findings of a report as plain text, each with the line it is about, and the totals: what the command
/// line prints, without colour.
pub fn report_text(report: &RunReport) -> String {
    let mut sources = BTreeMap::new();
    let mut text = String::new();
    for finding in report.findings.iter().filter(|finding| finding.severity > Severity::Info) {
        let _ = finding_text(finding, &mut sources, &mut text);
    }
    let judged = |wanted: bool| report.migrations.iter().filter(|m| m.failed() == wanted).count();
    let (dir, failed) = (report.source.as_ref().map_or("", |source| source.dir.as_str()), judged(true));
    let count = report.migrations.len();
    let _ = match report.status {
        RunStatus::NothingRan => {
            write!(text, "{dir}: {count} migrations, of which none could be judged: not a pass")
        }
        _ => write!(text, "{dir}: {count} migrations, {failed} failed"),
    };
    text
}

fn finding_text(
    finding: &Finding,
    sources: &mut BTreeMap<String, String>,
    text: &mut String,
) -> std::fmt::Result {
    let word = if finding.severity == Severity::Low { "warning" } else { "error" };
    writeln!(text, "{word}[{}]: {}", finding.code, finding.message)?;
    let mut margin = String::from(" ");
    if let (Some(file), Some(line)) = (&finding.file, finding.line) {
        let number = line.to_string();
        margin = " ".repeat(number.len());
        writeln!(text, "{margin}--> {file}:{line}:{}", finding.column.unwrap_or(1))?;
        let source = sources.entry(file.clone()).or_insert_with(|| {
            // Without it the place alone has to do.
            std::fs::read_to_string(file).unwrap_or_default()
        });
        if let Some(shown) = source.lines().nth(line - 1) {
            let column = finding.column.unwrap_or(1).saturating_sub(1);
            let rest = shown.chars().count().saturating_sub(column);
            let marked = finding.span.as_ref().and_then(|span| source.get(span.clone()));
            let marked = marked.map_or(1, |marked| marked.lines().next().unwrap_or_default().chars().count());
            let marks = "^".repeat(marked.clamp(1, rest.max(1)));
            let label = finding.label.as_deref().unwrap_or_default();
            writeln!(text, "{margin} |\n{number} | {shown}")?;
            writeln!(text, "{}", format!("{margin} | {}{marks} {label}", " ".repeat(column)).trim_end())?;
        }
    }
    if let Some(help) = &finding.help {
        writeln!(text, "{margin} |\n{margin} = help: {help}")?;
    }
    writeln!(text)
}
