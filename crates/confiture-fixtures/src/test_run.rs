//! `TestRun`: the main job: every migration up, down and up again, judged by every check.

mod parts;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::Digest as _;

use confiture_core::catalog::Catalog;
use confiture_core::db::{Endpoint, Server};
use confiture_core::migration::layout::{self, Detection, LayoutError, LoadOptions, Loaded};
use confiture_core::migration::{Migration, Step};
use confiture_core::plugin::{
    Check, CheckContext, CheckScope, CommittedSchema, Outcome, Registry, RungRecord, StatementFailure,
};
use confiture_core::report::{
    CheckResult, CheckStatus, Coverage, Finding, MigrationResult, RunReport, ServerInfo, SourceInfo,
};
use confiture_core::{Diagnostic, Severity};

use crate::checks::queries::never_worked;
use crate::checks::up_data::seed_fails;
use crate::error::FixtureError;
use crate::ladder::{Asked, Depth, Ladder, LadderOptions, Measured};
use crate::snapshot::SchemaSnapshotter;
use crate::sqltest::{Bench, Suite, UserTest};
use parts::LaterPart;
pub use parts::{Beside, LONG};

/// The reason of checks of migrations that are applied but were not selected to be judged.
pub const NOT_SELECTED: &str = "not selected";

/// A loaded migrations directory.
#[derive(Debug, Clone)]
pub struct TestSource {
    /// The directory as the user named it.
    pub dir: String,
    /// Id of its layout.
    pub layout: String,
    /// How the layout was recognised.
    pub detection: Detection,
    /// Its migrations.
    pub loaded: Loaded,
}

impl TestSource {
    /// Reads the migrations of `dir`, by `layout` or by the one that is recognised.
    ///
    /// # Errors
    /// A directory or file that cannot be read, a layout that is not linked or not recognised, versions that
    /// contradict each other.
    pub fn load(
        registry: &Registry,
        dir: &Path,
        layout: Option<&str>,
        options: &LoadOptions,
    ) -> Result<Self, LayoutError> {
        let (layout, detection, loaded) = layout::load(registry, dir, layout, options)?;
        Ok(Self { dir: dir.display().to_string(), layout: layout.to_owned(), detection, loaded })
    }

    /// SHA-256 of the ids and texts of all migrations, in order, in hexadecimal.
    pub fn hash(&self) -> String {
        let mut hash = sha2::Sha256::new();
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        };
        for migration in &self.loaded.migrations {
            add(&migration.id);
            for script in [migration.up.script(), migration.down.script()] {
                add(script
                    .and_then(|script| script.source.text.get(script.span.clone()))
                    .unwrap_or_default());
            }
        }
        hash.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    /// A report of `command` with all that is known before anything is judged: where the migrations come from,
    /// how much of them can be analysed, what is wrong with the directory, and each migration without a check.
    pub fn report(&self, command: &str) -> RunReport {
        let mut report = RunReport::new(command, env!("CARGO_PKG_VERSION"));
        report.source = Some(source_info(self));
        report.coverage = coverage(&self.loaded);
        report.findings = directory_findings(&self.loaded);
        report.migrations = self.loaded.migrations.iter().map(described).collect();
        report
    }
}

/// The reason of checks that were not to be run.
pub const SKIPPED_ON_REQUEST: &str = "skipped on request";

/// What is judged, and how.
#[derive(Debug, Clone)]
pub struct TestOptions {
    /// Setup files and session settings.
    pub ladder: LadderOptions,
    /// Indexes of the migrations to judge; `None` means all. The others are applied only.
    pub judged: Option<BTreeSet<usize>>,
    /// The chain ends after this index.
    pub last: Option<usize>,
    /// Ids of checks not to run.
    pub skipped_checks: BTreeSet<String>,
    /// Ids of the migrations the base reference already holds.
    pub released: Option<Vec<String>>,
    /// The user's own tests to run.
    pub tests: Vec<Arc<UserTest>>,
    /// Leave the chain's database in place when something failed.
    pub keep_failed: bool,
    /// Directory of the committed schema snapshot; `None` where the project has no place for one, and
    /// checks of the chain are not asked.
    pub snapshot: Option<PathBuf>,
    /// A chain with at least so many migrations to judge is judged in two parts; rows are made anew where
    /// the second begins.
    pub long: usize,
    /// Where the second part of a long chain is judged; `None` on the server of the first.
    pub beside: Option<Beside>,
    /// Measure the statements of every judged migration and keep the catalogs around it
    /// ([`Tested::evidence`]); then one server judges the whole chain.
    pub evidence: bool,
}

impl Default for TestOptions {
    /// Everything is judged, on one server.
    fn default() -> Self {
        Self {
            ladder: LadderOptions::default(),
            judged: None,
            last: None,
            skipped_checks: BTreeSet::new(),
            released: None,
            tests: Vec::new(),
            keep_failed: false,
            snapshot: None,
            long: LONG,
            beside: None,
            evidence: false,
        }
    }
}

