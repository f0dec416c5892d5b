//! Approvals, demands of a release, and saved reports: what waives, and what is only shown.

use serde_json::Value;

use crate::process::Project;

const APPROVED: &str =
    "-- confiture:approve drop-column reason=\"nobody reads it\" owner=data until=2999-12-31\n";
const DROP: &str = "ALTER TABLE users DROP COLUMN email;";

/// A chain whose last migration is judged; it drops a column.
fn project(migration: &str) -> Project {
    Project::new(&[
        ("m/0001_users.sql", "CREATE TABLE users (id int PRIMARY KEY, email text, age int);"),
        ("m/0001_users.down.sql", "DROP TABLE users;"),
        ("m/0002_drop.sql", &format!("SET lock_timeout = '2s';\n{migration}")),
        ("m/0002_drop.down.sql", "ALTER TABLE users ADD COLUMN email text;"),
    ])
}

fn gate(project: &Project, more: &[&str], code: i32) -> Value {
    // A dropped column is lost, which `data` says in its own words; here only the rule is asked.
    let args = [
        &["gate", "m", "--only", "0002*", "--rows", "0", "--optional", "data-integrity", "--format", "json"],
        more,
    ]
    .concat();
    project.run(&args).exits(code).json()
}

fn gate_of<'a>(report: &'a Value, id: &str) -> &'a Value {
    let gates = report["gates"].as_array().expect("gates");
    gates.iter().find(|gate| gate["id"] == id).expect("the gate")
}

fn findings<'a>(report: &'a Value, code: &str) -> Vec<&'a Value> {
    report["findings"].as_array().expect("findings").iter().filter(|one| one["code"] == code).collect()
}

#[test]
fn approval_waives_its_finding_and_says_why() {
    let report = gate(&project(DROP), &[], 1);
    assert_eq!(gate_of(&report, "breaking-change")["status"], "failed");
    assert!(findings(&report, "drop-column")[0].get("approval").is_none());

    let report = gate(&project(&format!("{APPROVED}{DROP}")), &[], 0);
    let gate = gate_of(&report, "breaking-change");
    assert_eq!(gate["status"], "waived");
    assert_eq!(gate["reason"], "drop-column approved by data until 2999-12-31: nobody reads it");
    let found = findings(&report, "drop-column")[0];
    assert_eq!(found["severity"], "high");
    assert_eq!(
        (&found["approval"]["owner"], &found["approval"]["written"]),
        (&"data".into(), &"m/0002_drop.sql:2".into())
    );
    assert_eq!(gate_of(&report, "release-readiness")["status"], "passed");
    let lint =
        report["migrations"][1]["checks"].as_array().expect("checks").iter().find(|c| c["id"] == "lint");
    assert_eq!(lint.expect("lint")["reason"], "approved: drop-column");
}

#[test]
fn category_is_a_class_too_and_confiture_toml_can_approve() {
    let by_category = APPROVED.replace("drop-column", "data-loss");
    gate(&project(&format!("{by_category}{DROP}")), &[], 0);
    let configured = project(DROP);
    let approve = |migration: &str| {
        format!(
            "[[approve]]\nclass = 'drop-column'\nmigration = '{migration}'\nreason = 'unused'\nowner = 'data'\n\
             until = '2999-12-31'\n"
        )
    };
    configured.write("confiture.toml", approve("0002_drop"));
    let report = gate(&configured, &[], 0);
    assert_eq!(gate_of(&report, "breaking-change")["status"], "waived");
    configured.write("confiture.toml", approve("0002"));
    gate(&configured, &[], 0);
    configured.write("confiture.toml", format!("\n{}", approve("0003_drop")));
    let report = gate(&configured, &[], 1);
    let unknown = findings(&report, "approval-unknown");
    assert_eq!(unknown.len(), 1);
    assert_eq!((&unknown[0]["file"], &unknown[0]["line"]), (&"confiture.toml".into(), &2.into()));
    assert_eq!(gate_of(&report, "breaking-change")["status"], "failed");
}

