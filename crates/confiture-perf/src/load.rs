//! Load: a migration while others work, and the runs that measure one.
//!
//! - [`Ground`] is the state before a migration with rows; every pass runs on a fresh copy of it.
//! - [`watch`] runs a script and says what each statement took, wrote and locked.
//! - [`closed_loop`] runs it while sessions read and write.
//! - [`interleaved`] times two versions of a migration in turns.

mod closed_loop;
mod interleaved;
mod operation;
mod watched;

pub use crate::ground::{Ground, measured_session};
pub use closed_loop::{LoadOptions, LoadReport, closed_loop};
pub use confiture_core::report::LoadPhase;
pub use interleaved::{Side, Timed, Work, interleaved, timed};
pub use operation::{Operation, Subject};
pub use watched::{WatchedRun, WatchedStatement, watch};

/// The standard sizes of tables.
pub const SIZES: [u64; 3] = [10_000, 50_000, 100_000];
