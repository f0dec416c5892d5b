//! Runs in parts, in parallel and resumed come to the same.

use std::path::Path;
use std::process::{Command, Stdio};

use confiture_core::db::Server;
use confiture_core::plugin::Registry;
use confiture_core::report::{MutantResult, MutationReport};
use confiture_mutation::{MutationOptions, MutationRunner, OperatorFilter, merge};
use confiture_tests::{Scenario, block_on, own_server, server};
use serde_json::Value;

fn chain() -> Scenario {
    Scenario::new(&[
        (
            "0001_users.up.sql",
            "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, CHECK (name <> ''));",
        ),
        ("0001_users.down.sql", "DROP TABLE users;"),
        ("0002_posts.up.sql", "CREATE TABLE posts (id int PRIMARY KEY, author int REFERENCES users (id));"),
        ("0002_posts.down.sql", "DROP TABLE posts;"),
        (
            "0003_state.up.sql",
            "ALTER TABLE posts ADD state text DEFAULT 'new'; UPDATE posts SET state = 'old' WHERE id > 5;",
        ),
        ("0003_state.down.sql", "ALTER TABLE posts DROP state;"),
        ("0004_index.up.sql", "CREATE INDEX posts_state ON posts (state);"),
        ("0004_index.down.sql", "DROP INDEX posts_state;"),
    ])
    .with_rows()
    .test(
        "names",
        "-- confiture: migrate to 0001\n-- confiture: catch 23514\nINSERT INTO users VALUES (1, '');\n",
    )
}

/// Everything but times.
fn ends(report: &MutationReport) -> Vec<MutantResult> {
    let timeless = |mutant: &MutantResult| MutantResult { duration_ms: 0.0, ..mutant.clone() };
    report.mutants.iter().map(timeless).collect()
}

#[test]
fn shards_merged_are_the_whole() {
    let scenario = chain();
    let whole = scenario.try_mutate(|_| {}).unwrap();
    let shard = |text: &str| {
        let shard = text.parse().unwrap();
        scenario.try_mutate(|options| options.shard = Some(shard)).unwrap()
    };
    let merged = merge(vec![shard("2/2"), shard("1/2")]).unwrap();
    assert_eq!(merged.mutants.len(), whole.mutants.len());
    for (merged, whole) in ends(&merged).iter().zip(&ends(&whole)) {
        assert_eq!(merged, whole);
    }
    assert_eq!(merged.plan_hash, whole.plan_hash);
}

/// A report without times.
fn timeless(report: &MutationReport) -> Value {
    let mut value = serde_json::to_value(report).unwrap();
    forget_times(&mut value);
    value
}

fn forget_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("duration_ms");
            fields.values_mut().for_each(forget_times);
        }
        Value::Array(values) => values.iter_mut().for_each(forget_times),
        _ => {}
    }
}

#[test]
fn two_shards_on_two_servers_merged_are_one_run_in_everything_but_time() {
    let scenario = chain();
    let source = scenario.load().unwrap();
    let registry = Registry::linked().unwrap();
    let run = |server: &Server, shard: Option<&str>| {
        let options = MutationOptions {
            ladder: scenario.options.ladder.clone(),
            tests: scenario.options.tests.clone(),
            shard: shard.map(|shard| shard.parse().unwrap()),
            ..MutationOptions::default()
        };
        let runner = MutationRunner { servers: &[server], registry: &registry, source: &source, options };
        block_on(runner.run(&mut |_| {})).unwrap().report.mutation.unwrap()
    };
    let (one, other) = (own_server(), own_server());
    let parts = vec![run(&one, Some("1/2")), run(&other, Some("2/2"))];
    assert!(parts.iter().all(|part| !part.mutants.is_empty()));
    let whole = run(&one, None);
    block_on(one.close());
    block_on(other.close());
    // One part alone is not the whole.
    assert_ne!(timeless(&parts[0]), timeless(&whole));
    assert_eq!(timeless(&merge(parts).unwrap()), timeless(&whole));
}

