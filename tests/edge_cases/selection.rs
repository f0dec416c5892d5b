//! Choosing migrations.

use std::process::Command;

use crate::process::Project;

fn three() -> Project {
    Project::new(&[
        ("m/0001_a.sql", "CREATE TABLE a (id int);"),
        ("m/0002_b.sql", "CREATE TABLE b (id int);"),
        ("m/0003_c.sql", "CREATE TABLE c (id int);"),
    ])
}

#[test]
fn pattern_without_a_match_says_what_there_is() {
    three().test(&["--only", "zz*"]).exits(2).error(&["--only zz* matches none of 3 migrations", "0001_a"]);
    three().test(&["--only", "[z"]).exits(2).error(&["[z", "unclosed"]);
}

#[test]
fn range_the_wrong_way_round_is_refused() {
    three().test(&["--from", "3", "--to", "1"]).exits(2).error(&["--from 3 comes after --to 1"]);
}

#[test]
fn unknown_versions_are_answered_with_those_there_are() {
    for flag in ["--from", "--to"] {
        three().test(&[flag, "9"]).exits(2).error(&["version 9", "0001 to 0003"]);
    }
}

#[test]
fn what_is_not_selected_is_applied_but_not_judged() {
    let ended = three().test(&["--from", "2", "--to", "0002"]).exits(0);
    ended.prints(&["PASS  0002_b", "1 more applied, not selected", "2 migrations, 1 passed, 1 skipped"]);
}

#[test]
fn range_and_pattern_without_a_common_migration_select_nothing() {
    three().test(&["--to", "1", "--only", "0003*"]).exits(2).error(&["0003"]);
}

#[test]
fn skipping_every_check_is_no_pass() {
    let ids = ["up", "up-data", "down", "re-up", "atomic", "data", "order"];
    let all: Vec<&str> = ids.iter().flat_map(|id| ["--skip", id]).collect();
    three().test(&all).exits(5).error(&["nothing ran"]);
    three().test(&all[..12]).exits(5).error(&["nothing ran"]);
}

#[test]
fn unknown_check_is_answered_with_the_nearest() {
    three().test(&["--skip", "dwon"]).exits(2).error(&["dwon", "did you mean down?"]);
}

#[test]
fn changes_since_a_reference_are_judged_and_nothing_else() {
    let project = three();
    let git = |args: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
        let ran = Command::new("git").current_dir(project.path("")).args(identity).args(args).output();
        assert!(ran.expect("git").status.success(), "{args:?}");
    };
    git(&["init", "-q", "."]);
    git(&["add", "."]);
    git(&["commit", "-qm", "x"]);
    let ended = project.test(&["--changed-since", "HEAD"]).exits(5);
    ended.error(&["nothing ran", "no migration that was selected differs from HEAD"]);
    project.write("m/0003_c.sql", "CREATE TABLE c (id bigint);");
    project.write("m/0004_d ü.sql", "CREATE TABLE d (id int);");
    let m = project.path("m");
    for dir in ["m", "./m", m.to_str().expect("UTF-8")] {
        let ended = project.run(&["test", dir, "--changed-since", "HEAD"]).exits(0);
        ended.prints(&["PASS  0003_c", "PASS  0004_d ü", "2 more applied, not selected"]);
    }
    project.write("m/0000_late.sql", "CREATE TABLE late (id int);");
    project.test(&["--changed-since", "HEAD"]).exits(1).prints(&["error[out-of-order]", "0000_late"]);
    let ended = project.test(&["--changed-since", "nope"]).exits(2);
    ended.error(&["--changed-since needs", "Not a valid object name nope"]);
    let evil = project.test(&["--changed-since=--output=pwned"]).exits(2);
    evil.error(&["expected a branch, tag or commit"]);
    assert!(!project.path("pwned").exists() && !project.path("m/pwned").exists());
}

#[test]
fn changes_outside_a_repository_are_an_error() {
    three().test(&["--changed-since", "HEAD"]).exits(2).error(&["not a git repository"]);
}
