//! The rank-sum test of Mann, Whitney and Wilcoxon, exact.

/// The probability of ranks at least as high as those of `head`, were both samples of the same kind.
///
/// One-sided: small when values of `head` are larger. Exact for all sizes, and for ties too: of all ways to
/// deal the values that were seen to two samples of these sizes, the share with a rank sum at least as large
/// (mid-ranks where values are equal). Counted by the shift algorithm of Streitberg & Röhmel, "Exact
/// distributions for permutation and rank tests", Statistical Software Newsletter 12 (1986) 10–17; the test is
/// Mann & Whitney's, Ann. Math. Statist. 18 (1947) 50–60. 1 when a sample is empty.
///
/// Costs `O(m · N³)` for `N` values, `m` of them in `head`: no time up to 50 in each.
///
/// # Example
/// ```
/// use confiture_perf::stats::mann_whitney;
/// // Five faster than any of the other five: one of the 252 ways to deal ten values.
/// let (base, head) = ([1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0]);
/// assert!((mann_whitney(&base, &head) - 1.0 / 252.0).abs() < 1e-12);
/// assert_eq!(mann_whitney(&base, &base.map(|_| 0.0)), 1.0);
/// ```
pub fn mann_whitney(base: &[f64], head: &[f64]) -> f64 {
    if base.is_empty() || head.is_empty() {
        return 1.0;
    }
    let ranks = doubled_ranks(base, head);
    let observed: usize = ranks[base.len()..].iter().sum();
    let sums = rank_sums(&ranks, head.len());
    let all: f64 = sums.iter().sum();
    let as_large: f64 = sums.get(observed..).unwrap_or_default().iter().sum();
    (as_large / all).min(1.0)
}

/// `P(U ≤ u)` for samples of these sizes without ties, where `U` counts the pairs in which one is larger.
pub(super) fn cumulative(base: usize, head: usize, u: usize) -> f64 {
    let ranks: Vec<usize> = (1..=base + head).map(|rank| 2 * rank).collect();
    let sums = rank_sums(&ranks, head);
    let least = head * (head + 1); // the doubled rank sum where U is 0
    let all: f64 = sums.iter().sum();
    let below: f64 = sums.iter().take(least + 2 * u + 1).sum();
    below / all
}

/// Twice the mid-rank of every value, those of `base` first.
fn doubled_ranks(base: &[f64], head: &[f64]) -> Vec<usize> {
    let values: Vec<f64> = base.iter().chain(head).copied().collect();
    let rank = |value: &f64| {
        let below = values.iter().filter(|other| *other < value).count();
        let equal = values.iter().filter(|other| *other == value).count();
        2 * below + equal + 1
    };
    values.iter().map(rank).collect()
}

/// How many ways there are to choose `chosen` of `ranks` with each sum.
fn rank_sums(ranks: &[usize], chosen: usize) -> Vec<f64> {
    let most: usize = {
        let mut sorted = ranks.to_vec();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        sorted.iter().take(chosen).sum()
    };
    let mut ways = vec![vec![0.0_f64; most + 1]; chosen + 1];
    ways[0][0] = 1.0;
    for (seen, rank) in ranks.iter().enumerate() {
        for count in (1..=chosen.min(seen + 1)).rev() {
            let (fewer, these) = ways.split_at_mut(count);
            for sum in (*rank..=most).rev() {
                these[0][sum] += fewer[count - 1][sum - rank];
            }
        }
    }
    ways.swap_remove(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Table I of Mann & Whitney (1947), n = 5: `P(U ≤ u)` to three places.
    #[test]
    fn the_distribution_is_that_of_the_published_table() {
        let five_five = [0.004, 0.008, 0.016, 0.028, 0.048, 0.075, 0.111, 0.155, 0.210, 0.274, 0.345];
        let five_four = [0.008, 0.016, 0.032, 0.056, 0.095, 0.143, 0.206, 0.278, 0.365, 0.452, 0.548];
        for (u, (five, four)) in five_five.into_iter().zip(five_four).enumerate() {
            assert!((cumulative(5, 5, u) - five).abs() < 6e-4, "5, 5: U = {u}");
            assert!((cumulative(4, 5, u) - four).abs() < 6e-4, "5, 4: U = {u}");
        }
    }

    /// Hollander & Wolfe, *Nonparametric Statistical Methods* (1999), example 4.1: permeability constants of
    /// membranes at term and at 12 to 26 weeks, P = 0.127.
    #[test]
    fn the_textbook_example_comes_out_as_published() {
        let at_term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
        let early = [1.15, 0.88, 0.90, 0.74, 1.21];
        assert!((mann_whitney(&early, &at_term) - 0.1272).abs() < 5e-5);
    }

    /// Counts all ways to deal the values.
    fn by_enumeration(base: &[f64], head: &[f64]) -> f64 {
        let ranks = doubled_ranks(base, head);
        let observed: usize = ranks[base.len()..].iter().sum();
        let (mut all, mut as_large) = (0_u32, 0_u32);
        for set in 0_u32..1 << ranks.len() {
            if set.count_ones() as usize == head.len() {
                let sum: usize = (0..ranks.len()).filter(|at| set >> at & 1 == 1).map(|at| ranks[at]).sum();
                all += 1;
                as_large += u32::from(sum >= observed);
            }
        }
        f64::from(as_large) / f64::from(all)
    }

    proptest! {
        #[test]
        fn with_ties_it_is_the_share_of_all_ways_to_deal(
            base in prop::collection::vec(0_u8..6, 1..7),
            head in prop::collection::vec(0_u8..6, 1..7),
        ) {
            let (base, head): (Vec<f64>, Vec<f64>) =
                (base.into_iter().map(f64::from).collect(), head.into_iter().map(f64::from).collect());
            prop_assert!((mann_whitney(&base, &head) - by_enumeration(&base, &head)).abs() < 1e-12);
        }

        #[test]
        fn slower_heads_are_never_less_likely_noticed(
            base in prop::collection::vec(1.0..9.0_f64, 1..8),
            head in prop::collection::vec(1.0..9.0_f64, 1..8),
            more in 0.0..5.0_f64,
        ) {
            let slower: Vec<f64> = head.iter().map(|value| value + more).collect();
            prop_assert!(mann_whitney(&base, &slower) <= mann_whitney(&base, &head) + 1e-12);
        }
    }
}
