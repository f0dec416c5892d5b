//! `confiture test`: the main job.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use confiture_core::config::Settings;
use confiture_core::db::Server;
use confiture_core::migration::Step;
use confiture_core::migration::layout::Loaded;
use confiture_core::plugin::{Registry, ReportStyle};
use confiture_core::report::{RunReport, RunStatus};
use confiture_fixtures::sqltest::{self, TestFiles, UserTest};
use confiture_fixtures::{
    FixtureError, QueryFile, SeedFiles, TestOptions, TestRun, TestSource, Tested, find_version,
};

use super::chain;
use super::server::{Wanted, Worker};
use crate::args::TestArgs;
use crate::exit::ExitStatus;
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::{report, settings, terminal};

/// Runs the main job on every server asked for and writes the reports.
pub(super) async fn run(
    args: TestArgs,
    registry: &Registry,
    style: &ReportStyle,
) -> anyhow::Result<ExitStatus> {
    report::known(registry, &args.format)?;
    for (format, _) in &args.report {
        report::known(registry, format)?;
    }
    if args.list {
        return list(&args, registry);
    }
    match job(&args, registry, style).await {
        Ok(report) => {
            report::write(registry, &report, &args.format, &args.report, style)?;
            Ok(match report.status {
                RunStatus::Passed => ExitStatus::Passed,
                RunStatus::Failed => ExitStatus::Failed,
                RunStatus::NothingRan => {
                    terminal::error(&nothing_ran(&args));
                    ExitStatus::NothingRan
                }
                RunStatus::Error => ExitStatus::NoServer,
            })
        }
        Err(error) => {
            if args.format != "human" || !args.report.is_empty() {
                let mut report = RunReport::new("test", env!("CARGO_PKG_VERSION"));
                report.error = Some(super::chain(&error));
                report.conclude();
                let format = if args.format == "human" { "" } else { args.format.as_str() };
                if let Err(unwritten) = report::write(registry, &report, format, &args.report, style) {
                    terminal::error(&super::chain(&unwritten));
                }
            }
            Err(error)
        }
    }
}

/// The job itself; what goes wrong in it is reported in the format that was asked for.
async fn job(args: &TestArgs, registry: &Registry, style: &ReportStyle) -> anyhow::Result<RunReport> {
    let settings = settings::test(args)?;
    settings::verify(&settings, registry)?;
    let (source, options) = prepare(args, &settings, registry).await?;
    if args.run.is_some() && options.tests.is_empty() {
        let mut report = RunReport::new("test", env!("CARGO_PKG_VERSION"));
        report.conclude();
        return Ok(report);
    }
    judge(args, settings, registry, &source, options, style).await
}

/// Why no migration was judged, and what to do.
fn nothing_ran(args: &TestArgs) -> String {
    let why = match (&args.run, &args.changed_since) {
        (Some(pattern), _) => {
            format!("no test that ran is called like --run {pattern}; --list shows all names")
        }
        (None, Some(reference)) => format!("no migration that was selected differs from {reference}"),
        (None, None) => "no migration could be judged; the lines above say why".to_owned(),
    };
    format!("nothing ran, which is not a pass: {why}")
}

/// Prints the names of the tests that would run.
fn list(args: &TestArgs, registry: &Registry) -> anyhow::Result<ExitStatus> {
    let settings = settings::test(args)?;
    settings::verify(&settings, registry)?;
    let source = chain::load(&settings, registry)?;
    let tests = tests(args, &settings, &source)?;
    if tests.is_empty() {
        terminal::error(
            "there are no tests: confiture/tests beside the migrations, --tests or --test-command",
        );
        return Ok(ExitStatus::NothingRan);
    }
    let lines: Vec<String> = tests.iter().map(|test| format!("{}\n", test.name())).collect();
    super::print(&lines.concat())
}

/// The user's own tests, as far as `--run` selects them.
fn tests(args: &TestArgs, settings: &Settings, source: &TestSource) -> anyhow::Result<Vec<Arc<UserTest>>> {
    let limit = Duration::from_secs(settings.test_timeout.unwrap_or(TEST_TIMEOUT));
    let files = TestFiles {
        paths: settings.tests.clone(),
        layout: source.layout.clone(),
        commands: settings.test_command.iter().map(|line| (line.clone(), limit)).collect(),
    };
    let tests = sqltest::load(&files, &source.loaded).context("failed to read the tests")?;
    let chosen = |test: &UserTest| args.run.as_ref().is_none_or(|pattern| pattern.is_match(test.name()));
    Ok(tests.into_iter().filter(chosen).map(Arc::new).collect())
}

/// Most seconds a command of the user's may take when nobody says.
const TEST_TIMEOUT: u64 = 600;

