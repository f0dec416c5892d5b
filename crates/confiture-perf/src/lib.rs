//! What a PostgreSQL migration locks, rewrites, writes and costs.
//!
//! A probe is a [`Probe`](confiture_core::plugin::Probe). Nothing here profiles a migration yet; the
//! benchmarks of the workspace stand in `benches/`.

mod probes;

pub use probes::Locks;
