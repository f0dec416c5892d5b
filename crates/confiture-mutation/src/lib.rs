//! Breaks PostgreSQL migrations on purpose, so that somebody can say who would notice.
//!
//! An operator is a [`MutationOperator`](confiture_core::plugin::MutationOperator): it turns a script into
//! mutants, each an edit of bytes of the user's own statements. [`mutated`] is the migration with a mutant's
//! edits made. A [`Plan`] lists the mutants of a directory; a [`Log`] keeps how they ended, so that a run
//! can be resumed; [`merge`] puts the parts of a plan together again. [`MutationRunner`] runs a plan.

mod audience;
mod behaviour;
mod error;
mod explain;
mod log;
mod merge;
mod mutated;
pub mod operators;
mod options;
mod plan;
mod rows;
mod run;
mod score;
mod share;
mod state;
mod suggest;
mod worker;
mod write;

pub use error::MutationError;
pub use log::{Log, LogError, LogKeys};
pub use merge::{MergeError, merge, merge_runs};
pub use mutated::mutated;
pub use options::{MutationOptions, OperatorFilter, OperatorPattern, Shard};
pub use plan::{OPERATORS_VERSION, Plan, PlanError, Planned, Suppressed, Suppression};
pub use run::{Mutated, MutationEvent, MutationRunner};
pub use score::judge;
pub use write::write_tests;
