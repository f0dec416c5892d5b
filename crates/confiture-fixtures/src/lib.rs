//! Puts a PostgreSQL database into a known state, and says whether it is in it.
//!
//! - [`MigrationRunner`] applies and rolls back migrations as their own tool would.
//! - [`Ladder`] climbs a chain one migration at a time and observes each one: up, down, up again.
//! - [`RowGenerator`] fills tables with rows that satisfy their catalog.
//! - [`SchemaSnapshotter`] captures a schema and compares it with another.
//! - [`DataValidator`] scans rows: keys, checks, uniqueness, what was lost; [`DataFingerprint`] is its measure.
//! - [`TestDb`] and the attribute [`test`](macro@test) give each test of a Rust program its own database.
//! - [`TestRun`] judges a whole directory with every registered check.
//!
//! The crate never writes to a database it did not create and mark.

mod checks;
mod error;
mod generate;
mod ladder;
mod mention;
mod queries;
mod runner;
mod setup;
mod snapshot;
mod sql_file;
pub mod sqltest;
pub mod strategy;
mod test_db;
mod test_run;
mod validate;
mod verify;

pub use confiture_core::db::tokio_postgres;
pub use confiture_fixtures_macros::test;
pub use error::FixtureError;
pub use generate::{
    ColumnStatistics, Filled, Refusal, RowCounts, RowGenerator, RowStyle, SeedFiles, Statistics, TableFill,
    TableStatistics, write_rows,
};
pub use ladder::{Depth, Ladder, LadderOptions, NO_ROWS};
pub use queries::QueryFile;
pub use runner::{MigrationRunner, Planned, Ran, ScriptTraits, Target, find_version, run_script};
pub use setup::SetupFile;
pub use snapshot::SchemaSnapshotter;
pub use test_db::{Outcome, TestDb, TestDbBuilder};
pub use test_run::{
    Beside, Event, LONG, NOT_SELECTED, SKIPPED_ON_REQUEST, TestOptions, TestRun, TestSource, Tested,
};
pub use validate::{
    ColumnFingerprint, DataChange, DataDifference, DataFingerprint, DataState, DataValidator, Invariant,
    KeyPart, Link, NotExamined, RowDifferences, RowFingerprints, RowKey, Rule, TableData, TableFingerprint,
    ValidationReport, Violation,
};
pub use verify::{Verification, report_text, verify_migrations};

#[doc(hidden)]
pub use test_db::run as run_test;

/// The guide's page about tests of Rust programs; its blocks are compiled.
#[cfg(all(doctest, feature = "proptest"))]
#[doc = include_str!("../../../docs/rust-tests.md")]
mod rust_tests {}
