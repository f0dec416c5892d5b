//! Statements whose failure depends on the transaction around them: enum values, deferred constraints.

use confiture_core::migration::layout::Loaded;
use confiture_core::report::Finding;
use confiture_fixtures::{Depth, Ladder, LadderOptions};
use confiture_tests::{Scenario, block_on, check, server, summary};
use insta::assert_snapshot;

const ENUM: &str = "CREATE TYPE s AS ENUM ('a');\nCREATE TABLE t (s s);\n";

#[test]
fn a_new_enum_value_has_to_be_committed_before_it_is_used() {
    let (add, using) = ("ALTER TYPE s ADD VALUE 'b';\n", "INSERT INTO t VALUES ('b');\n");
    assert_snapshot!(check(&[("1_t.sql", ENUM), ("2_add.sql", add), ("3_use.sql", using)]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_add: order+ up+ atomic+ down- re-up-
    3_use: order+ up+ atomic+ down- re-up-
    ");
    let together = format!("{add}{using}");
    assert_snapshot!(check(&[("1_t.sql", ENUM), ("2_both.sql", &together)]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_both: order+ up! atomic+ down- re-up-
      high up-fails up 2_both.sql:2:23 55P04
    ");
}

#[test]
fn outside_a_transaction_a_new_enum_value_can_be_used_at_once() {
    let both = "ALTER TYPE s ADD VALUE IF NOT EXISTS 'b';\nINSERT INTO t VALUES ('b');\n";
    let marked = format!("-- confiture: no-transaction\n{both}");
    assert_snapshot!(check(&[("1_t.sql", ENUM), ("2_both.sql", &marked)]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_both: order+ up+ atomic+ down- re-up-
    ");
    let once = marked.replace("IF NOT EXISTS ", "");
    assert_snapshot!(check(&[("1_t.sql", ENUM), ("2_both.sql", &once)]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_both: order+ up+ atomic! down- re-up-
      medium partial-apply up 2_both.sql:2:1 42710
    ");
}

const DEFERRED: &str = "CREATE TABLE a (id int PRIMARY KEY);\n\
    CREATE TABLE b (a_id int REFERENCES a DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO b VALUES (1);\n";

#[test]
fn a_deferred_constraint_fails_at_the_commit() {
    let satisfied = format!("{DEFERRED}INSERT INTO a VALUES (1);\n");
    assert_snapshot!(check(&[("1_ab.sql", &satisfied)]), @"1_ab: order+ up+ atomic+ down- re-up-");
    let report = Scenario::new(&[("1_ab.sql", DEFERRED)]).run();
    assert_snapshot!(summary(&report), @r"
    1_ab: order+ up! atomic+ down- re-up-
      high up-fails up 1_ab.sql:3:1 23503
    ");
    let Some(Finding { message, evidence, .. }) = report.findings.first() else { panic!("a finding") };
    assert_eq!(message, "up fails at the commit: 23503 foreign_key_violation");
    assert!(!evidence.contains_key("statement"));
}

#[test]
fn a_failed_commit_belongs_to_no_statement() {
    let failed = |sql: &str| {
        let source = Scenario::new(&[("1_ab.sql", sql)]).load().unwrap_or_else(|error| panic!("{error}"));
        first_rung(&source.loaded)
    };
    assert_eq!(failed(DEFERRED), Some((None, "23503".to_owned())));
    let immediate = DEFERRED.replace(" DEFERRABLE INITIALLY DEFERRED", "");
    assert_eq!(failed(&immediate), Some((Some(2), "23503".to_owned())));
}

/// The statement and SQLSTATE of the failure of the first migration.
fn first_rung(loaded: &Loaded) -> Option<(Option<usize>, String)> {
    let server = server();
    block_on(async {
        let mut ladder = Ladder::start(&server, loaded, LadderOptions::default()).await.expect("a ladder");
        let record = ladder.climb(Depth::Observe).await.expect("a rung").expect("a migration");
        ladder.close().await.expect("the database is dropped");
        let failed = record.up?.failure?;
        Some((failed.statement, failed.failure.sqlstate.unwrap_or_default()))
    })
}

#[test]
fn deferred_checks_of_autocommit_statements_come_at_once() {
    let sql = |first: &str, second: &str| {
        format!(
            "-- confiture: no-transaction\nINSERT INTO {first} VALUES (1) ON CONFLICT DO NOTHING;\nINSERT INTO {second} VALUES (1);\n"
        )
    };
    let tables = ("1_ab.sql", DEFERRED.split("INSERT").next().unwrap_or_default());
    assert_snapshot!(check(&[tables, ("2_rows.sql", &sql("a", "b"))]), @r"
    1_ab: order+ up+ atomic+ down- re-up-
    2_rows: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(check(&[tables, ("2_rows.sql", &sql("b", "a"))]), @r"
    1_ab: order+ up+ atomic+ down- re-up-
    2_rows: order+ up! atomic+ down- re-up-
      high up-fails up 2_rows.sql:2:1 23503
    ");
}
