//! `confiture test` with tests and queries of the user's own: where they are found, commands, exit codes.

use serde_json::Value;

use crate::process::{Ended, Project};

const ASSERT: &str = "-- confiture: assert\nSELECT count(*) = 0 AS empty FROM users;\n";

/// A sound migration with a passing and a failing test and a query.
fn project() -> Project {
    let project = Project::good();
    project.write("confiture/tests/empty.sql", ASSERT);
    project.write(
        "confiture/tests/rows/full.sql",
        "-- confiture: assert\nSELECT count(*) > 0 AS full FROM users;\n",
    );
    project.write("queries/users.sql", "SELECT id FROM users;");
    project
}

/// `(name, status)` of the tests of a JSON report.
fn tests(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    report["tests"].as_array().map_or_else(Vec::new, |tests| {
        tests.iter().map(|test| (text(&test["name"]), text(&test["status"]))).collect()
    })
}

fn pair(name: &str, status: &str) -> (String, String) {
    (name.to_owned(), status.to_owned())
}

#[test]
fn tests_and_queries_beside_the_migrations_are_found() {
    let ended = project().test(&[]).exits(1);
    ended.prints(&[
        "PASS  empty      test, 1 assertion",
        "FAIL  rows/full  test, 1 assertion",
        "error[test-assertion-fails]: rows/full: the assertion does not hold",
        "confiture/tests/rows/full.sql:2:1",
        "row 1 of 1: full = false",
        "2 tests, 1 passed, 1 failed",
    ]);
    let without = Project::good().test(&["--format", "json"]).exits(0).json();
    assert_eq!(tests(&without), []);
}

