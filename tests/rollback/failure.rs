//! Downs that fail, are empty, take too much, or do not exist.

use confiture_tests::Scenario;

use crate::case::{Case, PASSED, Together, detailed, scenario, step, told};

/// A case whose bad down fails: nothing is proposed for it.
fn fails(base: &str, up: &str, good: &str, bad: &str) -> String {
    Case { base, up, good, bad }.told_without_repair()
}

#[test]
fn down_that_drops_a_table_by_a_wrong_name_fails() {
    let text = fails("SELECT 1", "CREATE TABLE users (id int)", "DROP TABLE users", "DROP TABLE user_list");
    insta::assert_snapshot!(text, @"
    down! re-up?
      high down-fails down 2.down.sql:1:1 42P01
    ");
}

#[test]
fn down_that_drops_what_others_depend_on_fails() {
    let up = "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t";
    insta::assert_snapshot!(fails("SELECT 1", up, "DROP VIEW v; DROP TABLE t", "DROP TABLE t; DROP VIEW v"), @"
    down! re-up?
      high down-fails down 2.down.sql:1:1 2BP01
    ");
}

#[test]
fn down_that_drops_a_column_by_a_wrong_name_fails() {
    let (base, up) = ("CREATE TABLE t (id int)", "ALTER TABLE t ADD a int");
    insta::assert_snapshot!(fails(base, up, "ALTER TABLE t DROP a", "ALTER TABLE t DROP b"), @"
    down! re-up?
      high down-fails down 2.down.sql:1:1 42703
    ");
}

#[test]
fn down_with_a_syntax_error_fails() {
    let text = fails("SELECT 1", "CREATE TABLE t (id int)", "DROP TABLE t", "DORP TABLE t");
    insta::assert_snapshot!(text, @"
    down! re-up?
      high down-fails down 2.down.sql:1:1 42601
    ");
}

#[test]
fn down_that_narrows_a_column_fails_on_rows_the_up_made() {
    let base = "CREATE TABLE t (a varchar(3)); INSERT INTO t VALUES ('abc')";
    let up = "ALTER TABLE t ALTER a TYPE text; UPDATE t SET a = a || 'def'";
    let good = "UPDATE t SET a = left(a, 3); ALTER TABLE t ALTER a TYPE varchar(3)";
    insta::assert_snapshot!(fails(base, up, good, "ALTER TABLE t ALTER a TYPE varchar(3)"), @"
    down! re-up?
      high down-fails down 2.down.sql:1:1 22001
    ");
}

#[test]
fn down_that_forbids_null_fails_on_rows_the_up_made() {
    let base = "CREATE TABLE t (id int, a int NOT NULL); INSERT INTO t VALUES (1, 1)";
    let up = "ALTER TABLE t ALTER a DROP NOT NULL; UPDATE t SET a = NULL";
    let good = "UPDATE t SET a = 0 WHERE a IS NULL; ALTER TABLE t ALTER a SET NOT NULL";
    insta::assert_snapshot!(fails(base, up, good, "ALTER TABLE t ALTER a SET NOT NULL"), @"
    down! re-up?
      high down-fails down 2.down.sql:1:1 23502
    ");
}

#[test]
fn failing_statement_is_located_in_its_file() {
    let up = "CREATE TABLE t (a int); CREATE TABLE u (a int)";
    let good = "-- the newer first\nDROP TABLE u;\n\nDROP TABLE t;";
    insta::assert_snapshot!(fails("SELECT 1", up, good, "-- the newer first\nDROP TABLE u;\n\nDROP TABLE\n  s;"), @"
    down! re-up?
      high down-fails down 2.down.sql:4:1 42P01
    ");
}

#[test]
fn empty_down_is_reported_with_everything_it_should_undo() {
    let case = Case {
        base: "CREATE TABLE t (id int)",
        up: "CREATE TABLE u (id int); CREATE INDEX t_id ON t (id)",
        good: "DROP INDEX t_id; DROP TABLE u",
        bad: "-- nothing to do\n",
    };
    insta::assert_snapshot!(case.told_without_repair(), @"
    down! re-up!
      high rollback-empty down 2.down.sql:1:1
      high re-up-fails up 2.sql:1:1 42P07
    ");
}

#[test]
fn empty_down_of_an_up_that_changes_no_schema_passes() {
    let base = "CREATE TABLE t (id int)";
    assert_eq!(step(base, "INSERT INTO t VALUES (1)", "-- rows stay"), PASSED);
}

#[test]
fn cascade_that_takes_more_than_the_up_made_is_reported() {
    let case = Case {
        base: "CREATE SCHEMA app; CREATE TABLE app.old (id int)",
        up: "CREATE TABLE app.t (id int); GRANT USAGE ON SCHEMA app TO pg_monitor",
        good: "DROP TABLE app.t; REVOKE USAGE ON SCHEMA app FROM pg_monitor",
        bad: "DROP SCHEMA app CASCADE",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up!
      high rollback-loses-object down 2.down.sql:1:1 schema app
        undo: CREATE SCHEMA app; CREATE TABLE app.old (     id integer );
      high re-up-fails up 2.sql:1:14 3F000
    ");
}

#[test]
fn cascade_takes_the_foreign_keys_and_views_of_others() {
    let case = Case {
        base: "CREATE TABLE t (id int PRIMARY KEY, a int); CREATE VIEW v AS SELECT a FROM t; \
               CREATE TABLE u (t int REFERENCES t)",
        up: "ALTER TABLE t ADD b int",
        good: "ALTER TABLE t DROP b",
        bad: "ALTER TABLE t DROP b; DROP TABLE t CASCADE; CREATE TABLE t (id int PRIMARY KEY, a int)",
    };
    insta::assert_snapshot!(case.told(), @"
    down! re-up+
      high rollback-loses-object down 2.down.sql:1:1 view public.v
        undo: CREATE VIEW public.v AS SELECT a    FROM public.t;
      high rollback-loses-object down 2.down.sql:1:1 constraint u_t_fkey on public.u
        undo: ALTER TABLE public.u ADD CONSTRAINT u_t_fkey FOREIGN KEY (t) REFERENCES public.t(id);
    ");
}

#[test]
fn migration_without_a_down_is_not_applicable_and_no_pass() {
    let files = [("1.sql", "CREATE TABLE t (id int)"), ("2.sql", "ALTER TABLE t ADD a int")];
    insta::assert_snapshot!(told(&files), @"
    1: order+ up+ atomic+ down- re-up-
    2: order+ up+ atomic+ down- re-up-
    ");
}

#[test]
fn down_in_another_language_is_skipped_and_no_pass() {
    let goose = |name, down| {
        [
            ("00001_t.sql", "-- +goose Up\nCREATE TABLE t (id int);\n-- +goose Down\nDROP TABLE t;"),
            (name, down),
        ]
    };
    let told = |files: &[_]| detailed(&Scenario::new(files).shared(Scenario::run));
    insta::assert_snapshot!(told(&goose("00002_fill.go", "package migrations")), @"
    00001_t: order+ up+ atomic+ down+ re-up+
    00002_fill: order+ up? atomic- down? re-up?
    ");
    let sql = "-- +goose Up\nCREATE TABLE u (id int);\n-- +goose Down\nDROP TABLE u;";
    insta::assert_snapshot!(told(&goose("00002_fill.sql", sql)), @"
    00001_t: order+ up+ atomic+ down+ re-up+
    00002_fill: order+ up+ atomic+ down+ re-up+
    ");
}

#[test]
fn down_whose_template_has_no_value_is_skipped_and_no_pass() {
    let files = |down| [("1.sql", "CREATE TABLE t (id int)"), ("1.down.sql", down)];
    insta::assert_snapshot!(told(&files("DROP TABLE :name")), @"1: order+ up+ atomic+ down? re-up?");
    insta::assert_snapshot!(told(&files("DROP TABLE t")), @"1: order+ up+ atomic+ down+ re-up+");
}

#[test]
fn help_of_an_empty_down_undoes_the_up_in_an_order_that_runs() {
    let base = "CREATE TABLE t (id int)";
    let up = "CREATE TYPE state AS ENUM ('new'); CREATE TABLE u (id int PRIMARY KEY, state state); \
              ALTER TABLE t ADD u int REFERENCES u; CREATE VIEW v AS SELECT id, u FROM t";
    let report = scenario(base, up, "").shared(Scenario::run);
    let empty = report.findings.iter().find(|f| f.code == "rollback-empty").expect("an empty down");
    let help = empty.help.as_deref().expect("help");
    insta::assert_snapshot!(help, @"add  DROP VIEW public.v; ALTER TABLE public.t DROP COLUMN u; DROP TABLE public.u; DROP TYPE public.state;");
    let proposed = help.strip_prefix("add  ").expect("statements");
    assert_eq!(step(base, up, proposed), PASSED);
}

#[test]
fn left_object_that_stops_the_second_up_says_so() {
    let up = "CREATE TYPE state AS ENUM ('new'); ALTER TABLE t ADD state state";
    let report = scenario("CREATE TABLE t (id int)", up, "ALTER TABLE t DROP state").shared(Scenario::run);
    let left = report.findings.iter().find(|f| f.code == "rollback-leaves-object").expect("a leftover");
    insta::assert_snapshot!(left.label.as_deref().unwrap_or_default(), @r#"type public.state survives; applying up again fails (type "state" already exists (42710))"#);
}
