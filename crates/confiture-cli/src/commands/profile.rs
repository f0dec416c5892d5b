//! `confiture profile`: what each statement locks, rewrites, writes and costs.

mod base;
mod repairs;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use confiture_core::config::Settings;
use confiture_core::db::Server;
use confiture_core::migration::layout::LoadOptions;
use confiture_core::plugin::{Registry, ReportStyle};
use confiture_core::report::{PerformanceProfile, RunReport, ServerInfo};
use confiture_fixtures::{Statistics, TestSource};
use confiture_perf::predict::{HoldBudget, ScaleOptions, production_rows};
use confiture_perf::probe::ProbeOptions;
use confiture_perf::stats::TimingRule;
use confiture_perf::{
    HistoryEntry, JudgeOptions, Limits, MigrationPerformanceProfiler, PassOptions, Passes, ProfileOptions,
    StageOptions, TimeOptions, judge, load, operations, server_settings, trends,
};

use self::base::Base;
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
    let production = production(args, &settings)?;
    let limits = limits(&settings, production);
    let passes = passes(args, &settings, &options, &limits);
    let time = time(args, &settings);
    let baselines = Some(args.baselines.clone().or(settings.perf.baselines.clone()).unwrap_or(beside));
    let base = match &args.against_ref {
        None => None,
        Some(reference) => {
            let load = LoadOptions { vars: settings.var.clone() };
            Some(Base::of(registry, &dir, reference, &source, &load).await?)
        }
    };
    let against = JudgeOptions { limits, baselines, accept: args.accept };
    let session = settings.set.clone().into_iter().collect();
    let wanted = Wanted::from(settings::server(args.chain.server.clone(), settings.clone()), session);
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
        let profiler = MigrationPerformanceProfiler {
            server: &server,
            registry,
            source: &source,
            options: options.clone(),
        };
        let mut profiled = Box::pin(profiler.run(&mut |index| {
            progress.counted(&source.loaded.migrations[index].id);
        }))
        .await
        .with_context(|| format!("failed on {label}"))?;
        let base = base.as_ref().map(|base| &base.source);
        let further =
            Box::pin(further(args, &server, &source, base, (passes, time), &progress, &mut profiled.profile));
        further.await.with_context(|| format!("failed on {label}"))?;
        let entry = entry(&profiled.profile, &dir).await;
        let mut history =
            HistoryEntry::history(&args.metrics).context("failed to read the history (--metrics DIR)")?;
        history.push(entry.clone());
        profiled.profile.trends = trends(&history);
        let info =
            ServerInfo { version: server.version().to_string(), kind: server.kind().as_str().to_owned() };
        let mut report =
            judge(registry, &source, &against, info, profiled).context("failed to judge the profile")?;
        if args.try_repairs {
            progress.doing("repairs");
            let tried = repairs::try_repairs(registry, &server, &settings, &source, &options, &mut report);
            Box::pin(tried).await?;
        }
        progress.finish();
        anyhow::Ok((report, entry))
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
    let (mut report, entry) = report?;
    report.duration_ms = (begun.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    if let Some(profile) = &report.profile {
        entry.write(profile, &args.metrics).context("failed to keep the figures (--metrics DIR)")?;
        if let Some(pictures) = &args.pictures {
            draw(profile, pictures)?;
        }
    }
    Ok(report)
}

/// The passes besides counting.
async fn further(
    args: &ProfileArgs,
    server: &Server,
    source: &TestSource,
    base: Option<&TestSource>,
    (options, time): (PassOptions, TimeOptions),
    progress: &Progress,
    profile: &mut PerformanceProfile,
) -> anyhow::Result<()> {
    let stage = options.stage.clone();
    let passes = Passes { server, source, base, options };
    let mut doing = |what: &str| progress.doing(what);
    Box::pin(passes.run(profile, &mut doing)).await?;
    if args.operations {
        let measured = Box::pin(operations(server, source, base, &stage, &time, profile, &mut doing)).await?;
        profile.operations = measured;
    }
    Ok(())
}

