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
mod gauge;
mod generate;
mod ladder;
mod mention;
mod queries;
mod queries_export;
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
mod wanted;

pub use confiture_core::db::tokio_postgres;
pub use confiture_fixtures_macros::test;
pub use error::FixtureError;
pub use gauge::{Gauge, GaugedRelation};
pub use generate::{
    ColumnStatistics, Filled, Refusal, RowCounts, RowGenerator, RowStyle, SeedFiles, Statistics, TableFill,
    TableStatistics, write_rows,
};
pub use ladder::{
    Answer, Asked, Depth, Ground, Ladder, LadderOptions, Measured, NO_ROWS, RelationMeasure, Sequences,
    StatementMeasure, TableRows, Trial, Want,
};
pub use queries::{EACH, QueryFile};
pub use queries_export::asked_most;
pub use runner::{
    History, MigrationRunner, Planned, Ran, ScriptObserver, ScriptTraits, Sending, Sent, Standing, Target,
    find_version, run_observed, run_script,
};
pub use setup::SetupFile;
pub use snapshot::SchemaSnapshotter;
pub use test_db::{Outcome, TestDb, TestDbBuilder};
pub use test_run::{
    Beside, Event, Evidence, LONG, NOT_SELECTED, SKIPPED_ON_REQUEST, TestOptions, TestRun, TestSource, Tested,
};
pub use validate::{
    ColumnFingerprint, DataChange, DataDifference, DataFingerprint, DataState, DataValidator, Invariant,
    KeyPart, Link, NotExamined, RowDifferences, RowFingerprints, RowKey, Rule, TableData, TableFingerprint,
    ValidationReport, Violation,
};
pub use verify::{Verification, report_text, verify_migrations};

#[doc(hidden)]
pub use test_db::run as run_test;

/// The guide's pages about this crate; their blocks are compiled.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../../docs/rust-tests.md")]
    mod rust_tests {}
    #[doc = include_str!("../../../docs/fixtures/test-db.md")]
    mod test_db {}
    #[doc = include_str!("../../../docs/fixtures/verify-migrations.md")]
    mod verify_migrations {}
    #[doc = include_str!("../../../docs/fixtures/adopt.md")]
    mod adopt {}
    #[doc = include_str!("../../../docs/fixtures/migration-runner.md")]
    mod migration_runner {}
    #[doc = include_str!("../../../docs/fixtures/ladder.md")]
    mod ladder {}
    #[doc = include_str!("../../../docs/fixtures/user-tests.md")]
    mod user_tests {}
    #[doc = include_str!("../../../docs/fixtures/row-generator.md")]
    mod row_generator {}
    #[doc = include_str!("../../../docs/fixtures/statistics.md")]
    mod statistics {}
    #[doc = include_str!("../../../docs/fixtures/seed-files.md")]
    mod seed_files {}
    #[doc = include_str!("../../../docs/fixtures/schema-snapshotter.md")]
    mod schema_snapshotter {}
    #[doc = include_str!("../../../docs/fixtures/data-validator.md")]
    mod data_validator {}
    #[doc = include_str!("../../../docs/fixtures/data-fingerprint.md")]
    mod data_fingerprint {}
    #[cfg(feature = "proptest")]
    #[doc = include_str!("../../../docs/fixtures/strategies.md")]
    mod strategies {}
}
