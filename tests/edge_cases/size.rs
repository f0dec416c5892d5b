//! Many files, many statements, long lines, long names.

use std::fmt::Write as _;

use confiture_tests::{Scenario, check};

use crate::process::Project;

#[test]
fn five_hundred_migrations_run_in_order() {
    let project = Project::new(&[]);
    for number in 1..=500 {
        let previous = number - 1;
        let sql = match previous {
            0 => "CREATE TABLE t1 (id int);".to_owned(),
            _ => format!("ALTER TABLE t{previous} RENAME TO t{number};"),
        };
        project.write(&format!("m/{number}_t.sql"), sql);
    }
    project.test(&[]).exits(0).prints(&["500 migrations, 500 passed"]);
}

#[test]
fn two_thousand_statements_in_one_migration_all_run() {
    let mut sql = "CREATE TABLE t (id int);\n".to_owned();
    for number in 1..2000 {
        writeln!(sql, "INSERT INTO t VALUES ({number});").expect("written");
    }
    let last = "DO $$ BEGIN ASSERT (SELECT count(*) FROM t) = 1999; END $$;";
    let report = Scenario::new(&[("0001_a.sql", &sql), ("0002_b.sql", last)]).run();
    assert_eq!(report.coverage.statements, 2001);
    assert!(!report.migrations.iter().any(confiture_core::report::MigrationResult::failed), "{report:?}");
}

#[test]
fn failure_at_the_end_of_a_very_long_line_is_found() {
    let filler = "SELECT 1; ".repeat(20_000);
    let project = Project::new(&[("m/0001_a.sql", &format!("{filler}SELECT nope;"))]);
    let ended = project.test(&["--format", "json"]).exits(1);
    let report = ended.json();
    assert_eq!(report["findings"][0]["column"], 200_008);
    assert_eq!(report["findings"][0]["evidence"]["statement"], 20_001);
}

#[test]
fn longest_names_survive_the_round_trip() {
    let name = format!("é{}", "x".repeat(61));
    assert_eq!(name.len(), 63);
    let up = format!("CREATE TABLE \"{name}\" (\"{name}\" int);\nCREATE INDEX ON \"{name}\" (\"{name}\");");
    let down = format!("DROP TABLE \"{name}\";");
    let files = [("0001_a.sql", up.as_str()), ("0001_a.down.sql", down.as_str())];
    assert_eq!(check(&files), "0001_a: order+ up+ atomic+ down+ re-up+");
}

#[test]
fn name_past_63_bytes_is_left_behind_under_its_short_name() {
    let long = "x".repeat(70);
    let up = format!("CREATE TABLE {long} (id int);");
    let files = [("0001_a.sql", up.as_str()), ("0001_a.down.sql", "SELECT 1;")];
    let expected =
        format!("high rollback-leaves-object down 0001_a.down.sql:1:1 table public.{}", "x".repeat(63));
    let found = check(&files);
    assert!(found.contains(&expected), "{found}");
}