/// What a run tells while it is under way.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The first migration is about to be applied.
    Started {
        /// Migrations the run will apply.
        migrations: usize,
    },
    /// A migration was judged.
    Judged {
        /// Its place in the chain, from 0.
        index: usize,
        /// The judgement.
        result: &'a MigrationResult,
        /// Time since the previous migration was judged.
        elapsed: Duration,
    },
}

/// The main job on one server.
#[derive(Debug)]
pub struct TestRun<'a> {
    /// Where scratch databases are created.
    pub server: &'a Server,
    /// Checks to ask.
    pub registry: &'a Registry,
    /// Migrations to judge.
    pub source: &'a TestSource,
    /// What and how.
    pub options: TestOptions,
}

/// A finished run.
#[derive(Debug)]
pub struct Tested {
    /// Everything there is to say.
    pub report: RunReport,
    /// Where the database is that was kept, when one was.
    pub kept: Option<Endpoint>,
    /// Of each judged migration, where it was asked for.
    pub evidence: Vec<Evidence>,
    /// Parts the chain was judged in: 2 where a second server did the later one.
    pub parts: usize,
}

/// What is known of one migration besides the judgement of the checks.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Its place in the chain.
    pub index: usize,
    /// The catalog before it.
    pub before: Catalog,
    /// The catalog after it; `None` when it was not applied.
    pub after: Option<Catalog>,
    /// What its statements did; `Err` says why that is not known.
    pub measured: Result<Measured, String>,
    /// How the application's queries fare before and after it, on rows; `Err` says why that is not known.
    pub asked: Result<Vec<Asked>, String>,
}

