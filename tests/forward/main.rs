//! Migrations going up on a real server: each tool's rules, where a failure is shown, what it leaves behind.

mod atomic;
mod chain;
mod data;
mod file_markers;
mod flyway;
mod imitation;
mod names;
mod one_message;
mod order;
mod parts;
mod positions;
mod probes;
mod queries;
mod runner;
mod section_markers;
mod session;
mod setup;
mod snapshot;
mod snapshot_files;
mod snapshot_kinds;
mod statements;
mod templates;
mod test_db;
mod tracking;
mod user_tests;
mod validate;

use confiture_core::db::Session;
use confiture_core::report::RunReport;
use confiture_tests::{Scenario, block_on, server};

/// The summary of `files` read with the layout `layout`.
fn under(layout: &str, files: &[(&str, &str)]) -> String {
    Scenario::new(files).layout(layout).check()
}

const TABLE: &str = "CREATE TABLE t (id int);\n";
const INDEX: &str = "CREATE INDEX CONCURRENTLY t_id ON t (id);\n";

/// Why a check of a migration was skipped or does not apply.
fn reason(report: &RunReport, migration: &str, check: &str) -> String {
    let found = report.migrations.iter().find(|m| m.id == migration);
    let checks = found.map(|m| m.checks.as_slice()).unwrap_or_default();
    checks.iter().find(|c| c.id == check).and_then(|c| c.reason.clone()).unwrap_or_default()
}

/// Runs `work` on a database of its own.
fn on_database<T>(work: impl AsyncFnOnce(&Session) -> T) -> T {
    let server = server();
    block_on(async {
        let database = server.create_database("forward").await.expect("a database");
        let session = database.session().await.expect("a session");
        let result = work(&session).await;
        session.close().await;
        database.close().await.expect("the database is dropped");
        result
    })
}
