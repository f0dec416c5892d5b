//! What a probe saw, as a report holds it.

use std::time::Duration;

use confiture_core::db::LockMode;
use confiture_core::report::{LockSpan, Stall, StallProfile};

use super::{Latency, ProbeReport};
use crate::load::WatchedRun;
use crate::passes::rounded;

/// Most latencies of a probe that a report keeps.
const LATENCIES: usize = 240;

impl ProbeReport {
    /// All of it for a report; `reader` is that of the options.
    pub fn profile(&self, migration: &str, reader: Option<Duration>) -> StallProfile {
        let id = |index: usize| format!("{migration}/up/{}", index + 1);
        let stalls = self.stalls.iter().map(|stall| Stall {
            table: stall.table.clone(),
            operation: stall.operation.as_str().to_owned(),
            before_ms: rounded(stall.before_ms),
            longest_ms: rounded(stall.longest.took_ms),
            longest_at_ms: rounded(stall.longest.at_ms),
            blocked: stall.blocked,
            statement: stall.guilty.map(id),
            failed: stall.failed.as_ref().map(|(code, message)| format!("{code} {message}")),
            latencies: thinned(&stall.latencies),
        });
        StallProfile {
            migration: migration.to_owned(),
            reader_ms: reader.map(|reader| rounded(reader.as_secs_f64() * 1e3)),
            elapsed_ms: rounded(self.run.elapsed.as_secs_f64() * 1e3),
            failed: self.run.failure.as_ref().map(ToString::to_string),
            left_out: self.left_out.clone(),
            locks: spans(&self.run, id),
            stalls: stalls.collect(),
        }
    }
}

/// The locks of a run, in the order they were taken.
fn spans(run: &WatchedRun, id: impl Fn(usize) -> String + Copy) -> Vec<LockSpan> {
    let ms = |time: Duration| rounded(time.as_secs_f64() * 1e3);
    let spans = run.statements.iter().flat_map(|statement| {
        let end = run.transactions.get(statement.transaction).copied().unwrap_or(run.elapsed);
        statement.locks.iter().map(move |(table, mode)| LockSpan {
            statement: id(statement.index),
            table: table.clone(),
            mode: mode.as_str().to_owned(),
            blocking: *mode >= LockMode::Share,
            from_ms: ms(statement.sent),
            to_ms: ms(end),
        })
    });
    spans.collect()
}

/// Of latencies that are close to each other only the longest.
fn thinned(all: &[Latency]) -> Vec<(f64, f64)> {
    let pair = |latency: &Latency| (rounded(latency.at_ms), rounded(latency.took_ms));
    let (Some(first), Some(last)) = (all.first(), all.last()) else { return Vec::new() };
    if all.len() <= LATENCIES {
        return all.iter().map(pair).collect();
    }
    let step = (last.at_ms - first.at_ms).max(1.0) / LATENCIES as f64;
    let mut kept: Vec<(f64, f64)> = Vec::new();
    let mut slot = None;
    for latency in all {
        let here = ((latency.at_ms - first.at_ms) / step) as u64;
        match kept.last_mut().filter(|_| slot == Some(here)) {
            Some(known) if known.1 < latency.took_ms => *known = pair(latency),
            Some(_) => {}
            None => kept.push(pair(latency)),
        }
        slot = Some(here);
    }
    kept
}
