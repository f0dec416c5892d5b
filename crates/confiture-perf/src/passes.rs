//! The passes besides counting: who waits, under load, at size, against a base.
//!
//! Each climbs the chain on its own, since a probe disturbs what counters count.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use confiture_core::db::Server;
use confiture_core::migration::layout::Loaded;
use confiture_core::migration::{Direction, Migration, Script};
use confiture_core::report::{Band, LoadProfile, PerformanceProfile, ScaleProfile, TimingProfile, Timings};
use confiture_fixtures::{FixtureError, TestSource};

use crate::error::PerfError;
use crate::load::{LoadOptions, Side, Timed, closed_loop, interleaved, timed};
use crate::predict::{HoldBudget, ScaleOptions, Scaled};
use crate::probe::{ProbeOptions, probe};
use crate::stages::{StageOptions, Stages};
use crate::stats::{Comparison, Metric, Timing, TimingRule, TimingVerdict, compare, repeats_needed};

/// Which passes are run, and how.
#[derive(Debug, Clone, Default)]
pub struct PassOptions {
    /// Setup, rows and their seed.
    pub stage: StageOptions,
    /// Indexes of the migrations that are measured; `None` means all.
    pub judged: Option<BTreeSet<usize>>,
    /// The chain ends after this index.
    pub last: Option<usize>,
    /// Probe who waits; one run for each of these.
    pub probes: Vec<ProbeOptions>,
    /// Let sessions read and write meanwhile.
    pub load: Option<LoadOptions>,
    /// Measure at several sizes, and predict for these rows of production, by `schema.table` or `table`.
    pub scale: Option<(ScaleOptions, BTreeMap<String, u64>, HoldBudget)>,
    /// Time it so often.
    pub time: Option<TimeOptions>,
}

/// How times are taken.
#[derive(Debug, Clone)]
pub struct TimeOptions {
    /// Runs of each side; more where so many comparisons need more for an alarm.
    pub runs: usize,
    /// What an alarm is.
    pub rule: TimingRule,
    /// Also time migrations whose scripts are those of the base.
    pub unchanged: bool,
}

impl TimeOptions {
    /// Runs of each side with which an alarm is possible among so many comparisons.
    pub(crate) fn needed(&self, comparisons: usize) -> usize {
        match self.rule.plain {
            true => self.runs,
            false => self.runs.max(repeats_needed(comparisons, self.rule.significance)),
        }
    }
}

impl Default for TimeOptions {
    fn default() -> Self {
        Self { runs: 5, rule: TimingRule::default(), unchanged: false }
    }
}

/// Runs the passes that are asked for on the migrations of a directory.
#[derive(Debug)]
pub struct Passes<'a> {
    /// Where scratch databases are created.
    pub server: &'a Server,
    /// Migrations to measure.
    pub source: &'a TestSource,
    /// The same chain as it was; times are compared with it.
    pub base: Option<&'a TestSource>,
    /// What and how.
    pub options: PassOptions,
}

