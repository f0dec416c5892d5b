//! `MutationRunner`: the baseline, the plan, every mutant, the report.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use confiture_core::catalog::Catalog;
use confiture_core::db::Server;
use confiture_core::migration::layout::Loaded;
use confiture_core::plugin::{Check, CommittedSchema, Registry};
use confiture_core::report::{CheckStatus, Finding, MutantResult, MutantStatus, RunReport, RunStatus};
use confiture_core::{Diagnostic, Severity};
use confiture_fixtures::{
    Depth, Event, FixtureError, Ladder, SchemaSnapshotter, TestOptions, TestRun, TestSource,
};

use crate::audience::Listener;
use crate::error::MutationError;
use crate::log::{Log, LogKeys};
use crate::options::MutationOptions;
use crate::plan::{Plan, Planned};
use crate::score::judge;
use crate::share::judge_all;
use crate::worker::{Brief, Sentence, Subject};

/// Breaks the migrations of a directory, one mutant at a time, and says who notices.
///
/// # Example
/// ```no_run
/// use confiture_core::db::{Server, ServerOptions};
/// use confiture_core::migration::layout::{self, LoadOptions};
/// use confiture_core::plugin::Registry;
/// use confiture_fixtures::TestSource;
/// use confiture_mutation::{MutationOptions, MutationRunner};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::open(&ServerOptions::default()).await?;
/// let registry = Registry::linked()?;
/// let (layout, detection, loaded) =
///     layout::load(&registry, "migrations".as_ref(), None, &LoadOptions::default())?;
/// let source = TestSource { dir: "migrations".to_owned(), layout: layout.to_owned(), detection, loaded };
/// let runner = MutationRunner {
///     servers: &[&server],
///     registry: &registry,
///     source: &source,
///     options: MutationOptions::default(),
/// };
/// let report = runner.run(&mut |_| {}).await?.report;
/// println!("{:?}", report.mutation.and_then(|mutation| mutation.score));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MutationRunner<'a> {
    /// Servers to work on, at least one, all of one version; each gets a worker and a chain of its own.
    pub servers: &'a [&'a Server],
    /// Operators and checks.
    pub registry: &'a Registry,
    /// Migrations to break.
    pub source: &'a TestSource,
    /// Which mutants, and what they are judged by.
    pub options: MutationOptions,
}

/// What a run tells while it is under way.
#[derive(Debug)]
#[non_exhaustive]
pub enum MutationEvent<'a> {
    /// The migrations as they are, being tested.
    Baseline(Event<'a>),
    /// Mutants are about to be tried.
    Planned {
        /// How many, those known from the log left out.
        mutants: usize,
        /// How many results the log holds already.
        known: usize,
    },
    /// A mutant was judged; again when rows of its original turned out to be decided by chance.
    Judged {
        /// How many were before it.
        done: usize,
        /// How it ended.
        result: &'a MutantResult,
    },
}

/// A finished run.
#[derive(Debug)]
pub struct Mutated {
    /// Everything there is to say; [`RunReport::mutation`] holds the mutants.
    pub report: RunReport,
    /// What was planned.
    pub plan: Plan,
}