/// Reads the migrations and works out what is to be judged.
async fn prepare(
    args: &TestArgs,
    settings: &Settings,
    registry: &Registry,
) -> anyhow::Result<(TestSource, TestOptions)> {
    let dir = settings.dir.clone().unwrap_or_default();
    let source = chain::load(settings, registry)?;
    let mut ladder = chain::ladder(settings)?;
    let seeds = super::seeds(settings.seeds.as_deref(), &source.loaded)?;
    (ladder.rows, ladder.seeds) = rows(settings, ladder.rows, seeds);
    ladder.seed = settings.seed.unwrap_or(ladder.seed);
    let watched =
        if settings.skip.iter().any(|id| id == "queries") { &[] } else { settings.queries.as_slice() };
    let queries = QueryFile::load(watched).context("failed to read the queries")?;
    ladder.queries = queries.into_iter().map(Arc::new).collect();
    let tests = tests(args, settings, &source)?;
    let loaded = &source.loaded;
    let mut options = TestOptions {
        ladder,
        tests,
        judged: None,
        last: None,
        skipped_checks: settings.skip.iter().cloned().collect(),
        released: None,
        keep_failed: args.keep_failed,
        snapshot: Some(settings::snapshot(settings)),
        ..TestOptions::default()
    };
    select(args, loaded, &mut options)?;
    if let Some(reference) = &args.changed_since {
        let base = Base::read(&dir, reference).await?;
        let changed = |step: &Step| step_file(step).is_some_and(|file| base.changed(file));
        let known = |step: &Step| step_file(step).is_some_and(|file| base.known(file));
        let touched: BTreeSet<usize> = (0..loaded.migrations.len())
            .filter(|&at| changed(&loaded.migrations[at].up) || changed(&loaded.migrations[at].down))
            .collect();
        options.judged = Some(match options.judged.take() {
            Some(judged) => judged.intersection(&touched).copied().collect(),
            None => touched,
        });
        options.released =
            Some(loaded.migrations.iter().filter(|m| known(&m.up)).map(|m| m.id.clone()).collect());
    }
    Ok((source, options))
}

/// Rows a table gets, and the user's own; none where no check asks for them.
fn rows(settings: &Settings, default: u64, seeds: SeedFiles) -> (u64, SeedFiles) {
    let skipped = |id: &str| settings.skip.iter().any(|skipped| skipped == id);
    match skipped("up-data") && skipped("data") {
        true => (0, SeedFiles::default()),
        false => (settings.rows.unwrap_or(default), seeds),
    }
}

/// Applies `--only`, `--from` and `--to`.
fn select(args: &TestArgs, loaded: &Loaded, options: &mut TestOptions) -> anyhow::Result<()> {
    let version = |version: &str| find_version(loaded, version).context("failed to select migrations");
    let first = args.from.as_deref().map(version).transpose()?.unwrap_or(0);
    options.last = args.to.as_deref().map(version).transpose()?;
    if let Some(last) = options.last
        && last < first
    {
        let versions = [args.from.as_deref().unwrap_or_default(), args.to.as_deref().unwrap_or_default()];
        bail!("--from {} comes after --to {}: no migration lies between", versions[0], versions[1]);
    }
    let mut globs = globset::GlobSetBuilder::new();
    for pattern in &args.only {
        globs.add(globset::Glob::new(pattern).with_context(|| format!("failed to read --only {pattern}"))?);
    }
    let globs = globs.build().context("failed to read --only")?;
    if args.only.is_empty() && args.from.is_none() {
        return Ok(());
    }
    let end = options.last.map_or(loaded.migrations.len(), |last| last + 1);
    let chosen = loaded.migrations[..end].iter().enumerate().skip(first);
    let chosen =
        chosen.filter(|(_, m)| args.only.is_empty() || globs.is_match(&m.id) || globs.is_match(&m.version));
    options.judged = Some(chosen.map(|(at, _)| at).collect());
    if options.judged.as_ref().is_some_and(BTreeSet::is_empty) {
        let within = &loaded.migrations[first..end];
        let ids: Vec<&str> = within.iter().take(3).map(|m| m.id.as_str()).collect();
        let more = if within.len() > ids.len() { ", …" } else { "" };
        let (count, s) = (within.len(), if within.len() == 1 { "" } else { "s" });
        let patterns = args.only.join(" --only ");
        bail!("--only {patterns} matches none of {count} migration{s} ({}{more})", ids.join(", "));
    }
    Ok(())
}

fn step_file(step: &Step) -> Option<&Path> {
    match step {
        Step::Sql(script) => Some(&script.source.path),
        Step::NotRunnable { file, .. } => Some(file),
        Step::Absent => None,
    }
}

/// What a git reference holds of a directory.
struct Base {
    known: BTreeSet<String>,
    changed: BTreeSet<String>,
}

