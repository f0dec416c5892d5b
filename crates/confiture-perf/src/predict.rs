//! What a migration will cost on the production tables: the scale pass.

use std::collections::BTreeMap;
use std::time::Duration;

use confiture_core::db::{LockMode, Server};
use confiture_core::migration::layout::Loaded;
use confiture_core::migration::{Direction, Script};
use confiture_core::sql::{ObjectKind, Verb, classify};
use confiture_fixtures::{FixtureError, RowCounts, SetupFile, Statistics};
use serde::Serialize;

use crate::load::{Ground, GroundPlan, WatchedRun, measured_session, watch};
use crate::stats::{Band, Fit, FitError, Point, Shape};

/// Confidence of the bands.
const CONFIDENCE: f64 = 0.95;
/// Processor milliseconds and bytes below which differences mean nothing.
const FLOORS: (f64, f64) = (3.0, 16_384.0);
/// The accuracy aimed at, as a share, of processor time and log; not yet measured by this crate. The bands are
/// never narrower.
const KNOWN_ERROR: (f64, f64) = (0.35, 0.02);

/// How to scale.
#[derive(Debug, Clone)]
pub struct ScaleOptions {
    /// Rows of every table, in turn.
    pub sizes: Vec<u64>,
    /// Runs at each size.
    pub repeats: usize,
    /// Files run on the fresh database first.
    pub setup: Vec<SetupFile>,
    /// Seed of the rows.
    pub seed: u64,
}

impl Default for ScaleOptions {
    fn default() -> Self {
        Self { sizes: vec![10_000, 30_000, 100_000], repeats: 3, setup: Vec::new(), seed: 0 }
    }
}

/// Runs of one script on tables of several sizes.
#[derive(Debug, Clone)]
pub struct Scaled {
    /// Rows of every table and what was measured.
    pub runs: Vec<(u64, WatchedRun)>,
    shapes: BTreeMap<usize, Shape>,
}

/// What production allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldBudget {
    /// Longer holds are warned of.
    pub warns: Duration,
    /// Longer holds fail.
    pub fails: Duration,
}

impl Default for HoldBudget {
    fn default() -> Self {
        Self { warns: Duration::from_secs(1), fails: Duration::from_secs(5) }
    }
}

/// How a hold stands to its budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldVerdict {
    /// Within it.
    Passes,
    /// There is no prediction.
    Unknown,
    /// Longer than what is warned of.
    Warns,
    /// Too long.
    Fails,
}

/// A statement at production size.
#[derive(Debug, Clone, PartialEq)]
pub struct StatementPrediction {
    /// Its index in the script.
    pub index: usize,
    /// Rows of the largest table its transaction has locked by then.
    pub rows: u64,
    /// Milliseconds of processor time; wall time where there is none.
    pub cpu_ms: Result<Band, FitError>,
    /// Bytes of write-ahead log, without full-page images.
    pub wal_bytes: Result<Band, FitError>,
}

/// How long a lock that others wait for will be held.
#[derive(Debug, Clone, PartialEq)]
pub struct HoldPrediction {
    /// Index of the statement that takes it.
    pub index: usize,
    /// The table.
    pub table: String,
    /// The lock.
    pub mode: LockMode,
    /// Rows of the largest table that is locked meanwhile.
    pub rows: u64,
    /// Milliseconds of work from the statement to the end of its transaction.
    pub hold_ms: Result<Band, FitError>,
    /// Against the budget.
    pub verdict: HoldVerdict,
}

/// Runs the script of a migration on copies with so many rows in each table.
///
/// # Errors
/// [`FixtureError::Migration`] when it fails, and what [`Ground::lay`] fails with.
pub async fn scale(
    server: &Server,
    loaded: &Loaded,
    index: usize,
    options: &ScaleOptions,
) -> Result<Scaled, FixtureError> {
    let mut scaled = Scaled { runs: Vec::new(), shapes: BTreeMap::new() };
    for size in &options.sizes {
        let rows = RowCounts::uniform(*size);
        let plan = GroundPlan { loaded, index, setup: &options.setup, rows: &rows, seed: options.seed };
        let Some(script) = plan.script(Direction::Up) else { return Ok(scaled) };
        scaled.shapes = shapes(script);
        let ground = Ground::lay(server, plan).await?;
        for _ in 0..options.repeats {
            let run = once(&ground, script).await;
            match run {
                Ok(run) => scaled.runs.push((*size, run)),
                Err(error) => {
                    ground.close().await?;
                    return Err(error);
                }
            }
        }
        ground.close().await?;
    }
    Ok(scaled)
}

async fn once(ground: &Ground, script: &Script) -> Result<WatchedRun, FixtureError> {
    let copy = ground.copy().await?;
    let session = measured_session(&copy).await?;
    let run = watch(&copy, &session, script, Direction::Up, true).await;
    session.close().await;
    copy.close().await?;
    let run = run?;
    match &run.failure {
        None => Ok(run),
        Some(failure) => Err(FixtureError::Migration {
            doing: "scale",
            migration: script.source.path.display().to_string(),
            reason: failure.message.clone(),
        }),
    }
}

/// What sorts, and what does not.
fn shapes(script: &Script) -> BTreeMap<usize, Shape> {
    let shape = |sql: &str| {
        let class = classify(sql);
        match class.verb == Verb::Create && class.object == Some(ObjectKind::Index) {
            true => Shape::Sorting,
            false => Shape::Linear,
        }
    };
    script.statements.iter().enumerate().map(|(index, statement)| (index, shape(&statement.sql))).collect()
}

