//! The user's own tests on a real server: what they see, and what makes them fail.

use std::path::Path;
use std::sync::Arc;

use confiture_core::report::{CheckStatus, RunReport};
use confiture_fixtures::sqltest::{Bench, TestFiles, UserTest, load, run};
use confiture_fixtures::{MigrationRunner, Target};
use confiture_tests::{Scenario, block_on, server, summary};
use insta::assert_snapshot;

/// A name that is split in two, by a backfill that `backfill` writes.
fn split_name(backfill: &str) -> Scenario {
    let split = format!("ALTER TABLE users ADD COLUMN first text, ADD COLUMN last text;\n{backfill}\n");
    Scenario::new(&[
        ("1_users.sql", "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL);"),
        ("2_split.sql", &split),
        ("2_split.down.sql", "ALTER TABLE users DROP COLUMN first, DROP COLUMN last;"),
        ("3_drop.sql", "ALTER TABLE users DROP COLUMN name;"),
        (
            "3_drop.down.sql",
            "ALTER TABLE users ADD COLUMN name text;\nUPDATE users SET name = first || ' ' || last;",
        ),
    ])
}

const BACKFILL: &str = "UPDATE users SET first = split_part(name, ' ', 1), last = split_part(name, ' ', 2);";

const ADA: &str = "\
-- confiture: migrate to 1
INSERT INTO users VALUES (1, 'Ada Lovelace');
-- confiture: migrate to 2
-- confiture: assert
SELECT first = 'Ada' AS first, last = 'Lovelace' AS last FROM users;
";

/// The lines of a summary about tests.
fn tests(report: &RunReport) -> String {
    let summary = summary(report);
    let at = summary.lines().position(|line| line.starts_with("test "));
    summary.lines().skip(at.unwrap_or(usize::MAX)).collect::<Vec<_>>().join("\n")
}

/// What the findings of tests say: message, label.
fn said(report: &RunReport) -> String {
    let of_tests = report.findings.iter().filter(|finding| finding.test.is_some());
    let lines = of_tests.map(|f| format!("{} | {}", f.message, f.label.as_deref().unwrap_or_default()));
    lines.collect::<Vec<_>>().join("\n")
}

/// The outcome of one test on a chain of one table `t (id int PRIMARY KEY, a text)`.
fn on_table(text: &str) -> RunReport {
    let table = "CREATE TABLE t (id int PRIMARY KEY, a text);\nCREATE INDEX t_a ON t (a);";
    Scenario::new(&[("1_t.sql", table)]).test("case", text).run()
}

