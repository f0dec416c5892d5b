//! Mutants per second, in one run: on a new database each, on a clone each, and as confiture does it.
//!
//! `cargo bench -p confiture-mutation --bench mutants [-- TABLES MIGRATIONS]` prints, for the same mutants of a
//! chain of 60 tables judged by the built-in checks: (a) a new database, all migrations, the checks, per
//! mutant; (b) a clone, the migration, the checks, per mutant; (c) confiture, on one worker and on two; (d) the
//! statements of the mutants alone, up and down in a transaction over one connection. Then the cost per mutant
//! for chains of 50, 200 and 500 migrations, and for 10, 100 and 1000 tables; and peak memory.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program that prints figures and may end at the first trouble"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use confiture_core::catalog::Observed;
use confiture_core::db::{Env, ScratchDb, Server, ServerOptions};
use confiture_core::migration::layout::{self, LoadOptions};
use confiture_core::migration::{Direction, Step};
use confiture_core::plugin::Registry;
use confiture_fixtures::{LadderOptions, TestSource, run_script};
use confiture_mutation::{MutationEvent, MutationOptions, MutationRunner, Plan, Planned};

/// A chain whose first migration makes all tables but one, and whose others change one table each.
fn write_chain(dir: &Path, tables: usize, migrations: usize) {
    let write = |n: usize, up: String, down: String| {
        std::fs::write(dir.join(format!("{n:04}_step.up.sql")), up).expect("a file");
        std::fs::write(dir.join(format!("{n:04}_step.down.sql")), down).expect("a file");
    };
    let table = |n: usize| {
        let parent = if n > 0 { format!(" REFERENCES t{:04} (id)", n - 1) } else { String::new() };
        format!(
            "CREATE TABLE t{n:04} (id bigint PRIMARY KEY, parent bigint{parent}, name varchar(80) NOT NULL, \
             price numeric(10,2) DEFAULT 0 CHECK (price >= 0), created_at timestamptz NOT NULL DEFAULT now(), \
             UNIQUE (name, price));\nCREATE INDEX t{n:04}_parent_idx ON t{n:04} (parent);\n"
        )
    };
    let down = |n: usize| format!("DROP TABLE t{n:04};\n");
    write(1, (0..tables).map(table).collect(), (0..tables).rev().map(down).collect());
    for n in 2..=migrations {
        let name = format!("t{:04}", n % tables);
        write(
            n,
            format!(
                "ALTER TABLE {name} ADD COLUMN c{n} int NOT NULL DEFAULT 7 CHECK (c{n} > 0);\n\
                 CREATE INDEX {name}_c{n}_idx ON {name} (c{n}) WHERE c{n} > 1;\n\
                 COMMENT ON COLUMN {name}.c{n} IS 'step {n}';\n"
            ),
            format!("ALTER TABLE {name} DROP COLUMN c{n};\n"),
        );
    }
}

fn load(registry: &Registry, dir: &Path) -> TestSource {
    let loaded = layout::load(registry, dir, Some("golang-migrate"), &LoadOptions::default());
    let (layout, detection, loaded) = loaded.expect("a directory that loads");
    TestSource { dir: String::new(), layout: layout.to_owned(), detection, loaded }
}

/// Mutants of the last `count` migrations.
fn options(source: &TestSource, count: usize, rows: u64) -> MutationOptions {
    let all = source.loaded.migrations.len();
    MutationOptions {
        ladder: LadderOptions { rows, ..LadderOptions::default() },
        judged: Some((all - count..all).collect()),
        suggest: false,
        ..MutationOptions::default()
    }
}

/// What the built-in checks need of a migration, without anything clever: the catalog before, after, after the
/// rollback.
async fn judge(database: &ScratchDb, planned: &Planned, source: &TestSource) {
    let session = database.session().await.expect("a session");
    let before = Observed::full(&session).await.expect("a catalog");
    let changed = planned.mutated(&source.loaded).expect("edits that fit");
    if let Step::Sql(up) = &changed.up
        && run_script(&session, up, Direction::Up).await.failure.is_none()
    {
        let after = Observed::full(&session).await.expect("a catalog");
        if let Step::Sql(down) = &changed.down
            && run_script(&session, down, Direction::Down).await.failure.is_none()
        {
            let rolled_back = Observed::full(&session).await.expect("a catalog");
            assert!(before.catalog().diff(after.catalog()).len() + 1 > 0);
            assert!(before.catalog().diff(rolled_back.catalog()).len() + 1 > 0);
        }
    }
    session.close().await;
}

async fn apply(database: &ScratchDb, source: &TestSource, until: usize) {
    let session = database.session().await.expect("a session");
    for migration in &source.loaded.migrations[..until] {
        if let Step::Sql(up) = &migration.up {
            assert!(run_script(&session, up, Direction::Up).await.failure.is_none(), "{}", migration.id);
        }
    }
    session.close().await;
}

async fn naive(server: &Server, source: &TestSource, mutants: &[&Planned]) -> Duration {
    let started = Instant::now();
    for planned in mutants {
        let database = server.create_database("naive").await.expect("a database");
        apply(&database, source, planned.migration).await;
        judge(&database, planned, source).await;
        database.close().await.expect("closed");
    }
    started.elapsed()
}

