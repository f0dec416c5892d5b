//! The check of this binary is listed, explained and asked.

use std::process::Command;

fn custom(args: &[&str]) -> (Option<i32>, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_custom-cli")).args(args).output().expect("the program");
    (ran.status.code(), String::from_utf8_lossy(&ran.stdout).into_owned())
}

#[test]
fn own_check_is_listed_with_its_origin() {
    let (code, text) = custom(&["plugins"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("acme/primary-keys") && text.contains("custom-cli"), "{text}");
}

#[test]
fn own_check_fails_a_table_without_a_primary_key_and_passes_one_with() {
    for (sql, expected) in [("CREATE TABLE t (id int);", 1), ("CREATE TABLE t (id int PRIMARY KEY);", 0)] {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("0001_t.sql"), sql).expect("a file");
        let (code, text) = custom(&["test", &dir.path().display().to_string()]);
        assert_eq!(code, Some(expected), "{text}");
        assert_eq!(text.contains("acme/no-primary-key"), expected == 1, "{text}");
    }
}
