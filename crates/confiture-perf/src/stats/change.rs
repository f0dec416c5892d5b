//! Change points of a history: E-divisive.

use serde::{Deserialize, Serialize};

use super::{SplitMix, median};

/// The fewest values in which change points are looked for.
pub const FEWEST_POINTS: usize = 10;
/// The fewest values between two change points: fewer are outliers.
const SHORTEST: usize = 3;
/// Permutations of a test.
const PERMUTATIONS: usize = 499;
/// The newest values that are looked at.
const MOST_POINTS: usize = 300;

/// Where a history goes on at another level.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ChangePoint {
    /// Index of the first value of the new level.
    pub index: usize,
    /// Median of the values before it, since the change point before.
    pub before: f64,
    /// Median of the values from it on, up to the next change point.
    pub after: f64,
    /// Share of random orders that look at least as much like a change.
    pub p: f64,
}

/// The change points of `values`, oldest first, each with `p ≤ significance`; `None` for fewer than
/// [`FEWEST_POINTS`].
///
/// E-divisive of Matteson & James, "A nonparametric approach for multiple change point analysis of multivariate
/// data", JASA 109 (2014) 334–345: the split with the largest energy distance between the values before and
/// after it, judged by a permutation test (499 orders, the same ones each time), and again within each part.
/// The use for performance histories follows Daly et al., "The use of change point detection to identify software
/// performance regressions", ICPE 2020. Fewer than three values never make a level. Looks at the newest 300.
///
/// # Example
/// ```
/// use confiture_perf::stats::change_points;
/// let history = [10.0, 10.2, 9.9, 10.1, 10.0, 10.3, 13.0, 13.1, 12.9, 13.2, 13.0];
/// let changes = change_points(&history, 0.01).unwrap();
/// assert_eq!(changes.len(), 1);
/// assert_eq!((changes[0].index, changes[0].after), (6, 13.0));
/// assert_eq!(change_points(&history[..9], 0.01), None);
/// ```
pub fn change_points(values: &[f64], significance: f64) -> Option<Vec<ChangePoint>> {
    if values.len() < FEWEST_POINTS {
        return None;
    }
    let skipped = values.len().saturating_sub(MOST_POINTS);
    let values = &values[skipped..];
    let mut bounds = vec![(0, 0.0), (values.len(), 0.0)];
    let mut part = 0;
    while part + 1 < bounds.len() {
        let (from, to) = (bounds[part].0, bounds[part + 1].0);
        match split(&values[from..to], significance) {
            Some((at, p)) => bounds.insert(part + 1, (from + at, p)),
            None => part += 1,
        }
    }
    let level = |part: usize| median(&values[bounds[part].0..bounds[part + 1].0]);
    let changes = (1..bounds.len() - 1).map(|part| ChangePoint {
        index: skipped + bounds[part].0,
        before: level(part - 1),
        after: level(part),
        p: bounds[part].1,
    });
    Some(changes.collect())
}

/// The best split of `values`, where it is significant, and its p value.
fn split(values: &[f64], significance: f64) -> Option<(usize, f64)> {
    let (at, energy) = best(values)?;
    let mut order = values.to_vec();
    let mut random = SplitMix::new(0x636f_6e66_6974_7572);
    let mut as_large = 0;
    // Enough are as large already: it cannot become significant.
    let most = (significance * (PERMUTATIONS + 1) as f64) as usize;
    for _ in 0..PERMUTATIONS {
        random.shuffle(&mut order);
        if best(&order).is_some_and(|(_, other)| other >= energy * (1.0 - 1e-12)) {
            as_large += 1;
        }
        if as_large >= most.max(1) {
            return None;
        }
    }
    let p = (as_large + 1) as f64 / (PERMUTATIONS + 1) as f64;
    (p <= significance).then_some((at, p))
}

