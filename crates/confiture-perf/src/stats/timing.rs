//! When a migration counts as slower than before.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Ratio, holm, mann_whitney, median};

/// Confidence of the interval that is printed.
const CONFIDENCE: f64 = 0.95;

/// What one run took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Timing {
    /// By the clock.
    pub wall: Duration,
    /// On a processor; `None` where it cannot be read (the server is not on this machine).
    pub cpu: Option<Duration>,
    /// Ready to run, but waiting for a processor; `None` likewise.
    pub run_queue: Option<Duration>,
}

/// Which time is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Processor time, where every run has one: other programs hardly change it.
    Cpu,
    /// Time by the clock.
    Wall,
}

/// What makes an alarm: `p ≤ significance` after Holm's correction, and the ratio, and the difference, and a
/// fresh repeat that agrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TimingRule {
    /// Most probable share of false alarms that the test alone allows.
    pub significance: f64,
    /// Least ratio that matters.
    pub ratio: f64,
    /// Least difference of the medians that matters.
    pub difference: Duration,
    /// Most of the wall time that runs may wait for a processor, where only the wall time is compared.
    pub busy: f64,
    /// Whether any ratio of [`ratio`](Self::ratio) or more is an alarm, without the test and the repeat: the rule
    /// "20 % slower", on the robust estimate.
    pub plain: bool,
    /// The time to compare; `None` takes processor time where there is one.
    pub metric: Option<Metric>,
}

impl Default for TimingRule {
    fn default() -> Self {
        Self {
            significance: 0.01,
            ratio: 1.20,
            difference: Duration::from_millis(50),
            busy: 0.25,
            plain: false,
            metric: None,
        }
    }
}

/// How a comparison ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimingVerdict {
    /// Nothing that matters was seen.
    Unchanged,
    /// Slower in these runs; [`Comparison::confirmed`] says whether fresh ones agree.
    Suspected,
    /// Slower, and fresh runs agree.
    Slower,
    /// It cannot be said; says why.
    Inconclusive(String),
}

/// Runs of one migration at the base and at the head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The time that was compared.
    pub metric: Metric,
    /// Milliseconds of each run at the base, in the order they were run.
    pub base_ms: Vec<f64>,
    /// Milliseconds of each run at the head.
    pub head_ms: Vec<f64>,
    /// Head by base; `None` where a time is zero.
    pub ratio: Option<Ratio>,
    /// Probability of such ranks by chance, of this comparison alone.
    pub p: f64,
    /// The same among all comparisons (Holm).
    pub p_adjusted: f64,
    /// Median of the head less that of the base, in milliseconds.
    pub difference_ms: f64,
    /// The smallest ratio that runs with this spread would have shown as an alarm; `None` when there are too
    /// few runs for any.
    pub smallest_effect: Option<f64>,
    /// What follows.
    pub verdict: TimingVerdict,
}

/// The fewest runs of each side with which an alarm is possible among so many comparisons.
///
/// # Example
/// ```
/// use confiture_perf::stats::repeats_needed;
/// assert_eq!(repeats_needed(1, 0.01), 5); // 1/252
/// assert_eq!(repeats_needed(10, 0.01), 7); // 10/3432
/// ```
pub fn repeats_needed(comparisons: usize, significance: f64) -> usize {
    let mut ways = 1.0; // C(2n, n)
    let mut runs = 0;
    while comparisons.max(1) as f64 / ways > significance && runs < 1000 {
        runs += 1;
        ways *= (2 * runs) as f64 * (2 * runs - 1) as f64 / (runs as f64 * runs as f64);
    }
    runs
}

