//! Pictures of a profile as SVG: no scripts, no outside references, titles for who cannot see them.
//!
//! Each function returns a whole document of 800 pixels width, drawn from the report alone: a saved one will do.

mod canvas;
mod charts;
mod timeline;

use confiture_core::report::PerformanceProfile;

use crate::predict::Cost;

pub use charts::{counters, scaling, strip_plot, trend};
pub use timeline::lock_timeline;

/// Most pictures of one kind: a report of a long chain has to stay readable.
const MOST: usize = 40;

/// One picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// What a file of it may be called, without `.svg`; unlike that of any other of the same profile.
    pub name: String,
    /// The document.
    pub svg: String,
}

/// Every picture of a profile, in the order of its parts.
pub fn pictures(profile: &PerformanceProfile) -> Vec<Picture> {
    let mut pictures = Vec::new();
    let mut add = |name: String, svg: String| {
        let safe = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
        let name: String = name.chars().map(safe).collect();
        let taken = pictures.iter().filter(|known: &&Picture| known.name.starts_with(&name)).count();
        let name = if taken == 0 { name } else { format!("{name}-{}", taken + 1) };
        pictures.push(Picture { name, svg });
    };
    for stalls in profile.stalls.iter().filter(|stalls| !stalls.locks.is_empty()).take(MOST) {
        let reader = if stalls.reader_ms.is_some() { "-reader" } else { "" };
        add(format!("locks-{}{reader}", stalls.migration), lock_timeline(stalls));
    }
    for timing in profile.timings.iter().take(MOST) {
        let title = format!("{} {}", timing.migration, timing.direction.as_str());
        add(
            format!("times-{}-{}", timing.migration, timing.direction.as_str()),
            strip_plot(&title, &timing.timings),
        );
    }
    for operation in profile.operations.iter().take(MOST) {
        if let Some(timings) = &operation.timings {
            add(format!("operation-{}", operation.name), strip_plot(&operation.name, timings));
        }
    }
    for scale in profile.scale.iter().take(MOST) {
        for hold in scale.holds.iter().filter(|hold| !hold.hold_ms.points.is_empty()) {
            let title = format!("{} on {}, from {}", hold.mode, hold.table, hold.statement);
            let name = format!("hold-{}-{}", hold.statement, hold.table);
            add(name, scaling(&title, Cost::Processor, &hold.hold_ms, hold.budget_ms));
        }
        for statement in scale.statements.iter().filter(|s| grows(&s.wal_bytes.points)) {
            let title = format!("log of {}", statement.statement);
            add(
                format!("log-{}", statement.statement),
                scaling(&title, Cost::Log, &statement.wal_bytes, None),
            );
        }
    }
    let mut subjects: Vec<&str> = profile.trends.iter().map(|trend| trend.subject.as_str()).collect();
    subjects.dedup();
    for subject in subjects.into_iter().take(MOST) {
        let of = |counter: bool| {
            let trends = profile.trends.iter().filter(move |trend| trend.subject == subject);
            trends.filter(move |trend| ["wal_bytes", "dirtied"].contains(&trend.metric.as_str()) == counter)
        };
        for clock in of(false) {
            add(format!("trend-{subject}-{}", clock.metric), trend(clock));
        }
        let counted: Vec<_> = of(true).collect();
        if !counted.is_empty() {
            add(format!("counters-{subject}"), counters(subject, &counted));
        }
    }
    pictures
}

/// Whether the largest size costs something, and more than the smallest.
fn grows(points: &[(f64, f64)]) -> bool {
    let ends = points.iter().min_by(|a, b| a.0.total_cmp(&b.0)).zip(points.last());
    ends.is_some_and(|(first, last)| last.1 > 65_536.0 && last.1 > first.1 * 1.5)
}
