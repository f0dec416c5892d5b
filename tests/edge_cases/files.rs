//! Files that cannot be read, or hold other bytes than expected.

use crate::process::Project;

#[test]
fn link_that_leads_nowhere_fails_the_run() {
    let project = Project::good();
    std::os::unix::fs::symlink("/nowhere/x", project.path("m/0002_b.sql")).expect("linked");
    project.test(&[]).exits(1).prints(&[
        "error[unreadable-file]",
        "m/0002_b.sql",
        "No such file",
        "PASS  0001",
    ]);
}

#[test]
fn directory_named_like_a_migration_fails_the_run() {
    let project = Project::good();
    std::fs::create_dir(project.path("m/0002_b.sql")).expect("a directory");
    project.test(&[]).exits(1).prints(&["error[unreadable-file]", "m/0002_b.sql", "directory"]);
}

#[test]
fn latin_1_is_reported_with_its_byte_and_line() {
    let project = Project::good();
    project.write("m/0002_b.sql", b"CREATE TABLE b (id int);\nSELECT 'caf\xe9';\n");
    let ended = project.test(&["--format", "json"]).exits(1);
    let report = ended.json();
    let finding = &report["findings"][0];
    assert_eq!(finding["code"], "unreadable-file");
    assert_eq!((finding["line"].as_u64(), finding["column"].as_u64()), (Some(2), Some(12)), "{finding}");
    let message = finding["message"].as_str().expect("a message");
    assert!(message.contains("0xE9") && message.contains("m/0002_b.sql") && message.contains("UTF-8"));
    assert_eq!(report["migrations"][0]["checks"][1]["status"], "passed", "the rest is still judged");
}

#[test]
fn only_unreadable_files_are_no_pass() {
    let project = Project::new(&[]);
    project.write("m/0001_a.sql", b"SELECT 'caf\xe9';");
    project.test(&[]).exits(1).prints(&["unreadable-file", "0 passed, 1 failed"]);
}

#[test]
fn utf_16_is_called_by_its_name() {
    let project = Project::new(&[]);
    let text = "\u{feff}CREATE TABLE a (id int);";
    project.write("m/0001_a.sql", text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
    project.test(&[]).exits(1).prints(&["it is UTF-16", "save it as UTF-8"]);
}

#[test]
fn nul_byte_is_reported_with_its_line() {
    let project = Project::good();
    project.write("m/0002_b.sql", "CREATE TABLE b (id int);\nSELECT '\0';\n");
    project.test(&[]).exits(1).prints(&["NUL byte at offset 33, line 2", "unreadable-file"]);
}

#[test]
fn file_of_both_directions_is_reported_once() {
    let project =
        Project::new(&[("m/1_a.sql", "-- +goose Up\nCREATE TABLE a ();\n-- +goose Down\nDROP TABLE a;\n")]);
    project.write("m/2_b.sql", b"-- +goose Up\nSELECT '\xe9';\n-- +goose Down\nSELECT 1;\n");
    let ended = project.test(&[]).exits(1).prints(&["goose layout", "error[unreadable-file]: m/2_b.sql"]);
    assert_eq!(ended.stdout.matches("unreadable-file]").count(), 1, "{}", ended.stdout);
}

#[test]
fn unreadable_rollback_fails_the_run() {
    let project = Project::new(&[("m/0001_a.sql", "CREATE TABLE a (id int);")]);
    project.write("m/0001_a.down.sql", b"DROP TABLE a; -- \xff");
    project.test(&[]).exits(1).prints(&["m/0001_a.down.sql", "0xFF"]);
}

#[test]
fn byte_order_mark_is_no_part_of_the_sql() {
    let project = Project::new(&[("m/0001_a.sql", "\u{feff}CREATE TABLE a (id int);\nCREATE TABLE a ();\n")]);
    project.test(&[]).exits(1).prints(&["m/0001_a.sql:2:1", "42P07"]);
}

#[test]
fn crlf_lines_are_counted_as_lines() {
    let project =
        Project::new(&[("m/0001_a.sql", "CREATE TABLE a (\r\n id int);\r\nCREATE TABLE a (id int);\r\n")]);
    project.test(&[]).exits(1).prints(&["m/0001_a.sql:3:1", "42P07"]);
}

#[test]
fn empty_and_comment_only_files_alone_are_nothing_ran() {
    let project = Project::new(&[("m/0001_a.sql", ""), ("m/0002_b.sql", "-- later\n/* perhaps */\n")]);
    let ended = project.test(&["--format", "json"]).exits(5).error(&["nothing ran, which is not a pass"]);
    let report = ended.json();
    assert_eq!(report["status"], "nothing-ran");
    for migration in report["migrations"].as_array().expect("migrations") {
        let up = &migration["checks"][1];
        assert_eq!(up["status"], "not-applicable", "{up}");
        assert_eq!(up["reason"], "no statement in the file");
    }
}

#[test]
fn empty_file_among_others_is_shown_as_not_run() {
    let project = Project::good();
    project.write("m/0002_b.sql", "");
    project.test(&[]).exits(0).prints(&["PASS  0001_users", "SKIP  0002_b", "no statement in the file"]);
}
