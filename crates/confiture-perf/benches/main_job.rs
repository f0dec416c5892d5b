//! What the main job costs, as a ratio to running the same statements bare, in one run.
//!
//! `cargo bench -p confiture-perf --bench main_job [-- SIZES]` prints, for chains of 100, 300 and 1000
//! migrations: seconds of up, down, up over one connection; seconds of the main job; their ratio; the cost
//! per migration; the same with rows in the tables; the time from nothing to the first verdict with a cached cluster; peak memory.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program that prints figures and may end at the first trouble"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use confiture_core::db::{Env, Server, ServerOptions};
use confiture_core::migration::layout::LoadOptions;
use confiture_core::plugin::Registry;
use confiture_fixtures::{Beside, Event, TestOptions, TestRun, TestSource};

const ROUNDS: usize = 3;
/// Rows a table gets in the runs with rows: the default of `confiture test`.
const ROWS: u64 = 20;

/// The up and down statements of migration `n`: tables with keys, indexes, columns, views, functions.
fn migration(n: usize) -> (Vec<String>, Vec<String>) {
    let table = format!("t{:04}", n - n % 5);
    let made = |up: &[String], down: &[String]| (up.to_vec(), down.to_vec());
    match n % 5 {
        0 => {
            let parent = if n >= 5 { format!(" REFERENCES t{:04} (id)", n - 5) } else { String::new() };
            made(
                &[
                    format!(
                        "CREATE TABLE {table} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
                         parent bigint{parent}, name text NOT NULL, state text NOT NULL DEFAULT 'new', \
                         created_at timestamptz NOT NULL DEFAULT now(), CHECK (name <> ''))"
                    ),
                    format!("CREATE INDEX {table}_name_idx ON {table} (name)"),
                ],
                &[format!("DROP TABLE {table}")],
            )
        }
        1 => made(
            &[
                format!("ALTER TABLE {table} ADD COLUMN email text"),
                format!("ALTER TABLE {table} ADD CONSTRAINT {table}_email_key UNIQUE (email)"),
            ],
            &[format!("ALTER TABLE {table} DROP COLUMN email")],
        ),
        2 => made(
            &[format!("CREATE VIEW v{n} AS SELECT id, name FROM {table} WHERE state = 'new'")],
            &[format!("DROP VIEW v{n}")],
        ),
        3 => made(
            &[format!(
                "CREATE FUNCTION f{n}(a bigint) RETURNS text LANGUAGE sql STABLE \
                 AS $$ SELECT name FROM {table} WHERE id = a $$"
            )],
            &[format!("DROP FUNCTION f{n}(bigint)")],
        ),
        _ => made(
            &[
                format!("UPDATE {table} SET state = 'old' WHERE state = 'new'"),
                format!("ALTER TABLE {table} ALTER COLUMN state SET DEFAULT 'open'"),
                format!("COMMENT ON TABLE {table} IS 'number {n}'"),
            ],
            &[
                format!("COMMENT ON TABLE {table} IS NULL"),
                format!("ALTER TABLE {table} ALTER COLUMN state SET DEFAULT 'new'"),
            ],
        ),
    }
}

fn write_chain(dir: &Path, size: usize) {
    for n in 0..size {
        let (up, down) = migration(n);
        let text = |statements: Vec<String>| statements.join(";\n") + ";\n";
        std::fs::write(dir.join(format!("{:04}_step.up.sql", n + 1)), text(up)).expect("a file");
        std::fs::write(dir.join(format!("{:04}_step.down.sql", n + 1)), text(down)).expect("a file");
    }
}

async fn bare(server: &Server, size: usize) -> Duration {
    let database = server.create_database("bare").await.expect("a database");
    let session = database.session().await.expect("a session");
    let started = Instant::now();
    for n in 0..size {
        let (up, down) = migration(n);
        for script in [&up, &down, &up] {
            session.execute("BEGIN").await.expect("begin");
            for statement in script {
                session.execute(statement).await.expect("a statement");
            }
            session.execute("COMMIT").await.expect("commit");
        }
    }
    let elapsed = started.elapsed();
    session.close().await;
    database.close().await.expect("closed");
    elapsed
}

async fn main_job(
    server: &Server,
    registry: &Registry,
    source: &TestSource,
    rows: u64,
    beside: &Beside,
) -> (Duration, Duration) {
    let started = Instant::now();
    let mut first = None;
    let mut options = TestOptions { beside: Some(beside.clone()), ..TestOptions::default() };
    options.ladder.rows = rows;
    let run = TestRun { server, registry, source, options };
    let mut seen = |event: Event<'_>| {
        if matches!(event, Event::Judged { .. }) {
            first.get_or_insert_with(|| started.elapsed());
        }
    };
    let tested = run.run(&mut seen).await.expect("a report");
    // With rows, backfills that the downs do not take back are findings.
    assert!(rows > 0 || tested.report.migrations.iter().all(|m| !m.failed()), "the chain is clean");
    (started.elapsed(), first.unwrap_or_default())
}

fn peak_memory_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let sizes: Vec<usize> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![100, 300, 1000] } else { sizes };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let registry = Registry::linked().expect("plugins");
        let options = ServerOptions { env: std::env::vars_os().collect::<Env>(), ..ServerOptions::default() };
        Server::open(&options).await.expect("a server").close().await; // fills the cache
        // As the command line has it.
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        let beside = Beside { server: options.clone(), at_once: cores >= 2 };
        println!(
            "migrations   bare s   test s   ratio   ms/migration   with rows s   ratio   start to first verdict ms   peak MiB"
        );
        for size in sizes {
            let dir = tempfile::tempdir().expect("a directory");
            write_chain(dir.path(), size);
            let started = Instant::now();
            let server = Server::open(&options).await.expect("a server");
            let source =
                TestSource::load(&registry, dir.path(), Some("plain"), &LoadOptions::default())
                    .expect("migrations");
            let ready = started.elapsed();
            let (mut bares, mut tests, mut filled, mut firsts) =
                (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                bares.push(bare(&server, size).await.as_secs_f64());
                let (whole, _) = main_job(&server, &registry, &source, 0, &beside).await;
                tests.push(whole.as_secs_f64());
                let (whole, first) = main_job(&server, &registry, &source, ROWS, &beside).await;
                filled.push(whole.as_secs_f64());
                firsts.push((ready + first).as_secs_f64() * 1e3);
            }
            let ratio_to = |tests: &[f64]| median(bares.iter().zip(tests).map(|(bare, test)| test / bare).collect());
            let (ratio, ratio_filled) = (ratio_to(&tests), ratio_to(&filled));
            let (bare, test, filled, first) = (median(bares), median(tests), median(filled), median(firsts));
            println!(
                "{size:10}   {bare:6.2}   {test:6.2}   {ratio:5.2}   {:12.2}   {filled:11.2}   {ratio_filled:5.2}   {first:25.0}   {:8}",
                test * 1e3 / size as f64,
                peak_memory_mib().unwrap_or_default(),
            );
            server.close().await;
        }
    });
}
