//! Who waits for whom.

use std::time::Duration;

use confiture_core::migration::Direction;
use confiture_fixtures::FixtureError;
use confiture_perf::load::Operation;
use confiture_perf::probe::{ProbeOptions, ProbeReport, probe};
use confiture_tests::{block_on, server};

use crate::{Chain, USERS};

fn probed(chain: &Chain, rows: u64, reader: Option<Duration>) -> ProbeReport {
    let _server = server();
    let ground = chain.ground(rows);
    let options = ProbeOptions { reader, ..ProbeOptions::default() };
    block_on(async {
        let script = chain.script(Direction::Up);
        let report = probe(&ground, script, Direction::Up, options).await?;
        ground.close().await?;
        Ok::<ProbeReport, FixtureError>(report)
    })
    .unwrap_or_else(|error| panic!("{error}"))
}

/// Which kinds of statements on `users` were blocked, and by which statement.
fn blocked(report: &ProbeReport) -> Vec<(Operation, Option<usize>)> {
    let stalls = report.stalls.iter().filter(|stall| stall.blocked);
    stalls.map(|stall| (stall.operation, stall.guilty)).collect()
}

const ADD_COLUMN: &str = "ALTER TABLE users ADD COLUMN x int;";

#[test]
fn an_instant_add_column_behind_a_reader_blocks_everybody() {
    let report = probed(&Chain::new(USERS, ADD_COLUMN), 100, Some(Duration::from_secs(2)));
    let all: Vec<_> = Operation::ALL.into_iter().map(|operation| (operation, Some(0))).collect();
    assert_eq!(blocked(&report), all);
}

#[test]
fn the_same_without_a_reader_holds_nobody_up_longer_than_that() {
    let with = probed(&Chain::new(USERS, ADD_COLUMN), 100, Some(Duration::from_secs(2)));
    let without = probed(&Chain::new(USERS, ADD_COLUMN), 100, None);
    for operation in Operation::ALL {
        let stall = |report: &ProbeReport| report.stall("public.users", operation).map(|s| s.longest.took_ms);
        assert!(stall(&without) < stall(&with), "{operation:?}");
    }
}

#[test]
fn a_lock_timeout_gives_up_in_front_of_the_reader() {
    let chain = Chain::new(USERS, &format!("SET lock_timeout = '50ms'; {ADD_COLUMN}"));
    let report = probed(&chain, 100, Some(Duration::from_secs(2)));
    assert_eq!(report.run.failure.as_ref().and_then(|f| f.sqlstate.as_deref()), Some("55P03"));
}

/// A transaction that goes on after the statement: `pg_sleep` stands for the slow rest of a migration.
#[test]
fn the_statement_that_took_the_lock_is_guilty_not_the_slow_one_behind_it() {
    let chain = Chain::new(USERS, "SELECT 1; ALTER TABLE users ADD COLUMN x int; SELECT pg_sleep(1.5);");
    let report = probed(&chain, 100, None);
    assert!(blocked(&report).iter().all(|(_, guilty)| *guilty == Some(1)), "{:?}", blocked(&report));
    assert_eq!(blocked(&report).len(), 4);
}

#[test]
fn an_update_in_a_long_transaction_blocks_writers_of_its_rows_and_no_reader() {
    let chain = Chain::new(USERS, "UPDATE users SET age = 1; SELECT pg_sleep(1.5);");
    let report = probed(&chain, 100, None);
    assert_eq!(blocked(&report), [(Operation::Update, Some(0)), (Operation::Delete, Some(0))]);
}

#[test]
fn create_index_blocks_writers_and_concurrently_does_not() {
    let plain = Chain::new(USERS, "CREATE INDEX users_age ON users (age); SELECT pg_sleep(1.5);");
    let writers = [Operation::Insert, Operation::Update, Operation::Delete].map(|op| (op, Some(0)));
    assert_eq!(blocked(&probed(&plain, 1000, None)), writers);
    let concurrently = Chain::autocommit(
        USERS,
        "-- confiture: no-transaction\nCREATE INDEX CONCURRENTLY users_age ON users (age); SELECT pg_sleep(1.5);",
    );
    let report = probed(&concurrently, 1000, None);
    assert_eq!(report.run.failure, None);
    assert_eq!(report.stalls.len(), 4, "the table is probed");
    assert_eq!(blocked(&report), []);
}

#[test]
fn statements_that_no_longer_work_are_told() {
    let report = probed(&Chain::new(USERS, "ALTER TABLE users RENAME TO people;"), 100, None);
    let failed = |op| report.stall("public.users", op).and_then(|s| s.failed.as_ref()).map(|f| f.0.as_str());
    assert!(Operation::ALL.into_iter().all(|op| failed(op) == Some("42P01")));
    let report = probed(&Chain::new(USERS, ADD_COLUMN), 100, None);
    assert!(report.stalls.iter().all(|stall| stall.failed.is_none()), "{report:?}");
}

#[test]
fn the_timeline_names_the_lock_and_who_waited() {
    let chain = Chain::new(USERS, "ALTER TABLE users ADD COLUMN x int; SELECT pg_sleep(1);");
    let svg = confiture_perf::svg::lock_timeline(&probed(&chain, 100, None).profile("0002_b", None));
    assert!(svg.contains("ACCESS EXCLUSIVE on public.users") && svg.contains("Blocked: "), "{svg}");
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}
