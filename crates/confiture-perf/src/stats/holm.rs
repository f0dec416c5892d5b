//! Holm's correction: many questions, one promise about false alarms.

/// The p values adjusted so that comparing each with `α` raises a false alarm among all of them with
/// probability `α` at most, however they depend on each other.
///
/// In the order given. Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist.
/// 6 (1979) 65–70.
///
/// # Example
/// ```
/// let adjusted = confiture_perf::stats::holm(&[0.01, 0.04, 0.03, 0.005]);
/// let rounded: Vec<String> = adjusted.iter().map(|p| format!("{p:.2}")).collect();
/// assert_eq!(rounded, ["0.03", "0.06", "0.06", "0.02"]);
/// ```
pub fn holm(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut adjusted = vec![1.0; values.len()];
    let mut largest = 0.0_f64;
    for (rank, at) in order.into_iter().enumerate() {
        let times = (values.len() - rank) as f64;
        largest = largest.max((values[at] * times).min(1.0));
        adjusted[at] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::holm;
    use proptest::prelude::*;

    #[test]
    fn one_question_stays_as_it_is() {
        assert_eq!(holm(&[0.02]), [0.02]);
        assert!(holm(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn adjusted_values_are_no_smaller_keep_their_order_and_stay_below_bonferroni(
            values in prop::collection::vec(0.0..=1.0_f64, 1..12)
        ) {
            let adjusted = holm(&values);
            for (at, p) in values.iter().enumerate() {
                prop_assert!(adjusted[at] >= *p && adjusted[at] <= (p * values.len() as f64).min(1.0) + 1e-12);
                for (other, q) in values.iter().enumerate() {
                    prop_assert!(p > q || adjusted[at] <= adjusted[other]);
                }
            }
        }
    }
}
