//! Tools that cut a file into sections and let a section say how it runs.

use insta::assert_snapshot;

use super::{INDEX, TABLE, under};

#[test]
fn goose_leaves_the_transaction_when_told() {
    let table = format!("-- +goose Up\n{TABLE}-- +goose Down\nDROP TABLE t;\n");
    let index = format!("-- +goose Up\n{INDEX}-- +goose Down\nDROP INDEX CONCURRENTLY t_id;\n");
    let marked = format!("-- +goose NO TRANSACTION\n{index}");
    assert_snapshot!(under("goose", &[("1_t.sql", &table), ("2_i.sql", &marked)]), @r"
    1_t: order+ up+ atomic+ down+ re-up+
    2_i: order+ up+ atomic+ down+ re-up+
    ");
    assert_snapshot!(under("goose", &[("1_t.sql", &table), ("2_i.sql", &index)]), @r"
    1_t: order+ up+ atomic+ down+ re-up+
    2_i: order+ up! atomic+ down? re-up?
      high up-fails up 2_i.sql:2:1 25001
    ");
}

#[test]
fn goose_statement_blocks_hold_function_bodies() {
    let function = |end: &str| {
        format!(
            "-- +goose Up\n-- +goose StatementBegin\nCREATE FUNCTION one() RETURNS int AS $$\nBEGIN\n  RETURN 1;\nEND\n\
             $$ LANGUAGE plpgsql;\n{end}-- +goose Down\nDROP FUNCTION one();\n"
        )
    };
    assert_snapshot!(under("goose", &[("1_f.sql", &function("-- +goose StatementEnd\n"))]), @"1_f: order+ up+ atomic+ down+ re-up+");
    assert_snapshot!(under("goose", &[("1_f.sql", &function(""))]), @"1_f: order+ up? atomic- down? re-up?");
}

#[test]
fn dbmate_sections_opt_out_each_for_itself() {
    let table = format!("-- migrate:up\n{TABLE}");
    let up = format!("-- migrate:up transaction:false\n{INDEX}\n-- migrate:down ");
    let right = format!("{up}transaction:false\nDROP INDEX CONCURRENTLY t_id;\n");
    let wrong = format!("{up}\nDROP INDEX CONCURRENTLY t_id;\n");
    assert_snapshot!(under("dbmate", &[("1_t.sql", &table), ("2_i.sql", &right)]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_i: order+ up+ atomic+ down+ re-up+
    ");
    assert_snapshot!(under("dbmate", &[("1_t.sql", &table), ("2_i.sql", &wrong)]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_i: order+ up+ atomic+ down! re-up?
      high down-fails down 2_i.sql:5:1 25001
    ");
}

#[test]
fn sql_migrate_marks_the_section_that_needs_no_transaction() {
    let table = format!("-- +migrate Up\n{TABLE}");
    let marked = format!("-- +migrate Up notransaction\n{INDEX}");
    let unmarked = format!("-- +migrate Up\n{INDEX}");
    assert_snapshot!(under("sql-migrate", &[("1_t.sql", &table), ("2_i.sql", &marked)]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_i: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(under("sql-migrate", &[("1_t.sql", &table), ("2_i.sql", &unmarked)]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_i: order+ up! atomic+ down- re-up-
      high up-fails up 2_i.sql:2:1 25001
    ");
}

#[test]
fn sql_migrate_runs_several_up_sections_as_one_script() {
    let both = |second: &str| {
        format!(
            "-- +migrate Up\n{TABLE}-- +migrate Down\nDROP TABLE t;\n-- +migrate Up\nALTER TABLE {second} ADD COLUMN a int;\n"
        )
    };
    assert_snapshot!(under("sql-migrate", &[("1_t.sql", &both("t"))]), @"1_t: order+ up+ atomic+ down+ re-up+");
    assert_snapshot!(under("sql-migrate", &[("1_t.sql", &both("u"))]), @r"
    1_t: order+ up! atomic+ down? re-up?
      high up-fails up 1_t.sql:6:1 42P01
    ");
}

#[test]
fn tern_disables_its_transaction_by_a_line() {
    let marked = format!("---- tern: disable-tx ----\n{INDEX}");
    let halves = format!("{TABLE}---- create above / drop below ----\nDROP TABLE t;\n");
    assert_snapshot!(under("tern", &[("001_t.sql", &halves), ("002_i.sql", &marked)]), @r"
    001_t: order+ up+ atomic+ down+ re-up+
    002_i: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(under("tern", &[("001_t.sql", &halves), ("002_i.sql", INDEX)]), @r"
    001_t: order+ up+ atomic+ down+ re-up+
    002_i: order+ up! atomic+ down- re-up-
      high up-fails up 002_i.sql:1:1 25001
    ");
}

#[test]
fn liquibase_changesets_set_run_in_transaction() {
    let log = |attribute: &str| {
        format!(
            "--liquibase formatted sql\n--changeset ann:1\n{TABLE}--rollback DROP TABLE t;\n\
             --changeset ann:2{attribute}\n{INDEX}--rollback DROP INDEX t_id;\n"
        )
    };
    assert_snapshot!(under("liquibase", &[("log.sql", &log(" runInTransaction:false"))]), @r"
    ann:1: order+ up+ atomic+ down+ re-up+
    ann:2: order+ up+ atomic+ down+ re-up+
    ");
    assert_snapshot!(under("liquibase", &[("log.sql", &log(""))]), @r"
    ann:1: order+ up+ atomic+ down+ re-up+
    ann:2: order+ up! atomic+ down? re-up?
      high up-fails up log.sql:6:1 25001
    ");
}
