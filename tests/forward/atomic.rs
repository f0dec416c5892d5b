//! What a failed or interrupted up leaves behind.

use confiture_tests::check;
use insta::assert_snapshot;

use super::under;

const MARKER: &str = "-- confiture: no-transaction\n";

#[test]
fn a_wrapped_script_that_fails_leaves_nothing() {
    let sql = |kind: &str| {
        format!("CREATE TABLE a (id int);\nCREATE TYPE s AS ENUM ('x');\nCREATE TABLE b (id {kind});\n")
    };
    assert_snapshot!(check(&[("1_a.sql", &sql("int"))]), @"1_a: order+ up+ atomic+ down- re-up-");
    assert_snapshot!(check(&[("1_a.sql", &sql("itn")), ("2_b.sql", &sql("int"))]), @r"
    1_a: order+ up! atomic+ down- re-up-
      high up-fails up 1_a.sql:3:20 42704
    2_b: order+ up+ atomic+ down- re-up-
    ");
}

#[test]
fn a_message_that_fails_leaves_nothing() {
    let files = |kind: &str| {
        let up = format!("CREATE TABLE a (id int);\nCREATE TABLE b (id {kind});\n");
        under("golang-migrate", &[("1_a.up.sql", &up), ("1_a.down.sql", "DROP TABLE b;\nDROP TABLE a;\n")])
    };
    assert_snapshot!(files("int"), @"1_a: order+ up+ atomic+ down+ re-up+");
    assert_snapshot!(files("itn"), @r"
    1_a: order+ up! atomic+ down? re-up?
      high up-fails up 1_a.up.sql:2:20 42704
    ");
}

#[test]
fn an_own_commit_midway_keeps_what_came_before_it() {
    let sql = |kind: &str| {
        format!(
            "CREATE TABLE IF NOT EXISTS a (id int);\nCOMMIT;\nCREATE TABLE b (id int);\nCREATE TABLE c (id {kind});\n"
        )
    };
    assert_snapshot!(check(&[("1_a.sql", &sql("itn"))]), @r"
    1_a: order+ up! atomic! down- re-up-
      high up-fails up 1_a.sql:4:20 42704
      high failed-up-leaves-object up 1_a.sql:1:1
    ");
    // It succeeds, but stopped before its last statement it could not be run again: b is there.
    assert_snapshot!(check(&[("1_a.sql", &sql("int"))]), @r"
    1_a: order+ up+ atomic! down- re-up-
      high partial-apply up 1_a.sql:3:1 42P07
    ");
    let repeatable = sql("int").replace("TABLE b", "TABLE IF NOT EXISTS b");
    assert_snapshot!(check(&[("1_a.sql", &repeatable)]), @"1_a: order+ up+ atomic+ down- re-up-");
}

#[test]
fn a_message_with_a_commit_of_its_own_is_two_transactions() {
    let files = |kind: &str| {
        let up = format!(
            "CREATE TABLE a (id int);\nCOMMIT;\nCREATE TABLE b (id int);\nCREATE TABLE c (id {kind});\n"
        );
        under("postgrator", &[("1.do.a.sql", &up)])
    };
    // b is undone with c: after the COMMIT the message goes on in a new implicit transaction.
    assert_snapshot!(files("itn"), @r"
    1.a: order+ up! atomic! down- re-up-
      high up-fails up 1.do.a.sql:4:20 42704
      high failed-up-leaves-object up 1.do.a.sql:1:1
    ");
    assert_snapshot!(files("int"), @r"
    1.a: order+ up+ atomic! down- re-up-
      high partial-apply up 1.do.a.sql:1:1 42P07
    ");
}

#[test]
fn autocommit_statements_have_to_be_repeatable() {
    let sql = |exists: &str| {
        format!("{MARKER}CREATE TABLE {exists}a (id int);\nCREATE INDEX CONCURRENTLY a_id ON a (id);\n")
    };
    assert_snapshot!(check(&[("1_a.sql", &sql("IF NOT EXISTS "))]), @"1_a: order+ up+ atomic+ down- re-up-");
    assert_snapshot!(check(&[("1_a.sql", &sql(""))]), @r"
    1_a: order+ up+ atomic! down- re-up-
      medium partial-apply up 1_a.sql:2:1 42P07
    ");
}

#[test]
fn a_lone_autocommit_statement_is_atomic() {
    let table = ("1_a.sql", "CREATE TABLE a (id int);");
    let one = format!("{MARKER}CREATE INDEX CONCURRENTLY a_id ON a (id);\n");
    assert_snapshot!(check(&[table, ("2_i.sql", &one)]), @r"
    1_a: order+ up+ atomic+ down- re-up-
    2_i: order+ up+ atomic+ down- re-up-
    ");
    let two = format!(
        "{MARKER}INSERT INTO a VALUES (1);\nALTER TABLE a ADD PRIMARY KEY (id);\nCREATE INDEX CONCURRENTLY a_id ON a (id);\n"
    );
    assert_snapshot!(check(&[table, ("2_i.sql", &two)]), @r"
    1_a: order+ up+ atomic+ down- re-up-
    2_i: order+ up+ atomic! down- re-up-
      medium partial-apply up 2_i.sql:2:1 23505
    ");
}

#[test]
fn a_failed_concurrent_index_stays_invalid() {
    let rows = |second: &str| format!("CREATE TABLE a (id int);\nINSERT INTO a VALUES (1), ({second});\n");
    let index = format!("{MARKER}CREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id);\n");
    assert_snapshot!(check(&[("1_a.sql", &rows("2")), ("2_i.sql", &index)]), @r"
    1_a: order+ up+ atomic+ down- re-up-
    2_i: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(check(&[("1_a.sql", &rows("1")), ("2_i.sql", &index)]), @r"
    1_a: order+ up+ atomic+ down- re-up-
    2_i: order+ up! atomic! down- re-up-
      high up-fails up 2_i.sql:2:1 23505
      high failed-up-leaves-object up 2_i.sql:2:1
      high invalid-index-left up 2_i.sql:2:1 index public.a_id
    ");
}

#[test]
fn an_autocommit_script_that_fails_leaves_what_came_before() {
    let sql =
        |kind: &str| format!("{MARKER}CREATE TABLE IF NOT EXISTS a (id int);\nCREATE TABLE b (id {kind});\n");
    assert_snapshot!(check(&[("1_a.sql", &sql("int"))]), @"1_a: order+ up+ atomic+ down- re-up-");
    assert_snapshot!(check(&[("1_a.sql", &sql("itn"))]), @r"
    1_a: order+ up! atomic! down- re-up-
      high up-fails up 1_a.sql:3:20 42704
      high failed-up-leaves-object up 1_a.sql:2:1
    ");
}

#[test]
fn a_script_that_rolls_itself_back_leaves_nothing_and_says_nothing() {
    let kept = ("2_b.sql", "ALTER TABLE a ADD COLUMN b int;");
    assert_snapshot!(check(&[("1_a.sql", "BEGIN;\nCREATE TABLE a (id int);\nCOMMIT;\n"), kept]), @r"
    1_a: order+ up+ atomic+ down- re-up-
    2_b: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(check(&[("1_a.sql", "BEGIN;\nCREATE TABLE a (id int);\nROLLBACK;\n"), kept]), @r"
    1_a: order+ up+ atomic+ down- re-up-
    2_b: order+ up! atomic+ down- re-up-
      high up-fails up 2_b.sql:1:1 42P01
    ");
}
