//! Statements whose failure depends on the transaction around them: enum values, deferred constraints.

use confiture_core::migration::layout::Loaded;
use confiture_core::report::Finding;
use confiture_fixtures::{Depth, Ladder, LadderOptions};
use confiture_tests::{Scenario, block_on, check, server, summary};
use insta::assert_snapshot;

use super::under;

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

#[test]
fn a_table_is_locked_inside_a_transaction_only() {
    let table = ("1_t.sql", "CREATE TABLE t (id int);");
    let lock = "LOCK TABLE t IN SHARE MODE;\n";
    assert_snapshot!(check(&[table, ("2_lock.sql", lock)]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_lock: order+ up+ atomic+ down- re-up-
    ");
    let marked = format!("-- confiture: no-transaction\n{lock}");
    assert_snapshot!(check(&[table, ("2_lock.sql", &marked)]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_lock: order+ up! atomic+ down- re-up-
      high up-fails up 2_lock.sql:2:1 25P01
    ");
}

#[test]
fn a_procedure_commits_outside_a_transaction_only() {
    let procedure = "CREATE TABLE t (id int);\nCREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (1); COMMIT; END $$;\n";
    let file = |marker: &str| format!("{marker}CALL p();\n");
    let marked = file("-- confiture: no-transaction\n");
    assert_snapshot!(check(&[("1_p.sql", procedure), ("2_call.sql", &marked)]), @r"
    1_p: order+ up+ atomic+ down- re-up-
    2_call: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(check(&[("1_p.sql", procedure), ("2_call.sql", &file(""))]), @r"
    1_p: order+ up+ atomic+ down- re-up-
    2_call: order+ up! atomic+ down- re-up-
      high up-fails up 2_call.sql:1:1 2D000
    ");
}

#[test]
fn a_chained_commit_in_a_wrapped_script_is_committed_with_it() {
    let chained =
        ("1_ab.sql", "CREATE TABLE IF NOT EXISTS a (id int);\nCOMMIT AND CHAIN;\nCREATE TABLE b (id int);\n");
    let chain =
        |second: &str| check(&[chained, ("2_c.sql", second), ("3_d.sql", "ALTER TABLE b ADD COLUMN d int;")]);
    assert_snapshot!(chain("CREATE TABLE c (id int);"), @r"
    1_ab: order+ up+ atomic+ down- re-up-
    2_c: order+ up+ atomic+ down- re-up-
    3_d: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(chain("CREATE TABLE c (id itn);"), @r"
    1_ab: order+ up+ atomic+ down- re-up-
    2_c: order+ up! atomic+ down- re-up-
      high up-fails up 2_c.sql:1:20 42704
    3_d: order+ up+ atomic+ down- re-up-
    ");
}

#[test]
fn savepoints_do_not_work_in_a_message() {
    let file = |begin: &str, end: &str| {
        let up = format!(
            "{begin}CREATE TABLE a (id int);\nSAVEPOINT s;\nCREATE TABLE b (id int);\nROLLBACK TO s;\n{end}"
        );
        under("golang-migrate", &[("1_a.up.sql", &up), ("1_a.down.sql", "DROP TABLE a;")])
    };
    assert_snapshot!(file("BEGIN;\n", "COMMIT;\n"), @"1_a: order+ up+ atomic+ down+ re-up+");
    assert_snapshot!(file("", ""), @r"
    1_a: order+ up! atomic+ down? re-up?
      high up-fails up 1_a.up.sql:2:1 25P01
    ");
}

#[test]
fn a_statement_that_overruns_its_deadline_is_blamed_and_the_chain_goes_on() {
    let run = |second: &str| {
        let mut scenario = Scenario::new(&[
            ("1_t.sql", "CREATE TABLE t (id int);"),
            ("2_slow.sql", second),
            ("3_c.sql", "ALTER TABLE t ADD COLUMN c int;"),
        ]);
        scenario.options.ladder.deadline = Some(std::time::Duration::from_secs(3));
        scenario.check()
    };
    assert_snapshot!(run("INSERT INTO t VALUES (1);"), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_slow: order+ up+ atomic+ down- re-up-
    3_c: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(run("INSERT INTO t VALUES (1);\nSELECT pg_sleep(600);"), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_slow: order+ up! atomic+ down- re-up-
      high up-fails up 2_slow.sql:2:1 57014
    3_c: order+ up+ atomic+ down- re-up-
    ");
}

#[test]
fn data_may_be_copied_out() {
    let sql = |table: &str| {
        format!("CREATE TABLE t (id int);\nCOPY {table} TO STDOUT;\nCREATE TABLE u (id int);\n")
    };
    assert_snapshot!(check(&[("1_t.sql", &sql("t")), ("2_u.sql", "DROP TABLE u;")]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_u: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(check(&[("1_t.sql", &sql("tt")), ("2_u.sql", "CREATE TABLE u (id int);")]), @r"
    1_t: order+ up! atomic+ down- re-up-
      high up-fails up 1_t.sql:2:1 42P01
    2_u: order+ up+ atomic+ down- re-up-
    ");
}

#[test]
fn a_commit_that_sets_off_a_refusal_is_a_failed_up() {
    // The first trigger defers what the second refuses, after deferred constraints were checked.
    let triggers = "CREATE TABLE t (id int); CREATE TABLE u (id int);
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
        CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          SET CONSTRAINTS ALL DEFERRED; INSERT INTO u VALUES (1); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER a AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION again();
        CREATE CONSTRAINT TRIGGER b AFTER INSERT ON u DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION refuse();";
    let run =
        |up: &str| check(&[("1_t.sql", triggers), ("2_i.sql", up), ("3_c.sql", "CREATE TABLE v (id int);")]);
    assert_snapshot!(run("CREATE TABLE w (id int); INSERT INTO t VALUES (1);"), @"
    1_t: order+ up+ atomic+ down- re-up-
    2_i: order+ up! atomic+ down- re-up-
      high up-fails up 2_i.sql:1:26 P0001
    3_c: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(run("CREATE TABLE w (id int);"), @"
    1_t: order+ up+ atomic+ down- re-up-
    2_i: order+ up+ atomic+ down- re-up-
    3_c: order+ up+ atomic+ down- re-up-
    ");
}

#[test]
fn a_scripts_own_begin_keeps_its_mode() {
    let run = |begin: &str| {
        let up = format!("-- confiture: no-transaction\n{begin}; CREATE TABLE z (id int); COMMIT;");
        Scenario::new(&[("1_z.sql", &up)]).layout("plain").check()
    };
    assert_snapshot!(run("BEGIN READ ONLY"), @"
    1_z: order+ up! atomic+ down- re-up-
      high up-fails up 1_z.sql:2:18 25006
    ");
    assert_snapshot!(run("BEGIN"), @"1_z: order+ up+ atomic+ down- re-up-");
}

#[test]
fn what_is_written_without_being_counted_is_seen() {
    let run = |down: &str| {
        let up = "SET LOCAL track_counts = off; ALTER TABLE t ADD c int;";
        let files = [("1_t.up.sql", "CREATE TABLE t (id int);"), ("2_c.up.sql", up), ("2_c.down.sql", down)];
        Scenario::new(&files).layout("plain").check()
    };
    assert_snapshot!(run("SELECT 1;"), @"
    1_t: order+ up+ atomic+ down- re-up-
    2_c: order+ up+ atomic+ down! re-up!
      high rollback-leaves-object down 2_c.down.sql:1:1 column public.t.c
      high re-up-fails up 2_c.up.sql:1:31 42701
    ");
    assert_snapshot!(run("ALTER TABLE t DROP c;"), @"
    1_t: order+ up+ atomic+ down- re-up-
    2_c: order+ up+ atomic+ down+ re-up+
    ");
}