#[test]
fn approval_hides_no_other_finding() {
    // Of another class at the same statement, and of the same class at the next one.
    let other = project(&format!("{APPROVED}{DROP}\nALTER TABLE users RENAME TO people;"));
    other.write(
        "m/0002_drop.down.sql",
        "ALTER TABLE people RENAME TO users;\nALTER TABLE users ADD email text;",
    );
    let report = gate(&other, &[], 1);
    assert_eq!(gate_of(&report, "breaking-change")["status"], "failed");
    assert!(findings(&report, "rename-table")[0].get("approval").is_none());
    let twice = project(&format!("{APPROVED}{DROP}\nALTER TABLE users DROP COLUMN age;"));
    let report = gate(&twice, &[], 1);
    let approved =
        findings(&report, "drop-column").iter().filter(|one| one.get("approval").is_some()).count();
    assert_eq!((approved, findings(&report, "drop-column").len()), (1, 2));
}

#[test]
fn approvals_that_approve_nothing_are_findings() {
    for (text, code) in [
        (APPROVED.replace("2999", "1999"), "approval-expired"),
        (APPROVED.replace("owner=data ", ""), "approval-incomplete"),
        (APPROVED.replace("drop-column", "drop-colunm"), "approval-unknown"),
        (APPROVED.replace("drop-column", "truncate"), "approval-unused"),
    ] {
        let report = gate(&project(&format!("{text}{DROP}")), &[], 1);
        let found = findings(&report, code);
        assert_eq!(found.len(), 1, "{code}: {}", report["findings"]);
        assert_eq!((&found[0]["line"], &found[0]["severity"]), (&2.into(), &"medium".into()));
        assert_eq!(gate_of(&report, "release-readiness")["status"], "failed", "{code}");
        assert_eq!(gate_of(&report, "breaking-change")["status"], "failed", "{code}");
    }
    // Those of migrations that are not judged are not asked about.
    let elsewhere = project("ALTER TABLE users ALTER COLUMN age SET STATISTICS 50;");
    elsewhere.write(
        "m/0001_users.sql",
        format!("{APPROVED}CREATE TABLE users (id int PRIMARY KEY, email text, age int);"),
    );
    elsewhere.write("m/0002_drop.down.sql", "ALTER TABLE users ALTER COLUMN age SET STATISTICS -1;");
    let report = gate(&elsewhere, &[], 0);
    assert_eq!(findings(&report, "approval-unused").len(), 0);
}

#[test]
fn what_a_release_needs_is_demanded_and_found() {
    let safe = "ALTER TABLE users ADD COLUMN note text;";
    let project = project(safe);
    project.write("m/0002_drop.down.sql", "ALTER TABLE users DROP COLUMN note;");
    project.write("CHANGELOG.md", "- something else, 00021\n");
    project.write(
        "confiture.toml",
        "[gate.release]\nchangelog = 'CHANGELOG.md'\nowner = true\ndown = true\npg = [9]\nsnapshot = true\n",
    );
    let report = gate(&project, &[], 1);
    assert_eq!(
        gate_of(&report, "release-readiness")["findings"],
        serde_json::json!(["changelog-missing", "owner-missing", "snapshot-missing", "version-not-tried"])
    );
    let major = report["server"]["version"].as_str().expect("a version").split('.').next().expect("a major");
    project.write("CHANGELOG.md", "- notes of users (0002)\n");
    project.write("m/0002_drop.sql", format!("-- confiture:owner data\nSET lock_timeout = '2s';\n{safe}"));
    project.write(
        "confiture.toml",
        format!("[gate.release]\nchangelog = 'CHANGELOG.md'\nowner = true\ndown = true\npg = [{major}]\n"),
    );
    let report = gate(&project, &[], 0);
    assert_eq!(gate_of(&report, "release-readiness")["status"], "passed");

    std::fs::remove_file(project.path("m/0002_drop.down.sql")).expect("removed");
    let report = gate(&project, &["--optional", "rollback"], 1);
    assert_eq!(gate_of(&report, "release-readiness")["findings"], serde_json::json!(["rollback-missing"]));
    project.write(
        "m/0002_drop.sql",
        format!(
            "-- confiture:owner data\n-- confiture:irreversible notes stay\nSET lock_timeout = '2s';\n{safe}"
        ),
    );
    gate(&project, &["--optional", "rollback"], 0);
}

