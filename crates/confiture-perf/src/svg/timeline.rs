//! Which locks are held when, and who waits meanwhile.

use confiture_core::report::{Stall, StallProfile};

use super::canvas::{Axis, COOL, Canvas, INK, LEFT, RIGHT, WARM, WIDTH, fitting, short, width};

const ROW: f64 = 22.0;
const PROBE: f64 = 64.0;
/// Most locks and probes that are drawn; the longest.
const MOST: usize = 24;

/// The locks of a migration by table, and beneath them what each probe waited.
pub fn lock_timeline(profile: &StallProfile) -> String {
    let title = match profile.reader_ms {
        Some(reader) => format!("{}, behind a reader of {} ms", profile.migration, short(reader)),
        None => profile.migration.clone(),
    };
    let spans: Vec<_> = profile.locks.iter().take(MOST).collect();
    let mut stalls: Vec<&Stall> = profile.stalls.iter().collect();
    stalls.sort_by(|a, b| b.longest_ms.total_cmp(&a.longest_ms));
    stalls.truncate(MOST);
    stalls.sort_by(|a, b| (&a.table, &a.operation).cmp(&(&b.table, &b.operation)));
    let waits = || stalls.iter().flat_map(|stall| &stall.latencies);
    let end = waits().map(|(at, took)| at + took).fold(profile.elapsed_ms, f64::max);
    // As much of the time before as of the migration's: an instant one would not be seen beside half a second.
    let start = waits().map(|(at, _)| *at).fold(0.0, f64::min).max(-end.max(50.0));
    let x = Axis::across(start, end);
    let locks = 40.0 + ROW * spans.len() as f64;
    let height = locks + PROBE * stalls.len() as f64 + 60.0;
    let mut canvas = Canvas::new(height, &title, &described(profile));
    let room = LEFT - 16.0;
    for (at, span) in spans.iter().enumerate() {
        let y = 34.0 + ROW * at as f64;
        let what =
            format!("{} on {}: {} to {} ms", span.mode, span.table, short(span.from_ms), short(span.to_ms));
        let colour = if span.blocking { WARM } else { COOL };
        canvas.text(LEFT - 6.0, y + 12.0, &fitting(&span.table, room), INK, "end");
        let (from, to) = (x.at(span.from_ms), x.at(span.to_ms).max(x.at(span.from_ms) + 1.0));
        canvas.block(from, y, (to - from, 14.0), colour, &what);
        // Within the bar where there is room, else beside it.
        match width(&span.mode) + 8.0 {
            wide if wide <= to - from => canvas.text(from + 4.0, y + 11.0, &span.mode, "#ffffff", "start"),
            wide if to + wide <= WIDTH - RIGHT => canvas.text(to + 4.0, y + 11.0, &span.mode, INK, "start"),
            _ => canvas.text(from - 4.0, y + 11.0, &span.mode, INK, "end"),
        }
    }
    for (at, stall) in stalls.iter().enumerate() {
        probe(&mut canvas, &x, stall, locks + PROBE * (at + 1) as f64);
    }
    for value in x.ticks() {
        canvas.text(x.at(value), height - 30.0, &short(value), INK, "middle");
    }
    let unit = "milliseconds from the start of the migration";
    canvas.text(WIDTH - RIGHT, height - 12.0, unit, INK, "end");
    canvas.finish()
}

fn probe(canvas: &mut Canvas, x: &Axis, stall: &Stall, bottom: f64) {
    let base = bottom - 6.0;
    let y = Axis::up(0.0, stall.longest_ms.max(stall.before_ms), base, bottom - PROBE + 16.0);
    let colour = if stall.blocked { WARM } else { COOL };
    canvas.line((LEFT, base), (WIDTH - RIGHT, base), "#e4e7eb", false);
    let name = format!("{} {}", stall.operation, stall.table);
    canvas.text(LEFT - 6.0, bottom - 26.0, &fitting(&name, LEFT - 16.0), INK, "end");
    canvas.text(LEFT - 6.0, bottom - 10.0, &format!("longest {} ms", short(stall.longest_ms)), colour, "end");
    for (at, took) in stall.latencies.iter().filter(|(at, took)| at + took >= x.least()) {
        let (from, to) = (x.at(at.max(x.least())), x.at(at + took));
        canvas.path(&[(from, y.at(0.0)), (to, y.at(*took)), (to, y.at(0.0))], colour, colour);
    }
}

fn described(profile: &StallProfile) -> String {
    let mut blocked: Vec<&Stall> = profile.stalls.iter().filter(|stall| stall.blocked).collect();
    blocked.sort_by(|a, b| b.longest_ms.total_cmp(&a.longest_ms));
    if blocked.is_empty() {
        return "No statement was blocked.".to_owned();
    }
    let one = |stall: &Stall| {
        format!("{} on {} waited {} ms", stall.operation, stall.table, short(stall.longest_ms))
    };
    format!("Blocked: {}.", blocked.into_iter().map(one).collect::<Vec<_>>().join("; "))
}