/// `confiture mutate` on `dir`, with a log where one is given.
fn program(dir: &Path, log: Option<&Path>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_confiture-under-test"));
    command.arg("mutate").arg(dir).args(["--format", "json", "--jobs", "1", "--allow-red"]);
    if let Some(log) = log {
        command.arg("--log").arg(log);
    }
    command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::piped());
    command
}

/// What a run to the end says about mutants, without times.
fn said(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    let mut report: Value = serde_json::from_slice(&output.stdout).unwrap();
    forget_times(&mut report["mutation"]);
    report["mutation"].take()
}

#[test]
fn a_run_that_was_killed_and_resumed_is_an_undisturbed_one() {
    let scenario = chain();
    let undisturbed = said(&mut program(scenario.path(), None));
    let log = scenario.path().join("mutants.jsonl");
    let lines = || std::fs::read_to_string(&log).map_or(0, |text| text.lines().count());
    let mut killed = program(scenario.path(), Some(&log)).spawn().unwrap();
    while lines() < 4 && killed.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let mutants = undisturbed["mutants"].as_array().unwrap().len();
    let kept = lines();
    assert!((4..mutants).contains(&kept), "{kept} of {mutants}: not in the middle");
    assert_eq!(said(&mut program(scenario.path(), Some(&log))), undisturbed);
    assert!(lines() > kept);
}

#[test]
fn two_workers_find_what_one_finds() {
    let scenario = chain();
    let one = scenario.try_mutate(|_| {}).unwrap();
    let source = scenario.load().unwrap();
    let registry = Registry::linked().unwrap();
    let server = server();
    let other = block_on(confiture_core::db::Server::open(&confiture_core::db::ServerOptions {
        env: std::env::vars_os().collect(),
        ..confiture_core::db::ServerOptions::default()
    }));
    let other = other.unwrap();
    let options = MutationOptions {
        ladder: scenario.options.ladder.clone(),
        tests: scenario.options.tests.clone(),
        ..MutationOptions::default()
    };
    let runner =
        MutationRunner { servers: &[&server, &other], registry: &registry, source: &source, options };
    let two = block_on(runner.run(&mut |_| {})).unwrap().report.mutation.unwrap();
    block_on(other.close());
    for (two, one) in ends(&two).iter().zip(&ends(&one)) {
        assert_eq!(two, one);
    }
    assert_eq!(two.totals, one.totals);
}

#[test]
fn a_resumed_run_takes_what_the_log_holds_and_comes_to_the_same() {
    let scenario = chain();
    let log = scenario.path().join("mutants.jsonl");
    let undisturbed = scenario.try_mutate(|_| {}).unwrap();
    let first = scenario.try_mutate(|options| {
        options.log = Some(log.clone());
        options.operators = OperatorFilter::parse(["schema"]).unwrap();
    });
    assert!(first.unwrap().totals.generated > 0);
    // What a killed process leaves: whole lines and half of one.
    let text = std::fs::read_to_string(&log).unwrap();
    let kept = text.lines().count() / 2;
    let mut torn: String = text.lines().take(kept).map(|line| format!("{line}\n")).collect();
    torn.push_str(&text.lines().nth(kept).unwrap()[..20]);
    std::fs::write(&log, torn).unwrap();
    let resumed = scenario.try_mutate(|options| options.log = Some(log.clone())).unwrap();
    assert_eq!(ends(&resumed), ends(&undisturbed));
    let lines = std::fs::read_to_string(&log).unwrap();
    let whole = lines.lines().filter(|line| line.ends_with('}')).count();
    let planned = undisturbed
        .mutants
        .iter()
        .filter(|m| m.reason.as_deref().is_none_or(|r| !r.starts_with("says")))
        .count();
    assert_eq!(whole, planned, "each result stands there once");
}
