//! What a PostgreSQL migration locks, rewrites, writes and costs.
//!
//! A probe is a [`Probe`](confiture_core::plugin::Probe). Nothing here profiles a migration yet; the
//! benchmarks of the workspace stand in `benches/`.

mod probes;

pub use confiture_core::report::{
    BufferProfile, Dataset, LockProfile, MigrationProfile, PerformanceProfile, PhaseProfile,
    ProfileEnvironment, ScanProfile, ScriptProfile, StatementProfile, WalProfile,
};
pub use probes::Locks;
