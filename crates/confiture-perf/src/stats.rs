//! The statistics of timings: what may be said of a few noisy measurements, and what may not.
//!
//! | question | answer | source |
//! |---|---|---|
//! | how many times slower is it? | [`Ratio`]: Hodges–Lehmann estimate, exact interval | Hodges & Lehmann 1963; Bauer 1972 |
//! | may that be chance? | [`mann_whitney`]: exact, one-sided, with ties | Mann & Whitney 1947; Streitberg & Röhmel 1986 |
//! | … when many are asked about? | [`holm`] | Holm 1979 |
//! | is it an alarm? | [`TimingRule`], [`Comparison`] | |
//! | what will it be at ten times the rows? | [`Fit`] with prediction band | Draper & Smith 1998, 1.4 |
//! | when did it change? | [`change_points`]: E-divisive | Matteson & James 2014 |
//!
//! Nothing here reads a clock or a server; the same numbers give the same answer.

mod change;
mod fit;
mod holm;
mod random;
mod rank;
mod shift;
mod timing;

pub use change::{ChangePoint, FEWEST_POINTS, change_points};
pub use fit::{Band, Fit, FitError, Point, Shape};
pub use holm::holm;
pub(crate) use random::SplitMix;
pub use rank::mann_whitney;
pub use shift::Ratio;
pub use timing::{Comparison, Metric, Timing, TimingRule, TimingVerdict, compare, repeats_needed};

/// The middle value; the mean of the two middle ones where their number is even. `NaN` of none.
///
/// # Example
/// ```
/// use confiture_perf::stats::median;
/// assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
/// assert_eq!(median(&[4.0, 1.0]), 2.5);
/// ```
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => sorted[count / 2],
        count => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
    }
}