#[test]
fn tests_are_named_by_flag_and_by_configuration() {
    let project = project();
    project.write("more/x.sql", ASSERT);
    let names = |args: &[&str]| {
        let report = project.test(&[args, &["--format", "json"]].concat()).json();
        tests(&report).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(names(&["--tests", "more"]), ["x"]);
    assert_eq!(names(&["--tests", "more/x.sql", "--tests", "confiture/tests"]), ["empty", "rows/full", "x"]);
    project.test(&["--tests", "nowhere"]).exits(2).error(&["nowhere", "No such file"]);
    project.write("confiture.toml", "tests = ['more']\ntest-command = ['true']\n");
    assert_eq!(names(&[]), ["true", "x"]);
    project.write("confiture.toml", "test = ['more']\n");
    project.test(&[]).exits(2).error(&["did you mean tests?"]);
}

#[test]
fn tests_are_selected_by_name_and_none_is_no_pass() {
    let project = project();
    let report = project.test(&["--run", "^empty$", "--format", "json"]).exits(0).json();
    assert_eq!(tests(&report), [pair("empty", "passed")]);
    let ended = project.test(&["--run", "EMPTY", "--format", "json"]).exits(5);
    assert_eq!(ended.json()["status"], "nothing-ran");
    ended.error(&["nothing ran", "--run EMPTY", "--list"]);
    project.test(&["--run", "(?i)EMPTY"]).exits(0);
    project.test(&["--run", "("]).exits(2).error(&["--run", "unclosed group"]);
}

#[test]
fn tests_are_listed_without_a_server() {
    let project = project();
    let ended = project.test(&["--list", "--test-command", "pytest -q", "--pg-bin", "/nonexistent"]).exits(0);
    assert_eq!(ended.stdout, "empty\npytest -q\nrows/full\n");
    assert_eq!(project.test(&["--list", "--run", "full"]).exits(0).stdout, "rows/full\n");
    Project::good().test(&["--list"]).exits(5).error(&["there are no tests"]);
}

#[test]
fn an_unknown_directive_is_a_failure_with_what_was_meant() {
    let project = Project::good();
    project.write("confiture/tests/typo.sql", ASSERT.replace("assert", "asert"));
    project.test(&[]).exits(1).prints(&[
        "error[test-directive]",
        "confiture/tests/typo.sql:1:1",
        "unknown directive \"asert\"",
        "did you mean  -- confiture: assert ?",
    ]);
    project.write("confiture/tests/typo.sql", ASSERT);
    project.test(&[]).exits(0);
}

#[test]
fn a_test_that_could_not_fail_fails() {
    let project = Project::good();
    project.write("confiture/tests/nothing.sql", "SELECT count(*) = 0 FROM users;\n");
    project.test(&[]).exits(1).prints(&[
        "error[test-asserts-nothing]",
        "confiture/tests/nothing.sql",
        "assert",
    ]);
}

#[test]
fn reports_have_an_entry_per_test() {
    let project = project();
    project.write("confiture/tests/tap.sql", "SELECT plan(1);\n");
    let reports =
        ["--report", "junit=j.xml", "--report", "md=r.md", "--report", "github=g.txt", "--format", "json"];
    let report = project.test(&reports).exits(1).json();
    let statuses = [pair("empty", "passed"), pair("rows/full", "failed"), pair("tap", "skipped")];
    assert_eq!(tests(&report), statuses);
    let findings = report["findings"].as_array().expect("findings");
    let finding = findings.iter().find(|f| f["test"] == "rows/full").expect("a finding");
    assert_eq!((&finding["code"], &finding["line"]), (&Value::from("test-assertion-fails"), &Value::from(2)));
    let read = |file: &str| std::fs::read_to_string(project.path(file)).expect("written");
    let junit = read("j.xml");
    assert!(
        junit.contains("<testsuite name=\"tests\" tests=\"3\" skipped=\"1\" errors=\"0\" failures=\"1\""),
        "{junit}"
    );
    assert!(junit.contains("<testcase name=\"rows/full\" classname=\"tests.directives\""), "{junit}");
    assert!(junit.contains("confiture/tests/rows/full.sql:2: [test-assertion-fails]"), "{junit}");
    assert!(read("r.md").contains("| `rows/full` | directives |"), "{}", read("r.md"));
    assert!(
        read("g.txt").contains("::error file=confiture/tests/rows/full.sql,line=2,"),
        "{}",
        read("g.txt")
    );
}

/// Runs one test command.
fn command(line: &str) -> Ended {
    Project::good().test(&["--test-command", line, "--test-timeout", "20"])
}

#[test]
fn a_command_finds_the_migrated_database() {
    // psql is not part of every installation: the shell asks confiture's own driver below.
    let connection = "test -S \"$PGHOST/.s.PGSQL.$PGPORT\" && test -n \"$PGUSER\" && test -n \"$PGDATABASE\" && \
                      test \"$CONFITURE_VERSION\" = 0001 && case $DATABASE_URL in postgresql://*) ;; *) exit 3;; esac";
    command(connection).exits(0).prints(&["PASS  test -S", "test command", "1 test, 1 passed"]);
    command(&connection.replace("0001", "0002")).exits(1).prints(&["test-command-fails", "exited with 1"]);
}

#[test]
fn a_command_connects_by_url_and_by_variables() {
    let project = Project::good();
    let program = env!("CARGO_BIN_EXE_confiture-under-test");
    // The program itself is the client: it asks the server it is given whether it may create databases there.
    for server in ["$DATABASE_URL", "host=$PGHOST port=$PGPORT user=$PGUSER dbname=$PGDATABASE"] {
        let line = format!("'{program}' doctor --server \"{server}\"");
        project.test(&["--test-command", &line]).exits(0).prints(&["1 test, 1 passed"]);
    }
    let line = format!("'{program}' doctor --server \"$DATABASE_URL\" --pg 9");
    project.test(&["--test-command", &line]).exits(1);
}

#[test]
fn variables_of_the_caller_do_not_lead_a_command_elsewhere() {
    let project = Project::good();
    let line = "test -z \"$PGSERVICE$PGHOSTADDR$PGPASSWORD\"";
    let mut started = project.command(["test", "m", "--test-command", line]);
    started.env("PGHOSTADDR", "127.0.0.1").env("PGSERVICE", "production").env("PGPASSWORD", "hunter2");
    project.start(started).end().exits(0).never_says("hunter2");
}

#[test]
fn a_command_that_fails_shows_its_last_lines() {
    let ended = command("echo collected 3 items; echo 2 failed >&2; exit 4").exits(1);
    ended.prints(&["exited with 4", "collected 3 items", "2 failed"]);
    command("pytset -q").exits(1).prints(&["exited with 127, command not found", "install it"]);
    command("kill -9 $$").exits(1).prints(&["was ended by a signal", "it printed nothing"]);
    command("exit 0").exits(0);
}

#[test]
fn a_command_that_does_not_end_is_ended() {
    let project = Project::good();
    let ended = project.test(&["--test-command", "echo begun; sleep 600 & sleep 600", "--test-timeout", "1"]);
    ended.exits(1).prints(&["did not end within 1s", "begun", "--test-timeout"]);
    project.test(&["--test-command", "sleep 600 & echo done", "--test-timeout", "20"]).exits(0);
    project.test(&["--test-timeout", "0"]).exits(2);
}

#[test]
fn a_query_that_a_migration_breaks_is_shown_with_the_migration() {
    let project = project();
    project.write("m/0002_ids.sql", "ALTER TABLE users RENAME COLUMN id TO uid;");
    project.write("m/0002_ids.down.sql", "ALTER TABLE users RENAME COLUMN uid TO id;");
    project.test(&["--run", "empty"]).exits(1).prints(&[
        "FAIL  0002_ids    queries",
        "error[query-breaks]: breaks the query queries/users.sql: 42703 undefined_column",
        "queries/users.sql:1:8",
    ]);
    project.test(&["--run", "empty", "--skip", "queries"]).exits(0);
    project.write("queries/users.sql", "SELECT count(*) FROM users;");
    project.test(&["--run", "empty"]).exits(0);
    project.write("queries/users.sql", "\\d users\n");
    project.test(&["--run", "empty"]).exits(2).error(&["queries/users.sql:1", "psql"]);
}
