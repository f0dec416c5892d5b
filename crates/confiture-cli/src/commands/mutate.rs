//! `confiture mutate`: breaks each migration on purpose and says which mutants no test notices.

mod list;

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use confiture_core::config::{FILE_NAME, IgnoredMutant, MutateSettings, Settings};
use confiture_core::db::Server;
use confiture_core::plugin::{Registry, ReportStyle};
use confiture_core::report::{CheckStatus, MutantResult, MutationThresholds, RunReport, TestResult};
use confiture_fixtures::{TestOptions, TestSource};
use confiture_mutation::{
    MutationError, MutationOptions, MutationRunner, OperatorFilter, OperatorPattern, Shard, Suppressed,
    Suppression,
};

use super::judged;
use super::server::Wanted;
use super::test::Started;
use crate::args::MutateArgs;
use crate::exit::ExitStatus;
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::report::{self, Output};
use crate::{settings, terminal};

/// Tries the mutants, or lists them.
pub(super) async fn run(
    args: MutateArgs,
    registry: &Registry,
    style: &ReportStyle,
) -> anyhow::Result<ExitStatus> {
    let out = Output::of(&args.judge.output, registry)?;
    if args.list || args.diff {
        return list::run(&args, registry).await;
    }
    let done = job(&args, registry, style).await;
    if let Err(error) = &done
        && let Some(MutationError::Red(baseline)) = error.downcast_ref()
    {
        let mut baseline = RunReport { command: "mutate".to_owned(), ..baseline.as_ref().clone() };
        baseline.error = Some(red(&baseline));
        baseline.conclude();
        report::deliver("mutate", Ok(baseline), &out, registry, style, String::new)?;
        return Ok(ExitStatus::BaselineFails);
    }
    let written = match &done {
        Ok(report) => written(&args, report),
        Err(_) => Ok(None),
    };
    let status = report::deliver("mutate", done, &out, registry, style, || nothing_ran(&args))?;
    // A directory that cannot be written to does not cost the report.
    if let Some(said) = written? {
        terminal::line(&said);
    }
    Ok(status)
}

/// What fails on the migrations as they are, and how to go on.
fn red(baseline: &RunReport) -> String {
    if baseline.tests.iter().any(TestResult::failed) {
        return "the tests fail on the migrations as they are, so they say nothing about mutants; repair them, or go \
                on with --allow-red, which does not ask those"
            .to_owned();
    }
    let mut failed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for migration in &baseline.migrations {
        for check in migration.checks.iter().filter(|check| check.status == CheckStatus::Failed) {
            failed.entry(&check.id).or_default().push(&migration.id);
        }
    }
    let places = |(check, on): (&&str, &Vec<&str>)| match on.as_slice() {
        [] => (*check).to_owned(),
        [one] => format!("{check} on {one}"),
        [one, more @ ..] => format!("{check} on {one} and {} more", more.len()),
    };
    let places: Vec<String> = failed.iter().map(places).collect();
    let skips: Vec<String> = failed.keys().map(|check| format!("--skip {check}")).collect();
    format!(
        "built-in checks fail on the migrations as they are ({}), so they say nothing about mutants; repair that, leave \
         the checks out with {}, or go on with --allow-red, which asks them only where they pass",
        places.join(", "),
        skips.join(" ")
    )
}

/// The job itself; what goes wrong in it is reported in the format that was asked for.
async fn job(args: &MutateArgs, registry: &Registry, style: &ReportStyle) -> anyhow::Result<RunReport> {
    let (settings, source, options) = prepare(args, registry).await?;
    judge(args, &settings, registry, &source, options, style).await
}

/// Writes the suggestions where that was asked for, and says so.
fn written(args: &MutateArgs, report: &RunReport) -> anyhow::Result<Option<String>> {
    let (Some(dir), Some(mutation)) = (&args.write_tests, &report.mutation) else { return Ok(None) };
    let written = confiture_mutation::write_tests(dir, mutation)
        .with_context(|| format!("failed to write tests to {}", dir.display()))?;
    let sought = |mutant: &&MutantResult| mutant.status.unnoticed() && mutant.suggestion.is_some();
    let mutants = mutation.mutants.iter().filter(sought).count();
    let dir = dir.display();
    Ok(Some(match written.len() {
        0 if mutants == 0 => format!("no tests to write to {dir}"),
        0 => format!("wrote no tests to {dir}: those for {mutants} mutants are there already"),
        count => format!(
            "wrote {count} tests to {dir}, for {mutants} mutants; they run with --tests {dir}, or from confiture/tests \
             beside the migrations"
        ),
    }))
}

