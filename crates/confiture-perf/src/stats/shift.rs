//! How many times larger one sample is than another.

use serde::{Deserialize, Serialize};

use super::median;
use super::rank::cumulative;

/// The Hodges–Lehmann estimate of a ratio and its interval.
///
/// The median of all quotients of a value of the one sample by a value of the other: a single outlier moves it
/// hardly at all. The interval consists of the quotients between the order statistics that the distribution of
/// the rank-sum test names, so it holds for any distribution of the times. Hodges & Lehmann, "Estimates of
/// location based on rank tests", Ann. Math. Statist. 34 (1963) 598–611; Bauer, "Constructing confidence sets
/// using rank statistics", JASA 67 (1972) 687–690; on logarithms, so that shifts are ratios.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// So many times larger.
    pub estimate: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// The probability with which the interval holds the ratio, at least what was asked for; less only where
    /// samples are too small for that.
    pub confidence: f64,
}

impl Ratio {
    /// How many times larger `head` is than `base`, with an interval of at least `confidence`.
    ///
    /// `None` when a sample is empty or holds what is not above zero.
    ///
    /// # Example
    /// ```
    /// use confiture_perf::stats::Ratio;
    /// let ratio = Ratio::of(&[10.0, 11.0, 12.0, 13.0, 14.0], &[20.0, 22.0, 24.0, 26.0, 90.0], 0.95).unwrap();
    /// assert!((ratio.estimate - 2.0).abs() < 1e-12);
    /// assert!(ratio.low < 2.0 && ratio.high > 2.0 && ratio.confidence >= 0.95);
    /// ```
    pub fn of(base: &[f64], head: &[f64], confidence: f64) -> Option<Self> {
        let positive = |sample: &[f64]| !sample.is_empty() && sample.iter().all(|value| *value > 0.0);
        if !positive(base) || !positive(head) {
            return None;
        }
        let quotients = shifts(&logs(base), &logs(head));
        let (depth, confidence) = depth(base.len(), head.len(), confidence);
        Some(Self {
            estimate: median(&quotients).exp(),
            low: quotients[depth - 1].exp(),
            high: quotients[quotients.len() - depth].exp(),
            confidence,
        })
    }
}

fn logs(sample: &[f64]) -> Vec<f64> {
    sample.iter().map(|value| value.ln()).collect()
}

/// All differences, ascending.
fn shifts(base: &[f64], head: &[f64]) -> Vec<f64> {
    let mut all: Vec<f64> = head.iter().flat_map(|head| base.iter().map(move |base| head - base)).collect();
    all.sort_by(f64::total_cmp);
    all
}

/// Which smallest and largest difference bound the interval, counted from 1, and its confidence.
fn depth(base: usize, head: usize, confidence: f64) -> (usize, f64) {
    let outside = |depth: usize| 2.0 * cumulative(base, head, depth - 1);
    let deepest = (1..=base * head / 2).take_while(|depth| outside(*depth) <= 1.0 - confidence).last();
    let depth = deepest.unwrap_or(1);
    (depth, 1.0 - outside(depth).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hollander & Wolfe (1999), examples 4.3 and 4.4: Δ̂ = −0.305, and (−0.76, 0.15) with confidence 0.96.
    #[test]
    fn the_textbook_shift_and_interval_come_out_as_published() {
        let at_term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
        let early = [1.15, 0.88, 0.90, 0.74, 1.21];
        let all = shifts(&at_term, &early);
        let (depth, confidence) = depth(10, 5, 0.95);
        assert!((median(&all) + 0.305).abs() < 1e-9);
        assert!((all[depth - 1] + 0.76).abs() < 1e-9 && (all[50 - depth] - 0.15).abs() < 1e-9);
        assert!((confidence - 0.96).abs() < 5e-3, "{confidence}");
    }

    #[test]
    fn two_values_each_cannot_give_95_percent_and_say_so() {
        let ratio = Ratio::of(&[1.0, 2.0], &[2.0, 4.0], 0.95).unwrap();
        assert!((ratio.confidence - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(Ratio::of(&[], &[1.0], 0.95), None);
        assert_eq!(Ratio::of(&[0.0], &[1.0], 0.95), None);
    }

    proptest! {
        #[test]
        fn it_turns_round_with_the_samples_and_scales_with_one(
            base in prop::collection::vec(0.5..50.0_f64, 3..9),
            head in prop::collection::vec(0.5..50.0_f64, 3..9),
            factor in 0.2..5.0_f64,
        ) {
            let ratio = Ratio::of(&base, &head, 0.9).unwrap();
            let back = Ratio::of(&head, &base, 0.9).unwrap();
            let scaled: Vec<f64> = head.iter().map(|value| value * factor).collect();
            let scaled = Ratio::of(&base, &scaled, 0.9).unwrap();
            prop_assert!((ratio.estimate * back.estimate - 1.0).abs() < 1e-9);
            prop_assert!((ratio.low * back.high - 1.0).abs() < 1e-9);
            prop_assert!((scaled.estimate / ratio.estimate / factor - 1.0).abs() < 1e-9);
            prop_assert!(ratio.low <= ratio.estimate && ratio.estimate <= ratio.high);
        }
    }
}
