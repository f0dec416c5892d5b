//! Directories that are missing, empty, strange or ambiguous.

use crate::process::Project;

#[test]
fn missing_directory_is_named_once() {
    let ended = Project::new(&[]).run(&["test", "nowhere"]).exits(2);
    let ended =
        ended.error(&["read nowhere", "there is no such directory; name the one with the migrations"]);
    assert_eq!(ended.stderr.matches("no such directory").count(), 1, "{}", ended.stderr);
}

#[test]
fn default_directory_that_is_missing_is_named() {
    Project::new(&[]).run(&["test"]).exits(2).error(&["migrations", "name the one with the migrations"]);
}

#[test]
fn file_in_the_place_of_a_directory_is_refused() {
    Project::new(&[("m", "")]).test(&[]).exits(2).error(&["it is not a directory"]);
}

#[test]
fn empty_directory_is_no_pass() {
    let project = Project::new(&[]);
    std::fs::create_dir(project.path("m")).expect("a directory");
    project.test(&[]).exits(2).error(&["find migrations in m", "it is empty"]);
}

#[test]
fn directory_of_other_files_says_what_it_holds() {
    let project = Project::new(&[("m/notes.xyz", ""), ("m/page.html", "")]);
    project.test(&[]).exits(2).error(&["no SQL files", "notes.xyz", "page.html"]);
}

#[test]
fn unknown_layout_is_answered_with_the_nearest() {
    Project::good().test(&["--layout", "sqxl"]).exits(2).error(&["did you mean sqlx?", "golang-migrate"]);
}

#[test]
fn two_layouts_in_one_directory_are_refused() {
    let project = Project::new(&[
        ("m/0001_a.sql", "-- +goose Up\nCREATE TABLE a (id int);\n"),
        ("m/0002_b.sql", "-- migrate:up\nCREATE TABLE b (id int);\n"),
    ]);
    project.test(&[]).exits(2).error(&["mixes two tools", "0001_a.sql", "0002_b.sql", "--layout NAME"]);
}

#[test]
fn duplicate_version_fails_and_names_both_files() {
    let project = Project::new(&[
        ("m/0001_a.sql", "CREATE TABLE a (id int);"),
        ("m/0001_b.sql", "CREATE TABLE b (id int);"),
    ]);
    project.test(&[]).exits(1).prints(&["error[duplicate-version]", "m/0001_a.sql", "m/0001_b.sql", "help:"]);
}

#[test]
fn one_migration_with_a_rollback_is_recognised() {
    let ended = Project::good().test(&[]).exits(0);
    ended.prints(&["plain layout", "PASS  0001_users", "down · re-up", "1 migration, 1 passed"]);
}

#[test]
fn spaces_quotes_and_other_scripts_in_names_are_kept() {
    let name = "sp dir 'q\" ü日/0001_it's \"a\" ü%s.sql";
    let project = Project::new(&[(name, "CREATE TABLE a (id int);CREATE TABLE a (id int);")]);
    let ended = project.run(&["test", "sp dir 'q\" ü日", "--report", "json=r é.json"]).exits(1);
    ended.prints(&[name, "FAIL  0001_it's \"a\" ü%s"]);
    let report = std::fs::read_to_string(project.path("r é.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["migrations"][0]["file"], name);
}

#[test]
fn unknown_file_is_named_and_does_not_fail_the_run() {
    let project = Project::good();
    project.write("m/notes.xyz", "");
    project.test(&[]).exits(0).prints(&["not-understood", "m/notes.xyz"]);
}
