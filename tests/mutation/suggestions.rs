//! What is suggested for a mutant notices it when it is added, and passes on the migrations as they are.

use std::collections::BTreeSet;
use std::sync::Arc;

use confiture_core::report::MutationReport;
use confiture_fixtures::sqltest::{self, TestFiles};
use confiture_mutation::{OperatorFilter, write_tests};
use confiture_tests::Scenario;

/// Mutants of `operators` that nothing notices, with the suggestions added as tests: those that still go unnoticed.
/// `at_least` mutants have to be there at first, each with a suggestion.
fn left(files: &[(&str, &str)], operators: &[&str], at_least: usize) -> Vec<String> {
    let scenario = Scenario::new(files).with_rows();
    let mutate = |change: &dyn Fn(&mut confiture_mutation::MutationOptions)| -> MutationReport {
        let report = scenario.try_mutate(|options| {
            options.operators = OperatorFilter::parse(operators.iter().copied()).unwrap();
            // What the chains lose on the way back is not the point here.
            options.allow_red = true;
            change(options);
        });
        report.unwrap()
    };
    let first = mutate(&|_| {});
    let unnoticed: Vec<_> = first.mutants.iter().filter(|mutant| mutant.status.unnoticed()).collect();
    assert!(unnoticed.len() >= at_least, "{unnoticed:#?}");
    for mutant in &unnoticed {
        assert!(mutant.suggestion.is_some(), "{} {:?} {:?}", mutant.id, mutant.status, mutant.reason);
    }
    let dir = scenario.path().join("suggested");
    let written = write_tests(&dir, &first).unwrap();
    assert!(!written.is_empty());
    let found = TestFiles { paths: vec![dir], ..TestFiles::default() };
    let tests = sqltest::load(&found, &scenario.load().unwrap().loaded).unwrap();
    let tests: Vec<_> = tests.into_iter().map(Arc::new).collect();
    // A test that fails on the original is not asked, and kills nothing.
    let again = mutate(&|options| {
        options.tests.clone_from(&tests);
        options.suggest = false;
    });
    let ids: BTreeSet<&str> = unnoticed.iter().map(|mutant| mutant.id.as_str()).collect();
    let alive = again.mutants.iter().filter(|mutant| ids.contains(mutant.id.as_str()) && !mutant.own_kill);
    alive.map(|mutant| mutant.id.clone()).collect()
}

const NONE: [&str; 0] = [];

#[test]
fn how_a_migration_does_its_work_can_be_asked() {
    let files = [
        (
            "1_t.up.sql",
            "CREATE TABLE users (id int PRIMARY KEY, name text, country int);\nCREATE TABLE countries (id int PRIMARY KEY, code text);",
        ),
        ("1_t.down.sql", "DROP TABLE users, countries;"),
        (
            "2_change.up.sql",
            "UPDATE users SET name = 'none' WHERE id = 7;\n\
             UPDATE users u SET name = c.code FROM countries c WHERE c.id = u.country;\n\
             DELETE FROM users;",
        ),
        ("2_change.down.sql", ""),
    ];
    assert_eq!(left(&files, &["full-scan", "row-by-row", "join-inefficient"], 4), NONE);
}

#[test]
fn what_a_migration_has_to_refuse_or_to_bear_can_be_asked() {
    let files = [
        (
            "1_t.up.sql",
            "CREATE TABLE t (id int PRIMARY KEY, a text, b text);\nCREATE TABLE old (id int);\nCREATE INDEX t_b ON t (b);",
        ),
        ("1_t.down.sql", "DROP TABLE t, old;"),
        (
            "2_drop.up.sql",
            "ALTER TABLE t DROP COLUMN a;\nDROP TABLE IF EXISTS old;\nDROP INDEX t_b;\n\
             ALTER TABLE t ADD COLUMN IF NOT EXISTS c text;\n\
             UPDATE t SET c = b;",
        ),
        (
            "2_drop.down.sql",
            "ALTER TABLE t DROP COLUMN c, ADD COLUMN a text;\nCREATE TABLE old (id int);\nCREATE INDEX t_b ON t (b);",
        ),
    ];
    assert_eq!(left(&files, &["cascade-add", "if-exists-drop"], 2), NONE);
}

#[test]
fn rows_are_made_that_meet_patterns_documents_and_renamed_columns() {
    let files = [
        (
            "1_t.up.sql",
            "CREATE TABLE builds (id int PRIMARY KEY, version text, request jsonb, price numeric NOT NULL);",
        ),
        ("1_t.down.sql", "DROP TABLE builds;"),
        (
            "2_change.up.sql",
            "ALTER TABLE builds RENAME COLUMN version TO told;\n\
             ALTER TABLE builds ADD nightly text, ADD client text, ADD whole text;\n\
             UPDATE builds SET nightly = substring(told FROM ' (\\d+-\\d+-\\d+)\\)$'),\n\
             \x20 client = request ->> 'client_id', whole =\n\
             \x20 price::text;",
        ),
        (
            "2_change.down.sql",
            "ALTER TABLE builds DROP nightly, DROP client, DROP whole;\n\
             ALTER TABLE builds RENAME COLUMN told TO version;",
        ),
    ];
    assert_eq!(left(&files, &["update-value", "assign-omit"], 4), NONE);
}

#[test]
fn a_migration_outside_of_a_transaction_can_be_asked_about() {
    let files = [
        (
            "00001_t.sql",
            "-- +goose Up\nCREATE TABLE t (id int PRIMARY KEY, a text, b text);\n-- +goose Down\nDROP TABLE t;",
        ),
        (
            "00002_index.sql",
            "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY t_a_b ON t (a, b);\n\
             -- +goose Down\nDROP INDEX CONCURRENTLY t_a_b;",
        ),
    ];
    assert_eq!(left(&files, &["index-column-order", "concurrently-drop"], 2), NONE);
}
