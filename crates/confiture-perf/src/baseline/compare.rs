//! What differs between the counters of a baseline and those of a run.

use std::collections::BTreeSet;

use super::StatementBaseline;

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// The locks on what was there before.
    Locks,
    /// The relations written anew.
    Rewrites,
    /// The tables scanned.
    Scans,
    /// The relations created.
    Created,
    /// A number.
    Counters,
}

/// In which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worse {
    /// There is more.
    Yes,
    /// There is only less.
    No,
}

/// One difference of one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Index of the statement in the run; `None` where only the baseline has it.
    pub statement: Option<usize>,
    /// What differs.
    pub metric: Metric,
    /// In which direction.
    pub worse: Worse,
    /// What is more or new, one each, such as `wal.bytes 812 → 90112`.
    pub more: Vec<String>,
    /// What is less or gone.
    pub less: Vec<String>,
}

/// How far a counter may be off: so much, or this share of what it was (PROFILING: no alarm in 30 repeats).
fn tolerance(counter: &str) -> (u64, f64) {
    match counter {
        "wal.records" => (5, 0.001),
        "wal.fpi" => (2, 0.02),
        "wal.bytes" => (16 * 1024, 0.01),
        "buffers.touched" => (16, 0.01),
        "buffers.dirtied" => (4, 0.01),
        "temp" => (2, 0.02),
        _ => (0, 0.0),
    }
}

/// Every difference, in the order of the run's statements; those that only the baseline has stand last.
///
/// Statements are paired by their text; where that was edited, in their order. A statement that is new is
/// compared with one that did nothing.
pub fn differences(baseline: &[StatementBaseline], run: &[StatementBaseline]) -> Vec<Change> {
    let nothing = StatementBaseline::default();
    let mut changes = Vec::new();
    let mut gone = Vec::new();
    for (was, is) in pairs(baseline, run) {
        let (before, after) = (was.map_or(&nothing, |at| &baseline[at]), is.map_or(&nothing, |at| &run[at]));
        let into = if is.is_some() { &mut changes } else { &mut gone };
        let sets = [
            (Metric::Locks, &before.locks, &after.locks),
            (Metric::Rewrites, &before.rewrites, &after.rewrites),
            (Metric::Scans, &before.scans, &after.scans),
            (Metric::Created, &before.created, &after.created),
        ];
        for (metric, before, after) in sets {
            let (before, after): (BTreeSet<_>, BTreeSet<_>) =
                (before.iter().collect(), after.iter().collect());
            let more: Vec<String> = after.difference(&before).map(|name| (*name).clone()).collect();
            let less: Vec<String> = before.difference(&after).map(|name| (*name).clone()).collect();
            into.extend(change(is, metric, more, less));
        }
        let (mut more, mut less) = (Vec::new(), Vec::new());
        let counters = before.counters();
        for (name, count) in after.counters() {
            if before.nondeterministic.contains(&name) {
                continue;
            }
            let had = match (counters.get(&name), was) {
                (Some(had), _) => *had,
                // New statements had nothing; a counter nobody could read then does not compare.
                (None, None) => 0,
                (None, Some(_)) => continue,
            };
            let (absolute, relative) = tolerance(&name);
            let off = count.abs_diff(had);
            if off as f64 > (absolute as f64).max(relative * had as f64) {
                let into = if count > had { &mut more } else { &mut less };
                into.push(format!("{name} {had} → {count}"));
            }
        }
        into.extend(change(is, Metric::Counters, more, less));
    }
    changes.extend(gone);
    changes
}

fn change(statement: Option<usize>, metric: Metric, more: Vec<String>, less: Vec<String>) -> Option<Change> {
    if more.is_empty() && less.is_empty() {
        return None;
    }
    let worse = if more.is_empty() { Worse::No } else { Worse::Yes };
    Some(Change { statement, metric, worse, more, less })
}

/// Places in both that belong together: a longest common subsequence by text, what lies between in order.
fn pairs(before: &[StatementBaseline], after: &[StatementBaseline]) -> Vec<(Option<usize>, Option<usize>)> {
    let (rows, columns) = (before.len(), after.len());
    let mut longest = vec![vec![0_usize; columns + 1]; rows + 1];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            longest[row][column] = match before[row].fingerprint == after[column].fingerprint {
                true => longest[row + 1][column + 1] + 1,
                false => longest[row + 1][column].max(longest[row][column + 1]),
            };
        }
    }
    let mut pairs = Vec::new();
    let (mut row, mut column) = (0, 0);
    let mut gap = (0, 0);
    while row < rows && column < columns {
        if before[row].fingerprint == after[column].fingerprint {
            between(&mut pairs, gap.0..row, gap.1..column);
            pairs.push((Some(row), Some(column)));
            (row, column) = (row + 1, column + 1);
            gap = (row, column);
        } else if longest[row + 1][column] >= longest[row][column + 1] {
            row += 1;
        } else {
            column += 1;
        }
    }
    between(&mut pairs, gap.0..rows, gap.1..columns);
    pairs
}

fn between(
    pairs: &mut Vec<(Option<usize>, Option<usize>)>,
    before: std::ops::Range<usize>,
    after: std::ops::Range<usize>,
) {
    for at in 0..before.len().max(after.len()) {
        let place = |range: &std::ops::Range<usize>| (at < range.len()).then(|| range.start + at);
        pairs.push((place(&before), place(&after)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(fingerprint: &str, rows: u64) -> StatementBaseline {
        StatementBaseline { fingerprint: fingerprint.to_owned(), rows, ..StatementBaseline::default() }
    }

    #[test]
    fn edited_statements_are_paired_in_order_and_new_ones_with_nothing() {
        let before = [statement("a", 1), statement("b", 2), statement("c", 3)];
        let after = [statement("a", 1), statement("x", 2), statement("c", 3), statement("d", 4)];
        let found = differences(&before, &after);
        let [only] = &found[..] else { panic!("{found:?}") };
        assert_eq!((only.statement, only.worse), (Some(3), Worse::Yes));
        assert_eq!(only.more, ["rows 0 → 4"]);
    }

    #[test]
    fn counters_within_their_tolerance_are_equal() {
        let with = |bytes: u64| StatementBaseline {
            wal: Some([("bytes".to_owned(), bytes)].into()),
            ..statement("a", 1)
        };
        assert_eq!(differences(&[with(100_000)], &[with(116_000)]), []);
        assert_eq!(differences(&[with(100_000)], &[with(117_000)])[0].metric, Metric::Counters);
        let mut unsteady = with(100_000);
        unsteady.nondeterministic.push("wal.bytes".to_owned());
        assert_eq!(differences(&[unsteady], &[with(900_000)]), []);
    }
}
