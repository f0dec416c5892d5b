//! What a PostgreSQL migration locks, rewrites, writes and costs.
//!
//! [`MigrationPerformanceProfiler`] runs every migration on tables with rows and reads after each statement what
//! it did. A [`Probe`](confiture_core::plugin::Probe) of others is asked, too. Counters gate, clocks advise.

mod baseline;
mod count;
mod error;
mod explain;
mod ground;
mod limits;
pub mod load;
mod metrics;
mod operations;
mod passes;
pub mod predict;
pub mod probe;
mod probes;
mod profiler;
mod stages;
pub mod stats;
pub mod svg;
mod trends;
mod verdict;

/// The guide's page about this crate; its blocks are compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/profile-library.md")]
mod guide {}

pub use baseline::{
    BaselineDataset, BaselineEnvironment, Change, Incomparable, Metric, PerformanceBaseline,
    StatementBaseline, Worse, differences,
};
pub use confiture_core::report::{
    BufferProfile, Dataset, LockProfile, MigrationProfile, PerformanceProfile, PhaseProfile,
    ProfileEnvironment, ScanProfile, ScriptProfile, StatementProfile, WalProfile,
};
pub use count::fingerprint;
pub use error::PerfError;
pub use limits::Limits;
pub use metrics::{HistoryCosts, HistoryEntry};
pub use operations::{OPERATIONS, operations};
pub use passes::{PassOptions, Passes, TimeOptions};
pub use probes::Locks;
pub use profiler::{MigrationPerformanceProfiler, ProfileOptions, Profiled, server_settings};
pub use stages::{StageOptions, Stages};
pub use trends::trends;
pub use verdict::{JudgeOptions, judge};
