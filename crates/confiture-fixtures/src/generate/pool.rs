//! Keys of parent rows that foreign keys may point at.

use std::collections::HashMap;

use super::rng::{Rng, mix, mix_text};
use super::value::Value;

/// Tuples of the referenced columns of one parent table.
#[derive(Debug, Default)]
pub(super) struct Pool {
    tuples: Vec<Vec<Value>>,
    /// By the set of columns that are given already: where the tuples with these values stand.
    given: HashMap<u64, HashMap<u64, Vec<u32>>>,
}

/// How a parent is chosen.
#[derive(Debug, Clone, Copy)]
pub(super) enum Draw {
    /// A few parents get most of the children.
    Skewed,
    /// All alike.
    Even,
    /// Each parent once.
    Number(u64),
}

/// A hash that equal values share, whatever way they came.
pub(super) fn hash(value: &Value, scratch: &mut String) -> u64 {
    match value {
        Value::Null => 1,
        Value::Int(value) => mix(2, value.cast_unsigned()),
        Value::Uuid(bits) => mix(*bits as u64, (*bits >> 64) as u64),
        Value::Text(text) | Value::Literal(text) => mix_text(3, text),
        other => {
            scratch.clear();
            other.write_text(scratch);
            mix_text(3, scratch)
        }
    }
}

impl Pool {
    pub(super) fn new(tuples: Vec<Vec<Value>>) -> Self {
        Self { tuples, given: HashMap::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tuples.is_empty()
    }

    pub(super) fn tuple(&self, at: usize) -> &[Value] {
        &self.tuples[at]
    }

    pub(super) fn push(&mut self, tuple: Vec<Value>) {
        let at = self.tuples.len() as u32;
        for (mask, index) in &mut self.given {
            let assigned: Vec<Option<&Value>> = tuple
                .iter()
                .enumerate()
                .map(|(column, value)| (mask >> column & 1 == 1).then_some(value))
                .collect();
            index.entry(key(&assigned)).or_default().push(at);
        }
        self.tuples.push(tuple);
    }

    /// The place of a tuple that has the values given, `None` when there is none.
    pub(super) fn draw(&mut self, given: &[Option<&Value>], how: Draw, rng: &mut Rng) -> Option<usize> {
        let mask =
            given.iter().enumerate().fold(0, |mask, (at, value)| mask | u64::from(value.is_some()) << at);
        if mask == 0 {
            return choose(self.tuples.len(), how, rng);
        }
        if !self.given.contains_key(&mask) {
            let mut index: HashMap<u64, Vec<u32>> = HashMap::new();
            for (at, tuple) in self.tuples.iter().enumerate() {
                let assigned: Vec<Option<&Value>> =
                    given.iter().zip(tuple).map(|(given, value)| given.is_some().then_some(value)).collect();
                index.entry(key(&assigned)).or_default().push(at as u32);
            }
            self.given.insert(mask, index);
        }
        let places = self.given.get(&mask)?.get(&key(given))?;
        choose(places.len(), how, rng).map(|at| places[at] as usize)
    }
}

fn key(given: &[Option<&Value>]) -> u64 {
    let mut scratch = String::new();
    given.iter().flatten().fold(0, |hashed, value| mix(hashed, hash(value, &mut scratch)))
}

fn choose(count: usize, how: Draw, rng: &mut Rng) -> Option<usize> {
    if count == 0 {
        return None;
    }
    Some(match how {
        Draw::Skewed => rng.skewed(count),
        Draw::Even => rng.below(count as u64) as usize,
        Draw::Number(number) => (number % count as u64) as usize,
    })
}
