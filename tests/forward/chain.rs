//! A chain goes on after a failure: it is blamed once, and later migrations get verdicts of their own.

use confiture_tests::{Scenario, check, summary};
use insta::assert_snapshot;

use super::{reason, under};

#[test]
fn a_failure_is_blamed_once_and_the_rest_is_still_judged() {
    let files = |kind: &str| {
        Scenario::new(&[
            ("1_a.sql", "CREATE TABLE a (id int);"),
            ("2_b.sql", &format!("CREATE TABLE b (id {kind});")),
            ("3_needs_b.sql", "ALTER TABLE b ADD COLUMN name text;"),
            ("4_independent.sql", "ALTER TABLE a ADD COLUMN name text;"),
            ("5_wrong.sql", "ALTER TABLE nowhere ADD COLUMN name text;"),
        ])
        .run()
    };
    assert_snapshot!(summary(&files("int")), @r"
    1_a: order+ up+ atomic+ down- re-up-
    2_b: order+ up+ atomic+ down- re-up-
    3_needs_b: order+ up+ atomic+ down- re-up-
    4_independent: order+ up+ atomic+ down- re-up-
    5_wrong: order+ up! atomic+ down- re-up-
      high up-fails up 5_wrong.sql:1:1 42P01
    ");
    let broken = files("itn");
    assert_snapshot!(summary(&broken), @r"
    1_a: order+ up+ atomic+ down- re-up-
    2_b: order+ up! atomic+ down- re-up-
      high up-fails up 2_b.sql:1:20 42704
    3_needs_b: order+ up? atomic+ down- re-up-
    4_independent: order+ up+ atomic+ down- re-up-
    5_wrong: order+ up! atomic+ down- re-up-
      high up-fails up 5_wrong.sql:1:1 42P01
    ");
    assert_eq!(
        reason(&broken, "3_needs_b", "up"),
        "needs 2_b, which was not applied: relation \"b\" does not exist (42P01)"
    );
}

#[test]
fn what_a_skipped_migration_would_have_made_is_missing_too() {
    let files = |kind: &str| {
        Scenario::new(&[
            ("1_a.sql", &format!("CREATE TABLE a (id {kind});")),
            ("2_view.sql", "CREATE VIEW v AS SELECT id FROM a;"),
            ("3_view.sql", "CREATE VIEW w AS SELECT id FROM v;"),
        ])
        .run()
    };
    assert_snapshot!(summary(&files("int")), @r"
    1_a: order+ up+ atomic+ down- re-up-
    2_view: order+ up+ atomic+ down- re-up-
    3_view: order+ up+ atomic+ down- re-up-
    ");
    let broken = files("itn");
    assert_snapshot!(summary(&broken), @r"
    1_a: order+ up! atomic+ down- re-up-
      high up-fails up 1_a.sql:1:20 42704
    2_view: order+ up? atomic+ down- re-up-
    3_view: order+ up? atomic+ down- re-up-
    ");
    assert_eq!(
        reason(&broken, "3_view", "up"),
        "needs 2_view, which was not applied: relation \"v\" does not exist (42P01)"
    );
}

#[test]
fn functions_and_schemas_of_a_failed_migration_excuse_as_well() {
    let files = |number: &str| {
        check(&[
            (
                "1_f.sql",
                &format!(
                    "CREATE SCHEMA app;\nCREATE FUNCTION app.f(n int) RETURNS int LANGUAGE sql AS 'SELECT n';\nSELECT {number};\n"
                ),
            ),
            ("2_call.sql", "SELECT app.f(1);"),
            ("3_schema.sql", "CREATE TABLE app.t (id int);"),
            ("4_own.sql", "SELECT g(1);"),
        ])
    };
    assert_snapshot!(files("1"), @r"
    1_f: order+ up+ atomic+ down- re-up-
    2_call: order+ up+ atomic+ down- re-up-
    3_schema: order+ up+ atomic+ down- re-up-
    4_own: order+ up! atomic+ down- re-up-
      high up-fails up 4_own.sql:1:8 42883
    ");
    assert_snapshot!(files("1/0"), @r"
    1_f: order+ up! atomic+ down- re-up-
      high up-fails up 1_f.sql:3:1 22012
    2_call: order+ up? atomic+ down- re-up-
    3_schema: order+ up? atomic+ down- re-up-
    4_own: order+ up! atomic+ down- re-up-
      high up-fails up 4_own.sql:1:8 42883
    ");
}

#[test]
fn a_conflict_after_a_failure_is_not_excused() {
    let files = |kind: &str| {
        check(&[
            ("1_a.sql", "CREATE TABLE a (id int);"),
            ("2_b.sql", &format!("CREATE TABLE b (id {kind});")),
            ("3_again.sql", "CREATE TABLE a (id int);"),
        ])
    };
    assert_snapshot!(files("int"), @r"
    1_a: order+ up+ atomic+ down- re-up-
    2_b: order+ up+ atomic+ down- re-up-
    3_again: order+ up! atomic+ down- re-up-
      high up-fails up 3_again.sql:1:1 42P07
    ");
    assert_snapshot!(files("itn"), @r"
    1_a: order+ up+ atomic+ down- re-up-
    2_b: order+ up! atomic+ down- re-up-
      high up-fails up 2_b.sql:1:20 42704
    3_again: order+ up! atomic+ down- re-up-
      high up-fails up 3_again.sql:1:1 42P07
    ");
}

#[test]
fn a_step_in_go_is_skipped_and_excuses_what_it_may_have_made() {
    let chain = |third: &str| {
        Scenario::new(&[
            ("1_t.sql", "-- +goose Up\nCREATE TABLE t (id int);\n"),
            ("2_fill.go", "package migrations\n"),
            ("3_use.sql", &format!("-- +goose Up\n{third}\n")),
        ])
        .layout("goose")
        .run()
    };
    let needs = chain("ALTER TABLE made_by_go ADD COLUMN a int;");
    assert_snapshot!(summary(&needs), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_fill: order+ up? atomic- down? re-up?
    3_use: order+ up? atomic+ down- re-up-
    ");
    assert_eq!(
        reason(&needs, "3_use", "up"),
        "needs 2_fill, which was not applied: relation \"made_by_go\" does not exist (42P01)"
    );
    assert_snapshot!(summary(&chain("ALTER TABLE t ADD COLUMN id int;")), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_fill: order+ up? atomic- down? re-up?
    3_use: order+ up! atomic+ down- re-up-
      high up-fails up 3_use.sql:2:1 42701
    ");
}

#[test]
fn migrations_that_are_not_selected_are_applied_only() {
    let scenario = |kind: &str| {
        let mut scenario = Scenario::new(&[
            ("1_a.sql", &format!("CREATE TABLE a (id {kind});")),
            ("2_b.sql", "ALTER TABLE a ADD COLUMN name text;"),
            ("3_c.sql", "CREATE TABLE a (id int);"),
        ]);
        scenario.options.judged = Some(std::iter::once(1).collect());
        scenario.options.last = Some(1);
        scenario.options.skipped_checks.insert("atomic".to_owned());
        scenario
    };
    let right = scenario("int").run();
    assert_snapshot!(summary(&right), @r"
    1_a: order? up? atomic? down? re-up?
    2_b: order+ up+ atomic? down- re-up-
    ");
    assert_eq!(reason(&right, "1_a", "up"), "not selected");
    assert_eq!(reason(&right, "2_b", "atomic"), "skipped on request");
    // A base that does not apply is no finding about the selected migration; its verdict is withheld.
    let wrong = scenario("itn").run();
    assert_snapshot!(summary(&wrong), @r"
    1_a: order? up? atomic? down? re-up?
    2_b: order+ up? atomic? down- re-up-
    ");
}

#[test]
fn a_migration_may_use_its_tools_own_table() {
    let chain = |column: &str| {
        under(
            "dbmate",
            &[
                ("1_t.sql", &format!("-- migrate:up\nALTER TABLE schema_migrations ADD COLUMN {column};\n")),
                (
                    "2_t.sql",
                    "-- migrate:up\nDO $$ BEGIN ASSERT (SELECT version = '1' FROM schema_migrations); END $$;\n",
                ),
            ],
        )
    };
    assert_snapshot!(chain("note text"), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_t: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(chain("version text"), @r"
    1_t: order+ up! atomic+ down- re-up-
      high up-fails up 1_t.sql:2:1 42701
    2_t: order+ up! atomic+ down- re-up-
      high up-fails up 2_t.sql:2:1 P0004
    ");
}

#[test]
fn a_file_without_statements_is_not_judged() {
    let chain = |text: &str| check(&[("1_a.sql", text), ("2_b.sql", "CREATE TABLE b (id int);")]);
    assert_snapshot!(chain("-- nothing yet\n"), @r"
    1_a: order+ up+ atomic+ down- re-up-
    2_b: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(chain("-- nothing yet\nnothing"), @r"
    1_a: order+ up! atomic+ down- re-up-
      high up-fails up 1_a.sql:2:1 42601
    2_b: order+ up+ atomic+ down- re-up-
    ");
}

#[test]
fn a_missing_extension_excuses_what_it_may_have_held() {
    let chain = |extension: &str| {
        Scenario::new(&[
            ("1_x.sql", &format!("CREATE EXTENSION IF NOT EXISTS {extension};")),
            ("2_t.sql", "CREATE TABLE t (id text DEFAULT nowhere_generate());"),
            ("3_a.sql", "CREATE TABLE a (id int, id int);"),
        ])
        .run()
    };
    assert_snapshot!(summary(&chain("plpgsql")), @r"
    1_x: order+ up+ atomic+ down- re-up-
    2_t: order+ up! atomic+ down- re-up-
      high up-fails up 2_t.sql:1:33 42883
    3_a: order+ up! atomic+ down- re-up-
      high up-fails up 3_a.sql:1:1 42701
    ");
    let missing = chain("no_such_extension");
    assert_snapshot!(summary(&missing), @r"
    1_x: order+ up! atomic+ down- re-up-
      high up-fails up 1_x.sql:1:1 0A000
    2_t: order+ up? atomic+ down- re-up-
    3_a: order+ up! atomic+ down- re-up-
      high up-fails up 3_a.sql:1:1 42701
    ");
    assert_eq!(
        reason(&missing, "2_t", "up"),
        "needs 1_x, which was not applied: function nowhere_generate() does not exist (42883)"
    );
}

#[test]
fn a_migration_that_ends_its_own_session_has_failed_and_the_chain_goes_on() {
    let chain = |victim: &str, marker: &str| {
        under(
            "plain",
            &[
                ("1_a.sql", "CREATE TABLE a (id int);"),
                (
                    "2_end.up.sql",
                    &format!("{marker}CREATE TABLE b (id int);\nSELECT pg_terminate_backend({victim});\n"),
                ),
                ("2_end.down.sql", "DROP TABLE b;"),
                ("3_a.sql", "ALTER TABLE a ADD COLUMN c int;"),
            ],
        )
    };
    assert_snapshot!(chain("0", ""), @r"
    1_a: order+ up+ atomic+ down- re-up-
    2_end: order+ up+ atomic+ down+ re-up+
    3_a: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(chain("pg_backend_pid()", ""), @r"
    1_a: order+ up+ atomic+ down- re-up-
    2_end: order+ up! atomic+ down? re-up?
      high up-fails up 2_end.up.sql:2:1 57P01
    3_a: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(chain("pg_backend_pid()", "-- confiture: no-transaction\n"), @r"
    1_a: order+ up+ atomic+ down- re-up-
    2_end: order+ up! atomic! down? re-up?
      high up-fails up 2_end.up.sql:3:1 57P01
      high failed-up-leaves-object up 2_end.up.sql:2:1
    3_a: order+ up+ atomic+ down- re-up-
    ");
}

#[test]
fn a_rollback_that_ends_its_own_session_has_failed() {
    let chain = |victim: &str| {
        check(&[
            ("1_a.up.sql", "CREATE TABLE a (id int);"),
            ("1_a.down.sql", &format!("DROP TABLE a;\nSELECT pg_terminate_backend({victim});\n")),
            ("2_a.up.sql", "ALTER TABLE a ADD COLUMN b int;"),
            ("2_a.down.sql", "ALTER TABLE a DROP COLUMN b;"),
        ])
    };
    assert_snapshot!(chain("0"), @r"
    1_a: order+ up+ atomic+ down+ re-up+
    2_a: order+ up+ atomic+ down+ re-up+
    ");
    assert_snapshot!(chain("pg_backend_pid()"), @r"
    1_a: order+ up+ atomic+ down! re-up?
      high down-fails down 1_a.down.sql:2:1 57P01
    2_a: order+ up+ atomic+ down+ re-up+
    ");
}
