//! Reproducible randomness: a generator that starts from names and row numbers, not from a global state.

/// SplitMix64 (Steele, Lea, Flood 2014): eight bytes of state, cheap to start for every single value.
///
/// A value depends on seed, table, column and row only, so that a column added by a later migration
/// leaves the others' values as they were.
#[derive(Debug, Clone)]
pub(super) struct Rng(u64);

/// One step of a hash over words.
pub(super) fn mix(seed: u64, word: u64) -> u64 {
    let mut z = seed ^ word.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The same over text; independent of the platform and of the standard library's hashers.
pub(super) fn mix_text(seed: u64, text: &str) -> u64 {
    let folded = text.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    mix(seed, folded)
}

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to `limit - 1`; 0 when `limit` is 0.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// Both ends included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        if low >= high {
            return low;
        }
        let width = u128::from(high.abs_diff(low)) + 1;
        let offset = (u128::from(self.next()) * width) >> 64;
        low.wrapping_add_unsigned(offset as u64)
    }

    pub(super) fn one_in(&mut self, share: u64) -> bool {
        self.below(share) == 0
    }

    pub(super) fn pick<'a, T: ?Sized>(&mut self, from: &'a [&'a T]) -> &'a T {
        from[self.below(from.len() as u64) as usize]
    }

    /// From 0 to `limit - 1`, small ones far more often: a few parents have most of the children.
    pub(super) fn skewed(&mut self, limit: usize) -> usize {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        ((unit * unit * limit as f64) as usize).min(limit.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let take = |seed| {
            (0..4).map(move |_| 0).scan(Rng::new(seed), |rng, _: i32| Some(rng.next())).collect::<Vec<_>>()
        };
        assert_eq!(take(7), take(7));
        assert_ne!(take(7), take(8));
    }

    #[test]
    fn ranges_hold_their_ends() {
        let mut rng = Rng::new(mix_text(1, "ends"));
        let seen: std::collections::BTreeSet<i64> = (0..200).map(|_| rng.between(-1, 1)).collect();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [-1, 0, 1]);
        assert_eq!(Rng::new(0).between(i64::MIN, i64::MIN), i64::MIN);
    }
}