/// Why no mutant was tried, and what to do.
fn nothing_ran(args: &MutateArgs) -> String {
    let why = match &args.judge.selection.changed_since {
        Some(reference) => format!("no mutant of a migration that differs from {reference}"),
        None => "no mutant was found; --list shows those there are, with the same flags".to_owned(),
    };
    format!("nothing ran, which is not a pass: {why}")
}

/// Reads configuration, migrations and tests.
async fn prepare(
    args: &MutateArgs,
    registry: &Registry,
) -> anyhow::Result<(Settings, TestSource, MutationOptions)> {
    let settings = settings::mutate(args)?;
    settings::verify(&settings, registry)?;
    let (source, judged) = judged::prepare(&args.judge, &settings, registry).await?;
    let options = options(args, &settings, judged)?;
    known_operators(&options.operators, registry)?;
    Ok((settings, source, options))
}

/// Everything the arguments and the configuration say.
fn options(args: &MutateArgs, settings: &Settings, judged: TestOptions) -> anyhow::Result<MutationOptions> {
    let mutate = &settings.mutate;
    let operators = OperatorFilter::parse(mutate.operators.iter().map(String::as_str));
    let shard = match args.shard {
        Some(shard) => Some(shard),
        None => shard_of(|name| std::env::var(name).ok())?,
    };
    if mutate.sample == Some(0) {
        bail!("--sample (or sample in {FILE_NAME}) must be at least 1; leave it out to try every mutant");
    }
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    Ok(MutationOptions {
        settings: settings.set.clone(),
        seed: judged.ladder.seed,
        ladder: judged.ladder,
        judged: judged.judged,
        last: judged.last,
        operators: operators.map_err(anyhow::Error::msg).context("failed to read the operators")?,
        operators_version: mutate.operators_version,
        severity: mutate.severity,
        sample: mutate.sample,
        // One part of one is the whole.
        shard: shard.filter(|shard| shard.count() > 1),
        matrix: mutate.matrix.unwrap_or(false),
        select: mutate.select.unwrap_or(true),
        suggest: !args.no_suggest,
        tests: judged.tests,
        snapshot: judged.snapshot,
        skipped_checks: judged.skipped_checks,
        suppressions: mutate.ignore.iter().map(suppression).collect::<anyhow::Result<_>>()?,
        thresholds: thresholds(mutate)?,
        log: mutate.log.clone(),
        jobs: args.jobs.map_or(cores, |n| n.get()),
        allow_red: mutate.allow_red.unwrap_or(false),
        write_tests: args.write_tests.clone(),
    })
}

fn thresholds(mutate: &MutateSettings) -> anyhow::Result<MutationThresholds> {
    for (key, value) in [("min-score", mutate.min_score), ("min-own-score", mutate.min_own_score)] {
        if value.is_some_and(|percent| percent > 100) {
            bail!("mutate.{key} of {FILE_NAME} is in percent: 0 to 100");
        }
    }
    Ok(MutationThresholds {
        min_score: mutate.min_score,
        min_own_score: mutate.min_own_score,
        fail_on: mutate.fail_on,
    })
}

fn suppression(ignored: &IgnoredMutant) -> anyhow::Result<Suppression> {
    let what = match (&ignored.mutant, &ignored.operator) {
        (Some(id), None) => Suppressed::Mutant(id.clone()),
        (None, Some(pattern)) => {
            let pattern = OperatorPattern::new(pattern).map_err(anyhow::Error::msg);
            Suppressed::Operator(pattern.context("failed to read [[mutate.ignore]]")?)
        }
        _ => bail!("[[mutate.ignore]] of {FILE_NAME} names either a mutant or an operator"),
    };
    Ok(Suppression {
        what,
        migration: ignored.migration.clone(),
        reason: ignored.reason.clone(),
        at: ignored.at.clone(),
    })
}

/// Refuses a pattern of operators that matches none, with what was probably meant.
fn known_operators(filter: &OperatorFilter, registry: &Registry) -> anyhow::Result<()> {
    let metas = || registry.operators().map(|operator| operator.meta());
    for pattern in filter.patterns() {
        if !metas().any(|meta| pattern.matches(meta)) {
            let mut known: Vec<&str> = metas().map(|meta| meta.category.as_str()).collect();
            known.sort_unstable();
            known.dedup();
            known.extend(metas().map(|meta| meta.plugin.id));
            let text = pattern.as_str();
            bail!("no mutation operator is called {text}{}", meant(text, &known));
        }
    }
    Ok(())
}

