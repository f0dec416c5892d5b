//! What the count pass adds to a migration: its wall time against that of the bare statements, in one run.
//!
//! `cargo bench -p confiture-perf --bench profile` prints, for 200 tables and migrations of 1 and of 41
//! statements, the time between the statements in milliseconds, from which the cost per migration and per
//! statement follows. Copies, rows, CHECKPOINT and VACUUM are left out: they are the ground, not the looking.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program that prints figures and may end at the first trouble"
)]

use std::time::Instant;

use confiture_core::db::{Env, Server, ServerOptions};
use confiture_core::migration::Direction;
use confiture_core::migration::layout::LoadOptions;
use confiture_core::plugin::Registry;
use confiture_fixtures::{Gauge, LadderOptions, TestSource, run_script};
use confiture_perf::{MigrationPerformanceProfiler, ProfileOptions, StageOptions, server_settings};

const TABLES: usize = 200;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let dir = tempfile::tempdir().expect("a directory");
    let tables: String = (0..TABLES)
        .map(|n| {
            format!("CREATE TABLE t{n} (id int PRIMARY KEY, a text, b int);\nCREATE INDEX ON t{n} (a);\n")
        })
        .collect();
    std::fs::write(dir.path().join("0001_tables.sql"), tables).expect("a file");
    let add = |n: usize| format!("ALTER TABLE t{n} ADD COLUMN c int;\n");
    std::fs::write(dir.path().join("0002_one.sql"), add(0)).expect("a file");
    let many: String = (1..=41).map(add).collect();
    std::fs::write(dir.path().join("0003_many.sql"), many).expect("a file");
    let options = ServerOptions {
        env: std::env::vars_os().collect::<Env>(),
        server_settings: server_settings(),
        ..ServerOptions::default()
    };
    let server = Server::open(&options).await.expect("a server");
    let registry = Registry::linked().expect("a registry");
    let source = TestSource::load(&registry, dir.path(), None, &LoadOptions::default()).expect("migrations");
    let ladder = LadderOptions { rows: 0, ..LadderOptions::default() };
    let options =
        ProfileOptions { stage: StageOptions { ladder, statistics: None }, ..ProfileOptions::default() };
    let profiler =
        MigrationPerformanceProfiler { server: &server, registry: &registry, source: &source, options };
    let profiled = profiler.run(&mut |_| {}).await.expect("a profile");
    let database = server.create_database("bench").await.expect("a database");
    let session = database.session().await.expect("a session");
    for (index, migration) in source.loaded.migrations.iter().enumerate() {
        let up = migration.up.script().expect("a script");
        let started = Instant::now();
        run_script(&session, up, Direction::Up).await;
        let bare = started.elapsed().as_secs_f64() * 1000.0;
        let looked = profiled.looked.get(&index).map_or(0.0, |time| time.as_secs_f64() * 1000.0);
        let count = up.statements.len();
        println!(
            "{}: {count} statements, bare {bare:.1} ms, looking {looked:.1} ms, {:.2} ms a statement",
            migration.id,
            looked / count as f64
        );
    }
    let started = Instant::now();
    let gauge = Gauge::read(&session).await.expect("a gauge");
    println!(
        "one reading of {} relations: {:.1} ms",
        gauge.relations.len(),
        started.elapsed().as_secs_f64() * 1000.0
    );
    session.close().await;
    database.close().await.expect("dropped");
    server.close().await;
}