#[test]
fn a_test_sees_what_the_migrations_do_to_its_rows() {
    assert_snapshot!(tests(&split_name(BACKFILL).test("ada", ADA).run()), @"test ada: passed");
    let forgotten = split_name("").test("ada", ADA).run();
    assert_snapshot!(tests(&forgotten), @r"
    test ada: failed
      high test-assertion-fails - ada.sql:5:1
    ");
    assert_snapshot!(said(&forgotten), @"ada: the assertion does not hold | row 1 of 1: first = NULL, last = NULL");
    assert_eq!(forgotten.status, confiture_core::report::RunStatus::Failed);
}

#[test]
fn a_test_sees_what_a_rollback_keeps() {
    let test = format!(
        "{ADA}-- confiture: migrate to 3\n-- confiture: rollback to 2\n-- confiture: assert\n\
         SELECT name = 'Ada Lovelace' FROM users;\n"
    );
    assert_snapshot!(tests(&split_name(BACKFILL).test("back", &test).run()), @"test back: passed");
    let lost = split_name(BACKFILL);
    lost.write("3_drop.down.sql", b"ALTER TABLE users ADD COLUMN name text;");
    assert_snapshot!(tests(&lost.test("back", &test).run()), @r"
    test back: failed
      high test-assertion-fails - back.sql:9:1
    ");
    let further = format!("{ADA}-- confiture: rollback to 1\n");
    let irreversible = split_name(BACKFILL);
    std::fs::remove_file(irreversible.path().join("2_split.down.sql")).expect("removed");
    let report = irreversible.test("back", &further).run();
    assert_snapshot!(said(&report), @"back: 2_split down fails on the rows of the test | 2_split has no down script");
}

#[test]
fn every_test_has_its_own_state() {
    let insert = "INSERT INTO users VALUES (1, 'Ada Lovelace');\n-- confiture: assert\nSELECT count(*) = 1 FROM users;";
    let at = |version: u32| format!("-- confiture: migrate to {version}\n{insert}");
    let scenario = split_name(BACKFILL).test("a", &at(1)).test("b", &at(1)).test("c", &at(2));
    assert_snapshot!(tests(&scenario.run()), @r"
    test a: passed
    test b: passed
    test c: passed
    ");
}

#[test]
fn an_assertion_asks_for_rows_and_for_booleans() {
    let outcome =
        |query: &str| said(&on_table(&format!("INSERT INTO t VALUES (1);\n-- confiture: assert\n{query};")));
    assert_snapshot!(outcome("SELECT true FROM t"), @"");
    assert_snapshot!(outcome("SELECT a IS NULL FROM t WHERE id = 2"), @"case: the assertion returns no row | 0 rows: nothing was judged");
    assert_snapshot!(outcome("SELECT a = 'x' AS a, id = 1 AS id FROM t"), @"case: the assertion does not hold | row 1 of 1: a = NULL, id = true");
    assert_snapshot!(outcome("SELECT count(*) FROM t"), @"case: the assertion is not boolean | column count is int8");
    assert_snapshot!(outcome("SELECT 't'::text AS yes FROM t"), @"case: the assertion is not boolean | column yes is text");
    assert_snapshot!(outcome("UPDATE t SET a = 'x'"), @"case: the assertion returns no rows | this statement never returns rows");
    assert_snapshot!(outcome("UPDATE t SET a = 'x' RETURNING a = 'x'"), @"");
    assert_snapshot!(outcome("SELECT b FROM t"), @r#"case: the statement fails: 42703 undefined_column | column "b" does not exist"#);
}

#[test]
fn an_announced_failure_has_to_happen_as_announced() {
    let outcome = |state: &str, sql: &str| {
        said(&on_table(&format!("INSERT INTO t VALUES (1);\n-- confiture: catch {state}\n{sql};\n")))
    };
    let twice = "INSERT INTO t VALUES (1)";
    assert_snapshot!(outcome("23505", twice), @"");
    assert_snapshot!(outcome("unique_violation", twice), @"");
    assert_snapshot!(outcome("23505", "INSERT INTO t VALUES (2)"), @"case: the statement has to fail with 23505 unique_violation | it succeeds");
    assert_snapshot!(outcome("23503", twice), @r#"case: the statement has to fail with 23503 foreign_key_violation | it fails with 23505 unique_violation: duplicate key value violates unique constraint "t_pkey" (Key (id)=(1) already exists.)"#);
    assert_snapshot!(outcome("uniqe_violation", twice), @"the test case cannot be run as it is written | uniqe_violation is not the name of a SQLSTATE");
    let copied = "COPY t (id) FROM stdin;\n1\n\\.\n-- confiture: assert\nSELECT true";
    assert_snapshot!(outcome("23505", copied), @"");
}

#[test]
fn a_migration_may_have_to_fail() {
    let outcome = |state: &str, rows: &str, then: &str| {
        let guarded = "DO $$ BEGIN IF EXISTS (SELECT FROM t WHERE a IS NULL) THEN RAISE 'not filled'; END IF; END $$;\n\
                       ALTER TABLE t ALTER a SET NOT NULL;";
        let back = "ALTER TABLE t ALTER a DROP NOT NULL;\nALTER TABLE t ADD CHECK (a <> 'x');";
        let scenario = Scenario::new(&[
            ("1_t.up.sql", "CREATE TABLE t (id int PRIMARY KEY, a text);"),
            ("1_t.down.sql", "DROP TABLE t;"),
            ("2_guard.up.sql", guarded),
            ("2_guard.down.sql", back),
        ]);
        let text = format!(
            "-- confiture: migrate to 1\n{rows};\n-- confiture: catch {state}\n-- confiture: migrate to 2\n{then}"
        );
        let report = scenario.test("case", &text).run();
        let text = format!("{}\n{}", tests(&report), said(&report));
        // Names of files without their directory.
        let words = text.split(' ').map(|word| word.rsplit('/').next().unwrap_or_default());
        words.collect::<Vec<_>>().join(" ")
    };
    let null = "INSERT INTO t VALUES (1, NULL)";
    // It is where it was, and can be tried again.
    let again =
        "UPDATE t SET a = 'x';\n-- confiture: migrate to 2\n-- confiture: assert\nSELECT a = 'x' FROM t;\n";
    assert_snapshot!(outcome("P0001", null, again), @"test case: passed");
    assert_snapshot!(outcome("raise_exception", null, ""), @"test case: passed");
    // The other way round: one that goes through, and one that fails with something else.
    assert_snapshot!(outcome("P0001", "INSERT INTO t VALUES (1, 'x')", ""), @r"
    test case: failed
      high test-error-expected - case.sql:4:1
    case: 2_guard up has to fail with P0001 raise_exception | it goes through
    ");
    assert_snapshot!(outcome("23502", null, ""), @r"
    test case: failed
      high test-migration-fails - case.sql:4:1 P0001
    case: 2_guard up has to fail with 23502 not_null_violation | P0001 raise_exception at 2_guard.up.sql:1: not filled
    ");
    // A rollback, too.
    let no_way_back = "-- confiture: catch 23514\n-- confiture: rollback to 1\n-- confiture: assert\nSELECT a = 'x' FROM t;\n";
    let and_back = format!("{again}{no_way_back}");
    assert_snapshot!(outcome("P0001", null, &and_back), @"test case: passed");
}

#[test]
fn an_unannounced_failure_is_shown_where_it_is() {
    let report = on_table(
        "INSERT INTO t VALUES (1);\nINSERT INTO t\n  VALUES (1);\n-- confiture: assert\nSELECT true;",
    );
    assert_snapshot!(tests(&report), @r"
    test case: failed
      high test-statement-fails - case.sql:2:1 23505
    ");
    assert_eq!(report.tests[0].assertions, 0, "the rest was not run");
}

#[test]
fn a_plan_uses_the_index_or_says_what_it_uses() {
    let outcome =
        |name: &str, sql: &str| said(&on_table(&format!("-- confiture: uses-index {name}\n{sql};")));
    assert_snapshot!(outcome("t_a", "SELECT id FROM t WHERE a = 'x'"), @"");
    assert_snapshot!(outcome("public.t_a", "DELETE FROM t WHERE a = 'x'"), @"");
    assert_snapshot!(outcome("t_a", "SELECT id FROM t WHERE lower(a) = 'x'"), @"case: the query does not use t_a | planned: Seq Scan on t");
    assert_snapshot!(outcome("t_pkey", "SELECT id FROM t WHERE a = 'x'"), @"case: the query does not use t_pkey | planned: Bitmap Heap Scan on t, Bitmap Index Scan with t_a");
    assert_snapshot!(outcome("t_b", "SELECT id FROM t WHERE a = 'x'"), @"case: there is no index t_b | t_b names no index");
    let text = "CREATE TABLE p (k int, d date) PARTITION BY RANGE (d);\n\
                CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');\n\
                CREATE INDEX p_k ON p (k);\nSET enable_seqscan = on;\n\
                -- confiture: uses-index p_k\nSELECT * FROM p WHERE k = 1;\n\
                -- confiture: assert\nSELECT current_setting('enable_seqscan') = 'on';";
    assert_snapshot!(said(&on_table(text)), @"");
}

#[test]
fn the_lock_of_the_last_step_is_measured() {
    let outcome = |step: &str, most: &str| {
        let scenario = Scenario::new(&[
            ("1_t.sql", "CREATE TABLE t (id int PRIMARY KEY, a text);\nCREATE INDEX t_a ON t (a);"),
            ("2_step.sql", step),
        ]);
        let test = format!("-- confiture: migrate to 2\n-- confiture: at-most {most} on t\n");
        let report = scenario.test("lock", &test).run();
        let labels = report.findings.iter().filter(|f| f.test.is_some()).filter_map(|f| f.label.clone());
        labels.collect::<Vec<_>>().join("; ")
    };
    let alone = |sql: &str| format!("-- confiture: no-transaction\n{sql}");
    let cases = [
        ("ALTER TABLE t ADD COLUMN b int;".to_owned(), "ACCESS EXCLUSIVE", "EXCLUSIVE"),
        ("CREATE INDEX t_b ON t (a, id);".to_owned(), "SHARE", "SHARE UPDATE EXCLUSIVE"),
        ("UPDATE t SET a = 'x';\nSELECT 1;".to_owned(), "ROW EXCLUSIVE", "ROW SHARE"),
        (
            alone(
                "UPDATE t SET a = 'x';\nCREATE TRIGGER x BEFORE UPDATE ON t FOR EACH ROW \
                   EXECUTE FUNCTION suppress_redundant_updates_trigger();",
            ),
            "SHARE ROW EXCLUSIVE",
            "SHARE",
        ),
        (alone("BEGIN;\nALTER TABLE t ADD b int;\nCOMMIT;\nSELECT 1;"), "ACCESS EXCLUSIVE", "EXCLUSIVE"),
        (alone("CREATE INDEX CONCURRENTLY t_b ON t (a, id);"), "SHARE UPDATE EXCLUSIVE", "ROW EXCLUSIVE"),
        (alone("DROP INDEX CONCURRENTLY t_a;"), "SHARE UPDATE EXCLUSIVE", "ROW EXCLUSIVE"),
        (alone("REINDEX INDEX CONCURRENTLY t_a;"), "SHARE UPDATE EXCLUSIVE", "ROW EXCLUSIVE"),
        (alone("VACUUM t;"), "SHARE UPDATE EXCLUSIVE", "ROW EXCLUSIVE"),
        (alone("VACUUM FULL t;"), "ACCESS EXCLUSIVE", "EXCLUSIVE"),
    ];
    for (step, most, less) in cases {
        assert_eq!(outcome(&step, most), "", "{step}");
        assert_eq!(outcome(&step, less), format!("it takes {most}"), "{step}");
    }
    assert_eq!(outcome("CREATE TABLE u (id int);", "ACCESS SHARE"), "", "a table the step does not touch");
}

#[test]
fn a_lock_is_asked_of_a_table_that_is_there() {
    let outcome = |table: &str| {
        let scenario = split_name(BACKFILL);
        let test = format!("-- confiture: migrate to 2\n-- confiture: at-most ACCESS EXCLUSIVE on {table}\n");
        said(&scenario.test("lock", &test).run())
    };
    assert_snapshot!(outcome("users"), @"");
    assert_snapshot!(outcome("public.users"), @"");
    assert_snapshot!(outcome("user"), @"the test lock cannot be run as it is written | there is no table user");
}

#[test]
fn a_migration_that_fails_on_the_rows_of_a_test_fails_the_test() {
    let scenario = |step: &str| {
        let test = "-- confiture: migrate to 1\nINSERT INTO t VALUES (NULL);\n-- confiture: migrate to 2\n\
                    -- confiture: assert\nSELECT true;\n";
        let files = [("1_t.sql", "CREATE TABLE t (a int);"), ("2_strict.sql", step)];
        Scenario::new(&files).test("rows", test).run()
    };
    let strict = "ALTER TABLE t ALTER COLUMN a SET NOT NULL;";
    assert_snapshot!(tests(&scenario(&format!("UPDATE t SET a = 0;\n{strict}"))), @"test rows: passed");
    let report = scenario(strict);
    assert_snapshot!(summary(&report), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_strict: order+ up+ atomic+ down- re-up-
    test rows: failed
      high test-migration-fails - rows.sql:3:1 23502
    ");
    assert!(said(&report).contains("2_strict.sql:1: column \"a\" of relation \"t\" contains null values"));
}

#[test]
fn a_test_of_a_version_that_is_not_there_is_not_passed() {
    let outcome = |text: &str| {
        let mut scenario = split_name(BACKFILL).test("far", text);
        scenario.options.last = Some(1);
        let report = scenario.run();
        format!("{}\n{}", tests(&report), said(&report))
    };
    let at =
        |version: &str| format!("-- confiture: migrate to {version}\n-- confiture: assert\nSELECT true;");
    assert_snapshot!(outcome(&at("2")), @"test far: passed");
    assert_snapshot!(outcome(&at("3")), @"test far: skipped (it needs 3_drop, where this run does not get)");
    let end = "-- confiture: assert\nSELECT true;";
    assert_snapshot!(outcome(end), @"test far: skipped (it needs 3_drop, where this run does not get)");
    assert_snapshot!(outcome(&at("7")), @r"
    test far: failed
      high test-directive - far.sql:1:1
    the test far cannot be run as it is written | no such version
    ");
    assert_snapshot!(outcome(&format!("-- confiture: migrate to 2\n{}", at("1"))), @r"
    test far: failed
      high test-directive - far.sql:2:1
    the test far cannot be run as it is written | the test is at 2_split already
    ");
}

#[test]
fn a_test_of_a_migration_that_failed_is_skipped_with_the_reason() {
    let scenario =
        Scenario::new(&[("1_t.sql", "CREATE TABLE t (id int);"), ("2_bad.sql", "ALTER TABLE u ADD x int;")]);
    let at = |version: u32| format!("-- confiture: migrate to {version}\n-- confiture: assert\nSELECT true;");
    assert_snapshot!(tests(&scenario.test("a", &at(1)).test("b", &at(2)).run()), @r"
    test a: passed
    test b: skipped (2_bad was not applied)
    ");
}

#[test]
fn tests_alone_are_a_run_and_skipped_ones_are_none() {
    let empty = |test: &str| Scenario::new(&[("1_t.sql", "-- nothing yet\n")]).test("t", test).run();
    let status = |report: RunReport| format!("{:?}", report.status);
    assert_eq!(status(empty("-- confiture: assert\nSELECT true;")), "Passed");
    assert_eq!(status(empty("-- confiture: assert\nSELECT false;")), "Failed");
    assert_eq!(status(empty("SELECT plan(1);")), "NothingRan");
    assert_eq!(status(empty("SELECT 1;")), "Failed", "nothing could fail");
}

/// What pgTAP prints, as far as these tests need it.
const TAP: &str = "
CREATE FUNCTION plan(n int) RETURNS text LANGUAGE sql AS $$ SELECT '1..' || n $$;
CREATE FUNCTION ok(b bool, d text) RETURNS text LANGUAGE sql AS
    $$ SELECT CASE WHEN b THEN 'ok - ' ELSE 'not ok - ' END || d || CASE WHEN b THEN '' ELSE E'\n# Failed: ' || d END $$;
CREATE FUNCTION finish() RETURNS SETOF text LANGUAGE sql AS $$ SELECT NULL::text WHERE false $$;
";

#[test]
fn pgtap_files_are_judged_by_their_tap() {
    let outcome = |tests: &str| {
        let file = format!("BEGIN;\nSELECT plan(2);\n{tests}\nSELECT * FROM finish();\nROLLBACK;\n");
        let scenario = split_name(BACKFILL).setup(TAP).test("tap", &file);
        let report = scenario.run();
        format!("{}\n{}", super::user_tests::tests(&report), said(&report))
    };
    assert_snapshot!(outcome("SELECT ok(true, 'a');\nSELECT ok(count(*) = 0, 'b') FROM users;"), @"test tap: passed");
    assert_snapshot!(outcome("SELECT ok(true, 'a');\nSELECT ok(1 = 2, 'sum');"), @r"
    test tap: failed
      high tap-fails - tap.sql:4:1
    tap: not ok 2 - sum | Failed: sum
    ");
    assert_snapshot!(outcome("SELECT ok(true, 'a');\nSELECT ok(false, 'b # TODO later');"), @"test tap: passed");
    assert_snapshot!(outcome("SELECT ok(true, 'a');"), @r"
    test tap: failed
      high tap-fails - tap.sql:1:1
    tap: 2 tests were planned, 1 ran |
    ");
    assert_snapshot!(outcome("SELECT ok(true, 'a # SKIP x');\nSELECT ok(true, 'b # SKIP y');"), @r"
    test tap: failed
      high test-asserts-nothing - tap.sql:1:1
    tap: no test ran: x |
    ");
    assert_snapshot!(outcome("SELECT ok(true, 'a # SKIP x');\nSELECT ok(true, 'b');"), @"test tap: passed");
    assert_snapshot!(outcome("SELECT ok(nonsense, 'a');"), @r#"
    test tap: failed
      high test-statement-fails - tap.sql:3:11 42703
    tap: the statement fails: 42703 undefined_column | column "nonsense" does not exist
    "#);
}

#[test]
fn pgtap_runs_at_the_version_it_asks_for() {
    let outcome = |version: u32| {
        let file = format!(
            "-- confiture: migrate to {version}\nBEGIN;\nSELECT plan(1);\nSELECT ok(EXISTS (SELECT FROM pg_attribute \
             WHERE attrelid = 'users'::regclass AND attname = 'name'), 'name');\nROLLBACK;\n"
        );
        tests(&split_name(BACKFILL).setup(TAP).test("tap", &file).run())
    };
    assert_snapshot!(outcome(2), @"test tap: passed");
    assert_snapshot!(outcome(3), @r"
    test tap: failed
      high tap-fails - tap.sql:4:1
    ");
}

#[test]
fn a_pgtap_file_may_skip_itself_with_a_reason() {
    let outcome = |plan: &str| {
        let file = format!("SELECT '{plan}';\nSELECT * FROM finish();\n");
        tests(&split_name(BACKFILL).setup(TAP).test("tap", &file).run())
    };
    assert_snapshot!(outcome("1..0 # SKIP not here"), @"test tap: skipped (no test ran: not here)");
    assert_snapshot!(outcome("1..0"), @r"
    test tap: failed
      high test-asserts-nothing - tap.sql:1:1
    ");
}

#[test]
fn the_lock_of_a_step_is_judged_in_a_pgtap_file_too() {
    let outcome = |most: &str, ok: bool| {
        let file = format!(
            "-- confiture: migrate to 2\n-- confiture: at-most {most} on t\n\
             SELECT plan(1);\nSELECT ok({ok}, 'a');\nSELECT * FROM finish();\n"
        );
        let files = [("1_t.sql", "CREATE TABLE t (id int);"), ("2_b.sql", "ALTER TABLE t ADD COLUMN b int;")];
        let report = Scenario::new(&files).setup(TAP).test("tap", &file).run();
        format!("{}\n{}", tests(&report), said(&report))
    };
    assert_snapshot!(outcome("ACCESS EXCLUSIVE", true), @"test tap: passed");
    assert_snapshot!(outcome("ACCESS EXCLUSIVE", false), @r"
    test tap: failed
      high tap-fails - tap.sql:4:1
    tap: not ok 1 - a | Failed: a
    ");
    assert_snapshot!(outcome("SHARE", true), @r"
    test tap: failed
      high test-lock-too-strong - tap.sql:2:1
    tap: 2_b takes more than SHARE on t | it takes ACCESS EXCLUSIVE
    ");
}

#[test]
fn without_pgtap_its_tests_are_skipped_not_passed() {
    let server = server();
    let available = block_on(async {
        let database = server.create_database("pgtap").await.expect("a database");
        let session = database.session().await.expect("a session");
        let sql = "SELECT FROM pg_available_extensions WHERE name = 'pgtap'";
        let rows = session.query(sql, &[]).await.expect("extensions").len();
        session.close().await;
        database.close().await.expect("dropped");
        rows == 1
    });
    let file = "BEGIN;\nSELECT plan(1);\nSELECT pass('x');\nSELECT * FROM finish();\nROLLBACK;\n";
    let expected = match available {
        true => "test tap: passed",
        false => "test tap: skipped (extension pgtap is not available on this server)",
    };
    assert_eq!(tests(&split_name(BACKFILL).test("tap", file).run()), expected);
}

/// The tests of a scenario's own directory.
fn loaded(scenario: &mut Scenario, layout: &str) {
    let source = scenario.load().expect("migrations");
    let files = TestFiles { layout: layout.to_owned(), ..TestFiles::default() };
    let tests = load(&files, &source.loaded).expect("tests");
    scenario.options.tests = tests.into_iter().map(Arc::new).collect();
}

#[test]
fn verify_scripts_run_right_after_their_migration() {
    let outcome = |verify: &str| {
        let mut scenario = split_name(BACKFILL);
        scenario.write("2.verify.sql", verify.as_bytes());
        loaded(&mut scenario, "plain");
        let report = scenario.run();
        format!("{}\n{}", tests(&report), said(&report))
    };
    assert_snapshot!(outcome("SELECT name, first FROM users WHERE false;\nSELECT true;"), @r"
    test verify 2_split: failed
      high verify-fails - 2.verify.sql:1:1
    verify 2_split: the query returns no row | 0 rows: what it looks for is not there
    ");
    assert_snapshot!(outcome("SELECT 1 FROM pg_class WHERE relname = 'users';\nSELECT true AS a;"), @"test verify 2_split: passed");
    assert_snapshot!(outcome("SELECT has_table_privilege('users', 'SELECT'), count(*) = 1 AS one FROM users;"), @r"
    test verify 2_split: failed
      high verify-fails - 2.verify.sql:1:1
    verify 2_split: the query returns a value that is not true | row 1 of 1: has_table_privilege = true, one = false
    ");
    assert_snapshot!(outcome("SELECT 1/count(*) FROM users;"), @r"
    test verify 2_split: failed
      high verify-fails - 2.verify.sql:1:1 22012
    verify 2_split: the statement fails: 22012 division_by_zero | division by zero
    ");
    assert_snapshot!(outcome("-- later\n"), @r"
    test verify 2_split: failed
      high test-asserts-nothing - 2.verify.sql:1:1
    the test verify 2_split has nothing that could fail |
    ");
    let writes = "BEGIN;\nINSERT INTO users VALUES (1, 'x');\nROLLBACK;\n";
    assert_snapshot!(outcome(writes), @"test verify 2_split: passed");
}

#[test]
fn a_verify_script_of_sqitch_only_has_to_run() {
    let outcome = |verify: &str| {
        let mut scenario = Scenario::new(&[
            (
                "sqitch.plan",
                "%syntax-version=1.0.0\n%project=a\n\nusers 2026-01-01T00:00:00Z A <a@b.c> # x\n",
            ),
            ("deploy/users.sql", "BEGIN;\nCREATE TABLE users (id int);\nCOMMIT;\n"),
            ("revert/users.sql", "DROP TABLE users;"),
            ("verify/users.sql", verify),
        ]);
        loaded(&mut scenario, "sqitch");
        tests(&scenario.run())
    };
    assert_snapshot!(outcome("BEGIN;\nSELECT id FROM users WHERE FALSE;\nROLLBACK;\n"), @"test verify users: passed");
    assert_snapshot!(outcome("BEGIN;\nSELECT name FROM users WHERE FALSE;\nROLLBACK;\n"), @r"
    test verify users: failed
      high verify-fails - users.sql:2:8 42703
    ");
}

#[test]
fn a_test_runs_on_a_prepared_database_with_other_migrations() {
    let outcome = |backfill: &str| {
        let scenario = split_name(backfill);
        let source = scenario.load().expect("migrations");
        let test = UserTest::parse("ada", Path::new("ada.sql"), ADA.to_owned());
        let needs = test.needs(&source.loaded).expect("versions");
        assert_eq!((needs.start, needs.steps.as_slice()), (Some(0), &[1][..]));
        let server = server();
        let bench = Bench { loaded: &source.loaded, deadline: None, fail_fast: true };
        block_on(async {
            let database = server.create_database("bench").await.expect("a database");
            let session = database.session().await.expect("a session");
            let runner = MigrationRunner::new(&session, &source.loaded).await.expect("a runner");
            runner.run(&Target::Steps(1)).await.expect("the first migration");
            session.close().await;
            let outcome = run(&test, &database, needs.start, &bench).await.expect("a verdict");
            database.close().await.expect("dropped");
            outcome
        })
    };
    let sound = outcome(BACKFILL);
    assert_eq!((sound.status, sound.assertions, sound.findings.len()), (CheckStatus::Passed, 1, 0));
    let mutant = outcome("UPDATE users SET first = name;");
    assert_eq!((mutant.status, mutant.findings[0].code), (CheckStatus::Failed, "test-assertion-fails"));
}

#[test]
fn a_statement_that_takes_too_long_fails_its_test_only() {
    let test = |seconds: u32| format!("-- confiture: assert\nSELECT pg_sleep({seconds}) IS NOT NULL;");
    let mut scenario = split_name(BACKFILL).test("a", &test(600)).test("b", &test(0));
    scenario.options.ladder.deadline = Some(std::time::Duration::from_millis(800));
    assert_snapshot!(tests(&scenario.run()), @r"
    test a: failed
      high test-statement-fails - a.sql:2:1 57014
    test b: passed
    ");
}
