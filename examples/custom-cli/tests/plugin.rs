//! The check, the rule, the gate and the mutation operator of this binary are listed, explained and asked.

use std::process::Command;

fn custom(args: &[&str]) -> (Option<i32>, String) {
    match Command::new(env!("CARGO_BIN_EXE_custom-cli")).args(args).output() {
        Ok(ran) => (ran.status.code(), String::from_utf8_lossy(&ran.stdout).into_owned()),
        Err(error) => panic!("{error}"),
    }
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

#[test]
fn own_mutation_operator_is_listed_and_explained() {
    let (code, text) = custom(&["plugins"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("acme/audit-skip") && text.contains("custom-cli"), "{text}");
    let (code, text) = custom(&["explain", "acme/audit-skip"]);
    assert_eq!(code, Some(0));
    for line in
        ["# acme/audit-skip", "- Category: security", "- Severity: high", "Nobody sees who changed a row."]
    {
        assert!(text.lines().any(|found| found == line), "{line} is missing:\n{text}");
    }
}

#[test]
fn own_rule_reports_its_bad_example_and_not_its_good_one() {
    for (sql, expected) in [("CREATE TABLE t (code char(3));", 1), ("CREATE TABLE t (code text);", 0)] {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("0001_t.sql"), sql).expect("a file");
        let (code, text) = custom(&["lint", &dir.path().display().to_string()]);
        assert_eq!(code, Some(expected), "{text}");
        assert_eq!(text.contains("acme/no-char"), expected == 1, "{text}");
    }
}

#[test]
fn own_gate_decides_about_the_deployment() {
    for (comment, expected) in [("", 1), ("-- ticket: SHOP-7\n", 0)] {
        let dir = tempfile::tempdir().expect("a directory");
        let sql = format!("{comment}CREATE TABLE t (id int PRIMARY KEY);");
        std::fs::write(dir.path().join("0001_t.sql"), sql).expect("a file");
        std::fs::write(dir.path().join("0001_t.down.sql"), "DROP TABLE t;").expect("a file");
        let (code, text) = custom(&["gate", &dir.path().display().to_string()]);
        assert_eq!(code, Some(expected), "{text}");
        assert_eq!(text.contains("no ticket in 0001_t"), expected == 1, "{text}");
        assert!(text.contains("gate acme/tickets"), "{text}");
    }
}
