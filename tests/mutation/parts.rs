//! Runs in parts, in parallel and resumed come to the same.

use confiture_core::plugin::Registry;
use confiture_core::report::{MutantResult, MutationReport};
use confiture_mutation::{MutationOptions, MutationRunner, OperatorFilter, merge};
use confiture_tests::{Scenario, block_on, server};

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
