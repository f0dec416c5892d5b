//! Numbers that decide everything: a generator is a function of them.

/// A list of numbers read from the front; an exhausted list goes on with zeros.
///
/// Zero is always the simplest choice, so making numbers smaller or leaving them out makes what is
/// generated simpler: shrinking the list shrinks the schema.
#[derive(Debug, Clone)]
pub(super) struct Choices<'a> {
    numbers: &'a [u32],
    steps: Steps,
}

/// Which steps a chain is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Steps {
    /// All that an empty database takes.
    Any,
    /// Those that also keep any rows, up and back.
    DataSafe,
}

impl<'a> Choices<'a> {
    pub(super) fn new(numbers: &'a [u32]) -> Self {
        Self { numbers, steps: Steps::Any }
    }

    pub(super) fn of_steps(self, steps: Steps) -> Self {
        Self { steps, ..self }
    }

    /// Whether only what is data-safe is to be chosen.
    pub(super) fn data_safe(&self) -> bool {
        self.steps == Steps::DataSafe
    }

    /// A number below `end`, which must not be 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let Some((first, rest)) = self.numbers.split_first() else { return 0 };
        self.numbers = rest;
        usize::try_from(*first).unwrap_or_default() % end
    }

    /// True in one of `times` cases; false for zero.
    pub(super) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    /// One of `items`; `None` when there is none.
    pub(super) fn pick<'b, T>(&mut self, items: &'b [T]) -> Option<&'b T> {
        if items.is_empty() { None } else { items.get(self.below(items.len())) }
    }

    /// One of `items`, which must not be empty.
    pub(super) fn of<T: Copy, const N: usize>(&mut self, items: [T; N]) -> T {
        items[self.below(N)]
    }
}

/// The numbers that stand for `seed`: `items` lists of `each`. The same on every machine.
pub(super) fn seeded(seed: u64, items: usize, each: usize) -> Vec<Vec<u32>> {
    let mut state = seed;
    let mut next = || {
        // SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((z ^ (z >> 31)) & 0xffff).unwrap_or_default()
    };
    (0..items).map(|_| (0..each).map(|_| next()).collect()).collect()
}
