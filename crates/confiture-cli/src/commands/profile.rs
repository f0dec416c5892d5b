//! `confiture profile`: what each statement locks, rewrites, writes and costs.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use confiture_core::config::Settings;
use confiture_core::plugin::{Registry, ReportStyle};
use confiture_core::report::{RunReport, ServerInfo};
use confiture_fixtures::{Statistics, TestSource};
use confiture_perf::{
    HistoryEntry, JudgeOptions, Limits, MigrationPerformanceProfiler, ProfileOptions, StageOptions, judge,
    server_settings,
};

use super::chain;
use super::select::Selection;
use super::server::Wanted;
use super::test::Started;
use crate::args::ProfileArgs;
use crate::exit::ExitStatus;
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::{report, settings};

/// Rows a table gets when nobody says.
const ROWS: u64 = 10_000;

/// Profiles the migrations and writes the reports.
pub(super) async fn run(
    args: ProfileArgs,
    registry: &Registry,
    style: &ReportStyle,
) -> anyhow::Result<ExitStatus> {
    let out = report::Output::of(&args.output, registry)?;
    let done = job(&args, registry, style).await;
    report::deliver("profile", done, &out, registry, style, || {
        "nothing ran, which is not a pass: no migration was selected, or none could be profiled".to_owned()
    })
}

async fn job(args: &ProfileArgs, registry: &Registry, style: &ReportStyle) -> anyhow::Result<RunReport> {
    let settings = settings::chain(&args.chain, args.dir.clone())?;
    settings::verify(&settings, registry)?;
    let source = chain::load(&settings, registry)?;
    let options = options(args, &settings, &source).await?;
    let dir = settings.dir.clone().unwrap_or_default();
    let beside = dir.parent().unwrap_or(&dir).join("confiture/perf");
    let limits = Limits {
        rows: settings.perf.fail_rows.unwrap_or(Limits::default().rows),
        production: settings.perf.rows.clone(),
    };
    let baselines = Some(args.baselines.clone().or(settings.perf.baselines.clone()).unwrap_or(beside));
    let against = JudgeOptions { limits, baselines, accept: args.accept };
    let session = settings.set.clone().into_iter().collect();
    let wanted = Wanted::from(settings::server(args.chain.server.clone(), settings), session);
    let [worker] = wanted.workers() else {
        bail!("profile works on one server at a time: name one --server or one --pg");
    };
    let worker = worker.with_settings(server_settings());
    let started = Started::default();
    let work = async {
        let server = worker.start().await?;
        started.add(&server);
        let label = format!("PostgreSQL {}", server.version());
        let progress = Progress::new(&label, style.quiet);
        let ends = options.last.map_or(source.loaded.migrations.len(), |last| last + 1);
        progress.counting(ends);
        let profiler = MigrationPerformanceProfiler { server: &server, registry, source: &source, options };
        let profiled = Box::pin(profiler.run(&mut |index| {
            progress.counted(&source.loaded.migrations[index].id);
        }))
        .await;
        progress.finish();
        let profiled = profiled.with_context(|| format!("failed on {label}"))?;
        let info =
            ServerInfo { version: server.version().to_string(), kind: server.kind().as_str().to_owned() };
        judge(registry, &source, &against, info, profiled).context("failed to judge the profile")
    };
    let begun = std::time::Instant::now();
    let report = tokio::select! {
        report = work => report,
        interrupt = Interrupt::next() => Err(interrupt.into()),
    };
    // A second signal ends the tidying up.
    tokio::select! {
        () = started.close() => {}
        _ = Interrupt::next() => {}
    }
    let mut report = report?;
    report.duration_ms = (begun.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    if let Some(profile) = &report.profile {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let entry = HistoryEntry::new(profile, now.map_or(0, |now| now.as_secs()), commit(&dir).await);
        entry.write(profile, &args.metrics).context("failed to keep the figures (--metrics DIR)")?;
    }
    Ok(report)
}

async fn options(
    args: &ProfileArgs,
    settings: &Settings,
    source: &TestSource,
) -> anyhow::Result<ProfileOptions> {
    let mut ladder = chain::ladder(settings)?;
    ladder.rows = args.rows.or(settings.perf.dataset_rows).unwrap_or(ROWS);
    ladder.seed = args.seed.or(settings.seed).unwrap_or_default();
    let statistics = match &args.from_stats {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("failed to read {}", path.display()))?;
            let read: Statistics = Statistics::from_json(&text)
                .map_err(anyhow::Error::msg)
                .with_context(|| format!("failed to use {} as statistics", path.display()))?;
            Some(read)
        }
    };
    let selection = Selection {
        only: &args.selection.only,
        from: args.selection.from.as_deref(),
        to: args.selection.to.as_deref(),
        changed_since: args.selection.changed_since.as_deref(),
    };
    let dir = settings.dir.clone().unwrap_or_default();
    let selected = selection.of(&dir, &source.loaded).await?;
    let stage = StageOptions { ladder, statistics };
    Ok(ProfileOptions { stage, judged: selected.judged, last: selected.last, twice: args.accept })
}

/// The commit `dir` is at; `None` where git knows none.
async fn commit(dir: &Path) -> Option<String> {
    let dir = if dir.is_dir() { dir } else { Path::new(".") };
    let mut git = tokio::process::Command::new("git");
    git.current_dir(dir).args(["rev-parse", "HEAD"]).stdin(Stdio::null()).stderr(Stdio::null());
    let output = git.output().await.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