impl Base {
    /// Asks git for the files under `dir` at `reference` and for those that differ now.
    async fn read(dir: &Path, reference: &str) -> anyhow::Result<Self> {
        let dir = if dir.is_dir() { dir } else { Path::new(".") };
        let known = git(dir, &["ls-tree", "-r", "--name-only", "-z", reference, "."]).await?;
        let changed = git(dir, &["diff", "--name-only", "--relative", "-z", reference, "--", "."]).await?;
        let new = git(dir, &["ls-files", "--others", "--exclude-standard", "-z", "."]).await?;
        let paths = |text: &str| -> BTreeSet<String> {
            let files = text.split('\0').filter(|file| !file.is_empty());
            files.map(|file| dir.join(file).display().to_string()).collect()
        };
        Ok(Self { known: paths(&known), changed: &paths(&changed) | &paths(&new) })
    }

    fn known(&self, file: &Path) -> bool {
        self.known.contains(&file.display().to_string())
    }

    fn changed(&self, file: &Path) -> bool {
        self.changed.contains(&file.display().to_string())
    }
}

async fn git(dir: &Path, args: &[&str]) -> anyhow::Result<String> {
    let output = tokio::process::Command::new("git")
        .current_dir(dir)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .await
        .context("failed to run git, which --changed-since needs")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("failed to run git {}, which --changed-since needs: {}", args.join(" "), said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs the job on each server, several at once, and merges the reports.
async fn judge(
    args: &TestArgs,
    settings: Settings,
    registry: &Registry,
    source: &TestSource,
    options: TestOptions,
    style: &ReportStyle,
) -> anyhow::Result<RunReport> {
    let session = settings.set.clone().into_iter().collect();
    let wanted = Wanted::from(settings::server(args.chain.server.clone(), settings), session);
    if args.keep_failed && wanted.any_private() && !terminal::attended() {
        bail!("--keep-failed needs a --server, or a terminal: a private server ends with the run");
    }
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    let jobs = args.jobs.map_or(cores, |n| n.get());
    let workers = wanted.workers();
    let started = Started::default();
    // Two servers for each that was asked for, where there is room.
    let at_once = jobs >= 2 * workers.len();
    let all = async {
        let mut reports = Vec::new();
        for batch in workers.chunks(jobs) {
            let runs = batch.iter().map(|worker| {
                let options = TestOptions { beside: worker.beside(at_once), ..options.clone() };
                on_worker(worker, registry, source, options, style, &started)
            });
            reports.extend(futures_util::future::try_join_all(runs).await?);
        }
        anyhow::Ok(reports)
    };
    let reports = tokio::select! {
        reports = all => reports,
        interrupt = Interrupt::next() => Err(interrupt.into()),
    };
    // A second signal ends the tidying up.
    tokio::select! {
        () = started.close() => {}
        _ = Interrupt::next() => {}
    }
    RunReport::merge(reports?).context("failed to run: no server was asked for")
}

/// The servers of a run, so that they are left as they were found however it ends.
#[derive(Debug, Default)]
struct Started(Mutex<Vec<Server>>);

impl Started {
    fn add(&self, server: &Server) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(server.clone());
    }

    async fn close(&self) {
        let servers = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        futures_util::future::join_all(servers.into_iter().map(Server::close)).await;
    }
}

async fn on_worker(
    worker: &Worker,
    registry: &Registry,
    source: &TestSource,
    options: TestOptions,
    style: &ReportStyle,
    started: &Started,
) -> anyhow::Result<RunReport> {
    let server = worker.start().await?;
    started.add(&server);
    let label = format!("PostgreSQL {}", server.version());
    let mut progress = Progress::new(&label, style.quiet);
    let run = TestRun { server: &server, registry, source, options };
    let tested = Box::pin(run.run(&mut |event| progress.event(&event))).await;
    progress.finish();
    let tested = tested.map_err(|error| match error {
        // No server has to do with it.
        FixtureError::Snapshot { .. } => anyhow::Error::new(error).context("failed to compare the schema"),
        error => anyhow::Error::new(error).context(format!("failed on {label}")),
    })?;
    Ok(keep(tested, &server, registry, style).await)
}

/// Tells how to connect to a database that was kept, and waits as long as it is looked at.
async fn keep(tested: Tested, server: &Server, registry: &Registry, style: &ReportStyle) -> RunReport {
    if let Some(kept) = tested.kept {
        // The database is of use only together with the findings, which are due at the end of the run.
        if let Some(human) = registry.reporter("human")
            && let Err(error) = human.write(&tested.report, style, &mut std::io::stderr().lock())
        {
            tracing::debug!(%error, "standard error is closed");
        }
        terminal::line(&format!("kept the database of the failed run: {kept}"));
        if server.cluster().is_some() {
            terminal::line("the private server runs until you press Enter");
            let mut line = String::new();
            let waited = tokio::task::spawn_blocking(move || std::io::stdin().read_line(&mut line)).await;
            tracing::debug!(?waited, "done looking");
        }
    }
    tested.report
}