/// What was probably meant; all there are would fill the screen.
fn meant(given: &str, known: &[&str]) -> String {
    const MOST: usize = 5;
    if let Some(name) = settings::near(given, known) {
        return format!("; did you mean {name}?");
    }
    let words: Vec<&str> = given.split(['-', '*', '/']).filter(|word| word.len() > 1).collect();
    let shared = |name: &str| name.split('-').filter(|part| words.contains(part)).count();
    let mut alike: Vec<&str> = known.iter().copied().filter(|name| shared(name) > 0).collect();
    alike.sort_by_key(|name| std::cmp::Reverse(shared(name)));
    alike.truncate(MOST);
    match alike.as_slice() {
        [] => "; `confiture plugins` lists those there are".to_owned(),
        alike => {
            format!("; did you mean one of {}? `confiture plugins` lists all", alike.join(", "))
        }
    }
}

/// The shard a CI system asks for: `CI_NODE_INDEX` (from 1) or `JOB_COMPLETION_INDEX` (from 0) of
/// `CI_NODE_TOTAL`.
fn shard_of(env: impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<Shard>> {
    let number = |name: &str| match env(name).filter(|value| !value.is_empty()) {
        None => Ok(None),
        Some(value) => match value.parse::<usize>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => bail!("{name} is {value}, not a number; --shard K/N says which part to try"),
        },
    };
    let Some(total) = number("CI_NODE_TOTAL")? else { return Ok(None) };
    let index = match (number("CI_NODE_INDEX")?, number("JOB_COMPLETION_INDEX")?) {
        (Some(index), _) => index,
        (None, Some(index)) => index + 1,
        (None, None) => return Ok(None),
    };
    match Shard::new(index, total) {
        Some(shard) => Ok(Some(shard)),
        None => bail!("there is no part {index} of CI_NODE_TOTAL = {total}; --shard K/N says which to try"),
    }
}

/// Tries the mutants on servers of one version.
async fn judge(
    args: &MutateArgs,
    settings: &Settings,
    registry: &Registry,
    source: &TestSource,
    options: MutationOptions,
    style: &ReportStyle,
) -> anyhow::Result<RunReport> {
    let session = settings.set.clone().into_iter().collect();
    let wanted = Wanted::from(settings::server(args.judge.chain.server.clone(), settings.clone()), session);
    let workers = wanted.workers();
    if wanted.any_private() && workers.len() > 1 {
        bail!("mutants are tried on one version of PostgreSQL: name one --pg");
    }
    let started = Started::default();
    let all = async {
        let mut servers: Vec<Server> = Vec::new();
        let count = if wanted.any_private() { options.jobs } else { workers.len() };
        for worker in workers.iter().cycle().take(count) {
            let server = worker.start().await?;
            started.add(&server);
            servers.push(server);
        }
        let servers: Vec<&Server> = servers.iter().collect();
        let version = servers.first().map(|server| server.version().to_string()).unwrap_or_default();
        let mut progress = Progress::new(&format!("PostgreSQL {version}"), style.quiet);
        let runner = MutationRunner { servers: &servers, registry, source, options };
        let mutated = Box::pin(runner.run(&mut |event| progress.mutation(&event))).await;
        progress.finish();
        match mutated {
            Ok(mutated) => Ok(mutated.report),
            Err(MutationError::Fixture(error)) => {
                Err(anyhow::Error::new(error).context("failed to try mutants"))
            }
            Err(error @ MutationError::Red(_)) => Err(anyhow::Error::new(error)),
            Err(error) => Err(anyhow::Error::new(error).context("failed to try mutants")),
        }
    };
    let report = tokio::select! {
        report = all => report,
        interrupt = Interrupt::next() => Err(interrupt.into()),
    };
    // A second signal ends the tidying up.
    tokio::select! {
        () = started.close() => {}
        _ = Interrupt::next() => {}
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ci_systems_say_which_shard_from_one_or_from_zero() {
        let shard = |vars: &[(&str, &str)]| {
            let find =
                |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
            shard_of(find)
                .map(|shard| shard.map(|shard| shard.to_string()))
                .map_err(|error| error.to_string())
        };
        let of = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(shard(&[]), Ok(None));
        assert_eq!(shard(&[("CI_NODE_TOTAL", "3")]), Ok(None));
        assert_eq!(shard(&[("JOB_COMPLETION_INDEX", "2")]), Ok(None));
        assert_eq!(shard(&[("CI_NODE_INDEX", "3"), ("CI_NODE_TOTAL", "3")]), of("3/3"));
        assert_eq!(shard(&[("JOB_COMPLETION_INDEX", "0"), ("CI_NODE_TOTAL", "3")]), of("1/3"));
        assert!(shard(&[("CI_NODE_INDEX", "0"), ("CI_NODE_TOTAL", "3")]).is_err());
        assert!(shard(&[("CI_NODE_INDEX", "x"), ("CI_NODE_TOTAL", "3")]).is_err());
    }
}
