//! What fails without a baseline.

use confiture_core::report::RunStatus;
use confiture_perf::Limits;
use confiture_tests::Scenario;

use crate::{Profile, findings, server};

const USERS: &str = "CREATE TABLE users (id int PRIMARY KEY, email text);";

fn limits(change: &str, production: u64) -> (RunStatus, Vec<String>) {
    let scenario = Scenario::new(&[("0001_users.sql", USERS), ("0002_change.sql", change)]);
    let limits = Limits { production: [("users".to_owned(), production)].into(), ..Limits::default() };
    let report = Profile { rows: 100, limits, ..Profile::default() }.last(&scenario, &server());
    (report.status, findings(&report, "limits"))
}

#[test]
fn rewrite_fails_by_the_rows_of_production() {
    let change = "SET lock_timeout = '2s';\nALTER TABLE users ALTER COLUMN id TYPE bigint;";
    assert_eq!(limits(change, 5_000_000), (RunStatus::Failed, vec!["high profile-rewrite".to_owned()]));
    assert_eq!(limits(change, 5000), (RunStatus::Passed, vec!["info profile-rewrite".to_owned()]));
}

#[test]
fn scan_behind_an_exclusive_lock_of_the_same_transaction_fails() {
    let change = "SET lock_timeout = '2s';\nALTER TABLE users ADD COLUMN age int;\nUPDATE users SET age = 1;";
    assert_eq!(limits(change, 5_000_000).1, ["high profile-scan"]);
    let apart = change.replace("int;", "int;\nCOMMIT;");
    assert_eq!(limits(&apart, 5_000_000), (RunStatus::Passed, vec![]));
}

#[test]
fn exclusive_lock_without_a_timeout_warns() {
    let change = "ALTER TABLE users ADD COLUMN age int;";
    assert_eq!(limits(change, 100), (RunStatus::Passed, vec!["low profile-no-lock-timeout".to_owned()]));
    let timed = format!("SET lock_timeout = '2s';\n{change}");
    assert_eq!(limits(&timed, 100), (RunStatus::Passed, vec![]));
}

#[test]
fn migration_that_rows_stop_fails_and_says_where() {
    let scenario = Scenario::new(&[
        ("0001_users.sql", USERS),
        ("0002_change.sql", "ALTER TABLE users ADD COLUMN age int NOT NULL;"),
    ]);
    let report = Profile { rows: 10, ..Profile::default() }.last(&scenario, &server());
    assert_eq!(
        (report.status, findings(&report, "up")),
        (RunStatus::Failed, vec!["high profile-fails".to_owned()])
    );
}
