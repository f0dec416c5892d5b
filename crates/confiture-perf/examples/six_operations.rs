//! The nightly measurement: six operations, and a chain of migrations against its base where one is given.
//!
//! `six_operations OUT [DIR [BASE]]` writes `OUT/latest.json`, appends it to `OUT/history.jsonl`, draws pictures into
//! OUT and prints a summary in Markdown. Ends with 1 when a timing is an alarm.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    reason = "a program that prints figures and may end at the first trouble"
)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use confiture_core::db::{Env, Server, ServerOptions};
use confiture_core::migration::Direction;
use confiture_core::migration::layout::LoadOptions;
use confiture_core::plugin::Registry;
use confiture_fixtures::{RowCounts, TestSource};
use confiture_perf::load::{Ground, GroundPlan, Side, interleaved, timed};
use confiture_perf::stats::{
    Timing, TimingRule, TimingVerdict, change_points, compare, median, repeats_needed,
};
use confiture_perf::svg::{strip_plot, trend};

const RUNS: usize = 5;
const USERS: &str =
    "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, age int);";
const ORDERS: &str = "CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint NOT NULL);";
const ADD: &str = "ALTER TABLE users ADD COLUMN x int NOT NULL DEFAULT 0; CREATE INDEX users_x ON users (x);";

/// Name, statements, rows before, direction.
const OPERATIONS: [(&str, &str, u64, Direction); 6] = [
    ("forward", ADD, 100_000, Direction::Up),
    ("rollback", ADD, 100_000, Direction::Down),
    (
        "bulk-insert-10k",
        "INSERT INTO users (name) SELECT 'n' || i FROM generate_series(1, 10000) i;",
        10_000,
        Direction::Up,
    ),
    (
        "bulk-insert-50k",
        "INSERT INTO users (name) SELECT 'n' || i FROM generate_series(1, 50000) i;",
        10_000,
        Direction::Up,
    ),
    ("index-build", "CREATE INDEX users_name ON users (name);", 100_000, Direction::Up),
    (
        "multi-table",
        "ALTER TABLE users ALTER COLUMN age TYPE bigint; CREATE INDEX ON orders (customer); UPDATE orders SET customer = 1;",
        50_000,
        Direction::Up,
    ),
];

fn load(dir: &Path, layout: Option<&str>) -> TestSource {
    let registry = Registry::linked().expect("plugins");
    TestSource::load(&registry, dir, layout, &LoadOptions::default()).expect("a chain of migrations")
}

fn milliseconds(timing: &Timing) -> f64 {
    timing.cpu.unwrap_or(timing.wall).as_secs_f64() * 1e3
}

async fn operation(server: &Server, sql: &str, rows: u64, direction: Direction) -> Vec<Timing> {
    let dir = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("a file");
    write("0001_a.sql", &format!("{USERS} {ORDERS}"));
    write("0002_b.sql", sql);
    write("0002_b.down.sql", "ALTER TABLE users DROP COLUMN x;");
    let source = load(dir.path(), Some("plain"));
    let rows = RowCounts::uniform(rows);
    let plan = GroundPlan::new(&source.loaded, 1, &rows);
    let ground = Ground::lay(server, plan).await.expect("tables with rows");
    if direction == Direction::Down {
        ground.advance(plan).await.expect("the up");
    }
    let script = plan.script(direction).expect("a script");
    let mut times = Vec::new();
    for _ in 0..RUNS {
        times.push(timed(Side { ground: &ground, script, direction }).await.expect("a run"));
    }
    ground.close().await.expect("dropped");
    times
}

