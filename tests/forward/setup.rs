//! Setup files: SQL that stands before the first migration.

use std::path::Path;

use confiture_fixtures::SetupFile;
use confiture_tests::Scenario;
use insta::assert_snapshot;

#[test]
fn setup_makes_what_the_migrations_take_for_granted() {
    let scenario = || Scenario::new(&[("1_t.sql", "ALTER TABLE host.users ADD COLUMN plan text;")]);
    let host =
        "CREATE SCHEMA host;\nCREATE TABLE host.users (id int);\nCOPY host.users FROM stdin;\n1\n2\n\\.\n";
    assert_snapshot!(scenario().setup(host).check(), @"1_t: order+ up+ atomic+ down- re-up-");
    assert_snapshot!(scenario().check(), @r"
    1_t: order+ up! atomic+ down- re-up-
      high up-fails up 1_t.sql:1:1 3F000
    ");
}

#[test]
fn an_announced_failure_of_setup_is_passed_over() {
    let scenario = || Scenario::new(&[("1_t.sql", "GRANT forward_member TO forward_group;")]);
    let role = |name: &str| format!("-- confiture: catch 42710\nCREATE ROLE {name};\n");
    // Roles belong to the server: the second statement of each kind is the one that fails.
    let roles = [role("forward_member"), role("forward_group"), role("forward_group")].concat();
    assert_snapshot!(scenario().setup(&roles).check(), @"1_t: order+ up+ atomic+ down- re-up-");
    let unannounced = format!("{roles}\nCREATE ROLE forward_group;\n");
    assert_eq!(
        scenario().setup(&unannounced).try_run().err().as_deref(),
        Some("run setup setup.sql:8: role \"forward_group\" already exists (42710)")
    );
    let other_code = format!("{roles}-- confiture: catch 42P06\nCREATE ROLE forward_group;\n");
    assert_eq!(
        scenario().setup(&other_code).try_run().err().as_deref(),
        Some("run setup setup.sql:8: role \"forward_group\" already exists (42710)")
    );
}

#[test]
fn setup_statements_run_in_autocommit() {
    let scenario = || Scenario::new(&[("1_t.sql", "DROP INDEX t_id;")]);
    let setup = "CREATE TABLE t (id int);\nCREATE INDEX CONCURRENTLY t_id ON t (id);\n";
    assert_snapshot!(scenario().setup(setup).check(), @"1_t: order+ up+ atomic+ down- re-up-");
    let block = format!("BEGIN;\n{setup}COMMIT;\n");
    assert_eq!(
        scenario().setup(&block).try_run().err().as_deref(),
        Some(
            "run setup setup.sql:3: CREATE INDEX CONCURRENTLY cannot run inside a transaction block (25001)"
        )
    );
}

#[test]
fn setup_files_take_one_directive_and_no_psql() {
    let refusal = |text: &str| {
        SetupFile::parse(Path::new("setup.sql"), text.to_owned()).err().map(|error| error.to_string())
    };
    assert_eq!(refusal("-- confiture: catch 42710\nSELECT 1;\n"), None);
    assert_eq!(
        refusal("SELECT 1;\n-- confiture: skip\nSELECT 2;\n").as_deref(),
        Some("use setup.sql:2: unknown directive \"skip\"; a setup file takes catch SQLSTATE")
    );
    assert_eq!(
        refusal("-- confiture: catch duplicate_object\nSELECT 1;\n").as_deref(),
        Some("use setup.sql:1: catch takes one SQLSTATE of five characters, such as 42710")
    );
    assert_eq!(
        refusal("SELECT 1;\n\\i roles.sql\n").as_deref(),
        Some("use setup.sql:2: \\i is a psql command; a setup file holds SQL only")
    );
}
