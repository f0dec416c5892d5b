//! Rollbacks in a chain: each is judged on the state its own up found.

use std::collections::BTreeSet;

use confiture_tests::{Scenario, summary};

use crate::case::{Together, told};

const FIRST: [(&str, &str); 2] = [("1.sql", "CREATE TABLE t (id int)"), ("1.down.sql", "DROP TABLE t")];

/// Migration 1, migration 2 with this down, and two more files.
fn chain(down: &str, rest: [(&str, &str); 2]) -> String {
    let second = [("2.sql", "ALTER TABLE t ADD a int"), ("2.down.sql", down)];
    told(&[FIRST, second, rest].concat())
}

#[test]
fn broken_rollback_does_not_affect_the_judgement_of_the_next_step() {
    let third = [("3.sql", "ALTER TABLE t ADD b int"), ("3.down.sql", "ALTER TABLE t DROP b")];
    insta::assert_snapshot!(chain("ALTER TABLE t DROP a", third), @"
    1: order+ up+ atomic+ down+ re-up+
    2: order+ up+ atomic+ down+ re-up+
    3: order+ up+ atomic+ down+ re-up+
    ");
    insta::assert_snapshot!(chain("ALTER TABLE t ADD c int", third), @"
    1: order+ up+ atomic+ down+ re-up+
    2: order+ up+ atomic+ down! re-up!
      high rollback-leaves-object down 2.down.sql:1:1 column public.t.a
        undo: ALTER TABLE public.t DROP COLUMN a;
      high rollback-leaves-object down 2.down.sql:1:1 column public.t.c
        undo: ALTER TABLE public.t DROP COLUMN c;
      high re-up-fails up 2.sql:1:1 42701
    3: order+ up+ atomic+ down+ re-up+
    ");
    insta::assert_snapshot!(chain("DROP TABLE t", third), @"
    1: order+ up+ atomic+ down+ re-up+
    2: order+ up+ atomic+ down! re-up!
      high rollback-loses-object down 2.down.sql:1:1 table public.t
        undo: CREATE TABLE public.t (     id integer );
      high re-up-fails up 2.sql:1:1 42P01
    3: order+ up+ atomic+ down+ re-up+
    ");
    insta::assert_snapshot!(chain("DROP TABLE nothing", third), @"
    1: order+ up+ atomic+ down+ re-up+
    2: order+ up+ atomic+ down! re-up?
      high down-fails down 2.down.sql:1:1 42P01
    3: order+ up+ atomic+ down+ re-up+
    ");
}

#[test]
fn later_drop_does_not_hide_a_broken_step() {
    // Down to zero would end clean: the last up drops what the second down leaves.
    let third = [("3.sql", "DROP TABLE t"), ("3.down.sql", "CREATE TABLE t (id int, a int)")];
    insta::assert_snapshot!(chain("ALTER TABLE t DROP a", third), @"
    1: order+ up+ atomic+ down+ re-up+
    2: order+ up+ atomic+ down+ re-up+
    3: order+ up+ atomic+ down+ re-up+
    ");
    insta::assert_snapshot!(chain("ALTER TABLE t ALTER a SET DEFAULT 0", third), @"
    1: order+ up+ atomic+ down+ re-up+
    2: order+ up+ atomic+ down! re-up!
      high rollback-leaves-object down 2.down.sql:1:1 column public.t.a
        undo: ALTER TABLE public.t DROP COLUMN a;
      high re-up-fails up 2.sql:1:1 42701
    3: order+ up+ atomic+ down+ re-up+
    ");
}

#[test]
fn first_down_that_drops_everything_does_not_hide_a_broken_step() {
    let files = [
        ("1.sql", "CREATE SCHEMA app"),
        ("1.down.sql", "DROP SCHEMA app CASCADE"),
        ("2.sql", "CREATE TABLE app.t (id int)"),
        ("2.down.sql", "ALTER TABLE app.t ALTER id SET NOT NULL"),
    ];
    insta::assert_snapshot!(told(&files), @"
    1: order+ up+ atomic+ down+ re-up+
    2: order+ up+ atomic+ down! re-up!
      high rollback-leaves-object down 2.down.sql:1:1 table app.t
        undo: DROP TABLE app.t;
      high re-up-fails up 2.sql:1:1 42P07
    ");
}

#[test]
fn rollback_is_compared_with_the_state_an_earlier_failure_left() {
    let files = [
        ("1.sql", "CREATE TABLE t (id int)"),
        ("2.sql", "ALTER TABLE missing ADD a int"),
        ("2.down.sql", "ALTER TABLE missing DROP a"),
        ("3.sql", "ALTER TABLE t ADD b int"),
        ("3.down.sql", "ALTER TABLE t DROP b"),
    ];
    insta::assert_snapshot!(told(&files), @"
    1: order+ up+ atomic+ down- re-up-
    2: order+ up! atomic+ down? re-up?
      high up-fails up 2.sql:1:1 42P01
    3: order+ up+ atomic+ down+ re-up+
    ");
}

#[test]
fn rollback_of_a_migration_that_is_not_judged_is_not_run() {
    let broken = [("2.sql", "ALTER TABLE t ADD a int"), ("2.down.sql", "DROP TABLE nothing")];
    let third = [("3.sql", "ALTER TABLE t ADD b int"), ("3.down.sql", "ALTER TABLE t DROP b")];
    let mut scenario = Scenario::new(&[FIRST, broken, third].concat()).layout("plain");
    scenario.options.judged = Some(BTreeSet::from([2]));
    insta::assert_snapshot!(summary(&scenario.shared(Scenario::run)), @"
    1: order? up? atomic? down? re-up?
    2: order? up? atomic? down? re-up?
    3: order+ up+ atomic+ down+ re-up+
    ");
}

#[test]
fn tables_of_the_setup_belong_to_the_state_before() {
    let host = "CREATE TABLE host (id int)";
    let files = |down| [("1.sql", "ALTER TABLE host ADD a int"), ("1.down.sql", down)];
    let run = |down| summary(&Scenario::new(&files(down)).layout("plain").setup(host).shared(Scenario::run));
    insta::assert_snapshot!(run("ALTER TABLE host DROP a"), @"1: order+ up+ atomic+ down+ re-up+");
    insta::assert_snapshot!(run("DROP TABLE host"), @"
    1: order+ up+ atomic+ down! re-up!
      high rollback-loses-object down 1.down.sql:1:1 table public.host
      high re-up-fails up 1.sql:1:1 42P01
    ");
}
