//! Deployment gates for PostgreSQL migrations: each a question, answered with evidence.
//!
//! A gate is a [`Gate`](confiture_core::plugin::Gate), a rule a [`Rule`](confiture_core::plugin::Rule): one hazard
//! of a migration's statements. [`lint()`] asks the rules without a database, [`find`] with whatever is known.
//! [`judge`] weighs their findings by what was measured, [`decide()`] takes approvals into account and asks every gate.

mod application;
mod approvals;
mod blame;
mod decide;
mod explain;
mod fix;
mod gates;
mod lint;
mod measured;
mod preflight;
mod release;
pub mod rules;
mod saved;

pub use approvals::Date;
pub use decide::{GateOptions, decide, judge};
pub use fix::{FixError, FixNote, FixOptions, FixedFile, Fixes};
pub use gates::{
    BreakingChange, DataIntegrity, Locks, Mutation, Naming, OPTIONAL, Performance, ReleaseReadiness,
    Rollback, Schema,
};
pub use lint::{Found, LintOptions, Surroundings, find, lint, page, pages};
pub use preflight::{Preflight, preflight, rows};