/// Rows of each table by schema and name, from a statistics export.
pub fn production_rows(statistics: &Statistics) -> BTreeMap<String, u64> {
    let quoted = |name: &str| confiture_core::sql::Quoted::ident(name).as_str().to_owned();
    let table = |table: &confiture_fixtures::TableStatistics| {
        (format!("{}.{}", quoted(&table.schema), quoted(&table.name)), table.rows)
    };
    statistics.tables.iter().map(table).collect()
}

impl Scaled {
    /// Indexes of the statements that were measured.
    fn statements(&self) -> Vec<usize> {
        let first = self.runs.first();
        first.map(|(_, run)| run.statements.iter().map(|s| s.index).collect()).unwrap_or_default()
    }

    /// What a statement cost at each size: processor milliseconds (wall time where there is none), or bytes of log.
    pub fn points(&self, index: usize, cost: Cost) -> Vec<Point> {
        self.points_of(&[index], cost)
    }

    /// The same, fitted.
    ///
    /// # Errors
    /// [`FitError::TooFew`].
    pub fn fit(&self, index: usize, cost: Cost) -> Result<Fit, FitError> {
        self.fit_of(&[index], cost)
    }

    fn points_of(&self, indexes: &[usize], cost: Cost) -> Vec<Point> {
        let of = |(rows, run): &(u64, WatchedRun)| {
            let statements = run.statements.iter().filter(|s| indexes.contains(&s.index));
            let costs = statements.map(|s| match cost {
                Cost::Processor => s.timing.cpu.unwrap_or(s.timing.wall).as_secs_f64() * 1e3,
                Cost::Log => s.wal_bytes as f64,
            });
            Point { rows: *rows as f64, cost: costs.sum() }
        };
        self.runs.iter().map(of).collect()
    }

    fn fit_of(&self, indexes: &[usize], cost: Cost) -> Result<Fit, FitError> {
        let sorts = indexes.iter().any(|index| self.shapes.get(index) == Some(&Shape::Sorting));
        // The log of an index holds its pages, which do not depend on the sorting.
        let shape = if sorts && cost == Cost::Processor { Shape::Sorting } else { Shape::Linear };
        Fit::relative(&self.points_of(indexes, cost), shape, cost.floor())
    }

    fn predicted(&self, indexes: &[usize], cost: Cost, rows: u64) -> Result<Band, FitError> {
        let band = self.fit_of(indexes, cost)?.predict(rows as f64, CONFIDENCE)?;
        Ok(band.at_least(cost.known_error()))
    }

    /// The statements of the same transaction up to this one, whose locks it may go on using.
    fn since_begin(&self, index: usize) -> Vec<usize> {
        let Some((_, run)) = self.runs.last() else { return Vec::new() };
        let transaction = run.statements.iter().find(|s| s.index == index).map(|s| s.transaction);
        let before = run.statements.iter().filter(|s| s.index <= index && Some(s.transaction) == transaction);
        before.map(|s| s.index).collect()
    }

    /// Rows of the largest of the tables that these statements lock; of tables nobody counted, none.
    fn rows(&self, indexes: &[usize], production: &BTreeMap<String, u64>) -> u64 {
        let statements = self.runs.iter().flat_map(|(_, run)| &run.statements);
        let tables = statements.filter(|s| indexes.contains(&s.index)).flat_map(|s| s.locks.keys());
        tables.filter_map(|table| production.get(table)).copied().max().unwrap_or(0)
    }

    /// Each statement at production size: at the rows of the largest table that its transaction has locked by then.
    pub fn predict(&self, production: &BTreeMap<String, u64>) -> Vec<StatementPrediction> {
        let statement = |index: usize| {
            let rows = self.rows(&self.since_begin(index), production);
            StatementPrediction {
                index,
                rows,
                cpu_ms: self.predicted(&[index], Cost::Processor, rows),
                wal_bytes: self.predicted(&[index], Cost::Log, rows),
            }
        };
        self.statements().into_iter().map(statement).collect()
    }

    /// Each lock that readers or writers wait for, on a table that was there before, at production size.
    pub fn holds(&self, production: &BTreeMap<String, u64>, budget: HoldBudget) -> Vec<HoldPrediction> {
        let Some((_, run)) = self.runs.last() else { return Vec::new() };
        let mut holds = Vec::new();
        for (at, statement) in run.statements.iter().enumerate() {
            let rest = run.statements[at..].iter().filter(|s| s.transaction == statement.transaction);
            let indexes: Vec<usize> = rest.map(|s| s.index).collect();
            for (table, mode) in statement.locks.iter().filter(|(_, mode)| **mode >= LockMode::Share) {
                let rows = self.rows(&indexes, production);
                let hold_ms = self.predicted(&indexes, Cost::Processor, rows);
                let verdict = match &hold_ms {
                    Err(_) => HoldVerdict::Unknown,
                    Ok(band) if band.estimate > budget.fails.as_secs_f64() * 1e3 => HoldVerdict::Fails,
                    Ok(band) if band.estimate > budget.warns.as_secs_f64() * 1e3 => HoldVerdict::Warns,
                    Ok(_) => HoldVerdict::Passes,
                };
                let (index, table, mode) = (statement.index, table.clone(), *mode);
                holds.push(HoldPrediction { index, table, mode, rows, hold_ms, verdict });
            }
        }
        holds
    }
}

/// What grows with rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// Milliseconds of processor time.
    Processor,
    /// Bytes of write-ahead log.
    Log,
}

impl Cost {
    fn floor(self) -> f64 {
        if self == Self::Processor { FLOORS.0 } else { FLOORS.1 }
    }

    fn known_error(self) -> f64 {
        if self == Self::Processor { KNOWN_ERROR.0 } else { KNOWN_ERROR.1 }
    }
}
