//! Templated files run with the values that are given, and are not guessed without them.

use confiture_tests::{Scenario, summary};
use insta::assert_snapshot;

use super::reason;

/// The summary with `p` given as `app`, and without it the summary and the reason.
fn both(layout: &str, file: &str, sql: &str) -> String {
    let mut scenario = Scenario::new(&[(file, sql)]).layout(layout);
    let without = scenario.run();
    let id = without.migrations[0].id.clone();
    scenario.load.vars.insert("p".to_owned(), "app".to_owned());
    format!("{}\n{}\n  {}", scenario.check(), summary(&without), reason(&without, &id, "up"))
}

#[test]
fn plain_files_take_psql_variables() {
    assert_snapshot!(both("plain", "1_t.sql", "SELECT '1'::int;\nCREATE TABLE :\"p\" (id int);\n"), @r#"
    1_t: order+ up+ atomic+ down- re-up-
    1_t: order+ up? atomic- down- re-up-
      the template value p (line 2) has not been given: --var p=VALUE
    "#);
}

#[test]
fn goose_substitutes_only_where_it_is_told_to() {
    let sql = "-- +goose Up\n-- +goose ENVSUB ON\nCREATE TABLE ${p}_t (id int);\n-- +goose ENVSUB OFF\n\
               DO $p$ BEGIN END $p$;\n";
    assert_snapshot!(both("goose", "1_t.sql", sql), @r"
    1_t: order+ up+ atomic+ down- re-up-
    1_t: order+ up? atomic- down- re-up-
      the template value p (line 3) has not been given: --var p=VALUE
    ");
}

#[test]
fn tern_fills_in_go_templates() {
    assert_snapshot!(both("tern", "001_t.sql", "CREATE TABLE {{.p}}_t (id int);\n"), @r"
    001_t: order+ up+ atomic+ down- re-up-
    001_t: order+ up? atomic- down- re-up-
      the template value p (line 1) has not been given: --var p=VALUE
    ");
}

#[test]
fn a_value_goes_in_as_it_is_and_may_be_wrong() {
    let mut scenario =
        Scenario::new(&[("1_t.sql", "CREATE TABLE t (kind :kind, id int);\n")]).layout("plain");
    scenario.load.vars.insert("kind".to_owned(), "numeric(10, 2)".to_owned());
    assert_snapshot!(scenario.check(), @"1_t: order+ up+ atomic+ down- re-up-");
    scenario.load.vars.insert("kind".to_owned(), "nummeric(10, 2)".to_owned());
    assert_snapshot!(scenario.check(), @r"
    1_t: order+ up! atomic+ down- re-up-
      high up-fails up 1_t.sql:1:22 42704
    ");
}