impl TestRun<'_> {
    /// Runs it. `on_event` is called as the run goes on.
    ///
    /// # Errors
    /// When a setup file fails or the server is lost; what was judged until then is not returned.
    pub async fn run(self, on_event: &mut (dyn FnMut(Event<'_>) + Send)) -> Result<Tested, FixtureError> {
        let server = self.server;
        Box::pin(self.climb(on_event)).await.map_err(|error| error.explained(server))
    }

    async fn climb(self, on_event: &mut (dyn FnMut(Event<'_>) + Send)) -> Result<Tested, FixtureError> {
        let started = Instant::now();
        let Self { server, registry, source, options } = self;
        let loaded = &source.loaded;
        let mut report = RunReport::new("test", env!("CARGO_PKG_VERSION"));
        report.server = Some(ServerInfo {
            version: server.version().to_string(),
            kind: server.kind().as_str().to_owned(),
        });
        report.source = Some(source_info(source));
        report.coverage = coverage(loaded);
        report.findings.extend(directory_findings(loaded));

        let end = options.last.map_or(loaded.migrations.len(), |last| last + 1);
        let judging = Judging { loaded, registry, options: &options, committed: committed(&options)?, end };
        on_event(Event::Started { migrations: end });
        let turn = parts::turn(&options, end);
        let mut later = match (turn, &options.beside) {
            (Some(turn), Some(beside)) if !options.evidence && parts::allowed(server, &options) => {
                Some(LaterPart::new(&judging, turn, beside, server))
            }
            _ => None,
        };
        let mut ladder = Ladder::start(server, loaded, options.ladder.clone()).await?;
        let bench = Bench { loaded, deadline: options.ladder.deadline, fail_fast: false };
        let mut suite = Suite::new(&options.tests, bench, end.checked_sub(1), server.kind());
        suite.at(&mut ladder, None, true).await?;
        let mut whole_chain = end == loaded.migrations.len();
        let mut agreed = false;
        let mut evidence = Vec::new();
        let mut take = |judged: Judged, report: &mut RunReport| {
            let Judged { index, result, findings, applied, elapsed, .. } = judged;
            whole_chain &= applied;
            on_event(Event::Judged { index, result: &result, elapsed });
            report.findings.extend(findings);
            report.migrations.push(result);
        };
        for index in 0..end {
            if turn == Some(index) {
                // Where a chain is judged in parts, the later one has rows of its own; so has every other
                // run, for the verdict must not depend on the machine.
                ladder.renew_rows().await;
                if let Some(part) = &mut later {
                    agreed = part.agrees(&ladder).await;
                    if agreed {
                        break;
                    }
                    later = None;
                }
            }
            let Some(mut judged) = Box::pin(judging.rung(&mut ladder, index)).await? else { break };
            let applied = judged.applied;
            evidence.extend(judged.evidence.take());
            suite.at(&mut ladder, Some(index), applied).await?;
            take(judged, &mut report);
        }
        let mut useless: Vec<StatementFailure> = ladder.queries_never_worked().cloned().collect();
        if let Some(part) = later.as_mut().filter(|_| agreed) {
            let useless_later = part.judged(&mut |judged| take(judged, &mut report)).await?;
            let place = |failed: &StatementFailure| (failed.location.file.clone(), failed.location.line);
            let before: BTreeSet<(PathBuf, usize)> = useless.iter().map(place).collect();
            useless = useless_later;
            useless.retain(|failed| before.contains(&place(failed)));
        }
        if !options.skipped_checks.contains("queries") {
            let findings = useless.iter().map(|failed| never_worked(failed, whole_chain));
            report.findings.extend(findings.map(|finding| Finding::new(finding, None)));
        }
        suite.report(&mut report);
        report.conclude();
        let failed = report.status == confiture_core::report::RunStatus::Failed;
        let kept = if failed && options.keep_failed {
            Some(ladder.keep().await?)
        } else {
            let closed = match later {
                Some(later) => tokio::join!(ladder.close(), later.close()).0,
                None => ladder.close().await,
            };
            closed?;
            None
        };
        report.duration_ms = milliseconds(started.elapsed());
        Ok(Tested { report, kept, evidence, parts: if agreed { 2 } else { 1 } })
    }
}

/// What judging needs besides a ladder.
struct Judging<'a> {
    loaded: &'a Loaded,
    registry: &'a Registry,
    options: &'a TestOptions,
    committed: Option<CommittedSchema>,
    /// Migrations of the run.
    end: usize,
}

/// A migration that was judged.
struct Judged {
    index: usize,
    result: MigrationResult,
    findings: Vec<Finding>,
    applied: bool,
    elapsed: Duration,
    evidence: Option<Evidence>,
}

impl Judging<'_> {
    /// Climbs to the next rung and judges it; `None` at the end of the chain.
    async fn rung(&self, ladder: &mut Ladder<'_>, index: usize) -> Result<Option<Judged>, FixtureError> {
        let Self { loaded, options, .. } = self;
        let rung = Instant::now();
        let judged = options.judged.as_ref().is_none_or(|judged| judged.contains(&index));
        let depth = if judged { Depth::Observe } else { Depth::Apply };
        let measured = match judged && options.evidence {
            true => {
                let measured = Box::pin(measured(ladder)).await?;
                let asked = match options.skipped_checks.contains("queries") {
                    true => Err(SKIPPED_ON_REQUEST.to_owned()),
                    false => Box::pin(ladder.ask()).await?,
                };
                Some((measured, asked))
            }
            false => None,
        };
        let Some(record) = ladder.climb(depth).await? else { return Ok(None) };
        let cx = CheckContext::new(loaded, index, &record)
            .with_released(options.released.as_deref())
            .with_committed(self.committed.as_ref());
        let mut result = described(&loaded.migrations[index]);
        if index + 1 == loaded.migrations.len() {
            ladder.seed_rest().await?;
        }
        let mut findings = Vec::new();
        let mut checks: Vec<&dyn Check> = self.registry.checks().collect();
        checks.sort_by_key(|check| (check.rank(), check.meta().id));
        for check in checks {
            let id = check.meta().id;
            if check.scope() == CheckScope::Chain && (options.snapshot.is_none() || index + 1 < self.end) {
                continue;
            }
            if !judged {
                result.checks.push(skipped(id, NOT_SELECTED));
            } else if options.skipped_checks.contains(id) {
                result.checks.push(skipped(id, SKIPPED_ON_REQUEST));
            } else {
                let (checked, found) = judge(check, &cx).await?;
                result.checks.push(checked);
                findings.extend(found);
            }
        }
        findings.extend(refused_seeds(ladder));
        let applied = match &record.up {
            Some(run) => run.failure.is_none(),
            None => matches!(loaded.migrations[index].up, Step::Absent),
        };
        let evidence = measured.map(|(measured, asked)| Evidence {
            asked,
            index,
            before: record.before,
            after: applied.then_some(record.after),
            measured,
        });
        Ok(Some(Judged { index, result, findings, applied, elapsed: rung.elapsed(), evidence }))
    }
}

/// What the next migration does when it is measured, or why that is not known.
async fn measured(ladder: &mut Ladder<'_>) -> Result<Result<Measured, String>, FixtureError> {
    match ladder.measure().await {
        Ok(Some(measured)) => Ok(Ok(measured)),
        Ok(None) => Ok(Err("there is nothing to run, or it commits midway".to_owned())),
        Err(error @ (FixtureError::Database(_) | FixtureError::Interrupted)) => Err(error),
        Err(error) => {
            ladder.revive().await?;
            Ok(Err(format!("it could not be measured: {error}")))
        }
    }
}

/// The findings about seed files that the server refused.
fn refused_seeds(ladder: &mut Ladder<'_>) -> impl Iterator<Item = Finding> {
    let refused = ladder.take_refused_seeds().into_iter();
    refused.map(|(failed, missing)| Finding::new(seed_fails(&failed, missing), None))
}

/// The committed snapshot, where there is one.
fn committed(options: &TestOptions) -> Result<Option<CommittedSchema>, FixtureError> {
    let Some(dir) = &options.snapshot else { return Ok(None) };
    let snapshot = SchemaSnapshotter::committed(dir)?;
    Ok(snapshot.map(|snapshot| CommittedSchema {
        path: dir.join(SchemaSnapshotter::JSON),
        catalog: snapshot.catalog().clone(),
    }))
}

async fn judge(
    check: &dyn Check,
    cx: &CheckContext<'_>,
) -> Result<(CheckResult, Vec<Finding>), FixtureError> {
    let id = check.meta().id;
    let started = Instant::now();
    let verdict = check.judge(cx).await?;
    let (status, reason) = match verdict.outcome {
        Outcome::Passed => (CheckStatus::Passed, None),
        Outcome::Failed => (CheckStatus::Failed, None),
        Outcome::Skipped(reason) => (CheckStatus::Skipped, Some(reason)),
        Outcome::NotApplicable(reason) => (CheckStatus::NotApplicable, Some(reason)),
    };
    let elapsed = script_time(id, cx.record).unwrap_or_else(|| started.elapsed());
    let mut findings: Vec<Finding> =
        verdict.findings.into_iter().map(|d| Finding::new(d, Some(id))).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Ok((CheckResult { id: id.to_owned(), status, reason, duration_ms: milliseconds(elapsed) }, findings))
}

/// How long the script took that a check is about.
fn script_time(check: &str, record: &RungRecord) -> Option<Duration> {
    let trip = record.round_trip.as_ref();
    match check {
        "up" => record.up.as_ref().map(|run| run.elapsed),
        "down" => trip.map(|trip| trip.down.elapsed),
        "re-up" => trip.and_then(|trip| trip.re_up.as_ref()).map(|run| run.elapsed),
        _ => None,
    }
}

pub(crate) fn milliseconds(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 1e6).round() / 1e3
}

