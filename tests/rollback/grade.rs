//! Differences that are told apart from broken rollbacks.

use confiture_core::report::{RunReport, RunStatus};
use confiture_tests::{Scenario, block_on, server};

use crate::case::{Case, PASSED, Together, detailed, scenario, step};

/// The whole run passes, whatever it tells.
fn passes(report: &RunReport) -> String {
    assert_eq!(report.status, RunStatus::Passed, "{}", detailed(report));
    detailed(report)
}

#[test]
fn column_order_is_information() {
    let case = Case {
        base: "CREATE TABLE t (a int, b int)",
        up: "ALTER TABLE t DROP b",
        good: "ALTER TABLE t ADD b int",
        bad: "ALTER TABLE t ADD b bigint",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 column public.t.b
        type: integer -> bigint
        undo: ALTER TABLE public.t ALTER COLUMN b TYPE integer USING b::integer;
    ");
    let report = scenario(case.base, "ALTER TABLE t DROP a", "ALTER TABLE t ADD a int").shared(Scenario::run);
    insta::assert_snapshot!(passes(&report), @"
    1: order+ up+ atomic+ down- re-up-
    2: order+ up+ atomic+ down+ re-up+
      info column-order down 2.down.sql:1:1 table public.t
        column order: a, b -> b, a
    ");
}

#[test]
fn recreated_table_with_other_column_order_is_information() {
    let base = "CREATE TABLE t (a int, b text)";
    let report = scenario(base, "DROP TABLE t", "CREATE TABLE t (b text, a int)").shared(Scenario::run);
    insta::assert_snapshot!(passes(&report), @"
    1: order+ up+ atomic+ down- re-up-
    2: order+ up+ atomic+ down+ re-up+
      info column-order down 2.down.sql:1:1 table public.t
        column order: a, b -> b, a
    ");
    insta::assert_snapshot!(step(base, "DROP TABLE t", "CREATE TABLE t (b text, a bigint)"), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 column public.t.a
        type: integer -> bigint
        undo: ALTER TABLE public.t ALTER COLUMN a TYPE integer USING a::integer;
      info column-order down 2.down.sql:1:1 table public.t
        column order: a, b -> b, a
    ");
}

#[test]
fn generated_constraint_name_is_information() {
    let base = "CREATE TABLE t (a int CONSTRAINT t_a_key1 UNIQUE)";
    let up = "ALTER TABLE t DROP CONSTRAINT IF EXISTS t_a_key1, DROP CONSTRAINT IF EXISTS t_a_key, \
              DROP CONSTRAINT IF EXISTS once";
    let report = scenario(base, up, "ALTER TABLE t ADD UNIQUE (a)").shared(Scenario::run);
    insta::assert_snapshot!(passes(&report), @"
    1: order+ up+ atomic+ down- re-up-
    2: order+ up+ atomic+ down+ re-up+
      info generated-name down 2.down.sql:1:1 constraint t_a_key1 on public.t
        name: t_a_key1 -> t_a_key
        undo: ALTER TABLE public.t RENAME CONSTRAINT t_a_key TO t_a_key1;
    ");
    insta::assert_snapshot!(step(base, up, "ALTER TABLE t ADD CONSTRAINT once UNIQUE (a)"), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 constraint t_a_key1 on public.t
        name: t_a_key1 -> once
        undo: ALTER TABLE public.t RENAME CONSTRAINT once TO t_a_key1;
    ");
}

#[test]
fn white_space_in_a_function_body_is_information() {
    let f = |body: &str| format!("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS $$ {body} $$");
    let (base, up) = (f("SELECT 1 + 1"), f("SELECT 3"));
    let report = scenario(&base, &up, &f("\n  SELECT  1\n  + 1\n")).shared(Scenario::run);
    insta::assert_snapshot!(passes(&report), @"
    1: order+ up+ atomic+ down- re-up-
    2: order+ up+ atomic+ down+ re-up+
      info white-space down 2.down.sql:1:1 function public.f()
        body:  SELECT 1 + 1  ->     SELECT  1   + 1  
        undo: CREATE OR REPLACE FUNCTION public.f()  RETURNS integer  LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100 AS $$ SELECT 1 + 1 $$;
    ");
    insta::assert_snapshot!(step(&base, &up, &f("SELECT 1 + 11")), @"
    down! re-up+
      low rollback-changes-body down 2.down.sql:1:1 function public.f()
        body:  SELECT 1 + 1  ->  SELECT 1 + 11 
        undo: CREATE OR REPLACE FUNCTION public.f()  RETURNS integer  LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100 AS $$ SELECT 1 + 1 $$;
    ");
}

#[test]
fn white_space_inside_a_string_is_a_change() {
    let f = |body: &str| format!("CREATE OR REPLACE FUNCTION f() RETURNS text LANGUAGE sql AS $$ {body} $$");
    let case = Case {
        base: &f("SELECT 'a b'"),
        up: &f("SELECT 'c'"),
        good: &f("SELECT 'a b'"),
        bad: &f("SELECT 'a  b'"),
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      low rollback-changes-body down 2.down.sql:1:1 function public.f()
        body:  SELECT 'a b'  ->  SELECT 'a  b' 
        undo: CREATE OR REPLACE FUNCTION public.f()  RETURNS text  LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100 AS $$ SELECT 'a b' $$;
    ");
}

#[test]
fn role_left_on_the_server_is_information() {
    let up =
        "DO $$ BEGIN CREATE ROLE confiture_rollback_left; EXCEPTION WHEN duplicate_object THEN NULL; END $$";
    let forgetful = scenario("SELECT 1", up, "SELECT 1");
    let careful = scenario("SELECT 1", up, "DROP ROLE confiture_rollback_left");
    let text = careful.alone(|_| {
        let good = passes(&careful.run());
        drop_role();
        let bad = passes(&forgetful.run());
        drop_role();
        format!("{good}\n\n{bad}")
    });
    insta::assert_snapshot!(text, @"
    1: order+ up+ atomic+ down- re-up-
    2: order+ up+ atomic+ down+ re-up+

    1: order+ up+ atomic+ down- re-up-
    2: order+ up+ atomic+ down+ re-up+
      info rollback-leaves-role down 2.down.sql:1:1 role confiture_rollback_left
        undo: DROP ROLE confiture_rollback_left;
    ");
}

/// Roles outlive the scratch databases.
fn drop_role() {
    let server = server();
    block_on(async {
        let database = server.create_database("roles").await.expect("a database");
        let session = database.session().await.expect("a session");
        session.execute("DROP ROLE IF EXISTS confiture_rollback_left").await.expect("no role");
        session.close().await;
        database.close().await.expect("dropped");
    });
}

#[test]
fn time_frozen_in_a_view_is_nondeterministic_not_broken() {
    let view = "CREATE VIEW v AS SELECT 'now'::timestamptz AS made";
    let report = scenario(view, "DROP VIEW v", view).shared(Scenario::run);
    insta::assert_snapshot!(stable(&passes(&report)), @"
    1: order+ up+ atomic+ down- re-up-
    2: order+ up+ atomic+ down+ re-up+
      info nondeterministic down view public.v
    ");
    let other = "CREATE VIEW v AS SELECT 'now'::timestamp AS made";
    insta::assert_snapshot!(stable(&step(view, "DROP VIEW v", other)), @"
    down+ re-up+
      info nondeterministic down view public.v
    ");
}

#[test]
fn time_frozen_in_a_default_is_nondeterministic_not_broken() {
    let base = "CREATE TABLE t (a int, made timestamptz DEFAULT 'now'::timestamptz)";
    let up = "ALTER TABLE t ALTER made DROP DEFAULT";
    let down = "ALTER TABLE t ALTER made SET DEFAULT 'now'::timestamptz";
    insta::assert_snapshot!(stable(&passes(&scenario(base, up, down).shared(Scenario::run))), @"
    1: order+ up+ atomic+ down- re-up-
    2: order+ up+ atomic+ down+ re-up+
      info nondeterministic down column public.t.made
    ");
    insta::assert_snapshot!(stable(&step(base, up, "SELECT 1")), @"
    down! re-up+
      high rollback-changes-object down 2.down.sql:1:1 column public.t.made
        default: '<time>'::timestamp with time zone -> none
        undo: ALTER TABLE public.t ALTER COLUMN made SET DEFAULT '<time>'::timestamp with time zone;
    ");
}

#[test]
fn partition_named_by_the_clock_is_nondeterministic_not_broken() {
    let up = "DO $$ BEGIN EXECUTE format('CREATE TABLE %I PARTITION OF t DEFAULT', \
              't_' || translate(clock_timestamp()::text, ' -:+.', '_')); END $$";
    let drop = |which: &str| {
        format!(
            "DO $$ DECLARE part regclass; BEGIN FOR part IN SELECT inhrelid FROM pg_inherits {which} LOOP \
             EXECUTE 'DROP TABLE ' || part; END LOOP; END $$"
        )
    };
    let base = "CREATE TABLE t (a int) PARTITION BY RANGE (a)";
    assert_eq!(step(base, up, &drop("")), PASSED);
    let report = scenario(base, up, &drop("WHERE false")).shared(Scenario::run);
    assert!(detailed(&report).contains("high rollback-leaves-object"), "{}", detailed(&report));
}

/// The text without the times in it.
fn stable(text: &str) -> String {
    let year = |at: usize| text[at..].starts_with("'20");
    let mut out = String::new();
    let mut at = 0;
    while at < text.len() {
        if year(at)
            && let Some(length) = text[at + 1..].find('\'')
        {
            out.push_str("'<time>'");
            at += length + 2;
            continue;
        }
        let next = text[at..].chars().next().unwrap_or_default();
        out.push(next);
        at += next.len_utf8();
    }
    out
}
