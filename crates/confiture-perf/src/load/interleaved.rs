//! Two versions of a migration, timed in turns.

use confiture_core::migration::{Direction, Script};
use confiture_fixtures::FixtureError;

use super::ground::Ground;
use super::watched::{measured_session, watch};
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

/// Times one run on a fresh copy.
///
/// # Errors
/// [`FixtureError::Migration`] when the script fails, and when there is no copy to be had.
pub async fn timed(side: Side<'_>) -> Result<Timing, FixtureError> {
    let copy = side.ground.copy().await?;
    let session = measured_session(&copy).await?;
    let run = watch(&copy, &session, side.script, side.direction, false).await;
    session.close().await;
    copy.close().await?;
    let run = run?;
    match &run.failure {
        None => Ok(run.timing()),
        Some(failure) => Err(FixtureError::Migration {
            doing: "time",
            migration: side.script.source.path.display().to_string(),
            reason: failure.message.clone(),
        }),
    }
}

/// Times `runs` of each side, in the order base, head, head, base, …: what slows the machine down for a while
/// slows down both. One run of each goes before, uncounted.
///
/// # Errors
/// Those of [`timed`].
pub async fn interleaved(
    base: Side<'_>,
    head: Side<'_>,
    runs: usize,
) -> Result<(Vec<Timing>, Vec<Timing>), FixtureError> {
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
