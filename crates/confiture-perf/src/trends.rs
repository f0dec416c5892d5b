//! Figures over the runs of a history, and where their level changed.

use std::collections::BTreeSet;

use confiture_core::report::{TrendChange, TrendProfile};
use confiture_core::{Diagnostic, Severity};

use crate::metrics::HistoryEntry;
use crate::stats::change_points;

/// Most probable share of changes that are none.
const SIGNIFICANCE: f64 = 0.01;
/// Least change of a level that is told, as a share.
const LEAST: f64 = 0.10;
/// Fewer runs are no history.
const FEWEST: usize = 2;
/// Characters of a commit.
const SHORT: usize = 12;

/// The trends of everything that the newest entry of `history`, oldest first, measured; runs of other servers or
/// other rows are left out.
pub fn trends(history: &[HistoryEntry]) -> Vec<TrendProfile> {
    let Some(newest) = history.last() else { return Vec::new() };
    let same = |entry: &&HistoryEntry| entry.environment == newest.environment && entry.rows == newest.rows;
    let history: Vec<&HistoryEntry> = history.iter().filter(same).collect();
    let mut trends = Vec::new();
    let commit = |entry: &HistoryEntry| {
        let commit = entry.commit.clone().unwrap_or_else(|| entry.at.to_string());
        commit.chars().take(SHORT).collect::<String>()
    };
    let mut add = |subject: &str, metric: &str, value: &dyn Fn(&HistoryEntry) -> Option<f64>| {
        let points: Vec<(String, f64)> =
            history.iter().filter_map(|entry| Some((commit(entry), value(entry)?))).collect();
        if points.len() < FEWEST {
            return;
        }
        let values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
        let found = change_points(&values, SIGNIFICANCE).unwrap_or_default().into_iter();
        let matters = found.filter(|change| {
            (change.after - change.before).abs() >= LEAST * change.before.abs().max(f64::MIN_POSITIVE)
        });
        let changes = matters.map(|change| TrendChange {
            index: change.index,
            before: change.before,
            after: change.after,
            p: change.p,
        });
        let (subject, metric) = (subject.to_owned(), metric.to_owned());
        trends.push(TrendProfile { subject, metric, points, changes: changes.collect() });
    };
    let migrations: BTreeSet<&String> = newest.migrations.keys().collect();
    for id in migrations {
        let of = |entry: &HistoryEntry| entry.migrations.get(id).cloned();
        let cpu = |entry: &HistoryEntry| of(entry)?.cpu_ms;
        match newest.migrations.get(id).and_then(|costs| costs.cpu_ms) {
            Some(_) => add(id, "cpu_ms", &cpu),
            None => add(id, "wall_ms", &|entry| Some(of(entry)?.wall_ms)),
        }
        add(id, "wal_bytes", &|entry| Some(of(entry)?.wal_bytes? as f64));
        add(id, "dirtied", &|entry| Some(of(entry)?.dirtied? as f64));
    }
    for name in newest.operations.keys() {
        add(name, "cpu_ms", &|entry| entry.operations.get(name).copied());
    }
    trends
}

/// Findings about changes of level that lie in the newest five runs; advice only.
pub(crate) fn newest(trends: &[TrendProfile]) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for trend in trends {
        let recent = trend.points.len().saturating_sub(5);
        let Some(change) = trend.changes.last().filter(|change| change.index >= recent) else { continue };
        let at = trend.points.get(change.index).map_or("", |(commit, _)| commit);
        let metric = trend.metric.replace('_', " ");
        let message = format!(
            "{metric} of {} went from {:.1} to {:.1} at {at}",
            trend.subject, change.before, change.after
        );
        let finding = Diagnostic::new("trend-change", Severity::Info, message)
            .with_help(
                "compare both commits: confiture profile --against-ref, or the counters of their baselines",
            )
            .with_evidence("commit", at.to_owned())
            .with_evidence("p", change.p);
        findings.push(finding);
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::HistoryCosts;

    fn history(values: &[f64]) -> Vec<HistoryEntry> {
        let entry = |(at, value): (usize, &f64)| HistoryEntry {
            at: at as u64,
            commit: Some(format!("commit{at:02}")),
            processors: 2,
            load: None,
            environment: "same".to_owned(),
            rows: 10,
            migrations: [(
                "0001".to_owned(),
                HistoryCosts { wall_ms: 9.0, cpu_ms: Some(*value), wal_bytes: Some(7), dirtied: None },
            )]
            .into(),
            operations: [("forward".to_owned(), *value)].into(),
        };
        values.iter().enumerate().map(entry).collect()
    }

    #[test]
    fn a_new_level_of_ten_runs_and_more_is_told_with_its_commit() {
        let values: Vec<f64> =
            (0..14).map(|at| if at < 10 { 50.0 } else { 80.0 } + f64::from(at % 3)).collect();
        let all = trends(&history(&values));
        let cpu: Vec<usize> = all[0].changes.iter().map(|change| change.index).collect();
        assert_eq!((all[0].metric.as_str(), cpu), ("cpu_ms", vec![10]));
        let told: Vec<String> = newest(&all).into_iter().map(|finding| finding.message).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("cpu ms of 0001") && told[0].contains("commit10"), "{told:?}");
    }

    #[test]
    fn the_same_level_few_runs_and_other_servers_tell_nothing() {
        let noise: Vec<f64> = (0..14).map(|at| 50.0 + f64::from(at % 3)).collect();
        assert!(newest(&trends(&history(&noise))).is_empty());
        assert!(newest(&trends(&history(&[1.0, 1.0, 1.0, 9.0, 9.0, 9.0]))).is_empty());
        let mut moved = history(&[50.0; 14]);
        for entry in &mut moved[10..] {
            entry.environment = "other".to_owned();
        }
        assert!(trends(&moved).iter().all(|trend| trend.points.len() == 4));
        assert!(trends(&[]).is_empty());
    }
}