#[test]
fn saved_report_of_other_files_is_not_run() {
    let project = project("ALTER TABLE users ADD COLUMN note text;");
    project.write("m/0002_drop.down.sql", "ALTER TABLE users DROP COLUMN note;");
    let report = gate(&project, &[], 0);
    let hash = report["source"]["hash"].as_str().expect("a hash").to_owned();
    let mutants = |hash: &str, severity: &str| {
        let mut saved = report.clone();
        saved["command"] = "mutate".into();
        saved["gates"] = Value::Array(Vec::new());
        saved["source"]["hash"] = hash.into();
        saved["mutation"] = serde_json::json!({
            "operators_version": 1, "plan_hash": "x", "planned": 1, "totals": {
                "generated": 1, "killed": 0, "survived": 1, "indistinct": 0, "equivalent": 0, "redundant": 0,
                "stillborn": 0, "rejected": 0, "timeout": 0, "error": 0, "own_killed": 0 },
            "score": 0.0, "own_score": 0.0, "weighted_score": 0.0, "by_category": {}, "by_severity": {},
            "by_operator": {}, "by_migration": {}, "tests": [], "mutants": [{
                "id": "column-drop/0002_drop/note/1", "operator": "column-drop", "category": "schema",
                "severity": severity, "migration": "0002_drop", "direction": "up", "file": "m/0002_drop.sql",
                "line": 2, "column": 1, "description": "d", "original": "o", "replacement": "r",
                "status": "survived", "killed_by": [], "duration_ms": 1.0 }]
        });
        project.write("mutants.json", saved.to_string());
        ["--mutation-report", "mutants.json"]
    };
    let more = mutants(&hash, "low");
    assert_eq!(gate_of(&gate(&project, &more, 0), "mutation")["status"], "passed");
    let more = mutants(&hash, "critical");
    let failed = gate(&project, &more, 1);
    assert_eq!(gate_of(&failed, "mutation")["findings"], serde_json::json!(["critical-mutant-survives"]));
    let more = mutants("0123", "critical");
    let stale = gate(&project, &more, 0);
    assert_eq!(gate_of(&stale, "mutation")["status"], "not-run");
    assert!(gate_of(&stale, "mutation")["reason"].as_str().expect("a reason").contains("other files"));

    let profiled = |status: &str| {
        let mut saved = report.clone();
        saved["command"] = "profile".into();
        saved["status"] = status.into();
        project.write("profile.json", saved.to_string());
        ["--performance-report", "profile.json"]
    };
    let more = profiled("passed");
    assert_eq!(gate_of(&gate(&project, &more, 0), "performance")["status"], "passed");
    let more = profiled("failed");
    assert_eq!(gate_of(&gate(&project, &more, 1), "performance")["status"], "failed");
    project.run(&["gate", "m", "--mutation-report", "m/0001_users.sql"]).exits(2).error(&["no JSON report"]);
}

#[test]
fn statistics_of_production_scale_findings_about_locks() {
    let project = project("CREATE INDEX users_age ON users (age);");
    project.write("m/0002_drop.down.sql", "DROP INDEX users_age;");
    let sized = |rows: u64| {
        let table = serde_json::json!({ "schema": "public", "name": "users", "rows": rows, "bytes": 1 });
        let stats = serde_json::json!({ "format": 1, "tables": [table] });
        project.write("stats.json", stats.to_string());
    };
    sized(5_000_000);
    let report = gate(&project, &["--stats", "stats.json"], 1);
    assert_eq!(findings(&report, "index-not-concurrent")[0]["evidence"]["rows"], 5_000_000);
    sized(10);
    let report = gate(&project, &["--stats", "stats.json"], 0);
    assert_eq!(findings(&report, "index-not-concurrent")[0]["severity"], "info");
}
