//! What the scenario tests share: a server, a directory of migrations, and a report in a few lines.
//!
//! ```text
//! check(&[("0001_users.sql", "CREATE TABLE users (id int);")])
//! ```
//! runs the main job on those files and returns one line per migration and one per finding.

use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, Weak};

use confiture_core::db::{Env, Server, ServerOptions};
use confiture_core::migration::layout::LoadOptions;
use confiture_core::plugin::Registry;
use confiture_core::report::{CheckResult, CheckStatus, MutationReport, RunReport};
use confiture_fixtures::{LadderOptions, NO_ROWS, NOT_SELECTED, TestOptions, TestRun, TestSource};
use confiture_mutation::{Mutated, MutationError, MutationOptions, MutationRunner, OperatorFilter};
use tempfile::TempDir;

/// The runtime all tests of a process share: connections live on it.
fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.enable_all().build().expect("a runtime starts")
    })
}

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Runs a future to its end on the shared runtime.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(future)
}

/// The private server of this process; it ends with the last test that holds it.
///
/// `CONFITURE_PG` chooses the major.
///
/// # Panics
/// When no PostgreSQL can be found or fetched: tests fail then, they are not skipped.
pub fn server() -> Arc<Server> {
    static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(server) = shared.upgrade() {
        return server;
    }
    let server = Arc::new(own_server());
    *shared = Arc::downgrade(&server);
    server
}

/// A private server for one test; to be closed.
///
/// # Panics
/// As [`server`].
pub fn own_server() -> Server {
    let options = ServerOptions {
        version: std::env::var("CONFITURE_PG").ok().and_then(|major| major.parse().ok()),
        env: std::env::vars_os().collect::<Env>(),
        ..ServerOptions::default()
    };
    block_on(Server::open(&options)).unwrap_or_else(|error| panic!("failed to {error}"))
}

/// A directory of migrations and how to run them.
#[derive(Debug)]
pub struct Scenario {
    dir: TempDir,
    layout: Option<String>,
    /// Setup, selection and the like.
    pub options: TestOptions,
    /// Template values.
    pub load: LoadOptions,
}

impl Scenario {
    /// A fresh directory with these files; names may contain directories. Tables get no rows.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut options = TestOptions::default();
        options.ladder.rows = 0;
        let scenario = Self { dir, layout: None, options, load: LoadOptions::default() };
        for (name, text) in files {
            scenario.write(name, text.as_bytes());
        }
        scenario
    }

    /// Writes one file.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.dir.path().join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("a directory");
        }
        std::fs::write(path, bytes).expect("a file");
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Says which layout it is.
    #[must_use]
    pub fn layout(mut self, layout: &str) -> Self {
        self.layout = Some(layout.to_owned());
        self
    }

    /// Adds SQL that is run on the fresh database first.
    #[must_use]
    pub fn setup(mut self, sql: &str) -> Self {
        let file = confiture_fixtures::SetupFile::parse(Path::new("setup.sql"), sql.to_owned());
        self.options.ladder.setup.push(file.expect("setup that can be read"));
        self
    }

    /// Adds a query file.
    #[must_use]
    pub fn query(mut self, name: &str, sql: &str) -> Self {
        let file = confiture_fixtures::QueryFile::parse(Path::new(name), sql.to_owned());
        self.options.ladder.queries.push(Arc::new(file.expect("a query file that can be read")));
        self
    }

    /// Adds a test file.
    #[must_use]
    pub fn test(mut self, name: &str, sql: &str) -> Self {
        let file = format!("{name}.sql");
        let test = confiture_fixtures::sqltest::UserTest::parse(name, Path::new(&file), sql.to_owned());
        self.options.tests.push(Arc::new(test));
        self
    }

    /// Tries migrations on tables with rows as well.
    #[must_use]
    pub fn with_rows(mut self) -> Self {
        self.options.ladder.rows = LadderOptions::default().rows;
        self
    }

    /// Loads the directory, or says why it cannot be.
    ///
    /// # Errors
    /// The text a user would see.
    pub fn load(&self) -> Result<TestSource, String> {
        let registry = Registry::linked().map_err(|error| error.to_string())?;
        TestSource::load(&registry, self.dir.path(), self.layout.as_deref(), &self.load)
            .map_err(|error| error.to_string())
    }

    /// Runs the main job on the shared server.
    ///
    /// # Errors
    /// The text a user would see when the directory cannot be loaded or the run cannot be finished.
    pub fn try_run(&self) -> Result<RunReport, String> {
        let source = self.load()?;
        let registry = Registry::linked().map_err(|error| error.to_string())?;
        let server = server();
        let run =
            TestRun { server: &server, registry: &registry, source: &source, options: self.options.clone() };
        let tested = block_on(run.run(&mut |_| {})).map_err(|error| error.to_string())?;
        Ok(tested.report)
    }

    /// Runs the main job on the shared server.
    ///
    /// # Panics
    /// When it cannot be finished.
    pub fn run(&self) -> RunReport {
        self.try_run().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs the main job and sums the report up; see [`summary`].
    pub fn check(&self) -> String {
        summary(&self.run())
    }
}

