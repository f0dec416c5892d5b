//! `confiture gate`: what is measured decides, and what is not run is no pass.

use serde_json::Value;

use crate::process::Project;

/// A project with a table and one migration that is judged.
fn project(before: &str, migration: &str) -> Project {
    Project::new(&[
        ("m/0001_first.sql", before),
        ("m/0001_first.down.sql", "DROP TABLE users;"),
        ("m/0002_second.sql", &format!("SET lock_timeout = '2s';\n{migration}")),
        ("m/0002_second.down.sql", "ALTER TABLE users DROP COLUMN IF EXISTS extra;"),
    ])
}

fn gate(project: &Project, more: &[&str], code: i32) -> Value {
    let args = [&["gate", "m", "--only", "0002*", "--format", "json"], more].concat();
    project.run(&args).exits(code).json()
}

/// `passed`, or what else became of a gate.
fn status<'a>(report: &'a Value, id: &str) -> &'a str {
    let gates = report["gates"].as_array().expect("gates");
    let gate = gates.iter().find(|gate| gate["id"] == id).expect("the gate");
    gate["status"].as_str().expect("a status")
}

fn finding<'a>(report: &'a Value, code: &str) -> Option<&'a Value> {
    report["findings"].as_array().expect("findings").iter().find(|finding| finding["code"] == code)
}

const USERS: &str = "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL);";

#[test]
fn rewrite_that_is_measured_confirms_the_finding() {
    let project = project(USERS, "ALTER TABLE users ADD COLUMN extra float8 DEFAULT random();");
    let report = gate(&project, &[], 1);
    let found = finding(&report, "add-column-volatile-default").expect("the finding");
    assert_eq!(found["severity"], "high");
    assert_eq!(found["evidence"]["tier"], "measured");
    assert_eq!(found["evidence"]["rewritten"][0], "public.users");
    assert_eq!(found["evidence"]["locks"]["public.users"], "ACCESS EXCLUSIVE");
    assert_eq!((status(&report, "locks"), status(&report, "naming")), ("failed", "passed"));
}

#[test]
fn constant_default_is_no_finding_and_all_gates_that_are_run_pass() {
    let project = project(USERS, "ALTER TABLE users ADD COLUMN extra float8 DEFAULT 1;");
    let report = gate(&project, &[], 0);
    assert_eq!(report["findings"], serde_json::json!([]));
    for id in ["naming", "rollback", "schema", "data-integrity", "breaking-change", "locks"] {
        assert_eq!(status(&report, id), "passed", "{id}");
    }
    for id in ["mutation", "performance", "release-readiness"] {
        assert_eq!(status(&report, id), "not-run", "{id}");
    }
}

#[test]
fn finding_without_a_measured_scan_is_withdrawn() {
    let down = "ALTER TABLE users ALTER COLUMN email DROP NOT NULL;";
    // PostgreSQL takes this for the proof that spares the scan; the text of it is another.
    let before = "CREATE TABLE users (id int PRIMARY KEY, email text, CHECK (NOT email IS NULL));";
    let checked = project(before, "ALTER TABLE users ALTER COLUMN email SET NOT NULL;");
    checked.write("m/0002_second.down.sql", down);
    let report = gate(&checked, &[], 0);
    let found = finding(&report, "set-not-null-without-check").expect("the finding");
    assert_eq!(found["severity"], "info");
    assert_eq!(found["evidence"]["withdrawn"], "neither a rewrite nor a scan was measured");
    assert_eq!(status(&report, "locks"), "passed");

    let before = "CREATE TABLE users (id int PRIMARY KEY, email text);\nINSERT INTO users VALUES (1, 'a');";
    let scanned = project(before, "ALTER TABLE users ALTER COLUMN email SET NOT NULL;");
    scanned.write("m/0002_second.down.sql", down);
    let report = gate(&scanned, &[], 1);
    let found = finding(&report, "set-not-null-without-check").expect("the finding");
    assert_eq!(found["severity"], "high");
    assert_eq!(found["evidence"]["scanned"][0], "public.users");
    assert_eq!(status(&report, "locks"), "failed");
}

#[test]
fn rewrite_that_no_rule_saw_is_a_finding() {
    let project = project(USERS, "ALTER TABLE users SET UNLOGGED;");
    project.write("m/0002_second.down.sql", "ALTER TABLE users SET LOGGED;");
    let report = gate(&project, &[], 1);
    let rules: Vec<&Value> =
        report["findings"].as_array().expect("findings").iter().filter(|f| f["check"] == "lint").collect();
    assert!(rules.iter().any(|found| found["evidence"]["rewritten"][0] == "public.users"), "{rules:?}");
}

#[test]
fn gate_that_is_not_run_fails_unless_it_is_optional() {
    let one_way = Project::new(&[("m/0001_users.sql", "CREATE TABLE users (id int PRIMARY KEY);")]);
    let ended = one_way.run(&["gate", "m"]).exits(1);
    ended.prints(&["MISS  gate rollback", "not run", "PASS  gate locks"]);
    one_way.run(&["gate", "m", "--optional", "rollback"]).exits(0).prints(&["SKIP  gate rollback"]);
    one_way.write("confiture.toml", "[gate]\noptional = ['rollback']");
    one_way.run(&["gate", "m"]).exits(1).prints(&["SKIP  gate rollback", "MISS  gate mutation"]);
}

#[test]
fn gate_that_does_not_exist_is_a_usage_error() {
    Project::good()
        .run(&["gate", "m", "--optional", "lokcs"])
        .exits(2)
        .error(&["lokcs", "did you mean locks?"]);
}
