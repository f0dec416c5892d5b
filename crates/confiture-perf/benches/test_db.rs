//! What a database per test costs: a clone of the template, against running the migrations per test.
//!
//! `cargo bench -p confiture-perf --bench test_db` prints, for a chain that makes 60 tables: milliseconds
//! of a fresh `TestDb` (median and nine of ten), of migrating an empty database instead, and their ratio;
//! the same with eight tests at once; and what the first database of a process costs, as under a
//! harness that starts a process for each test.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program that prints figures and may end at the first trouble"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use confiture_core::db::{Env, Server, ServerOptions};
use confiture_core::migration::layout::{self, LoadOptions};
use confiture_core::plugin::Registry;
use confiture_fixtures::{MigrationRunner, Target, TestDb};

const TABLES: usize = 60;
const AT_ONCE: usize = 8;
const ROUNDS: usize = 40;

fn write_chain(dir: &Path) {
    for table in 0..TABLES {
        let parent = if table > 0 { format!(" REFERENCES t{:02} (id)", table - 1) } else { String::new() };
        let sql = format!(
            "CREATE TABLE t{table:02} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent bigint{parent}, \
             name text NOT NULL UNIQUE, state text NOT NULL DEFAULT 'new', at timestamptz NOT NULL DEFAULT now(), \
             CHECK (name <> ''));\nCREATE INDEX t{table:02}_state_idx ON t{table:02} (state, at);\n"
        );
        std::fs::write(dir.join(format!("{:04}_table.sql", table + 1)), sql).expect("a file");
    }
}

/// The value that `part` of `values` do not exceed, in milliseconds.
fn quantile(values: &mut [Duration], part: f64) -> f64 {
    values.sort();
    let at = ((values.len() - 1) as f64 * part).round() as usize;
    values[at].as_secs_f64() * 1e3
}

async fn fresh(dir: &Path) -> (Duration, Duration) {
    let started = Instant::now();
    let db = TestDb::builder(dir).build().await.expect("a database");
    let ready = started.elapsed();
    db.close().await.expect("dropped");
    (ready, started.elapsed())
}

async fn migrated(server: &Server, dir: &Path) -> Duration {
    let registry = Registry::linked().expect("plugins");
    let started = Instant::now();
    let (_, _, loaded) =
        layout::load(&registry, dir, Some("plain"), &LoadOptions::default()).expect("migrations");
    let database = server.create_database("migrated").await.expect("a database");
    let session = database.session().await.expect("a session");
    let runner = MigrationRunner::new(&session, &loaded).await.expect("a runner");
    let ran = runner.run(&Target::All).await.expect("migrated");
    assert!(ran.iter().all(|ran| ran.run.failure.is_none()));
    let ready = started.elapsed();
    session.close().await;
    database.close().await.expect("dropped");
    ready
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    if let Some(at) = args.iter().position(|arg| arg == "--one") {
        // A process of its own, as a harness would start it.
        let (ready, _) = runtime.block_on(fresh(Path::new(&args[at + 1])));
        println!("{}", ready.as_micros());
        return;
    }
    runtime.block_on(async {
        let dir = tempfile::tempdir().expect("a directory");
        write_chain(dir.path());
        let (cold, _) = fresh(dir.path()).await;
        println!("first database ever, template built and cached: {:.0} ms", cold.as_secs_f64() * 1e3);

        let (mut ready, mut whole) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (one, two) = fresh(dir.path()).await;
            ready.push(one);
            whole.push(two);
        }
        let options = ServerOptions { env: std::env::vars_os().collect::<Env>(), ..ServerOptions::default() };
        let server = Server::open(&options).await.expect("a server");
        let mut migrations = Vec::new();
        for _ in 0..10 {
            migrations.push(migrated(&server, dir.path()).await);
        }
        server.close().await;
        let (clone, run) = (quantile(&mut ready, 0.5), quantile(&mut migrations, 0.5));
        println!("TestDb of {TABLES} tables: {clone:.1} ms, nine of ten within {:.1} ms", quantile(&mut ready, 0.9));
        println!("  with dropping it: {:.1} ms", quantile(&mut whole, 0.5));
        println!("migrations run instead: {run:.1} ms; ratio {:.1}", run / clone);

        let started = Instant::now();
        let path = dir.path();
        let tests = (0..AT_ONCE).map(|_| {
            let path = path.to_owned();
            tokio::spawn(async move {
                let mut ready = Vec::new();
                for _ in 0..ROUNDS / 2 {
                    ready.push(fresh(&path).await.0);
                }
                ready
            })
        });
        let mut ready = Vec::new();
        for test in tests.collect::<Vec<_>>() {
            ready.extend(test.await.expect("a test"));
        }
        let per_second = ready.len() as f64 / started.elapsed().as_secs_f64();
        let alone = 1e3 / quantile(&mut whole, 0.5);
        println!(
            "{AT_ONCE} tests at once: {:.1} ms each, {per_second:.0} databases a second against {alone:.0} alone",
            quantile(&mut ready, 0.5)
        );

        let mut processes = Vec::new();
        for _ in 0..8 {
            let program = std::env::current_exe().expect("this program");
            let ran = std::process::Command::new(program).arg("--one").arg(path).output().expect("run");
            let micros: u64 = String::from_utf8_lossy(&ran.stdout).trim().parse().expect("a figure");
            processes.push(Duration::from_micros(micros));
        }
        println!("first database of a process, cached template: {:.0} ms", quantile(&mut processes, 0.5));
    });
}
