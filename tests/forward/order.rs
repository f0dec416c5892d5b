//! Versions that are read, unique, and after those already released.

use confiture_core::report::RunStatus;
use confiture_tests::{Scenario, check, summary};
use insta::assert_snapshot;

use super::under;

#[test]
fn one_number_for_two_files_is_reported_at_the_second() {
    let (a, b) = ("CREATE TABLE a (id int);", "CREATE TABLE b (id int);");
    assert_snapshot!(under("plain", &[("01_a.sql", a), ("2_b.sql", b)]), @r"
    01_a: order+ up+ atomic+ down- re-up-
    2_b: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(under("plain", &[("01_a.sql", a), ("1_b.sql", b)]), @r"
    01_a: order+ up+ atomic+ down- re-up-
    1_b: order! up+ atomic+ down- re-up-
      high duplicate-version up 1_b.sql:1:1
    ");
}

#[test]
fn numbers_sort_by_value() {
    let column = "ALTER TABLE a ADD COLUMN name text;";
    assert_snapshot!(check(&[("10_column.sql", column), ("9_a.sql", "CREATE TABLE a (id int);")]), @r"
    9_a: order+ up+ atomic+ down- re-up-
    10_column: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(check(&[("08_column.sql", column), ("9_a.sql", "CREATE TABLE a (id int);")]), @r"
    08_column: order+ up! atomic+ down- re-up-
      high up-fails up 08_column.sql:1:1 42P01
    9_a: order+ up+ atomic+ down- re-up-
    ");
}

#[test]
fn a_version_the_tool_cannot_read_fails_the_run() {
    let files = [("1_a.sql", "CREATE TABLE a (id int);"), ("next_b.sql", "CREATE TABLE b (id int);")];
    let right = Scenario::new(&files[..1]).layout("sqlx").run();
    assert_eq!(right.status, RunStatus::Passed);
    let wrong = Scenario::new(&files).layout("sqlx").run();
    assert_snapshot!(summary(&wrong), @r"
    high unparsable-version - next_b.sql:1:1
    low not-understood - next_b.sql:1:1
    1_a: order+ up+ atomic+ down- re-up-
    ");
    assert_eq!(wrong.status, RunStatus::Failed);
}

#[test]
fn a_new_migration_sorts_after_the_released_ones() {
    let mut scenario = Scenario::new(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_b.sql", "CREATE TABLE b (id int);"),
        ("3_c.sql", "CREATE TABLE c (id int);"),
    ])
    .layout("plain");
    let released = |ids: &[&str]| Some(ids.iter().map(|id| (*id).to_owned()).collect());
    scenario.options.released = released(&["1_a", "2_b"]);
    assert_snapshot!(scenario.check(), @r"
    1_a: order+ up+ atomic+ down- re-up-
    2_b: order+ up+ atomic+ down- re-up-
    3_c: order+ up+ atomic+ down- re-up-
    ");
    scenario.options.released = released(&["1_a", "3_c"]);
    let report = scenario.run();
    assert_snapshot!(summary(&report), @r"
    1_a: order+ up+ atomic+ down- re-up-
    2_b: order! up+ atomic+ down- re-up-
      high out-of-order - 2_b.sql:1:1
    3_c: order+ up+ atomic+ down- re-up-
    ");
    assert_eq!(report.findings[0].help.as_deref(), Some("give it a version after 3"));
}

#[test]
fn a_journal_that_lists_a_missing_file_is_stale() {
    let journal = r#"{"entries":[{"idx":0,"tag":"0000_a"},{"idx":1,"tag":"0001_b"}]}"#;
    let a = ("0000_a.sql", "CREATE TABLE a (id int);");
    let b = ("0001_b.sql", "CREATE TABLE b (id int);");
    assert_snapshot!(under("drizzle", &[("meta/_journal.json", journal), a, b]), @r"
    0000_a: order+ up+ atomic+ down- re-up-
    0001_b: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(under("drizzle", &[("meta/_journal.json", journal), a]), @r"
    high stale-journal - _journal.json:1:54
    0000_a: order+ up+ atomic+ down- re-up-
    ");
}