impl Scenario {
    /// Judges mutants on the shared server; `change` sets options.
    ///
    /// # Errors
    /// What the run ended with.
    pub fn try_mutate(
        &self,
        change: impl FnOnce(&mut MutationOptions),
    ) -> Result<MutationReport, MutationError> {
        let mutated = self.mutated(change)?;
        Ok(mutated.report.mutation.unwrap_or_else(|| panic!("a report of mutants")))
    }

    /// As [`try_mutate`](Self::try_mutate), with the plan.
    ///
    /// # Errors
    /// What the run ended with.
    pub fn mutated(&self, change: impl FnOnce(&mut MutationOptions)) -> Result<Mutated, MutationError> {
        let source = self.load().unwrap_or_else(|error| panic!("{error}"));
        let registry = Registry::linked().unwrap_or_else(|error| panic!("{error}"));
        let server = server();
        let mut options = MutationOptions {
            ladder: self.options.ladder.clone(),
            tests: self.options.tests.clone(),
            snapshot: self.options.snapshot.clone(),
            ..MutationOptions::default()
        };
        change(&mut options);
        let runner = MutationRunner { servers: &[&server], registry: &registry, source: &source, options };
        block_on(runner.run(&mut |_| {}))
    }

    /// Judges the mutants of these operators (globs or categories): one line each, its id, how it ended and who
    /// noticed.
    pub fn mutate(&self, operators: &[&str]) -> String {
        let operators = OperatorFilter::parse(operators.iter().copied());
        let operators = operators.unwrap_or_else(|error| panic!("{error}"));
        let report = self.try_mutate(|options| options.operators = operators);
        let report = report.unwrap_or_else(|error| panic!("{error}"));
        let lines = report.mutants.iter().map(|mutant| {
            let by = mutant.killed_by.join(", ");
            let same_as = mutant.same_as.as_deref().map(|id| format!(" as {id}")).unwrap_or_default();
            format!("{} {}{same_as} {by}", mutant.id, mutant.status.as_str()).trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Runs the main job on `files` and sums the report up; see [`summary`].
pub fn check(files: &[(&str, &str)]) -> String {
    Scenario::new(files).check()
}

/// One line per migration with the letter of every check's status (`+` passed, `!` failed, `-` not
/// applicable, `?` skipped), and below it a line per finding:
///
/// ```text
/// 0001_users: order+ up+ atomic+ down! re-up+
///   high rollback-leaves-object down 0001_users.down.sql:1:1 type public.state
/// ```
///
/// The last word of a finding is its SQLSTATE or object, where it has one.
pub fn summary(report: &RunReport) -> String {
    let mut lines = Vec::new();
    let finding_line = |finding: &confiture_core::report::Finding| {
        let file = finding.file.as_deref().and_then(|file| Path::new(file).file_name()).map_or_else(
            String::new,
            |file| {
                let (line, column) = (finding.line.unwrap_or(0), finding.column.unwrap_or(0));
                format!(" {}:{line}:{column}", file.to_string_lossy())
            },
        );
        let direction = finding.direction.map_or("-", |direction| direction.as_str());
        let fact = ["sqlstate", "object"].iter().find_map(|key| finding.evidence.get(*key)?.as_str());
        format!(
            "  {} {} {direction}{file}{}",
            finding.severity.as_str(),
            finding.code,
            fact.map(|fact| format!(" {fact}")).unwrap_or_default()
        )
    };
    for finding in report.findings.iter().filter(|f| f.migration.is_none() && f.test.is_none()) {
        lines.push(finding_line(finding).trim_start().to_owned());
    }
    for migration in &report.migrations {
        // Some checks say anything only where they judge.
        let says = |check: &&CheckResult| {
            let wanted = |reason: &str| ![NOT_SELECTED, NO_ROWS].contains(&reason);
            let judges =
                check.status != CheckStatus::NotApplicable && check.reason.as_deref().is_none_or(wanted);
            judges || !["queries", "up-data", "data", "schema"].contains(&check.id.as_str())
        };
        let checks = migration.checks.iter().filter(says).map(|check| {
            let mark = match check.status {
                CheckStatus::Passed => '+',
                CheckStatus::Failed => '!',
                CheckStatus::NotApplicable => '-',
                CheckStatus::Skipped => '?',
            };
            format!(" {}{mark}", check.id)
        });
        lines.push(format!("{}:{}", migration.id, checks.collect::<String>()));
        lines.extend(
            report.findings.iter().filter(|f| f.migration.as_ref() == Some(&migration.id)).map(finding_line),
        );
    }
    for test in &report.tests {
        let reason = test.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        lines.push(format!("test {}: {:?}{reason}", test.name, test.status).to_lowercase());
        let findings = report.findings.iter().filter(|f| f.test.as_ref() == Some(&test.name));
        lines.extend(findings.map(finding_line));
    }
    lines.join("\n")
}
