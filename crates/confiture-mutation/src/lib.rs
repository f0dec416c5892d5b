//! Breaks PostgreSQL migrations on purpose, so that somebody can say who would notice.
//!
//! An operator is a [`MutationOperator`](confiture_core::plugin::MutationOperator): it turns a script into
//! mutants, each an edit of bytes of the user's own statements. [`mutated`] is the migration with a mutant's
//! edits made.

mod mutated;
pub mod operators;

pub use mutated::mutated;
