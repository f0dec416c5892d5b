//! `confiture test`: the main job.

use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, bail};
use confiture_core::config::Settings;
use confiture_core::db::Server;
use confiture_core::plugin::{Registry, ReportStyle};
use confiture_core::report::RunReport;
use confiture_fixtures::{FixtureError, TestOptions, TestRun, TestSource, Tested};

use super::server::{Wanted, Worker};
use super::{chain, judged};
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
    let out = report::Output::of(&args.judge.output, registry)?;
    if args.list {
        return list(&args, registry);
    }
    let done = job(&args, registry, style).await;
    report::deliver("test", done, &out, registry, style, || nothing_ran(&args))
}

/// The job itself; what goes wrong in it is reported in the format that was asked for.
async fn job(args: &TestArgs, registry: &Registry, style: &ReportStyle) -> anyhow::Result<RunReport> {
    let settings = settings::judge(&args.judge)?;
    settings::verify(&settings, registry)?;
    let (source, mut options) = judged::prepare(&args.judge, &settings, registry).await?;
    options.keep_failed = args.keep_failed;
    if args.judge.run.is_some() && options.tests.is_empty() {
        let mut report = RunReport::new("test", env!("CARGO_PKG_VERSION"));
        report.conclude();
        return Ok(report);
    }
    judge(args, settings, registry, &source, options, style).await
}

/// Why no migration was judged, and what to do.
fn nothing_ran(args: &TestArgs) -> String {
    let why = match (&args.judge.run, &args.judge.selection.changed_since) {
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
    let settings = settings::judge(&args.judge)?;
    settings::verify(&settings, registry)?;
    let source = chain::load(&settings, registry)?;
    let tests = judged::tests(&args.judge, &settings, &source)?;
    if tests.is_empty() {
        terminal::error(
            "there are no tests: confiture/tests beside the migrations, --tests or --test-command",
        );
        return Ok(ExitStatus::NothingRan);
    }
    let lines: Vec<String> = tests.iter().map(|test| format!("{}\n", test.name())).collect();
    super::print(&lines.concat())
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
    let wanted = Wanted::from(settings::server(args.judge.chain.server.clone(), settings), session);
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
pub(super) struct Started(Mutex<Vec<Server>>);

impl Started {
    pub(super) fn add(&self, server: &Server) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(server.clone());
    }

    pub(super) async fn close(&self) {
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
