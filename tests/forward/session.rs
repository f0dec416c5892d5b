//! What a script does to its session does not reach the next migration.

use confiture_tests::{Scenario, check};
use insta::assert_snapshot;

#[test]
fn the_search_path_of_one_migration_is_not_that_of_the_next() {
    let first = ("1_app.sql", "CREATE SCHEMA app;\nSET search_path = app;\nCREATE TABLE t (id int);\n");
    assert_snapshot!(check(&[first, ("2_c.sql", "ALTER TABLE app.t ADD COLUMN a int;")]), @r"
    1_app: order+ up+ atomic+ down- re-up-
    2_c: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(check(&[first, ("2_c.sql", "ALTER TABLE t ADD COLUMN a int;")]), @r"
    1_app: order+ up+ atomic+ down- re-up-
    2_c: order+ up! atomic+ down- re-up-
      high up-fails up 2_c.sql:1:1 42P01
    ");
}

#[test]
fn the_role_of_one_migration_is_not_that_of_the_next() {
    let files = |between: &[(&str, &str)]| {
        let first = [("1_app.sql", "CREATE SCHEMA app;\n")];
        let setup = "-- confiture: catch 42710\nCREATE ROLE forward_reader;\n";
        Scenario::new(&[&first[..], between].concat()).layout("plain").setup(setup).check()
    };
    let (role, table) = ("SET ROLE forward_reader;\n", "CREATE TABLE app.t (id int);\n");
    assert_snapshot!(files(&[("2_role.sql", role), ("3_t.sql", table)]), @r"
    1_app: order+ up+ atomic+ down- re-up-
    2_role: order+ up+ atomic+ down- re-up-
    3_t: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(files(&[("2_both.sql", &format!("{role}{table}"))]), @r"
    1_app: order+ up+ atomic+ down- re-up-
    2_both: order+ up! atomic+ down- re-up-
      high up-fails up 2_both.sql:2:14 42501
    ");
}

#[test]
fn temporary_tables_end_with_their_migration() {
    let (make, using) =
        ("CREATE TEMP TABLE scratch (id int);\n", "CREATE TABLE t AS SELECT * FROM scratch;\n");
    assert_snapshot!(check(&[("1_t.sql", &format!("{make}{using}"))]), @"1_t: order+ up+ atomic+ down- re-up-");
    assert_snapshot!(check(&[("1_make.sql", make), ("2_use.sql", using)]), @r"
    1_make: order+ up+ atomic+ down- re-up-
    2_use: order+ up! atomic+ down- re-up-
      high up-fails up 2_use.sql:1:33 42P01
    ");
}

#[test]
fn settings_end_with_their_migration() {
    let off = "SET check_function_bodies = off;\n";
    let function = "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT id FROM later';\n";
    assert_snapshot!(check(&[("1_f.sql", &format!("{off}{function}"))]), @"1_f: order+ up+ atomic+ down- re-up-");
    assert_snapshot!(check(&[("1_off.sql", off), ("2_f.sql", function)]), @r"
    1_off: order+ up+ atomic+ down- re-up-
    2_f: order+ up! atomic+ down- re-up-
      high up-fails up 2_f.sql:1:65 42P01
    ");
}

#[test]
fn prepared_statements_and_cursors_end_with_their_migration() {
    let prepare = "PREPARE p AS SELECT 1;\nDECLARE c CURSOR WITH HOLD FOR SELECT 1;\n";
    assert_snapshot!(check(&[("1_a.sql", prepare), ("2_b.sql", prepare)]), @r"
    1_a: order+ up+ atomic+ down- re-up-
    2_b: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(check(&[("1_a.sql", prepare), ("2_b.sql", "EXECUTE p;"), ("3_c.sql", "FETCH c;")]), @r"
    1_a: order+ up+ atomic+ down- re-up-
    2_b: order+ up! atomic+ down- re-up-
      high up-fails up 2_b.sql:1:1 26000
    3_c: order+ up! atomic+ down- re-up-
      high up-fails up 3_c.sql:1:1 34000
    ");
}

#[test]
fn a_script_may_throw_prepared_statements_away() {
    let files = |down: &str| {
        check(&[
            ("1_t.up.sql", "CREATE TABLE t (id int);\nDEALLOCATE ALL;\n"),
            ("1_t.down.sql", down),
            ("2_u.up.sql", "CREATE TABLE u (id int);\nDEALLOCATE ALL;\n"),
            ("2_u.down.sql", "DROP TABLE u;\nDEALLOCATE ALL;\n"),
        ])
    };
    assert_snapshot!(files("DROP TABLE t;\nDEALLOCATE ALL;\n"), @r"
    1_t: order+ up+ atomic+ down+ re-up+
    2_u: order+ up+ atomic+ down+ re-up+
    ");
    assert_snapshot!(files("DEALLOCATE ALL;\nDROP TABLE tt;\n"), @r"
    1_t: order+ up+ atomic+ down! re-up?
      high down-fails down 1_t.down.sql:2:1 42P01
    2_u: order+ up+ atomic+ down+ re-up+
    ");
}
