//! What a migration will cost on the production tables: the scale pass.

use std::collections::BTreeMap;
use std::time::Duration;

use confiture_core::db::{LockMode, Server};
use confiture_core::migration::layout::Loaded;
use confiture_core::migration::{Direction, Script};
use confiture_core::report::{Band as ReportedBand, Curve, HoldScale, ScaleProfile, StatementScale};
use confiture_core::sql::{ObjectKind, Verb, classify};
use confiture_fixtures::{FixtureError, Statistics};
use serde::Serialize;

use crate::ground::{Ground, measured_session};
use crate::load::{WatchedRun, watch};
use crate::stages::StageOptions;
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
    /// Setup, seed and shapes of the rows; their number is that of the sizes.
    pub stage: StageOptions,
}

impl Default for ScaleOptions {
    fn default() -> Self {
        Self { sizes: vec![10_000, 30_000, 100_000], repeats: 3, stage: StageOptions::default() }
    }
}

impl ScaleOptions {
    /// What tables hold at one of the sizes.
    pub(crate) fn at(&self, rows: u64) -> StageOptions {
        let mut stage = self.stage.clone();
        stage.ladder.rows = rows;
        stage
    }
}

/// Runs of one script on tables of several sizes.
#[derive(Debug, Clone, Default)]
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
    let mut scaled = Scaled::default();
    let script = loaded.migrations.get(index).and_then(|migration| migration.up.script());
    let Some(script) = script else { return Ok(scaled) };
    for size in &options.sizes {
        let ground = Box::pin(Ground::lay(server, loaded, index, options.at(*size))).await?;
        let added = scaled.add(&ground, script, *size, options).await;
        ground.close().await?;
        added?;
    }
    Ok(scaled)
}

async fn once(
    ground: &Ground,
    script: &Script,
    deadline: Option<Duration>,
) -> Result<WatchedRun, FixtureError> {
    let copy = ground.copy("scale").await?;
    let session = measured_session(&copy, deadline).await?;
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

/// Rows of a relation, given as `schema.table` or `table`.
pub(crate) fn rows_in(production: &BTreeMap<String, u64>, relation: &str) -> Option<u64> {
    let name = relation.rsplit('.').next().unwrap_or(relation);
    production.get(relation).or_else(|| production.get(name)).copied()
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
    /// Runs `script` on copies of a ground of `size` rows in each table.
    ///
    /// # Errors
    /// Those of [`scale`].
    pub(crate) async fn add(
        &mut self,
        ground: &Ground,
        script: &Script,
        size: u64,
        options: &ScaleOptions,
    ) -> Result<(), FixtureError> {
        self.shapes = shapes(script);
        for _ in 0..options.repeats {
            self.runs.push((size, once(ground, script, options.stage.ladder.deadline).await?));
        }
        Ok(())
    }

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
        let shape = cost.shape(self.sorts(indexes));
        Fit::relative(&self.points_of(indexes, cost), shape, cost.floor())
    }

    fn sorts(&self, indexes: &[usize]) -> bool {
        indexes.iter().any(|index| self.shapes.get(index) == Some(&Shape::Sorting))
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
        tables.filter_map(|table| rows_in(production, table)).max().unwrap_or(0)
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

    /// All of it for a report; `ids` are those of the script's statements.
    pub fn profile(
        &self,
        migration: &str,
        production: &BTreeMap<String, u64>,
        budget: HoldBudget,
    ) -> ScaleProfile {
        let id = |index: usize| format!("{migration}/up/{}", index + 1);
        let curve = |indexes: &[usize], cost: Cost, rows: u64, predicted: &Result<Band, FitError>| {
            let points = self.points_of(indexes, cost);
            let mut curve = Curve {
                points: points.into_iter().map(|point| (point.rows, point.cost)).collect(),
                sorting: self.sorts(indexes),
                ..Curve::default()
            };
            if rows == 0 {
                curve.refused = Some("the rows of production are not known".to_owned());
                return curve;
            }
            curve.rows = Some(rows);
            match predicted {
                Ok(Band { estimate, low, high }) => {
                    curve.prediction = Some(ReportedBand { estimate: *estimate, low: *low, high: *high });
                }
                Err(error) => curve.refused = Some(error.to_string()),
            }
            curve
        };
        let statements = self.predict(production).into_iter().map(|predicted| StatementScale {
            statement: id(predicted.index),
            cpu_ms: curve(&[predicted.index], Cost::Processor, predicted.rows, &predicted.cpu_ms),
            wal_bytes: curve(&[predicted.index], Cost::Log, predicted.rows, &predicted.wal_bytes),
        });
        let holds = self.holds(production, budget).into_iter().map(|hold| HoldScale {
            statement: id(hold.index),
            table: hold.table,
            mode: hold.mode.as_str().to_owned(),
            hold_ms: curve(&self.until_commit(hold.index), Cost::Processor, hold.rows, &hold.hold_ms),
            budget_ms: Some(budget.warns.as_secs_f64() * 1e3),
            verdict: match (hold.rows, hold.verdict) {
                (0, _) | (_, HoldVerdict::Unknown) => "unknown",
                (_, HoldVerdict::Passes) => "passes",
                (_, HoldVerdict::Warns) => "warns",
                (_, HoldVerdict::Fails) => "fails",
            }
            .to_owned(),
        });
        ScaleProfile {
            migration: migration.to_owned(),
            statements: statements.collect(),
            holds: holds.collect(),
            failed: None,
        }
    }

    /// The statements of the same transaction from this one on.
    fn until_commit(&self, index: usize) -> Vec<usize> {
        let Some((_, run)) = self.runs.last() else { return Vec::new() };
        let transaction = run.statements.iter().find(|s| s.index == index).map(|s| s.transaction);
        let rest = run.statements.iter().filter(|s| s.index >= index && Some(s.transaction) == transaction);
        rest.map(|s| s.index).collect()
    }

    /// Each lock that readers or writers wait for, on a table that was there before, at production size.
    pub fn holds(&self, production: &BTreeMap<String, u64>, budget: HoldBudget) -> Vec<HoldPrediction> {
        let Some((_, run)) = self.runs.last() else { return Vec::new() };
        let mut holds = Vec::new();
        for statement in &run.statements {
            let indexes = self.until_commit(statement.index);
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
    /// `ms` or `bytes`.
    pub fn unit(self) -> &'static str {
        if self == Self::Processor { "ms" } else { "bytes" }
    }

    /// The log of an index holds its pages, which do not depend on the sorting.
    pub(crate) fn shape(self, sorting: bool) -> Shape {
        if sorting && self == Self::Processor { Shape::Sorting } else { Shape::Linear }
    }

    pub(crate) fn points(self, curve: &Curve) -> Vec<Point> {
        curve.points.iter().map(|(rows, cost)| Point { rows: *rows, cost: *cost }).collect()
    }

    pub(crate) fn floor(self) -> f64 {
        if self == Self::Processor { FLOORS.0 } else { FLOORS.1 }
    }

    fn known_error(self) -> f64 {
        if self == Self::Processor { KNOWN_ERROR.0 } else { KNOWN_ERROR.1 }
    }
}