/// Compares the runs of several migrations, each given as (base, head); in the order given.
///
/// # Example
/// ```
/// use confiture_perf::stats::{Timing, TimingRule, TimingVerdict, compare};
/// use std::time::Duration;
///
/// let runs = |times: [u64; 5]| {
///     times.map(|ms| Timing { wall: Duration::from_millis(ms), cpu: Some(Duration::from_millis(ms)), run_queue: None })
/// };
/// let (base, head) = (runs([200, 210, 205, 199, 230]), runs([300, 310, 320, 305, 301]));
/// let [slower] = &compare(&[(&base, &head)], &TimingRule::default())[..] else { unreachable!() };
/// assert_eq!(slower.verdict, TimingVerdict::Suspected);
/// let again = compare(&[(&base, &head)], &TimingRule::default()).remove(0);
/// assert_eq!(slower.clone().confirmed(&again, &TimingRule::default()).verdict, TimingVerdict::Slower);
/// ```
pub fn compare(pairs: &[(&[Timing], &[Timing])], rule: &TimingRule) -> Vec<Comparison> {
    let mut all: Vec<Comparison> = pairs.iter().map(|(base, head)| measure(base, head, rule)).collect();
    let adjusted = holm(&all.iter().map(|comparison| comparison.p).collect::<Vec<f64>>());
    for ((comparison, p), (base, head)) in all.iter_mut().zip(adjusted).zip(pairs) {
        comparison.p_adjusted = p;
        comparison.smallest_effect = smallest_effect(comparison, pairs.len(), rule);
        comparison.verdict = match inconclusive(comparison, base, head, rule) {
            Some(reason) => TimingVerdict::Inconclusive(reason),
            None if comparison.alarms(p, rule) => match rule.plain {
                true => TimingVerdict::Slower,
                false => TimingVerdict::Suspected,
            },
            None => TimingVerdict::Unchanged,
        };
    }
    all
}

impl Comparison {
    /// The same with the verdict that fresh runs lead to: [`Slower`](TimingVerdict::Slower) only when they, by
    /// themselves, show it too.
    #[must_use]
    pub fn confirmed(mut self, fresh: &Self, rule: &TimingRule) -> Self {
        if self.verdict == TimingVerdict::Suspected {
            self.verdict = match &fresh.verdict {
                TimingVerdict::Inconclusive(reason) => TimingVerdict::Inconclusive(reason.clone()),
                _ if fresh.alarms(fresh.p, rule) => TimingVerdict::Slower,
                _ => TimingVerdict::Unchanged,
            };
        }
        self
    }

    fn alarms(&self, p: f64, rule: &TimingRule) -> bool {
        let matters = self.ratio.is_some_and(|ratio| ratio.estimate >= rule.ratio);
        match rule.plain {
            true => matters,
            false => {
                let least = rule.difference.as_secs_f64() * 1e3;
                matters && p <= rule.significance && self.difference_ms >= least
            }
        }
    }
}

fn measure(base: &[Timing], head: &[Timing], rule: &TimingRule) -> Comparison {
    let has_cpu = base.iter().chain(head).all(|run| run.cpu.is_some());
    let metric = match (rule.metric, has_cpu) {
        (Some(Metric::Wall), _) | (_, false) => Metric::Wall,
        (Some(Metric::Cpu) | None, true) => Metric::Cpu,
    };
    let milliseconds = |runs: &[Timing]| -> Vec<f64> {
        let time = |run: &Timing| match metric {
            Metric::Cpu => run.cpu.unwrap_or_default(),
            Metric::Wall => run.wall,
        };
        runs.iter().map(|run| time(run).as_secs_f64() * 1e3).collect()
    };
    let (base_ms, head_ms) = (milliseconds(base), milliseconds(head));
    let p = mann_whitney(&base_ms, &head_ms);
    Comparison {
        metric,
        ratio: Ratio::of(&base_ms, &head_ms, CONFIDENCE),
        difference_ms: median(&head_ms) - median(&base_ms),
        base_ms,
        head_ms,
        p,
        p_adjusted: p,
        smallest_effect: None,
        verdict: TimingVerdict::Unchanged,
    }
}

