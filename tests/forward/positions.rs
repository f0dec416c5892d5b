//! Where a refused statement is shown: line and column of the user's own file.

use confiture_tests::{Scenario, check};
use insta::assert_snapshot;

use super::under;

#[test]
fn a_syntax_error_is_shown_at_its_token() {
    let sql = |columns: &str| {
        format!("CREATE TABLE t (id int);\n\nCREATE TABLE u (\n  id int{columns} name text\n);\n")
    };
    assert_snapshot!(check(&[("1_t.sql", &sql(","))]), @"1_t: order+ up+ atomic+ down- re-up-");
    assert_snapshot!(check(&[("1_t.sql", &sql(",,"))]), @r"
    1_t: order+ up! atomic+ down- re-up-
      high up-fails up 1_t.sql:4:10 42601
    ");
}

#[test]
fn columns_count_characters_not_bytes() {
    let sql = |column: &str| {
        format!("CREATE TABLE t (id int);\nSELECT 'żółć 🍓' AS ü; SELECT 'é', {column} FROM t;\n")
    };
    assert_snapshot!(check(&[("1_t.sql", &sql("id"))]), @"1_t: order+ up+ atomic+ down- re-up-");
    assert_snapshot!(check(&[("1_t.sql", &sql("nope"))]), @r"
    1_t: order+ up! atomic+ down- re-up-
      high up-fails up 1_t.sql:2:35 42703
    ");
}

#[test]
fn byte_order_marks_and_carriage_returns_do_not_shift_the_place() {
    let sql = |kind: &str| format!("\u{FEFF}CREATE TABLE t (id int);\r\nCREATE TABLE u (id {kind});\r\n");
    assert_snapshot!(check(&[("1_t.sql", &sql("text"))]), @"1_t: order+ up+ atomic+ down- re-up-");
    assert_snapshot!(check(&[("1_t.sql", &sql("txt"))]), @r"
    1_t: order+ up! atomic+ down- re-up-
      high up-fails up 1_t.sql:2:20 42704
    ");
}

#[test]
fn a_syntax_error_in_a_block_is_shown_inside_the_block() {
    let sql = |word: &str| format!("-- é\nDO $$\nBEGIN\n  {word} 1;\nEND $$;\n");
    assert_snapshot!(check(&[("1_t.sql", &sql("PERFORM"))]), @"1_t: order+ up+ atomic+ down- re-up-");
    assert_snapshot!(check(&[("1_t.sql", &sql("PREFORM"))]), @r"
    1_t: order+ up! atomic+ down- re-up-
      high up-fails up 1_t.sql:4:3 42601
    ");
}

#[test]
fn a_syntax_error_in_a_function_body_is_shown_inside_the_body() {
    let sql = |word: &str| {
        format!(
            "CREATE TABLE t (id int);\nCREATE FUNCTION f() RETURNS int AS $f$\nBEGIN\n  {word} 1;\nEND\n$f$ LANGUAGE plpgsql;\n"
        )
    };
    assert_snapshot!(check(&[("1_t.sql", &sql("RETURN"))]), @"1_t: order+ up+ atomic+ down- re-up-");
    assert_snapshot!(check(&[("1_t.sql", &sql("RETRUN"))]), @r"
    1_t: order+ up! atomic+ down- re-up-
      high up-fails up 1_t.sql:4:3 42601
    ");
}

#[test]
fn an_sql_function_that_reads_a_missing_column_is_shown_at_the_column() {
    let sql = |column: &str| {
        format!(
            "CREATE TABLE t (id int);\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\n  SELECT {column} FROM t\n$$;\n"
        )
    };
    assert_snapshot!(check(&[("1_t.sql", &sql("id"))]), @"1_t: order+ up+ atomic+ down- re-up-");
    assert_snapshot!(check(&[("1_t.sql", &sql("idd"))]), @r"
    1_t: order+ up! atomic+ down- re-up-
      high up-fails up 1_t.sql:3:10 42703
    ");
}

#[test]
fn an_exception_in_a_block_is_shown_at_its_line() {
    let sql = |limit: &str| {
        format!(
            "SELECT 1;\nDO LANGUAGE plpgsql $$\nBEGIN\n  IF 1 > {limit} THEN\n    RAISE EXCEPTION 'too many';\n  END IF;\nEND $$;\n"
        )
    };
    assert_snapshot!(check(&[("1_t.sql", &sql("1"))]), @"1_t: order+ up+ atomic+ down- re-up-");
    assert_snapshot!(check(&[("1_t.sql", &sql("0"))]), @r"
    1_t: order+ up! atomic+ down- re-up-
      high up-fails up 1_t.sql:5:5 P0001
    ");
    let one_line = "SELECT 1;\n  DO $$ BEGIN RAISE EXCEPTION 'no'; END $$;\n";
    assert_snapshot!(check(&[("1_t.sql", one_line)]), @r"
    1_t: order+ up! atomic+ down- re-up-
      high up-fails up 1_t.sql:2:3 P0001
    ");
}

#[test]
fn an_error_below_a_block_is_shown_at_the_line_that_called() {
    let sql = |table: &str| {
        format!(
            "CREATE TABLE t (id int);\nCREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n  INSERT INTO {table} VALUES (1);\nEND $$;\n             DO $$\nDECLARE\n  n int;\nBEGIN\n  DO 'BEGIN PERFORM f(); END';\nEND $$;\n"
        )
    };
    assert_snapshot!(check(&[("1_t.sql", &sql("t"))]), @"1_t: order+ up+ atomic+ down- re-up-");
    assert_snapshot!(check(&[("1_t.sql", &sql("u"))]), @r"
    1_t: order+ up! atomic+ down- re-up-
      high up-fails up 1_t.sql:10:3 42P01
    ");
}

#[test]
fn copy_data_goes_in_and_a_bad_row_is_shown_at_its_line() {
    let sql = |row: &str| {
        format!(
            "CREATE TABLE t (id int PRIMARY KEY, name text);\nCOPY t (id, name) FROM stdin;\n1\tone; two\n2\t\\N\n{row}\tthree\n\\.\n\
             DO $$ BEGIN ASSERT (SELECT count(*) = 3 AND bool_or(name = 'one; two') FROM t); END $$;\n"
        )
    };
    assert_snapshot!(check(&[("1_t.sql", &sql("3"))]), @"1_t: order+ up+ atomic+ down- re-up-");
    assert_snapshot!(check(&[("1_t.sql", &sql("three"))]), @r"
    1_t: order+ up! atomic+ down- re-up-
      high up-fails up 1_t.sql:5:1 22P02
    ");
    assert_snapshot!(check(&[("1_t.sql", &sql("2"))]), @r"
    1_t: order+ up! atomic+ down- re-up-
      high up-fails up 1_t.sql:5:1 23505
    ");
}

#[test]
fn places_in_a_template_are_those_of_the_file() {
    let sql = "CREATE TABLE ${p}_t (id int, name ${kind});\nCREATE TABLE ${p}_u (id int, name ${kind}, id ${kind});\n";
    let with = |sql: &str, kind: &str| {
        let mut scenario = Scenario::new(&[("V1__t.sql", sql)]).layout("flyway");
        scenario.load.vars.insert("p".to_owned(), "a_much_longer_prefix".to_owned());
        scenario.load.vars.insert("kind".to_owned(), kind.to_owned());
        scenario.check()
    };
    let right = sql.replace(", id ${kind}", "");
    assert_snapshot!(with(&right, "text"), @"V1__t: order+ up+ atomic+ down- re-up-");
    // The value itself is wrong: the placeholder is shown.
    assert_snapshot!(with(&right, "txt"), @r"
    V1__t: order+ up! atomic+ down- re-up-
      high up-fails up V1__t.sql:1:35 42704
    ");
    // What follows a filled-in value on the same line.
    let wrong = right.replace("_u (id int", "_u (id itn");
    assert_snapshot!(with(&wrong, "text"), @r"
    V1__t: order+ up! atomic+ down- re-up-
      high up-fails up V1__t.sql:2:25 42704
    ");
}

#[test]
fn the_end_of_input_is_shown_at_the_end_of_the_statement() {
    let sql = |end: &str| format!("SELECT 1;\nCREATE TABLE t (\n  id int\n{end}");
    assert_snapshot!(check(&[("1_t.sql", &sql(");\n"))]), @"1_t: order+ up+ atomic+ down- re-up-");
    assert_snapshot!(check(&[("1_t.sql", &sql(""))]), @r"
    1_t: order+ up! atomic+ down- re-up-
      high up-fails up 1_t.sql:3:9 42601
    ");
}

#[test]
fn a_section_keeps_the_lines_of_its_file() {
    let file = |kind: &str| {
        format!("-- +migrate Up\n\nCREATE TABLE t (\n  id {kind}\n);\n\n-- +migrate Down\nDROP TABLE t;\n")
    };
    assert_snapshot!(under("sql-migrate", &[("1_t.sql", &file("int"))]), @"1_t: order+ up+ atomic+ down+ re-up+");
    assert_snapshot!(under("sql-migrate", &[("1_t.sql", &file("itn"))]), @r"
    1_t: order+ up! atomic+ down? re-up?
      high up-fails up 1_t.sql:4:6 42704
    ");
}
