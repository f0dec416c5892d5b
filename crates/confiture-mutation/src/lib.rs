//! Breaks PostgreSQL migrations on purpose, so that somebody can say who would notice.
//!
//! An operator is a [`MutationOperator`](confiture_core::plugin::MutationOperator): it turns a script into
//! mutants, each an edit of bytes of the user's own statements. [`mutated`] is the migration with a mutant's
//! edits made. A [`Plan`] lists the mutants of a directory; a [`Log`] keeps how they ended, so that a run
//! can be resumed; [`merge`] puts the parts of a plan together again. [`MutationRunner`] runs a plan and gives a
//! [`MutationReport`].
//!
//! # Example
//! Which mutants a directory has; no server is needed to know.
//! ```
//! use confiture_core::migration::layout::{self, LoadOptions};
//! use confiture_mutation::{MutationOptions, MutationRegistry, OperatorFilter, Plan};
//!
//! let dir = tempfile::tempdir()?;
//! std::fs::write(dir.path().join("0001_users.sql"), "CREATE TABLE users (id bigint PRIMARY KEY);")?;
//! let registry = MutationRegistry::linked()?;
//! let (_, _, loaded) = layout::load(&registry, dir.path(), Some("plain"), &LoadOptions::default())?;
//! let options = MutationOptions { operators: OperatorFilter::parse(["pk-*"])?, ..MutationOptions::default() };
//! let plan = Plan::new(&loaded, &registry, |_| None, &options)?;
//! let ids: Vec<&str> = plan.mutants.iter().map(|planned| planned.id.as_str()).collect();
//! assert_eq!(ids, ["pk-drop/0001_users/users.id/1"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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

pub use behaviour::Departure;
/// A change of a script: edits of bytes, and what they do in words.
pub use confiture_core::plugin::Mutant as Mutation;
/// Where a run takes its operators and checks from; [`with_operator`](MutationRegistry::with_operator) adds one.
pub use confiture_core::plugin::Registry as MutationRegistry;
pub use confiture_core::report::MutationReport;
pub use error::MutationError;
pub use log::{Log, LogError, LogKeys};
pub use merge::{MergeError, merge, merge_runs};
pub use mutated::mutated;
pub use options::{MutationOptions, OperatorFilter, OperatorPattern, Shard};
pub use plan::{OPERATORS_VERSION, Plan, PlanError, Planned, Suppressed, Suppression};
pub use run::{Mutated, MutationEvent, MutationRunner};
pub use score::judge;
pub use write::write_tests;