fn inconclusive(
    comparison: &Comparison,
    base: &[Timing],
    head: &[Timing],
    rule: &TimingRule,
) -> Option<String> {
    if base.is_empty() || head.is_empty() {
        return Some("there are no runs to compare".to_owned());
    }
    if comparison.metric == Metric::Cpu {
        return None;
    }
    let waited =
        |run: &Timing| Some(run.run_queue?.as_secs_f64() / run.wall.as_secs_f64().max(f64::MIN_POSITIVE));
    let shares: Option<Vec<f64>> = base.iter().chain(head).map(waited).collect();
    let share = median(&shares?);
    (share > rule.busy).then(|| {
        format!(
            "the machine was busy: half of the runs waited for a processor for {:.0} % of their time or more \
             (at most {:.0} % is allowed); repeat when it is idle",
            share * 100.0,
            rule.busy * 100.0
        )
    })
}

/// The smallest ratio at which the head's own spread around the base's would be an alarm.
///
/// The rank test depends on the ratio only through which quotients it lifts above 1, so only those count.
fn smallest_effect(comparison: &Comparison, comparisons: usize, rule: &TimingRule) -> Option<f64> {
    let measured = comparison.ratio?.estimate;
    if rule.plain {
        return Some(rule.ratio);
    }
    let level: Vec<f64> = comparison.head_ms.iter().map(|head| head / measured).collect();
    let at = |ratio: f64| -> bool {
        let lifted: Vec<f64> = level.iter().map(|value| value * ratio).collect();
        let p = mann_whitney(&comparison.base_ms, &lifted) * comparisons as f64;
        let difference = median(&lifted) - median(&comparison.base_ms);
        p <= rule.significance && difference >= rule.difference.as_secs_f64() * 1e3
    };
    let just_above = 1.0 + 1e-9;
    let mut candidates: Vec<f64> = level
        .iter()
        .flat_map(|head| comparison.base_ms.iter().map(move |base| base / head * just_above))
        .filter(|ratio| *ratio > rule.ratio)
        .collect();
    candidates.push(rule.ratio);
    let least = median(&comparison.base_ms) + rule.difference.as_secs_f64() * 1e3;
    candidates.push((least / median(&level) * just_above).max(rule.ratio));
    candidates.sort_by(f64::total_cmp);
    let first = candidates.partition_point(|ratio| !at(*ratio));
    candidates.get(first).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(milliseconds: &[u64]) -> Vec<Timing> {
        let time = |ms: &u64| Duration::from_millis(*ms);
        milliseconds
            .iter()
            .map(|ms| Timing { wall: time(ms), cpu: Some(time(ms)), run_queue: Some(Duration::ZERO) })
            .collect()
    }

    fn only(base: &[Timing], head: &[Timing], rule: &TimingRule) -> Comparison {
        compare(&[(base, head)], rule).remove(0)
    }

    const BASE: [u64; 5] = [400, 410, 405, 398, 420];

    #[test]
    fn each_condition_alone_keeps_it_from_an_alarm() {
        let rule = TimingRule::default();
        let verdict = |base: &[u64], head: &[u64]| only(&runs(base), &runs(head), &rule).verdict;
        assert_eq!(verdict(&BASE, &[500, 510, 505, 520, 515]), TimingVerdict::Suspected);
        // Significant, 50 ms more, but not 20 %.
        assert_eq!(verdict(&BASE, &[460, 465, 470, 475, 480]), TimingVerdict::Unchanged);
        // 25 %, but 10 ms.
        assert_eq!(verdict(&[40, 41, 40, 39, 42], &[50, 51, 50, 52, 53]), TimingVerdict::Unchanged);
        // 25 % in the middle, but ranks that chance gives often.
        assert_eq!(verdict(&BASE, &[300, 310, 520, 530, 540]), TimingVerdict::Unchanged);
    }

    #[test]
    fn a_repeat_that_disagrees_takes_the_suspicion_away() {
        let rule = TimingRule::default();
        let first = only(&runs(&BASE), &runs(&[500, 510, 505, 520, 515]), &rule);
        let fresh = only(&runs(&BASE), &runs(&[400, 411, 405, 399, 421]), &rule);
        assert_eq!(first.clone().confirmed(&fresh, &rule).verdict, TimingVerdict::Unchanged);
        assert_eq!(first.clone().confirmed(&first, &rule).verdict, TimingVerdict::Slower);
    }

    #[test]
    fn the_plain_threshold_alarms_where_the_test_does_not() {
        let rule = TimingRule { plain: true, ..TimingRule::default() };
        let noisy = runs(&[300, 510, 520, 530, 540]);
        assert_eq!(only(&runs(&BASE), &noisy, &rule).verdict, TimingVerdict::Slower);
        assert_eq!(only(&runs(&BASE), &noisy, &TimingRule::default()).verdict, TimingVerdict::Unchanged);
        assert_eq!(only(&runs(&BASE), &runs(&BASE), &rule).verdict, TimingVerdict::Unchanged);
    }

    #[test]
    fn wall_times_of_a_busy_machine_say_nothing() {
        let busy = |milliseconds: &[u64], share: f64| -> Vec<Timing> {
            let time = |ms: &u64| Duration::from_millis(*ms);
            let run = |ms| Timing { wall: time(ms), cpu: None, run_queue: Some(time(ms).mul_f64(share)) };
            milliseconds.iter().map(run).collect()
        };
        let head = [500, 510, 505, 520, 515];
        let rule = TimingRule::default();
        let verdict = |share| only(&busy(&BASE, share), &busy(&head, share), &rule).verdict;
        assert!(matches!(verdict(0.3), TimingVerdict::Inconclusive(_)));
        assert_eq!(verdict(0.2), TimingVerdict::Suspected);
        assert!(matches!(only(&[], &runs(&BASE), &rule).verdict, TimingVerdict::Inconclusive(_)));
        // Processor time does not mind.
        let cpu = |ms| Timing { run_queue: Some(Duration::from_secs(1)), ..runs(&[ms])[0] };
        let (base, head) = (BASE.map(cpu), head.map(cpu));
        assert_eq!(only(&base, &head, &rule).verdict, TimingVerdict::Suspected);
        let wall = TimingRule { metric: Some(Metric::Wall), ..rule };
        assert!(matches!(only(&base, &head, &wall).verdict, TimingVerdict::Inconclusive(_)));
    }

    #[test]
    fn many_comparisons_need_more_runs_and_few_runs_say_that_they_see_nothing() {
        let rule = TimingRule::default();
        let (base, head) = (runs(&BASE), runs(&[800, 810, 805, 820, 815]));
        let pair: (&[Timing], &[Timing]) = (&base, &head);
        let three = compare(&[pair; 3], &rule);
        assert!(three.iter().all(|c| c.verdict == TimingVerdict::Unchanged && c.smallest_effect.is_none()));
        assert_eq!(repeats_needed(3, rule.significance), 6);
        let (base, head) = ([base, runs(&[402])].concat(), [head, runs(&[802])].concat());
        let pair: (&[Timing], &[Timing]) = (&base, &head);
        assert!(compare(&[pair; 3], &rule).iter().all(|c| c.verdict == TimingVerdict::Suspected));
    }

    #[test]
    fn the_smallest_effect_is_where_alarms_begin() {
        let rule = TimingRule::default();
        let head = runs(&[400, 440, 405, 460, 520]);
        let least = only(&runs(&BASE), &head, &rule);
        let effect = least.smallest_effect.unwrap();
        let scaled = |by: f64| -> Vec<Timing> {
            let factor = by / least.ratio.unwrap().estimate;
            head.iter().map(|run| Timing { cpu: run.cpu.map(|cpu| cpu.mul_f64(factor)), ..*run }).collect()
        };
        let verdict = |by| only(&runs(&BASE), &scaled(by), &rule).verdict;
        assert_eq!(verdict(effect * 1.001), TimingVerdict::Suspected, "{effect}");
        assert_eq!(verdict(effect * 0.99), TimingVerdict::Unchanged, "{effect}");
    }
}
