//! Rollbacks and transactions: scripts that cannot run in one, that end their own, that defer to its end.

use crate::case::{Case, PASSED, step, told};

const NO_TRANSACTION: &str = "-- confiture: no-transaction\n";

#[test]
fn down_without_its_own_marker_fails_though_the_up_has_one() {
    let up = format!("{NO_TRANSACTION}CREATE INDEX CONCURRENTLY t_a ON t (a)");
    let good = format!("{NO_TRANSACTION}DROP INDEX CONCURRENTLY t_a");
    let case =
        Case { base: "CREATE TABLE t (a int)", up: &up, good: &good, bad: "DROP INDEX CONCURRENTLY t_a" };
    insta::assert_snapshot!(case.told_without_repair(), @"
    down! re-up?
      high down-fails down 2.down.sql:1:1 25001
    ");
}

#[test]
fn concurrent_index_that_the_down_forgets_is_left() {
    let up = format!("{NO_TRANSACTION}CREATE INDEX CONCURRENTLY t_a ON t (a)");
    let good = format!("{NO_TRANSACTION}DROP INDEX CONCURRENTLY t_a");
    let bad = format!("{NO_TRANSACTION}DROP INDEX CONCURRENTLY IF EXISTS t_b");
    let case = Case { base: "CREATE TABLE t (a int)", up: &up, good: &good, bad: &bad };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-leaves-object down 2.down.sql:2:1 index public.t_a
        undo: DROP INDEX public.t_a;
      high re-up-fails up 2.sql:2:1 42P07
    ");
}

#[test]
fn concurrent_index_may_be_dropped_in_a_transaction() {
    let up = format!("{NO_TRANSACTION}CREATE INDEX CONCURRENTLY t_a ON t (a)");
    assert_eq!(step("CREATE TABLE t (a int)", &up, "DROP INDEX t_a"), PASSED);
}

#[test]
fn round_trip_on_a_clone_leaves_the_chain_alone() {
    let up = format!("{NO_TRANSACTION}CREATE INDEX CONCURRENTLY t_a ON t (a)");
    let down = format!("{NO_TRANSACTION}DROP TABLE t");
    let files = [("1.sql", "CREATE TABLE t (a int)"), ("2.sql", &up), ("2.down.sql", &down)];
    let next = [("3.sql", "ALTER TABLE t ADD b int"), ("3.down.sql", "ALTER TABLE t DROP b")];
    insta::assert_snapshot!(told(&[files.as_slice(), &next].concat()), @"
    1: order+ up+ atomic+ down- re-up-
    2: order+ up+ atomic+ down! re-up!
      high rollback-loses-object down 2.down.sql:2:1 table public.t
        undo: CREATE TABLE public.t (     a integer );
      high re-up-fails up 2.sql:2:1 42P01
    3: order+ up+ atomic+ down+ re-up+
    ");
}

#[test]
fn index_that_the_down_recreates_concurrently_is_compared() {
    let case = Case {
        base: "CREATE TABLE t (a int); CREATE INDEX t_a ON t (a)",
        up: "DROP INDEX t_a",
        good: "-- confiture: no-transaction\nCREATE INDEX CONCURRENTLY t_a ON t (a)",
        bad: "-- confiture: no-transaction\nCREATE INDEX CONCURRENTLY t_a ON t (a) WHERE a > 0",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:2:1 index public.t_a
        definition: USING btree (a) -> USING btree (a) WHERE (a > 0)
        undo: DROP INDEX public.t_a; CREATE INDEX t_a ON public.t USING btree (a);
    ");
}

#[test]
fn down_that_commits_midway_is_judged_by_what_it_leaves() {
    let case = Case {
        base: "SELECT 1",
        up: "CREATE TABLE t (a int); CREATE TABLE u (a int)",
        good: "DROP TABLE u; COMMIT; BEGIN; DROP TABLE t",
        bad: "DROP TABLE u; COMMIT; BEGIN; SELECT 1",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-leaves-object down 2.down.sql:1:1 table public.t
        undo: DROP TABLE public.t;
      high re-up-fails up 2.sql:1:1 42P07
    ");
}

#[test]
fn down_that_fails_after_its_own_commit_is_reported() {
    let case = Case {
        base: "SELECT 1",
        up: "CREATE TABLE t (a int); CREATE TABLE u (a int)",
        good: "BEGIN; DROP TABLE u; COMMIT; BEGIN; DROP TABLE t; COMMIT",
        bad: "BEGIN; DROP TABLE u; COMMIT; BEGIN; DROP TABLE u; COMMIT",
    };
    insta::assert_snapshot!(case.told_without_repair(), @"
    down! re-up?
      high down-fails down 2.down.sql:1:37 42P01
    ");
}

#[test]
fn down_that_rolls_its_own_work_back_is_reported() {
    let case = Case {
        base: "SELECT 1",
        up: "CREATE TABLE t (a int)",
        good: "BEGIN; DROP TABLE t; COMMIT",
        bad: "BEGIN; DROP TABLE t; ROLLBACK",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-leaves-object down 2.down.sql:1:8 table public.t
        undo: DROP TABLE public.t;
      high re-up-fails up 2.sql:1:1 42P07
    ");
}

#[test]
fn deferred_constraint_is_checked_when_the_down_ends() {
    let case = Case {
        base: "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (p int); \
               ALTER TABLE t ADD CONSTRAINT owned FOREIGN KEY (p) REFERENCES p DEFERRABLE INITIALLY DEFERRED; \
               INSERT INTO p VALUES (1); INSERT INTO t VALUES (1)",
        up: "INSERT INTO p VALUES (2); INSERT INTO t VALUES (2)",
        good: "DELETE FROM p WHERE id = 2; DELETE FROM t WHERE p = 2",
        bad: "DELETE FROM p WHERE id = 2",
    };
    insta::assert_snapshot!(case.told_without_repair(), @"
    down! re-up?
      high down-fails down 2.down.sql:1:1 23503
    ");
}

#[test]
fn pending_trigger_events_of_the_down_do_not_disturb_the_second_up() {
    let base = "CREATE TABLE p (id int PRIMARY KEY); \
                CREATE TABLE t (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED); INSERT INTO p VALUES (1)";
    let up = "ALTER TABLE t ADD a int";
    let failed = "down! re-up?\n  high down-fails down 2.down.sql:1:27 55006";
    assert_eq!(step(base, up, "INSERT INTO t VALUES (1); ALTER TABLE t DROP a"), failed);
    assert_eq!(step(base, up, "ALTER TABLE t DROP a; INSERT INTO t VALUES (1)"), PASSED);
}

#[test]
fn enum_value_can_be_added_again_after_the_down() {
    let case = Case {
        base: "CREATE TYPE mood AS ENUM ('good')",
        up: "ALTER TYPE mood ADD VALUE 'bad'",
        good: "DROP TYPE mood; CREATE TYPE mood AS ENUM ('good')",
        bad: "SELECT 'bad'::mood",
    };
    insta::assert_snapshot!(case.reported(), @"
    down! re-up!
      medium rollback-leaves-enum-value down 2.down.sql:1:1 type public.mood
        labels: good -> good, bad
      high re-up-fails up 2.sql:1:1 42710
    ");
}

#[test]
fn enum_value_used_by_the_second_up_is_judged_as_if_committed() {
    let up = "-- confiture: no-transaction\nALTER TYPE mood ADD VALUE IF NOT EXISTS 'bad'; \
              CREATE TABLE t (m mood DEFAULT 'bad')";
    let good = "DROP TABLE t; DROP TYPE mood; CREATE TYPE mood AS ENUM ('good')";
    let case = Case { base: "CREATE TYPE mood AS ENUM ('good')", up, good, bad: "DROP TABLE t" };
    insta::assert_snapshot!(case.reported(), @"
    down! re-up+
      medium rollback-leaves-enum-value down 2.down.sql:1:1 type public.mood
        labels: good -> good, bad
    ");
}

#[test]
fn setting_that_the_down_leaves_in_its_session_does_not_reach_the_next_script() {
    let base = "CREATE SCHEMA app";
    let (up, down) = ("CREATE TABLE t (a int)", "DROP TABLE t; SET search_path = app");
    assert_eq!(step(base, up, down), PASSED);
    let clone = format!("{NO_TRANSACTION}{down}");
    assert_eq!(step(base, up, &clone), PASSED);
}
