//! `confiture mutate --list` and `--diff`: the mutants there are; no test is run.

use anyhow::Context as _;
use confiture_core::catalog::Catalog;
use confiture_core::config::Settings;
use confiture_core::plugin::Registry;
use confiture_fixtures::{Depth, Ladder, TestSource};
use confiture_mutation::{MutationOptions, Plan, Planned};
use serde_json::{Value, json};

use super::super::server::Wanted;
use super::super::test::Started;
use super::prepare;
use crate::args::MutateArgs;
use crate::exit::ExitStatus;
use crate::interrupt::Interrupt;
use crate::{settings, terminal};

/// Prints the mutants; works without PostgreSQL, and says so.
pub(super) async fn run(args: &MutateArgs, registry: &Registry) -> anyhow::Result<ExitStatus> {
    let (settings, source, options) = prepare(args, registry).await?;
    let started = Started::default();
    let catalogs = tokio::select! {
        catalogs = catalogs(args, &settings, &source, &options, &started) => catalogs,
        interrupt = Interrupt::next() => Err(interrupt.into()),
    };
    started.close().await;
    let catalogs = match catalogs {
        Err(error) if error.is::<Interrupt>() => return Err(error),
        Err(error) => {
            let why = super::super::chain(&error);
            terminal::line(&format!(
                "listed without a server, so operators that have to know the schema find less: {why}"
            ));
            Vec::new()
        }
        Ok(catalogs) => catalogs,
    };
    let around = |index: usize| Some((catalogs.get(index)?, catalogs.get(index + 1)?));
    let plan = Plan::new(&source.loaded, registry, around, &options).context("failed to plan the mutants")?;
    for finding in &plan.findings {
        let at = finding.location.as_ref();
        let place = at.map(|at| format!("{}:{}: ", at.file.display(), at.line)).unwrap_or_default();
        terminal::line(&format!("{place}{}: {}", finding.code, finding.message));
    }
    let text = match args.judge.output.format.as_str() {
        "json" => format!("{:#}\n", document(&plan, args, &source)?),
        _ => plan.mutants.iter().map(|planned| entry(planned, args, &source)).collect::<Result<_, _>>()?,
    };
    super::super::print(&text)?;
    if plan.planned == 0 {
        terminal::error("there are no mutants: other flags may leave some");
        return Ok(ExitStatus::NothingRan);
    }
    let mut said = format!("{} mutants", plan.mutants.len());
    if plan.mutants.len() < plan.found {
        said.push_str(&format!(" of {}", plan.found));
    }
    if !plan.suppressed.is_empty() {
        said.push_str(&format!(", {} more are ignored", plan.suppressed.len()));
    }
    terminal::line(&said);
    Ok(if plan.findings.is_empty() { ExitStatus::Passed } else { ExitStatus::Failed })
}

/// The catalogs before the first migration and after each, as far as they apply.
async fn catalogs(
    args: &MutateArgs,
    settings: &Settings,
    source: &TestSource,
    options: &MutationOptions,
    started: &Started,
) -> anyhow::Result<Vec<Catalog>> {
    let session = settings.set.clone().into_iter().collect();
    let wanted = Wanted::from(settings::server(args.judge.chain.server.clone(), settings.clone()), session);
    let worker = wanted.workers().first().context("no server was asked for")?;
    let server = worker.start().await?;
    started.add(&server);
    let mut ladder = options.ladder.clone();
    ladder.rows = 0;
    let mut ladder = Ladder::start(&server, &source.loaded, ladder).await?;
    let mut catalogs = vec![ladder.catalog().clone()];
    let end = options.last.map_or(source.loaded.migrations.len(), |last| last + 1);
    for _ in 0..end {
        let Some(record) = Box::pin(ladder.climb(Depth::Apply)).await? else { break };
        if record.up.as_ref().is_some_and(|run| run.failure.is_some()) {
            break;
        }
        catalogs.push(ladder.catalog().clone());
    }
    ladder.close().await?;
    Ok(catalogs)
}

/// A line, or a diff below one.
fn entry(planned: &Planned, args: &MutateArgs, source: &TestSource) -> anyhow::Result<String> {
    let mut text = format!(
        "{}  {}  {}:{}:{}  {}",
        planned.id,
        planned.operator.severity.as_str(),
        planned.file,
        planned.line,
        planned.column,
        planned.mutant.description
    );
    if let Some(same_as) = &planned.same_as {
        text.push_str(&format!("  (same as {same_as})"));
    }
    text.push('\n');
    if args.diff {
        text.push_str(&diff(planned, source)?);
        text.push('\n');
    }
    Ok(text)
}

fn diff(planned: &Planned, source: &TestSource) -> anyhow::Result<String> {
    planned.diff(&source.loaded).with_context(|| format!("failed to make the mutant {}", planned.id))
}

fn document(plan: &Plan, args: &MutateArgs, source: &TestSource) -> anyhow::Result<Value> {
    let mutant = |planned: &Planned| {
        let mut value = json!({
            "id": planned.id,
            "operator": planned.operator.plugin.id,
            "category": planned.operator.category,
            "severity": planned.operator.severity,
            "migration": planned.migration_id,
            "direction": planned.direction,
            "object": planned.mutant.object,
            "file": planned.file,
            "line": planned.line,
            "column": planned.column,
            "description": planned.mutant.description,
            "original": planned.original,
            "replacement": planned.replacement,
            "same_as": planned.same_as,
        });
        if args.diff {
            value["diff"] = diff(planned, source)?.into();
        }
        anyhow::Ok(value)
    };
    let mutants: Vec<Value> = plan.mutants.iter().map(mutant).collect::<Result<_, _>>()?;
    Ok(json!({
        "operators_version": plan.operators_version,
        "plan_hash": plan.hash,
        "shard": plan.shard.map(|shard| shard.to_string()),
        "planned": plan.planned,
        "found": plan.found,
        "suppressed": plan.suppressed,
        "mutants": mutants,
    }))
}
