//! Two versions of something, timed in turns.

use std::time::Instant;

use confiture_core::catalog::{Catalog, ObjectId};
use confiture_core::db::{ScratchDb, ServerKind, Session};
use confiture_core::migration::{Direction, Script};
use confiture_fixtures::{FixtureError, RowCounts, RowGenerator};

use super::watched::{schedule, watch};
use crate::ground::{Ground, measured_session};
use crate::stats::Timing;

/// One version of a migration.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The state before it.
    pub ground: &'a Ground,
    /// What is run.
    pub script: &'a Script,
    /// Which script that is.
    pub direction: Direction,
}

/// Something to be timed on copies of a ground.
#[derive(Debug, Clone, Copy)]
pub struct Timed<'a> {
    /// The state before it.
    pub ground: &'a Ground,
    /// What is done there.
    pub work: Work<'a>,
}

/// What is done.
#[derive(Debug, Clone, Copy)]
pub enum Work<'a> {
    /// Scripts, one after the other, each under its tool's rules.
    Scripts(&'a [(&'a Script, Direction)]),
    /// One script.
    Script(&'a Script, Direction),
    /// One statement.
    Statement(&'a str),
    /// A table gets so many rows by COPY.
    Rows {
        /// The schema.
        catalog: &'a Catalog,
        /// The table.
        table: &'a ObjectId,
        /// Rows it has afterwards.
        rows: u64,
        /// Their seed.
        seed: u64,
    },
}

impl<'a> From<Side<'a>> for Timed<'a> {
    fn from(side: Side<'a>) -> Self {
        Self { ground: side.ground, work: Work::Script(side.script, side.direction) }
    }
}

/// Times one run on a fresh copy.
///
/// # Errors
/// [`FixtureError::Migration`] when the work fails, and when there is no copy to be had.
pub async fn timed<'a>(side: impl Into<Timed<'a>>) -> Result<Timing, FixtureError> {
    let Timed { ground, work } = side.into();
    let copy = ground.copy("time").await?;
    let session = measured_session(&copy, None).await?;
    let timing = Box::pin(done(&copy, &session, work)).await;
    session.close().await;
    copy.close().await?;
    timing
}

async fn done(copy: &ScratchDb, session: &Session, work: Work<'_>) -> Result<Timing, FixtureError> {
    match work {
        Work::Script(script, direction) => script_timed(copy, session, script, direction).await,
        Work::Scripts(scripts) => {
            let mut all = Vec::new();
            for (script, direction) in scripts {
                all.push(script_timed(copy, session, script, *direction).await?);
            }
            Ok(Timing {
                wall: all.iter().map(|timing| timing.wall).sum(),
                cpu: all.iter().map(|timing| timing.cpu).sum(),
                run_queue: all.iter().map(|timing| timing.run_queue).sum(),
            })
        }
        Work::Statement(sql) => {
            let clock = Clock::start(copy, session);
            let ran = session.execute(sql).await;
            let timing = clock.stop();
            ran.map(|_| timing).map_err(|failure| failed(sql, failure.message))
        }
        Work::Rows { catalog, table, rows, seed } => {
            let generator = RowGenerator::new(session, catalog)
                .rows(RowCounts::uniform(0).with_rows(table.clone(), rows))
                .seed(seed)
                .server(copy.server().kind());
            let clock = Clock::start(copy, session);
            let filled = generator.fill(std::slice::from_ref(table)).await?;
            let timing = clock.stop();
            match filled.short().next() {
                None => Ok(timing),
                Some(short) => {
                    let got = short.existing + short.inserted;
                    Err(failed(&table.to_string(), format!("only {got} rows were to be had")))
                }
            }
        }
    }
}

async fn script_timed(
    copy: &ScratchDb,
    session: &Session,
    script: &Script,
    direction: Direction,
) -> Result<Timing, FixtureError> {
    let run = watch(copy, session, script, direction, false).await?;
    match &run.failure {
        None => Ok(run.timing()),
        Some(failure) => Err(failed(&script.source.path.display().to_string(), failure.message.clone())),
    }
}

fn failed(what: &str, reason: String) -> FixtureError {
    FixtureError::Migration { doing: "time", migration: what.to_owned(), reason }
}

/// Times of a session's server process.
struct Clock {
    process: Option<i32>,
    started: Instant,
    before: Option<(std::time::Duration, std::time::Duration)>,
}

impl Clock {
    fn start(copy: &ScratchDb, session: &Session) -> Self {
        let process = (copy.server().kind() == ServerKind::Private).then(|| session.backend_pid());
        Self { process, before: process.and_then(schedule), started: Instant::now() }
    }

    fn stop(self) -> Timing {
        let wall = self.started.elapsed();
        let spent = self.before.zip(self.process.and_then(schedule));
        Timing {
            wall,
            cpu: spent.map(|(was, is)| is.0.saturating_sub(was.0)),
            run_queue: spent.map(|(was, is)| is.1.saturating_sub(was.1)),
        }
    }
}

/// Times `runs` of each side, in the order base, head, head, base, …: what slows the machine down for a while
/// slows down both. One run of each goes before, uncounted.
///
/// # Errors
/// Those of [`timed`].
pub async fn interleaved<'a>(
    base: impl Into<Timed<'a>>,
    head: impl Into<Timed<'a>>,
    runs: usize,
) -> Result<(Vec<Timing>, Vec<Timing>), FixtureError> {
    let (base, head) = (base.into(), head.into());
    timed(base).await?;
    timed(head).await?;
    let mut times = (Vec::with_capacity(runs), Vec::with_capacity(runs));
    for turn in 0..runs {
        if turn % 2 == 0 {
            times.0.push(timed(base).await?);
            times.1.push(timed(head).await?);
        } else {
            times.1.push(timed(head).await?);
            times.0.push(timed(base).await?);
        }
    }
    Ok(times)
}