impl Passes<'_> {
    /// Runs them and puts what they measured into `profile`; `doing` is told what is done next.
    ///
    /// # Errors
    /// When the server is lost, or refuses what is asked of it besides the migrations.
    pub async fn run(
        &self,
        profile: &mut PerformanceProfile,
        doing: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(), PerfError> {
        if !self.options.probes.is_empty() || self.options.load.is_some() {
            Box::pin(self.beside(profile, doing)).await?;
        }
        if let Some((scale, production, budget)) = &self.options.scale {
            Box::pin(self.scale(scale, production, *budget, profile, doing)).await?;
        }
        match (&self.options.time, self.base) {
            (Some(time), Some(base)) => Box::pin(self.against(base, time, profile, doing)).await?,
            (Some(time), None) => Box::pin(self.alone(time, profile, doing)).await?,
            (None, _) => {}
        }
        Ok(())
    }

    /// Indexes of the migrations that are measured and have something to run, in chain order.
    fn judged(&self) -> Vec<usize> {
        let migrations = &self.source.loaded.migrations;
        let end = self.options.last.map_or(migrations.len(), |last| (last + 1).min(migrations.len()));
        let judged = |at: &usize| self.options.judged.as_ref().is_none_or(|judged| judged.contains(at));
        (0..end).filter(judged).filter(|at| migrations[*at].up.script().is_some()).collect()
    }

    fn migration(&self, index: usize) -> &Migration {
        &self.source.loaded.migrations[index]
    }

    /// Probes and load.
    async fn beside(
        &self,
        profile: &mut PerformanceProfile,
        doing: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(), PerfError> {
        let mut stages = Stages::start(self.server, &self.source.loaded, self.options.stage.clone()).await?;
        for index in self.judged() {
            let migration = self.migration(index);
            doing(&format!("{}: who waits", migration.id));
            stages.reach(index).await?;
            let Some(script) = migration.up.script().filter(|_| stages.refused().is_none()) else {
                continue;
            };
            for options in &self.options.probes {
                let report = probe(stages.ground()?, script, Direction::Up, *options).await?;
                profile.stalls.push(report.profile(&migration.id, options.reader));
            }
            let tables = !stages.ground()?.tables().is_empty();
            // Before the first table there is nothing to read.
            if let Some(options) = self.options.load.as_ref().filter(|_| tables) {
                let report = closed_loop(stages.ground()?, script, Direction::Up, *options).await?;
                profile.load.push(LoadProfile {
                    migration: migration.id.clone(),
                    sessions: options.sessions,
                    reads: options.reads,
                    failed: report.run.failure.as_ref().map(ToString::to_string),
                    phases: report.phases.into(),
                });
            }
        }
        stages.close().await?;
        Ok(())
    }

    /// The same scripts on tables of several sizes.
    async fn scale(
        &self,
        options: &ScaleOptions,
        production: &BTreeMap<String, u64>,
        budget: HoldBudget,
        profile: &mut PerformanceProfile,
        doing: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(), PerfError> {
        let judged = self.judged();
        let mut scaled: BTreeMap<usize, Scaled> = BTreeMap::new();
        let mut failed: BTreeMap<usize, String> = BTreeMap::new();
        for size in &options.sizes {
            let mut stages = Stages::start(self.server, &self.source.loaded, options.at(*size)).await?;
            for index in &judged {
                let migration = self.migration(*index);
                doing(&format!("{}: {size} rows", migration.id));
                stages.reach(*index).await?;
                let runs = migration.up.script().filter(|_| stages.refused().is_none());
                let Some(script) = runs.filter(|_| !failed.contains_key(index)) else { continue };
                let one = scaled.entry(*index).or_default();
                match one.add(stages.ground()?, script, *size, options).await {
                    Ok(()) => {}
                    Err(FixtureError::Migration { reason, .. }) => {
                        failed.insert(*index, format!("with {size} rows a table: {reason}"));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            stages.close().await?;
        }
        for (index, scaled) in scaled {
            let id = &self.migration(index).id;
            profile.scale.push(match failed.remove(&index) {
                None => scaled.profile(id, production, budget),
                Some(why) => ScaleProfile {
                    migration: id.clone(),
                    statements: Vec::new(),
                    holds: Vec::new(),
                    failed: Some(why),
                },
            });
        }
        Ok(())
    }

    /// Repeated times without a base.
    async fn alone(
        &self,
        options: &TimeOptions,
        profile: &mut PerformanceProfile,
        doing: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(), PerfError> {
        let mut stages = Stages::start(self.server, &self.source.loaded, self.options.stage.clone()).await?;
        for index in self.judged() {
            let migration = self.migration(index);
            doing(&format!("{}: times", migration.id));
            stages.reach(index).await?;
            let Some(script) = migration.up.script().filter(|_| stages.refused().is_none()) else {
                continue;
            };
            let side = Side { ground: stages.ground()?, script, direction: Direction::Up };
            let mut times = Vec::new();
            let mut failed = None;
            // The first run is not counted: it warms caches.
            for run in 0..=options.runs {
                match timed(side).await {
                    Ok(timing) if run > 0 => times.push(timing),
                    Ok(_) => {}
                    Err(error) => {
                        failed = Some(refused(error)?);
                        break;
                    }
                }
            }
            let timings = match failed {
                None => measured(&times),
                Some(why) => inconclusive(why),
            };
            profile.timings.push(timing(migration, Direction::Up, timings));
        }
        stages.close().await?;
        Ok(())
    }

    /// Base and head in turns.
    async fn against(
        &self,
        base: &TestSource,
        options: &TimeOptions,
        profile: &mut PerformanceProfile,
        doing: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(), PerfError> {
        let pairs = self.pairs(&base.loaded, options.unchanged);
        if pairs.is_empty() {
            let why = "no script that the base has, too, is another one".to_owned();
            profile.unavailable.insert("timings".to_owned(), why);
            return Ok(());
        }
        let scripts = pairs.iter().map(|pair| pair.directions.len()).sum();
        let runs = options.needed(scripts);
        let mut old = Stages::start(self.server, &base.loaded, self.options.stage.clone()).await?;
        let mut new = Stages::start(self.server, &self.source.loaded, self.options.stage.clone()).await?;
        let mut compared = Vec::new();
        for pair in &pairs {
            let migration = self.migration(pair.head);
            doing(&format!("{}: {runs} runs of base and head in turns", migration.id));
            old.reach(pair.base).await?;
            new.reach(pair.head).await?;
            if old.refused().is_some() || new.refused().is_some() {
                continue;
            }
            let before = &base.loaded.migrations[pair.base];
            for direction in &pair.directions {
                if *direction == Direction::Down {
                    // The rollback is timed on what the up left.
                    let after = old.ground()?.advance(before).await;
                    let both = match after {
                        Ok(()) => new.ground()?.advance(migration).await,
                        failed => failed,
                    };
                    if let Err(error) = both {
                        compared.push((migration, *direction, Err(refused(error)?)));
                        continue;
                    }
                }
                let scripts = before.step(*direction).script().zip(migration.step(*direction).script());
                let Some((was, is)) = scripts else { continue };
                let was = Side { ground: old.ground()?, script: was, direction: *direction };
                let is = Side { ground: new.ground()?, script: is, direction: *direction };
                let one = match in_turns(was, is, runs, &options.rule).await {
                    Ok(times) => Ok(times),
                    Err(error) => Err(refused(error)?),
                };
                compared.push((migration, *direction, one));
            }
            if pair.directions.contains(&Direction::Down) {
                // Their rows have seen the up.
                old.reset().await?;
                new.reset().await?;
            }
        }
        old.close().await?;
        new.close().await?;
        let (scripts, turns): (Vec<_>, Vec<_>) =
            compared.into_iter().map(|(migration, direction, one)| ((migration, direction), one)).unzip();
        for ((migration, direction), timings) in scripts.into_iter().zip(concluded(turns, &options.rule)) {
            profile.timings.push(timing(migration, direction, timings));
        }
        Ok(())
    }

    /// What both chains have and both can run, in an order in which both are climbed.
    fn pairs(&self, base: &Loaded, unchanged: bool) -> Vec<Pair> {
        let mut pairs: Vec<Pair> = Vec::new();
        for head in self.judged() {
            let migration = self.migration(head);
            let Some(at) = base.migrations.iter().position(|known| known.id == migration.id) else {
                continue;
            };
            let known = &base.migrations[at];
            let differs = |direction: &Direction| {
                let (was, is) = (known.step(*direction).script(), migration.step(*direction).script());
                was.zip(is).is_some_and(|(was, is)| unchanged || text(was) != text(is))
            };
            let directions: Vec<Direction> =
                [Direction::Up, Direction::Down].into_iter().filter(differs).collect();
            // A chain is climbed once: what stands further down at the base is left out.
            if !directions.is_empty() && pairs.last().is_none_or(|last| last.base < at) {
                pairs.push(Pair { base: at, head, directions });
            }
        }
        pairs
    }
}

/// A migration in both chains, and which of its scripts are compared.
struct Pair {
    base: usize,
    head: usize,
    directions: Vec<Direction>,
}

/// Runs of base and head, and fresh ones where those could be an alarm.
pub(crate) struct Turns {
    times: (Vec<Timing>, Vec<Timing>),
    again: Option<(Vec<Timing>, Vec<Timing>)>,
}

fn text(script: &Script) -> &str {
    &script.source.text[script.span.clone()]
}

pub(crate) async fn in_turns<'a>(
    base: impl Into<Timed<'a>>,
    head: impl Into<Timed<'a>>,
    runs: usize,
    rule: &TimingRule,
) -> Result<Turns, FixtureError> {
    let (base, head) = (base.into(), head.into());
    let times = interleaved(base, head, runs).await?;
    let suspected = compare(&[(&times.0, &times.1)], rule)
        .first()
        .is_some_and(|alone| alone.verdict == TimingVerdict::Suspected);
    let again = if suspected { Some(interleaved(base, head, runs).await?) } else { None };
    Ok(Turns { times, again })
}

/// The verdicts of all that was compared, in the same order; one that failed says why.
pub(crate) fn concluded(turns: Vec<Result<Turns, String>>, rule: &TimingRule) -> Vec<Timings> {
    let measured = || turns.iter().filter_map(|one| one.as_ref().ok());
    let sides: Vec<(&[Timing], &[Timing])> =
        measured().map(|turns| (&turns.times.0[..], &turns.times.1[..])).collect();
    let mut comparisons = compare(&sides, rule).into_iter();
    let conclude = |one: &Result<Turns, String>| match one {
        Err(why) => inconclusive(why.clone()),
        Ok(turns) => match comparisons.next() {
            Some(comparison) => judged(comparison, turns, rule),
            None => unreachable!("there is a comparison for each of the turns"),
        },
    };
    turns.iter().map(conclude).collect()
}

/// A migration that fails is an answer; anything else is not.
pub(crate) fn refused(error: FixtureError) -> Result<String, FixtureError> {
    match error {
        FixtureError::Migration { reason, .. } => Ok(format!("it fails: {reason}")),
        other => Err(other),
    }
}

fn timing(migration: &Migration, direction: Direction, timings: Timings) -> TimingProfile {
    TimingProfile { migration: migration.id.clone(), direction, timings }
}

pub(crate) fn inconclusive(reason: String) -> Timings {
    Timings { verdict: "inconclusive".to_owned(), reason: Some(reason), ..Timings::default() }
}

/// Times without a base.
pub(crate) fn measured(times: &[Timing]) -> Timings {
    let cpu: Option<Vec<Duration>> = times.iter().map(|timing| timing.cpu).collect();
    let (metric, times) = match cpu {
        Some(cpu) => ("cpu", cpu),
        None => ("wall", times.iter().map(|timing| timing.wall).collect()),
    };
    Timings {
        metric: metric.to_owned(),
        head_ms: times.iter().map(|time| rounded(time.as_secs_f64() * 1e3)).collect(),
        verdict: "measured".to_owned(),
        ..Timings::default()
    }
}

/// A comparison with the verdict that fresh runs lead to.
fn judged(comparison: Comparison, turns: &Turns, rule: &TimingRule) -> Timings {
    let comparison = match &turns.again {
        None => comparison,
        Some((base, head)) => match compare(&[(base, head)], rule).first() {
            Some(fresh) => comparison.confirmed(fresh, rule),
            None => comparison,
        },
    };
    let (verdict, reason) = match comparison.verdict {
        TimingVerdict::Unchanged => ("unchanged", None),
        TimingVerdict::Suspected => ("suspected", None),
        TimingVerdict::Slower => ("slower", None),
        TimingVerdict::Inconclusive(why) => ("inconclusive", Some(why)),
    };
    let all = |times: &[f64]| times.iter().copied().map(rounded).collect();
    Timings {
        metric: match comparison.metric {
            Metric::Cpu => "cpu",
            Metric::Wall => "wall",
        }
        .to_owned(),
        base_ms: all(&comparison.base_ms),
        head_ms: all(&comparison.head_ms),
        ratio: comparison.ratio.map(|r| Band { estimate: r.estimate, low: r.low, high: r.high }),
        confidence: comparison.ratio.map(|ratio| ratio.confidence),
        p: Some(comparison.p_adjusted),
        difference_ms: Some(rounded(comparison.difference_ms)),
        smallest_effect: comparison.smallest_effect,
        verdict: verdict.to_owned(),
        reason,
    }
}

pub(crate) fn rounded(milliseconds: f64) -> f64 {
    (milliseconds * 1e3).round() / 1e3
}
