//! A sample of mutants, spread over operators and migrations.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::hash::number_of;

/// One mutant to draw from.
pub(super) struct Candidate<'a> {
    pub(super) id: &'a str,
    pub(super) operator: &'static str,
    pub(super) migration: usize,
}

/// The places of `count` of `candidates`, ascending; all of them when there are not more.
///
/// Operators take turns, and each takes a mutant of the migration that has been drawn from least, so that
/// small strata are heard. The same seed draws the same ones, and a larger sample holds every smaller one.
pub(super) fn draw(candidates: &[Candidate<'_>], count: usize, seed: u64) -> Vec<usize> {
    let mut strata: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, candidate) in candidates.iter().enumerate() {
        strata.entry(candidate.operator).or_default().push(at);
    }
    let mut strata: Vec<Vec<usize>> = strata.into_values().collect();
    for stratum in &mut strata {
        stratum.sort_by_key(|&at| Reverse((number_of(seed, candidates[at].id), at)));
    }
    strata.sort_by_key(|stratum| stratum.first().map(|&at| number_of(seed, candidates[at].operator)));
    let mut drawn_of: BTreeMap<usize, usize> = BTreeMap::new();
    let mut drawn = Vec::new();
    while drawn.len() < count && !strata.is_empty() {
        for stratum in &mut strata {
            if drawn.len() == count {
                break;
            }
            let least = (0..stratum.len()).rev().min_by_key(|&place| {
                drawn_of.get(&candidates[stratum[place]].migration).copied().unwrap_or(0)
            });
            let Some(place) = least else { continue };
            let at = stratum.remove(place);
            *drawn_of.entry(candidates[at].migration).or_default() += 1;
            drawn.push(at);
        }
        strata.retain(|stratum| !stratum.is_empty());
    }
    drawn.sort_unstable();
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates<'a>(ids: &'a [(String, &'static str, usize)]) -> Vec<Candidate<'a>> {
        ids.iter()
            .map(|(id, operator, migration)| Candidate { id, operator, migration: *migration })
            .collect()
    }

    #[test]
    fn rare_operators_and_migrations_are_heard_and_larger_samples_hold_smaller_ones() {
        let mut ids: Vec<(String, &'static str, usize)> =
            (0..100).map(|at| (format!("many/{at}"), "many", at % 10)).collect();
        ids.push(("rare/1".to_owned(), "rare", 3));
        let all = candidates(&ids);
        for seed in 0..5 {
            let few = draw(&all, 11, seed);
            assert!(few.contains(&100), "the rare operator is drawn: {few:?}");
            let migrations: std::collections::BTreeSet<usize> =
                few.iter().map(|&at| all[at].migration).collect();
            assert_eq!(migrations.len(), 10, "{few:?}");
            let more = draw(&all, 40, seed);
            assert!(few.iter().all(|at| more.contains(at)));
            assert_eq!(few, draw(&all, 11, seed));
        }
        assert_ne!(draw(&all, 11, 0), draw(&all, 11, 1));
        assert_eq!(draw(&all, 500, 0), (0..101).collect::<Vec<_>>());
    }
}