/// Times the migrations that both chains have, base and head in turns; the names of those that are slower.
async fn against(server: &Server, out: &Path, head: &Path, base: &Path) -> Vec<String> {
    let (head, base) = (load(head, None), load(base, None));
    let rows = RowCounts::uniform(1000);
    let rule = TimingRule::default();
    let place = |id: &str| base.loaded.migrations.iter().position(|migration| migration.id == id);
    let same = |a: usize, b: usize| {
        let text = |source: &TestSource, at: usize| {
            source.loaded.migrations[at].up.script().map(|s| s.source.text[s.span.clone()].to_owned())
        };
        text(&head, a) == text(&base, b)
    };
    let changed: Vec<(usize, usize)> = (0..head.loaded.migrations.len())
        .filter_map(|at| Some((at, place(&head.loaded.migrations[at].id)?)))
        .filter(|(a, b)| !same(*a, *b))
        .collect();
    let runs = RUNS.max(repeats_needed(changed.len(), rule.significance));
    let mut measured = Vec::new();
    let mut again = Vec::new();
    for (a, b) in &changed {
        let plans = (GroundPlan::new(&base.loaded, *b, &rows), GroundPlan::new(&head.loaded, *a, &rows));
        let (Some(old), Some(new)) = (plans.0.script(Direction::Up), plans.1.script(Direction::Up)) else {
            continue;
        };
        let before = Ground::lay(server, plans.0).await.expect("the base's tables");
        let after = Ground::lay(server, plans.1).await.expect("the head's tables");
        let old = Side { ground: &before, script: old, direction: Direction::Up };
        let new = Side { ground: &after, script: new, direction: Direction::Up };
        let times = interleaved(old, new, runs).await.expect("runs");
        let alone = compare(&[(&times.0, &times.1)], &rule).remove(0);
        // Fresh runs where these could be an alarm.
        again.push(match alone.verdict == TimingVerdict::Suspected {
            true => Some(interleaved(old, new, runs).await.expect("runs")),
            false => None,
        });
        measured.push((head.loaded.migrations[*a].id.clone(), times));
        before.close().await.expect("dropped");
        after.close().await.expect("dropped");
    }
    if measured.is_empty() {
        println!("\nNo migration that the base has too was changed: nothing to compare.");
        return Vec::new();
    }
    let pairs: Vec<(&[Timing], &[Timing])> = measured.iter().map(|(_, (a, b))| (&a[..], &b[..])).collect();
    println!("\n| migration | head/base | p | smallest seen | verdict |\n|---|---|---|---|---|");
    let mut slower = Vec::new();
    for ((comparison, (id, _)), again) in compare(&pairs, &rule).into_iter().zip(&measured).zip(&again) {
        let comparison = match again {
            Some((a, b)) => comparison.confirmed(&compare(&[(a, b)], &rule)[0], &rule),
            None => comparison,
        };
        let ratio = comparison
            .ratio
            .map_or("n/a".to_owned(), |r| format!("{:.2} ({:.2} to {:.2})", r.estimate, r.low, r.high));
        let least = comparison.smallest_effect.map_or("nothing".to_owned(), |effect| format!("{effect:.2}"));
        println!("| {id} | {ratio} | {:.4} | {least} | {:?} |", comparison.p_adjusted, comparison.verdict);
        std::fs::write(out.join(format!("{id}.svg")), strip_plot(id, &comparison)).expect("a picture");
        if comparison.verdict == TimingVerdict::Slower {
            slower.push(id.clone());
        }
    }
    slower
}

/// The recorded medians of one operation, oldest first, by commit.
fn history(lines: &str, name: &str) -> Vec<(String, f64)> {
    let read = |line: &str| {
        let entry: serde_json::Value = serde_json::from_str(line).ok()?;
        Some((entry["commit"].as_str()?.to_owned(), entry["cpu_ms"][name].as_f64()?))
    };
    lines.lines().filter_map(read).collect()
}

#[tokio::main]
async fn main() -> ExitCode {
    let args: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let Some(out) = args.first() else {
        eprintln!("usage: six_operations OUT [DIR [BASE]]");
        return ExitCode::from(2);
    };
    std::fs::create_dir_all(out).expect("the directory for metrics");
    let options = ServerOptions { env: std::env::vars_os().collect::<Env>(), ..ServerOptions::default() };
    let server = Server::open(&options).await.expect("a server");
    println!(
        "### Six operations on PostgreSQL {}\n\n| operation | median ms | least | most |\n|---|---|---|---|",
        server.version()
    );
    let mut medians = BTreeMap::new();
    let mut raw = BTreeMap::new();
    for (name, sql, rows, direction) in OPERATIONS {
        let times = operation(&server, sql, rows, direction).await;
        let ms: Vec<f64> = times.iter().map(milliseconds).collect();
        let (least, most) = ms.iter().fold((f64::MAX, 0.0_f64), |(a, b), ms| (a.min(*ms), b.max(*ms)));
        println!("| {name} | {:.1} | {least:.1} | {most:.1} |", median(&ms));
        medians.insert(name, median(&ms));
        raw.insert(name, times);
    }
    let commit = std::env::var("GITHUB_SHA").unwrap_or_else(|_| "local".to_owned());
    let entry = serde_json::json!({
        "commit": commit, "postgresql": server.version_text(), "cpu_ms": medians, "runs": raw,
    });
    std::fs::write(out.join("latest.json"), format!("{entry:#}\n")).expect("latest.json");
    let path = out.join("history.jsonl");
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&path).expect("the history");
    writeln!(file, "{entry}").expect("the history");
    let lines = std::fs::read_to_string(&path).expect("the history");
    for (name, ..) in OPERATIONS {
        let values = history(&lines, name);
        let costs: Vec<f64> = values.iter().map(|(_, ms)| *ms).collect();
        // Fewer than ten runs have no change points.
        let changes = change_points(&costs, 0.01).unwrap_or_default();
        if let Some(last) = changes.last() {
            println!(
                "\n{name}: {:.1} ms before {}, {:.1} since",
                last.before, values[last.index].0, last.after
            );
        }
        std::fs::write(out.join(format!("{name}.svg")), trend(name, "ms", &values, &changes))
            .expect("a picture");
    }
    let slower = match &args[1..] {
        [head, base, ..] => Box::pin(against(&server, out, head, base)).await,
        _ => Vec::new(),
    };
    server.close().await;
    for id in &slower {
        println!("\n**{id} is slower than at the base, and a fresh repeat agrees.**");
    }
    if slower.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
