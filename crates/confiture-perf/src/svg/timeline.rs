//! Which locks are held when, and who waits meanwhile.

use confiture_core::db::LockMode;

use super::canvas::{Axis, COOL, Canvas, INK, WARM, short};
use crate::load::WatchedRun;
use crate::probe::{ProbeReport, Stall};

/// A lock over time, in milliseconds from the migration's start.
#[derive(Debug, Clone, PartialEq)]
pub struct LockSpan {
    /// Schema and name of the table.
    pub table: String,
    /// How strong it is.
    pub mode: LockMode,
    /// When the statement that takes it was sent.
    pub from_ms: f64,
    /// When its transaction ended.
    pub to_ms: f64,
}

impl LockSpan {
    /// The locks of a run, in the order they were taken.
    pub fn of(run: &WatchedRun) -> Vec<Self> {
        let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
        let spans = run.statements.iter().flat_map(|statement| {
            let end = run.transactions.get(statement.transaction).copied().unwrap_or(run.elapsed);
            statement.locks.iter().map(move |(table, mode)| Self {
                table: table.clone(),
                mode: *mode,
                from_ms: ms(statement.sent),
                to_ms: ms(end),
            })
        });
        spans.collect()
    }
}

const ROW: f64 = 22.0;
const PROBE: f64 = 70.0;

/// The locks of a migration by table, and beneath them what each probe waited.
pub fn lock_timeline(title: &str, report: &ProbeReport) -> String {
    let spans = LockSpan::of(&report.run);
    let elapsed = report.run.elapsed.as_secs_f64() * 1e3;
    let waits = report.stalls.iter().flat_map(|stall| &stall.latencies);
    let start = waits.clone().map(|latency| latency.at_ms).fold(0.0, f64::min);
    let end = waits.map(|latency| latency.at_ms + latency.took_ms).fold(elapsed, f64::max);
    let x = Axis::across(start, end);
    let locks = 40.0 + ROW * spans.len() as f64;
    let height = locks + PROBE * report.stalls.len() as f64 + 60.0;
    let mut canvas = Canvas::new(height, title, &described(report));
    for (at, span) in spans.iter().enumerate() {
        let y = 34.0 + ROW * at as f64;
        let what =
            format!("{} on {}: {} to {} ms", span.mode, span.table, short(span.from_ms), short(span.to_ms));
        let colour = if span.mode >= LockMode::Share { WARM } else { COOL };
        canvas.text(144.0, y + 12.0, &span.table, INK, "end");
        canvas.block(x.at(span.from_ms), y, (x.at(span.to_ms) - x.at(span.from_ms), 14.0), colour, &what);
        canvas.text(x.at(span.from_ms) + 4.0, y + 11.0, span.mode.as_str(), "#ffffff", "start");
    }
    for (at, stall) in report.stalls.iter().enumerate() {
        let bottom = locks + PROBE * (at + 1) as f64;
        probe(&mut canvas, &x, stall, bottom);
    }
    for value in x.ticks() {
        canvas.text(x.at(value), height - 30.0, &short(value), INK, "middle");
    }
    canvas.text(780.0, height - 12.0, "milliseconds from the start of the migration", INK, "end");
    canvas.finish()
}

fn probe(canvas: &mut Canvas, x: &Axis, stall: &Stall, bottom: f64) {
    let y = Axis::up(0.0, stall.longest.took_ms.max(stall.before_ms), bottom - 6.0, bottom - PROBE + 22.0);
    let colour = if stall.blocked { WARM } else { COOL };
    canvas.line(
        (x.at(f64::NEG_INFINITY), bottom - 6.0),
        (x.at(f64::INFINITY), bottom - 6.0),
        "#e4e7eb",
        false,
    );
    canvas.text(144.0, bottom - 30.0, &format!("{} {}", stall.operation.as_str(), stall.table), INK, "end");
    canvas.text(144.0, bottom - 14.0, &format!("longest {} ms", short(stall.longest.took_ms)), colour, "end");
    for latency in &stall.latencies {
        let (from, to) = (x.at(latency.at_ms), x.at(latency.at_ms + latency.took_ms));
        canvas.path(&[(from, y.at(0.0)), (to, y.at(latency.took_ms)), (to, y.at(0.0))], colour, colour);
    }
}

fn described(report: &ProbeReport) -> String {
    let blocked = report.blocked();
    if blocked.is_empty() {
        return "No statement was blocked.".to_owned();
    }
    let one = |stall: &&Stall| {
        format!("{} on {} waited {} ms", stall.operation.as_str(), stall.table, short(stall.longest.took_ms))
    };
    format!("Blocked: {}.", blocked.iter().map(one).collect::<Vec<_>>().join("; "))
}
