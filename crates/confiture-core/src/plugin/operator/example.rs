//! Examples of operators: their documentation and their test at once.

/// A migration the operator breaks, and what notices.
///
/// The scripts are those of two migrations: `before` is the up of `0001`, `up` and `down` those of `0002`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MutationExample {
    /// The state the migration starts from; may be empty.
    pub before: &'static str,
    /// The forward script.
    pub up: &'static str,
    /// The rollback script; empty for none.
    pub down: &'static str,
    /// One mutant: the whole script of the operator's direction, after the edits.
    pub mutant: &'static str,
    /// What passes on the original and fails on the mutant.
    pub killer: Killer,
    /// A script of the same direction, on the same state, in which the operator finds no site.
    pub spared: &'static str,
}

/// What tells a mutant from the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Killer {
    /// A test with directives (`-- confiture: migrate to 0002`, `-- confiture: assert`, …).
    Test(&'static str),
    /// A built-in check, by its id.
    Check(&'static str),
}
