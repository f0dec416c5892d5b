//! What a run makes sure of besides its mutants.

use confiture_mutation::{MutationError, OperatorFilter};
use confiture_tests::Scenario;

#[test]
fn tests_that_fail_on_the_original_end_the_run() {
    let red = Scenario::new(&[("0001_users.up.sql", "CREATE TABLE users (id int PRIMARY KEY);")])
        .test("wrong", "-- confiture: assert\nSELECT count(*) = 1 FROM users;\n");
    let error = red.try_mutate(|_| {}).unwrap_err();
    assert!(matches!(error, MutationError::Red(report) if report.tests[0].name == "wrong"));
    let report = red.try_mutate(|options| {
        options.allow_red = true;
        options.operators = OperatorFilter::parse(["pk-drop"]).unwrap();
    });
    let mutant = &report.unwrap().mutants[0];
    assert_eq!((mutant.status.as_str(), mutant.own_kill), ("survived", false));
}

#[test]
fn values_that_differ_in_every_run_tell_nothing() {
    let scenario = Scenario::new(&[
        ("0001_users.up.sql", "CREATE TABLE users (id int, token text, age int);"),
        (
            "0002_tokens.up.sql",
            "UPDATE users SET token = md5(random()::text) WHERE age >= 18; UPDATE users SET age = 0 WHERE age IS NULL;",
        ),
    ])
    .with_rows();
    let report = scenario.mutate(&["where-relop"]);
    assert_eq!(report, "where-relop/0002_tokens/users/1 indistinct");
}

#[test]
fn the_matrix_names_everyone_who_notices() {
    let test = "-- confiture: catch 23505\nINSERT INTO users VALUES (1), (1);\n";
    let scenario = || {
        Scenario::new(&[("0001_users.up.sql", "CREATE TABLE users (id int PRIMARY KEY);")])
            .test("one", test)
            .test("two", test)
    };
    let operators = || OperatorFilter::parse(["pk-drop"]).unwrap();
    let first = scenario().try_mutate(|options| options.operators = operators()).unwrap();
    assert_eq!(first.mutants[0].killed_by.len(), 1);
    let all = scenario().try_mutate(|options| {
        options.operators = operators();
        options.matrix = true;
    });
    assert_eq!(all.unwrap().mutants[0].killed_by, ["one", "two"]);
}

#[test]
fn a_test_is_asked_when_it_touches_what_a_mutant_changes() {
    let files = [
        ("0001_users.up.sql", "CREATE TABLE users (id int PRIMARY KEY);"),
        ("0002_other.up.sql", "CREATE TABLE other (id int PRIMARY KEY);"),
    ];
    let scenario = Scenario::new(&files)
        .test("of_users", "-- confiture: assert\nSELECT count(*) = 0 FROM users;\n")
        .test("of_other", "-- confiture: assert\nSELECT count(*) = 0 FROM other;\n");
    let asked = |select: bool| {
        let report = scenario.try_mutate(|options| {
            options.operators = OperatorFilter::parse(["pk-drop"]).unwrap();
            options.select = select;
        });
        let report = report.unwrap();
        let of = |name: &str| report.mutants[0].reached.iter().any(|reached| reached == name);
        (of("of_users"), of("of_other"))
    };
    assert_eq!(asked(true), (true, false));
    assert_eq!(asked(false), (true, true));
}

#[test]
fn rows_that_chance_decides_do_not_decide_verdicts() {
    let judged = |value: &str| {
        let rows = format!(
            "INSERT INTO t SELECT 1, {value}, {value};\nANALYZE t;\nINSERT INTO t SELECT 2, true, true;"
        );
        Scenario::new(&[
            ("0001_t.up.sql", "CREATE TABLE t (id int PRIMARY KEY, a boolean, b boolean);"),
            ("0002_rows.up.sql", &rows),
        ])
        .mutate(&["insert-skip", "analyze-drop", "statement-swap"])
    };
    let same = judged("random() < 0.5");
    assert!(same.contains("insert-skip/0002_rows/t/1 survived"), "{same}");
    for _ in 0..3 {
        assert_eq!(judged("random() < 0.5"), same);
    }
    // Rows that are always the same are compared in full.
    assert_eq!(judged("true"), same);
}

#[test]
fn a_script_that_is_one_message_and_refuses_a_second_statement_is_judged() {
    // The sentinel is a second statement.
    let judged = |message: &str| {
        let scenario = Scenario::new(&[
            ("20240101000000_t.sql", "CREATE TABLE t (id int PRIMARY KEY, a int);"),
            (
                "20240102000000_index.sql",
                &format!(
                    "{message}CREATE INDEX {} t_a ON t (a);",
                    if message.is_empty() { "" } else { "CONCURRENTLY" }
                ),
            ),
        ]);
        scenario.layout("sqlx").mutate(&["index-skip"])
    };
    let same = "index-skip/20240102000000_index/t_a/1 survived";
    assert!(judged("-- no-transaction\n").contains(same));
    assert!(judged("").contains(same));
}