fn skipped(id: &str, reason: &str) -> CheckResult {
    CheckResult {
        id: id.to_owned(),
        status: CheckStatus::Skipped,
        reason: Some(reason.to_owned()),
        duration_ms: 0.0,
    }
}

fn source_info(source: &TestSource) -> SourceInfo {
    let ignored = source.loaded.ignored.iter();
    SourceInfo {
        hash: source.hash(),
        dir: source.dir.clone(),
        layout: source.layout.clone(),
        layout_reasons: source.detection.reasons.clone(),
        migrations: source.loaded.migrations.len(),
        not_understood: ignored.filter(|f| !f.understood).map(|f| f.path.display().to_string()).collect(),
    }
}

/// Findings about the directory as a whole: files nobody understands, problems of no single migration.
fn directory_findings(loaded: &Loaded) -> Vec<Finding> {
    let unknown = loaded.ignored.iter().filter(|file| !file.understood).map(|file| {
        let location = confiture_core::Location::new(&file.path, "", 0..0);
        Diagnostic::new(
            "not-understood",
            Severity::Low,
            format!("{} is not part of the layout: {}", file.path.display(), file.reason),
        )
        .at(location)
        .with_help("rename it to the layout's pattern, move it elsewhere, or choose another --layout")
    });
    let general = loaded
        .problems
        .iter()
        .filter(|p| !loaded.migrations.iter().any(|m| p.migration.as_ref() == Some(&m.id)))
        .cloned();
    general.chain(unknown).map(|diagnostic| Finding::new(diagnostic, None)).collect()
}

fn described(migration: &Migration) -> MigrationResult {
    let file = |step: &Step| match step {
        Step::Sql(script) => Some(script.source.path.display().to_string()),
        Step::NotRunnable { file, .. } => Some(file.display().to_string()),
        Step::Absent => None,
    };
    MigrationResult {
        id: migration.id.clone(),
        version: migration.version.clone(),
        name: migration.name.clone(),
        file: file(&migration.up),
        down_file: file(&migration.down),
        statements: [migration.up.script(), migration.down.script()]
            .into_iter()
            .flatten()
            .map(|script| script.statements.len())
            .sum(),
        checks: Vec::new(),
    }
}

/// How many statements of all scripts have a syntax tree.
fn coverage(loaded: &Loaded) -> Coverage {
    let scripts = loaded.migrations.iter().flat_map(|m| [m.up.script(), m.down.script()]).flatten();
    let mut coverage = Coverage::default();
    for statement in scripts.flat_map(|script| &script.statements) {
        coverage.statements += 1;
        match confiture_core::sql::parse(&statement.sql) {
            Some(_) => coverage.parsed += 1,
            None => coverage.unparsed += 1,
        }
    }
    coverage
}