/// The split with the largest scaled energy distance between `[0, at)` and `[at, end)`, over all ends, so that a
/// level that comes and goes is found too; `None` where there is no difference or no room.
fn best(values: &[f64]) -> Option<(usize, f64)> {
    let count = values.len();
    if count < 2 * SHORTEST {
        return None;
    }
    // sums[i][j]: distances of the first i values to the first j.
    let width = count + 1;
    let mut sums = vec![0.0_f64; width * width];
    for i in 0..count {
        let mut row = 0.0;
        for j in 0..count {
            row += (values[i] - values[j]).abs();
            sums[(i + 1) * width + j + 1] = sums[i * width + j + 1] + row;
        }
    }
    let mut found: Option<(usize, f64)> = None;
    for at in SHORTEST..=count - SHORTEST {
        for end in at + SHORTEST..=count {
            let (left, right) = (at as f64, (end - at) as f64);
            let within_left = sums[at * width + at];
            let between = sums[at * width + end] - within_left;
            let within_right = sums[end * width + end] - 2.0 * between - within_left;
            let distance = 2.0 * between / (left * right)
                - within_left / (left * (left - 1.0))
                - within_right / (right * (right - 1.0));
            let energy = left * right / (left + right) * distance;
            if energy > found.map_or(0.0, |(_, most)| most) {
                found = Some((at, energy));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Annual flow of the Nile at Aswan, 1871 to 1970; the dam of 1898 changed it (Cobb 1978).
    const NILE: [f64; 100] = [
        1120., 1160., 963., 1210., 1160., 1160., 813., 1230., 1370., 1140., 995., 935., 1110., 994., 1020.,
        960., 1180., 799., 958., 1140., 1100., 1210., 1150., 1250., 1260., 1220., 1030., 1100., 774., 840.,
        874., 694., 940., 833., 701., 916., 692., 1020., 1050., 969., 831., 726., 456., 824., 702., 1120.,
        1100., 832., 764., 821., 768., 845., 864., 862., 698., 845., 744., 796., 1040., 759., 781., 865.,
        845., 944., 984., 897., 822., 1010., 771., 676., 649., 846., 812., 742., 801., 1040., 860., 874.,
        848., 890., 744., 749., 838., 1050., 918., 986., 797., 923., 975., 815., 1020., 906., 901., 1170.,
        912., 746., 919., 718., 714., 740.,
    ];

    #[test]
    fn the_nile_changed_once_after_1898() {
        let changes = change_points(&NILE, 0.01).unwrap();
        assert_eq!(changes.iter().map(|change| change.index + 1871).collect::<Vec<_>>(), [1899]);
    }

    #[test]
    fn a_level_that_comes_and_goes_has_two_change_points() {
        let noise = SplitMix::new(7);
        let values = noisy(noise, |at| if (20..30).contains(&at) { 130.0 } else { 100.0 }, 50);
        let at: Vec<usize> =
            change_points(&values, 0.01).unwrap().iter().map(|change| change.index).collect();
        assert_eq!(at, [20, 30]);
    }

    #[test]
    fn one_outlier_is_no_change_and_equal_values_neither() {
        let mut values = noisy(SplitMix::new(3), |_| 100.0, 30);
        values[17] = 500.0;
        assert_eq!(change_points(&values, 0.01), Some(Vec::new()));
        assert_eq!(change_points(&[5.0; 40], 0.01), Some(Vec::new()));
    }

    #[test]
    fn histories_without_a_change_rarely_show_one() {
        let alarms = (0..100).filter(|seed| {
            let values = noisy(SplitMix::new(1000 + seed), |_| 100.0, 40);
            change_points(&values, 0.01).is_some_and(|changes| !changes.is_empty())
        });
        assert!(alarms.count() <= 3);
    }

    fn noisy(mut random: SplitMix, level: impl Fn(usize) -> f64, count: usize) -> Vec<f64> {
        let mut noise = move || (random.next() % 1000) as f64 / 100.0;
        (0..count).map(|at| level(at) + noise()).collect()
    }
}
