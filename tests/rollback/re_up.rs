//! Up after down: what the second up stumbles over, or makes otherwise.

use crate::case::{Case, PASSED, step};

#[test]
fn second_up_fails_on_a_leftover() {
    let case = Case {
        base: "CREATE TABLE t (id int)",
        up: "CREATE TYPE state AS ENUM ('new'); ALTER TABLE t ADD state state",
        good: "ALTER TABLE t DROP state; DROP TYPE state",
        bad: "ALTER TABLE t DROP state",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-leaves-object down 2.down.sql:1:1 type public.state
        undo: DROP TYPE public.state;
      high re-up-fails up 2.sql:1:1 42710
    ");
}

#[test]
fn second_up_that_skips_a_leftover_hides_nothing() {
    let case = Case {
        base: "SELECT 1",
        up: "CREATE TABLE IF NOT EXISTS t (a int); CREATE TABLE u (a int)",
        good: "DROP TABLE u, t",
        bad: "DROP TABLE u",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-leaves-object down 2.down.sql:1:1 table public.t
        undo: DROP TABLE public.t;
    ");
}

#[test]
fn second_up_fails_because_of_data() {
    let case = Case {
        base: "CREATE TABLE t (id int PRIMARY KEY)",
        up: "INSERT INTO t VALUES (1)",
        good: "DELETE FROM t WHERE id = 1",
        bad: "DELETE FROM t WHERE id = 2",
    };
    insta::assert_snapshot!(case.told_without_repair(), @"
    down+ re-up!
      high re-up-fails up 2.sql:1:1 23505
    ");
}

#[test]
fn second_up_that_depends_on_rows_the_down_left_differs() {
    let up = "DO $$ BEGIN IF EXISTS (SELECT FROM seen) THEN CREATE TABLE t (a bigint); \
              ELSE CREATE TABLE t (a int); END IF; END $$; INSERT INTO seen VALUES (1)";
    let case = Case {
        base: "CREATE TABLE seen (n int)",
        up,
        good: "DROP TABLE t; DELETE FROM seen",
        bad: "DROP TABLE t",
    };
    insta::assert_snapshot!(case.told_without_repair(), @"
    down+ re-up!
      high re-up-differs up 2.sql:1:1 column public.t.a
    ");
}

#[test]
fn second_up_is_not_tried_after_a_down_that_fails() {
    let text = step("SELECT 1", "CREATE TABLE t (a int)", "DROP TABLE s");
    insta::assert_snapshot!(text, @"
    down! re-up?
      high down-fails down 2.down.sql:1:1 42P01
    ");
}

#[test]
fn second_up_starts_from_what_the_down_left_not_from_what_was_before() {
    let base = "CREATE TABLE t (a int DEFAULT 1)";
    let up = "ALTER TABLE t ALTER a SET DEFAULT 2";
    assert_eq!(step(base, up, "ALTER TABLE t ALTER a SET DEFAULT 1"), PASSED);
    insta::assert_snapshot!(step(base, up, "ALTER TABLE t RENAME a TO b"), @"
    down! re-up!
      high rollback-loses-object down 2.down.sql:1:1 column public.t.a
        undo: ALTER TABLE public.t ADD COLUMN a integer DEFAULT 1;
      high rollback-leaves-object down 2.down.sql:1:1 column public.t.b
        undo: ALTER TABLE public.t DROP COLUMN b;
      high re-up-fails up 2.sql:1:1 42703
    ");
}
