//! SQL that does not work, and what is said about it.

use confiture_tests::check;

use crate::process::Project;

fn one(sql: &str) -> Project {
    Project::new(&[("m/0001_a.sql", sql)])
}

#[test]
fn syntax_error_in_the_middle_blames_its_statement_and_leaves_nothing() {
    let project = one("CREATE TABLE x (id int);\nCREATE TABEL b (id int);\nCREATE TABLE y (id int);\n");
    let ended = project.test(&[]).exits(1);
    ended.prints(&["up fails at statement 2: 42601 syntax_error", "m/0001_a.sql:2:8", "near \"TABEL\""]);
    let files =
        [("0001_a.sql", "CREATE TABLE x ();\nCREATE TABEL b ();"), ("0002_b.sql", "CREATE TABLE x ();")];
    let expected = "0001_a: order+ up! atomic+ down- re-up-\n  high up-fails up 0001_a.sql:2:8 42601\n\
                    0002_b: order+ up+ atomic+ down- re-up-";
    assert_eq!(check(&files), expected);
}

#[test]
fn unterminated_text_is_blamed_where_it_starts() {
    for (rest, place, what) in [
        ("INSERT INTO x VALUES ('abc);\nSELECT 1;", "2:23", "unterminated quoted string"),
        ("DO $$ BEGIN NULL; END;\nSELECT 1;", "2:4", "unterminated dollar-quoted string"),
        ("/* open\nCREATE TABLE y ();", "2:1", "unterminated /* comment"),
        ("CREATE TABLE \"y ();\nSELECT 1;", "2:14", "unterminated quoted identifier"),
    ] {
        let project = one(&format!("CREATE TABLE x (a text);\n{rest}\n"));
        let ended = project.test(&[]).exits(1).prints(&[&format!("m/0001_a.sql:{place}"), "42601", what]);
        assert!(!ended.stdout.lines().any(|line| line.trim() == "\""), "{}", ended.stdout);
    }
}

#[test]
fn psql_commands_are_named_and_nothing_ran() {
    let project = Project::new(&[
        ("m/0001_a.sql", "\\c other\nCREATE TABLE x (id int);\n"),
        ("m/0002_b.sql", "CREATE TABLE y (id int);\n\\i more.sql\n"),
    ]);
    let ended = project.test(&[]).exits(5).error(&["nothing ran"]);
    ended.prints(&["psql meta command \\c at line 1", "psql meta command \\i at line 2"]);
}

#[test]
fn harmless_psql_commands_are_left_out() {
    let sql = "\\set ON_ERROR_STOP on\n\\timing\nCREATE TABLE x (id int);\n";
    assert_eq!(check(&[("0001_a.sql", sql)]), "0001_a: order+ up+ atomic+ down- re-up-");
}

#[test]
fn missing_extension_says_what_to_install() {
    let ended = one("CREATE EXTENSION postgis_nope;").test(&[]).exits(1);
    ended.prints(&["\"postgis_nope\"", "help: install the extension", "--server"]);
}

#[test]
fn missing_role_says_how_to_create_it_and_setup_does() {
    let project = one("CREATE TABLE x (id int);\nGRANT SELECT ON x TO app_reader;");
    project.test(&[]).exits(1).prints(&[
        "role \"app_reader\" does not exist",
        "--setup setup.sql",
        "CREATE ROLE",
    ]);
    project.write("setup.sql", "CREATE ROLE app_reader;");
    project.test(&["--setup", "setup.sql"]).exits(0);
}

#[test]
fn full_disk_says_where_to_make_room() {
    let sql = "DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;";
    one(sql).test(&[]).exits(1).prints(&["53100 disk_full", "help: free space", "TMPDIR"]);
}

#[test]
fn temporary_files_past_their_limit_fail_at_the_statement() {
    let sql = "SET work_mem = '64kB';\nSET temp_file_limit = '64kB';\n\
               CREATE TABLE t AS SELECT g FROM generate_series(1, 100000) g ORDER BY g DESC;\n";
    one(sql).test(&[]).exits(1).prints(&["statement 3: 53400", "m/0001_a.sql:3:1", "temp_file_limit"]);
}

#[test]
fn setup_that_fails_is_a_configuration_error_with_its_line() {
    let project = one("CREATE TABLE x (id int);");
    project.write("setup.sql", "CREATE TABLE h (id int);\n\nSELECT nope;\n");
    project.test(&["--setup", "setup.sql"]).exits(2).error(&["setup.sql:3", "\"nope\"", "42703"]);
    project.test(&["--setup", "none.sql"]).exits(2).error(&["none.sql", "No such file"]);
}
