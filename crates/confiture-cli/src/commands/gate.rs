//! `confiture gate`: the decision about a deployment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use confiture_core::config::{GateSettings, Settings};
use confiture_core::db::{Endpoint, Env};
use confiture_core::plugin::{GateInputs, Registry, ReportStyle};
use confiture_core::report::RunReport;
use confiture_fixtures::{Statistics, TestOptions, TestRun, TestSource};
use confiture_gates::{Date, GateOptions, LintOptions, OPTIONAL, Preflight, decide, preflight};

use super::judged;
use super::server::{Wanted, Worker};
use super::test::Started;
use crate::args::GateArgs;
use crate::exit::ExitStatus;
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::settings::suggestion;
use crate::{report, settings};

/// Asks every gate on every server asked for, one after the other, and writes the reports.
pub(super) async fn run(
    args: GateArgs,
    registry: &Registry,
    style: &ReportStyle,
) -> anyhow::Result<ExitStatus> {
    let out = report::Output::of(&args.judge.output, registry)?;
    let done = job(&args, registry, style).await;
    report::deliver("gate", done, &out, registry, style, || {
        "nothing ran, which is not a pass: no migration was selected, or none could be judged".to_owned()
    })
}

async fn job(args: &GateArgs, registry: &Registry, style: &ReportStyle) -> anyhow::Result<RunReport> {
    let mut settings = settings::judge(&args.judge)?;
    let own = GateSettings {
        mutation_report: args.mutation_report.clone(),
        performance_report: args.performance_report.clone(),
        stats: args.stats.clone(),
        roles: args.roles.clone(),
        ..GateSettings::default()
    };
    settings.gate = own.over(settings.gate);
    settings::verify(&settings, registry)?;
    let optional = optional(args, settings.gate.optional.clone(), registry)?;
    let (source, mut options) = judged::prepare(&args.judge, &settings, registry).await?;
    options.evidence = true;
    options.ladder.roles = settings.gate.roles.clone();
    let mut selected = options.judged.clone();
    if let Some(last) = options.last {
        let all = selected.get_or_insert_with(|| (0..source.loaded.migrations.len()).collect());
        all.retain(|at| *at <= last);
    }
    let mut rows = match &settings.gate.stats {
        Some(path) => rows(path)?,
        None => BTreeMap::new(),
    };
    let mut live = Vec::new();
    if let Some(url) = &args.against {
        let seen = against(url, args, &source).await?;
        rows.extend(seen.rows);
        live = seen.findings;
        // Without pending ones all that were selected are judged.
        if let Some(pending) = seen.pending.filter(|pending| !pending.is_empty()) {
            let all = selected.get_or_insert_with(|| (0..source.loaded.migrations.len()).collect());
            all.retain(|at| pending.contains(at));
            options.judged = Some(all.clone());
        }
    }
    let lint =
        LintOptions { judged: selected, session: settings.set.clone(), rows, ..LintOptions::default() };
    let gates = GateOptions {
        lint,
        optional,
        approve: settings.approve.clone(),
        inputs: inputs(&settings)?,
        live,
        ..GateOptions::new(Date::of(std::time::SystemTime::now()))
    };
    let session = settings.set.clone().into_iter().collect();
    let wanted = Wanted::from(settings::server(args.judge.chain.server.clone(), settings), session);
    let started = Started::default();
    let all = async {
        let mut reports = Vec::new();
        for worker in wanted.workers() {
            let run = on_worker(worker, registry, &source, &options, &gates, style, &started);
            reports.push(run.await?);
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
    let merged = RunReport::merge(reports?).context("failed to run: no server was asked for")?;
    Ok(decide(registry, &source, &gates, merged).await)
}

async fn on_worker(
    worker: &Worker,
    registry: &Registry,
    source: &TestSource,
    options: &TestOptions,
    gates: &GateOptions,
    style: &ReportStyle,
    started: &Started,
) -> anyhow::Result<RunReport> {
    let server = worker.start().await?;
    started.add(&server);
    let label = format!("PostgreSQL {}", server.version());
    let run = TestRun { server: &server, registry, source, options: options.clone() };
    let mut lint = gates.lint.clone();
    lint.majors = vec![server.version().major()];
    let mut progress = Progress::new(&label, style.quiet);
    let tested = Box::pin(run.run(&mut |event| progress.event(&event))).await;
    progress.finish();
    let tested = tested.with_context(|| format!("failed on {label}"))?;
    Ok(confiture_gates::judge(registry, source, &lint, tested))
}

/// Looks at production, which is only read.
async fn against(url: &str, args: &GateArgs, source: &TestSource) -> anyhow::Result<Preflight> {
    let env = std::env::vars_os().collect::<Env>();
    let endpoint = Endpoint::parse(url, &env).context("failed to read --against")?;
    let oldest = Duration::from_secs(args.oldest_transaction);
    let seen = Box::pin(preflight(&endpoint, &source.loaded, oldest));
    tokio::select! {
        seen = seen => seen.context("failed to look at the database of --against"),
        interrupt = Interrupt::next() => Err(interrupt.into()),
    }
}

/// What gates are told besides what the run finds.
fn inputs(settings: &Settings) -> anyhow::Result<GateInputs> {
    let mut inputs = GateInputs::default();
    inputs.release = settings.gate.release.clone();
    inputs.changelog = inputs.release.changelog.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
    inputs.mutation = settings.gate.mutation_report.as_deref().map(saved).transpose()?;
    inputs.performance = settings.gate.performance_report.as_deref().map(saved).transpose()?;
    Ok(inputs)
}

/// A JSON report that was written earlier.
fn saved(path: &Path) -> anyhow::Result<RunReport> {
    let text = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("failed to read {}: it is no JSON report of confiture", path.display()))
}

/// Rows of production's tables.
fn rows(path: &Path) -> anyhow::Result<BTreeMap<String, u64>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    let statistics = Statistics::from_json(&text).map_err(anyhow::Error::msg);
    let statistics = statistics.with_context(|| format!("failed to read {}", path.display()))?;
    Ok(confiture_gates::rows(&statistics))
}

/// Gates that need not be run: flags over configuration over the default.
fn optional(
    args: &GateArgs,
    configured: Option<Vec<String>>,
    registry: &Registry,
) -> anyhow::Result<BTreeSet<String>> {
    let known: Vec<&str> = registry.gates().map(|gate| gate.meta().id).collect();
    let mut optional: BTreeSet<String> = match configured {
        Some(configured) => configured.into_iter().collect(),
        None => OPTIONAL.iter().map(|&id| id.to_owned()).collect(),
    };
    optional.extend(args.optional.iter().cloned());
    for id in &optional {
        if !known.contains(&id.as_str()) {
            bail!("no gate is called {id}{}", suggestion(id, &known));
        }
    }
    Ok(optional)
}