async fn cloned(server: &Server, source: &TestSource, mutants: &[&Planned]) -> Duration {
    let mut spent = Duration::ZERO;
    let mut state: Option<(usize, ScratchDb)> = None;
    for planned in mutants {
        if state.as_ref().is_none_or(|(at, _)| *at != planned.migration) {
            if let Some((_, old)) = state.take() {
                old.close().await.expect("closed");
            }
            let database = server.create_database("template").await.expect("a database");
            apply(&database, source, planned.migration).await;
            state = Some((planned.migration, database));
        }
        let Some((_, template)) = &state else { continue };
        let started = Instant::now();
        let clone = server.clone_database(template, "clone").await.expect("a clone");
        judge(&clone, planned, source).await;
        clone.close().await.expect("closed");
        spent += started.elapsed();
    }
    if let Some((_, old)) = state {
        old.close().await.expect("closed");
    }
    spent
}

/// Only what the mutants' scripts say, each in a transaction that is rolled back.
async fn bare(server: &Server, source: &TestSource, mutants: &[&Planned]) -> Duration {
    let mut spent = Duration::ZERO;
    let mut state: Option<(usize, ScratchDb)> = None;
    for planned in mutants {
        if state.as_ref().is_none_or(|(at, _)| *at != planned.migration) {
            if let Some((_, old)) = state.take() {
                old.close().await.expect("closed");
            }
            let database = server.create_database("bare").await.expect("a database");
            apply(&database, source, planned.migration).await;
            state = Some((planned.migration, database));
        }
        let Some((_, database)) = &state else { continue };
        let session = database.session().await.expect("a session");
        let changed = planned.mutated(&source.loaded).expect("edits that fit");
        let started = Instant::now();
        session.execute("BEGIN").await.expect("begin");
        let scripts = [&changed.up, &changed.down].into_iter().filter_map(Step::script);
        for statement in scripts.flat_map(|script| &script.statements) {
            if session.execute(&statement.sql).await.is_err() {
                break;
            }
        }
        session.execute("ROLLBACK").await.expect("rollback");
        spent += started.elapsed();
        session.close().await;
    }
    if let Some((_, old)) = state {
        old.close().await.expect("closed");
    }
    spent
}

/// All mutants of `count` migrations; the time from the first mutant to the last, and how many there were.
async fn ours(
    servers: &[&Server],
    registry: &Registry,
    source: &TestSource,
    options: MutationOptions,
) -> (Duration, usize) {
    let mut first = None;
    let mut last = Instant::now();
    let mut seen = 0;
    let runner = MutationRunner { servers, registry, source, options };
    let mut notice = |event: MutationEvent<'_>| match event {
        MutationEvent::Planned { .. } => first = Some(Instant::now()),
        MutationEvent::Judged { .. } => {
            seen += 1;
            last = Instant::now();
        }
        _ => {}
    };
    runner.run(&mut notice).await.expect("a report");
    (first.map_or(Duration::ZERO, |first| last - first), seen)
}

fn per_second(count: usize, elapsed: Duration) -> f64 {
    f64::from(u32::try_from(count).expect("few mutants")) / elapsed.as_secs_f64()
}

fn peak_memory_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let (tables, migrations) = match numbers.as_slice() {
        [tables, migrations, ..] => (*tables, *migrations),
        _ => (60, 60),
    };
    let registry = Registry::linked().expect("plugins");
    let env = std::env::vars_os().collect::<Env>();
    let server = Server::open(&ServerOptions { env: env.clone(), ..ServerOptions::default() })
        .await
        .expect("a server");
    let other = Server::open(&ServerOptions { env, ..ServerOptions::default() }).await.expect("a server");
    let dir = tempfile::tempdir().expect("a directory");
    write_chain(dir.path(), tables, migrations);
    let source = load(&registry, dir.path());
    let judged = options(&source, 10, 0);
    let plan = Plan::new(&source.loaded, &registry, |_| None, &judged).expect("a plan");
    let mutants: Vec<&Planned> = plan.mutants.iter().filter(|planned| planned.same_as.is_none()).collect();
    println!("{tables} tables, {migrations} migrations, {} mutants of the last 10", mutants.len());
    let some: Vec<&Planned> = mutants.iter().copied().step_by(mutants.len().div_ceil(20).max(1)).collect();
    let a = per_second(some.len(), naive(&server, &source, &some).await);
    println!("(a) new database   {a:8.1} mutants/s");
    let b = per_second(mutants.len(), cloned(&server, &source, &mutants).await);
    println!("(b) clone          {b:8.1} mutants/s");
    for rows in [0, LadderOptions::default().rows] {
        for servers in [&[&server][..], &[&server, &other]] {
            let (elapsed, count) = ours(servers, &registry, &source, options(&source, 10, rows)).await;
            let c = per_second(count, elapsed);
            println!(
                "(c) confiture      {c:8.1} mutants/s, rows = {rows}, {} worker(s): {:.0} x (a), {:.1} x (b)",
                servers.len(),
                c / a,
                c / b
            );
        }
    }
    let d = per_second(mutants.len(), bare(&server, &source, &mutants).await);
    println!("(d) statements     {d:8.1} mutants/s");
    for (tables, migrations) in [(20, 50), (20, 200), (20, 500), (10, 20), (100, 20), (1000, 20)] {
        let dir = tempfile::tempdir().expect("a directory");
        write_chain(dir.path(), tables, migrations);
        let source = load(&registry, dir.path());
        let (elapsed, count) = ours(&[&server], &registry, &source, options(&source, 5, 0)).await;
        println!(
            "{tables:5} tables {migrations:4} migrations {:6.2} ms a mutant",
            1e3 / per_second(count, elapsed)
        );
    }
    println!("peak memory {:?} MiB", peak_memory_mib());
    server.close().await;
    other.close().await;
}