impl MutationRunner<'_> {
    /// Runs it. `on_event` is called as the run goes on.
    ///
    /// # Errors
    /// [`MutationError::Red`] when the tests fail on the migrations as they are, [`MutationError::Control`] when
    /// a control of the run itself fails, and what keeps databases from being made. Results that are in the
    /// log stay there.
    pub async fn run(
        self,
        on_event: &mut (dyn FnMut(MutationEvent<'_>) + Send),
    ) -> Result<Mutated, MutationError> {
        let started = Instant::now();
        let Self { servers, registry, source, mut options } = self;
        let Some(first) = servers.first() else { return Err(MutationError::NoServer) };
        let mut loaded = source.loaded.clone();
        loaded.migrations.truncate(options.last.map_or(usize::MAX, |last| last + 1));

        let baseline = Box::pin(test(first, registry, source, &options, on_event)).await?;
        if baseline.status == RunStatus::Failed && !options.allow_red {
            return Err(MutationError::Red(Box::new(baseline)));
        }
        let red = not_asked(&baseline);
        leave_out_what_fails(&mut options, &baseline);
        // Only a schema that holds on the original can tell anything, and only at the end of the whole chain.
        if loaded.migrations.len() < source.loaded.migrations.len() || schema_fails(&baseline) {
            options.snapshot = None;
        }
        let catalogs = Box::pin(catalogs(first, &loaded, &options)).await?;
        let around = |index: usize| Some((catalogs.get(index)?, catalogs.get(index + 1)?));
        let plan = Plan::new(&loaded, registry, around, &options)?;
        drop(catalogs);

        let log = options.log.as_deref().map(Log::open).transpose()?;
        let keys = LogKeys::new(&loaded, &options, &first.version().to_string());
        let mut results: BTreeMap<usize, MutantResult> = BTreeMap::new();
        let mut groups: BTreeMap<usize, Vec<Subject<'_>>> = BTreeMap::new();
        let places: BTreeMap<&str, &Planned> = plan.mutants.iter().map(|p| (p.id.as_str(), p)).collect();
        for planned in &plan.mutants {
            if let Some(known) = log.as_ref().and_then(|log| log.recall(&keys, &plan, planned)) {
                results.insert(planned.place, known);
            } else if let Some(same_as) = &planned.same_as {
                let mut result = planned.result(MutantStatus::Redundant);
                result.reason = Some(format!("says the same as {same_as}"));
                results.insert(planned.place, result);
            } else {
                groups.entry(planned.migration).or_default().push(subject(planned));
            }
        }
        let groups: Vec<(usize, Vec<Subject<'_>>)> = groups.into_iter().collect();
        let mutants = groups.iter().map(|(_, subjects)| subjects.len()).sum();
        on_event(MutationEvent::Planned { mutants, known: results.len() });
        let brief = brief(registry, &loaded, &options)?;
        let mut done = 0;
        let mut judged = |subject: &Subject<'_>, sentence: Sentence| {
            let Some(planned) = places.get(subject.id) else { return Ok(()) };
            let result = result(planned, sentence);
            if let Some(log) = &log {
                log.append(&keys.of(planned), &result)?;
            }
            on_event(MutationEvent::Judged { done, result: &result });
            done += usize::from(results.insert(planned.place, result).is_none());
            Ok(())
        };
        let all = judge_all(servers, &brief, &groups, &mut judged);
        Box::pin(all).await.map_err(|error| error.explained(first))?;

        let mut report = RunReport::new("mutate", env!("CARGO_PKG_VERSION"));
        report.server = baseline.server;
        report.source = baseline.source;
        report.coverage = baseline.coverage;
        let mutation = plan.report(results.into_values().collect(), &options);
        let findings = plan.findings.iter().cloned().chain(red).chain(judge(&mutation));
        report.findings.extend(findings.map(|finding| Finding::new(finding, None)));
        report.mutation = Some(mutation);
        report.conclude();
        report.duration_ms = (started.elapsed().as_secs_f64() * 1e6).round() / 1e3;
        Ok(Mutated { report, plan })
    }
}

/// The main job on the migrations as they are.
async fn test(
    server: &Server,
    registry: &Registry,
    source: &TestSource,
    options: &MutationOptions,
    on_event: &mut (dyn FnMut(MutationEvent<'_>) + Send),
) -> Result<RunReport, MutationError> {
    let run = TestRun {
        server,
        registry,
        source,
        options: TestOptions {
            ladder: options.ladder.clone(),
            judged: options.judged.clone(),
            last: options.last,
            skipped_checks: options.skipped_checks.clone(),
            tests: options.tests.clone(),
            snapshot: options.snapshot.clone(),
            ..TestOptions::default()
        },
    };
    let tested = Box::pin(run.run(&mut |event| on_event(MutationEvent::Baseline(event)))).await?;
    Ok(tested.report)
}

/// Migrations that do not apply as they are have no mutants.
fn leave_out_what_fails(options: &mut MutationOptions, baseline: &RunReport) {
    let applies = |at: &usize| {
        baseline.migrations.get(*at).is_some_and(|migration| {
            migration.checks.iter().any(|check| check.id == "up" && check.status == CheckStatus::Passed)
        })
    };
    let wanted = |at: &usize| options.judged.as_ref().is_none_or(|judged| judged.contains(at));
    let judged: BTreeSet<usize> =
        (0..baseline.migrations.len()).filter(|at| wanted(at)).filter(applies).collect();
    options.judged = Some(judged);
}

/// What fails on the migrations as they are, and so says nothing about mutants.
fn not_asked(baseline: &RunReport) -> Option<Diagnostic> {
    let mut names: Vec<String> = baseline
        .tests
        .iter()
        .filter(|test| test.failed())
        .map(|test| format!("test {}", test.name))
        .collect();
    for migration in &baseline.migrations {
        let failed = migration.checks.iter().filter(|check| check.status == CheckStatus::Failed);
        names.extend(failed.map(|check| format!("check {} on {}", check.id, migration.id)));
    }
    let first = names.first()?;
    let message = match names.len() {
        1 => format!("{first} fails on the migrations as they are and is not asked about mutants"),
        count => format!(
            "{first} and {} more fail on the migrations as they are and are not asked about mutants",
            count - 1
        ),
    };
    Some(
        Diagnostic::new("mutants-red-tests", Severity::Low, message)
            .with_help("repair them: what they guard is unguarded in this run")
            .with_evidence("not_asked", names),
    )
}

fn schema_fails(baseline: &RunReport) -> bool {
    let mut checks = baseline.migrations.iter().flat_map(|migration| &migration.checks);
    checks.any(|check| check.id == "schema" && check.status == CheckStatus::Failed)
}

/// The catalogs before the first migration and after each.
async fn catalogs(
    server: &Server,
    loaded: &Loaded,
    options: &MutationOptions,
) -> Result<Vec<Catalog>, MutationError> {
    let mut ladder = Ladder::start(server, loaded, options.ladder.clone()).await?;
    let mut catalogs = vec![ladder.catalog().clone()];
    while Box::pin(ladder.climb(Depth::Apply)).await?.is_some() {
        catalogs.push(ladder.catalog().clone());
    }
    ladder.close().await?;
    Ok(catalogs)
}

/// What every worker has to know.
fn brief<'a>(
    registry: &'a Registry,
    loaded: &'a Loaded,
    options: &MutationOptions,
) -> Result<Brief<'a>, MutationError> {
    let wanted = |check: &&dyn Check| !options.skipped_checks.contains(check.meta().id);
    let committed = match &options.snapshot {
        Some(dir) => SchemaSnapshotter::committed(dir)?.map(|snapshot| CommittedSchema {
            path: dir.join(SchemaSnapshotter::JSON),
            catalog: snapshot.catalog().clone(),
        }),
        None => None,
    };
    Ok(Brief {
        loaded,
        ladder: options.ladder.clone(),
        checks: registry.checks().filter(wanted).collect(),
        committed,
        listeners: options.tests.iter().filter_map(|test| Listener::new(test, loaded)).collect(),
        matrix: options.matrix,
        select: options.select,
        suggest: options.suggest,
    })
}

fn subject(planned: &Planned) -> Subject<'_> {
    Subject {
        id: &planned.id,
        meta: planned.operator,
        migration: planned.migration,
        direction: planned.direction,
        mutant: &planned.mutant,
    }
}

fn result(planned: &Planned, sentence: Sentence) -> MutantResult {
    MutantResult {
        reached: sentence.reached,
        killed_by: sentence.killed_by,
        own_kill: sentence.own_kill,
        same_as: sentence.same_as,
        reason: sentence.reason,
        suggestion: sentence.suggestion,
        duration_ms: (sentence.elapsed.as_secs_f64() * 1e6).round() / 1e3,
        ..planned.result(sentence.status)
    }
}

impl MutationError {
    /// A lost connection with what the server's log says about it.
    fn explained(self, server: &Server) -> Self {
        match self {
            Self::Fixture(error) => Self::Fixture(FixtureError::explained(error, server)),
            other => other,
        }
    }
}