fn passes(args: &ProfileArgs, settings: &Settings, options: &ProfileOptions, limits: &Limits) -> PassOptions {
    let perf = &settings.perf;
    let stage = options.stage.clone();
    let probe = ProbeOptions { deadline: stage.ladder.deadline, ..ProbeOptions::default() };
    let plain = args.probe.then_some(probe);
    let reader =
        args.reader.map(|seconds| ProbeOptions { reader: Some(Duration::from_secs(seconds)), ..probe });
    let sizes = match (args.sizes.is_empty(), perf.sizes.is_empty()) {
        (false, _) => args.sizes.clone(),
        (true, false) => perf.sizes.clone(),
        (true, true) => ScaleOptions::default().sizes,
    };
    let scale = ScaleOptions { sizes, stage: stage.clone(), ..ScaleOptions::default() };
    PassOptions {
        stage,
        judged: options.judged.clone(),
        last: options.last,
        probes: plain.into_iter().chain(reader).collect(),
        load: args.load.map(|sessions| load::LoadOptions {
            sessions: usize::from(sessions),
            reads: f64::from(args.reads) / 100.0,
            seed: options.stage.ladder.seed,
            ..load::LoadOptions::default()
        }),
        scale: args.scale.then(|| (scale, limits.production.clone(), limits.hold)),
        time: (args.time || args.against_ref.is_some()).then(|| time(args, settings)),
    }
}

/// How times are taken, of migrations and of operations.
fn time(args: &ProfileArgs, settings: &Settings) -> TimeOptions {
    let (perf, default) = (&settings.perf, TimeOptions::default());
    let percent = args.slower.or(perf.slower_percent);
    let rule = TimingRule {
        ratio: percent.map_or(default.rule.ratio, |percent| 1.0 + percent as f64 / 100.0),
        plain: args.plain || perf.plain.unwrap_or_default(),
        ..default.rule
    };
    TimeOptions {
        runs: args.runs.map(usize::from).or(perf.runs).unwrap_or(default.runs).max(1),
        rule,
        unchanged: !args.selection.only.is_empty() || args.selection.from.is_some(),
    }
}

fn limits(settings: &Settings, production: BTreeMap<String, u64>) -> Limits {
    let (perf, default) = (&settings.perf, Limits::default());
    let ms = |set: Option<u64>, default: Duration| set.map_or(default, Duration::from_millis);
    Limits {
        rows: perf.fail_rows.unwrap_or(default.rows),
        production,
        stall: ms(perf.stall_warn_ms, default.stall),
        hold: HoldBudget {
            warns: ms(perf.hold_warn_ms, default.hold.warns),
            fails: ms(perf.hold_fail_ms, default.hold.fails),
        },
        gating_runs: perf.gating_runs.unwrap_or(default.gating_runs),
    }
}

/// Rows of production's tables: those of confiture.toml, else those of the statistics.
fn production(args: &ProfileArgs, settings: &Settings) -> anyhow::Result<BTreeMap<String, u64>> {
    let named = settings.perf.rows.clone();
    let Some(path) = args.stats.as_ref().or(settings.perf.stats.as_ref()) else { return Ok(named) };
    let mut rows = production_rows(&statistics(path)?);
    rows.retain(|table, _| !named.contains_key(table.rsplit('.').next().unwrap_or(table)));
    rows.extend(named);
    Ok(rows)
}

fn statistics(path: &Path) -> anyhow::Result<Statistics> {
    let text = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    Statistics::from_json(&text)
        .map_err(anyhow::Error::msg)
        .with_context(|| format!("failed to use {} as statistics", path.display()))
}

/// The pictures as files.
fn draw(profile: &PerformanceProfile, dir: &Path) -> anyhow::Result<()> {
    let failed = || format!("failed to write pictures to {} (--pictures DIR)", dir.display());
    std::fs::create_dir_all(dir).with_context(failed)?;
    for picture in confiture_perf::svg::pictures(profile) {
        std::fs::write(dir.join(format!("{}.svg", picture.name)), picture.svg).with_context(failed)?;
    }
    Ok(())
}

async fn entry(profile: &PerformanceProfile, dir: &Path) -> HistoryEntry {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    HistoryEntry::new(profile, now.map_or(0, |now| now.as_secs()), commit(dir).await)
}

async fn options(
    args: &ProfileArgs,
    settings: &Settings,
    source: &TestSource,
) -> anyhow::Result<ProfileOptions> {
    let mut ladder = chain::ladder(settings)?;
    ladder.rows = args.rows.or(settings.perf.dataset_rows).unwrap_or(ROWS);
    ladder.seed = args.seed.or(settings.seed).unwrap_or_default();
    let statistics = args.from_stats.as_deref().map(statistics).transpose()?;
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
