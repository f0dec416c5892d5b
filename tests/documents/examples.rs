//! The examples give what they promise, on every supported major from 15.

use std::collections::BTreeSet;
use std::process::Command;

use confiture_tests::root;
use serde_json::Value;

/// The report of the main job on an example.
fn report(example: &str, major: u32) -> Value {
    let ran = Command::new(env!("CARGO_BIN_EXE_confiture-under-test"))
        .args([
            "test",
            &format!("examples/{example}/migrations"),
            "--format",
            "json",
            "--pg",
            &major.to_string(),
        ])
        .current_dir(root())
        .output()
        .expect("the program");
    serde_json::from_slice(&ran.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&ran.stderr)))
}

/// `(migration, check)` of everything that failed.
fn failed(report: &Value) -> BTreeSet<(String, String)> {
    let mut failed = BTreeSet::new();
    for migration in report["migrations"].as_array().expect("migrations") {
        for check in migration["checks"].as_array().expect("checks") {
            if check["status"] == "failed" {
                let text = |value: &Value| value.as_str().expect("a text").to_owned();
                failed.insert((text(&migration["id"]), text(&check["id"])));
            }
        }
    }
    failed
}

#[test]
fn shop_is_clean_on_every_major() {
    for major in 15..=18 {
        let report = report("shop", major);
        assert_eq!(report["status"], "passed", "on {major}: {:#}", report["findings"]);
        assert_eq!(report["findings"], Value::Array(Vec::new()), "on {major}");
        let checks = report["migrations"].as_array().expect("migrations").iter();
        let all = checks.flat_map(|m| m["checks"].as_array().expect("checks"));
        // The query file asks for tables that the first migrations have yet to make.
        let reasons = ["no query worked before", "there is no table yet"];
        let waits = |check: &Value| reasons.iter().any(|reason| check["reason"] == *reason);
        assert!(all.into_iter().all(|check| check["status"] == "passed" || waits(check)), "on {major}");
        let tests = report["tests"].as_array().expect("tests");
        assert_eq!(tests.len(), 21);
        assert!(tests.iter().all(|test| test["status"] == "passed"), "on {major}: {tests:#?}");
    }
}

#[test]
fn broken_shows_every_planted_defect_and_nothing_else() {
    let file = std::fs::read_to_string(root().join("examples/broken/expected.json")).expect("a list");
    let expected: Vec<Value> = serde_json::from_str(&file).expect("JSON");
    assert!(expected.len() >= 15);
    let pair = |entry: &Value, check: &Value| {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        (text(&entry["migration"]), text(check))
    };
    let mut wanted = BTreeSet::new();
    for entry in &expected {
        wanted.insert(pair(entry, &entry["check"]));
        for consequence in entry["also"].as_array().into_iter().flatten() {
            wanted.insert(pair(entry, &consequence["check"]));
        }
    }
    for major in 15..=18 {
        let report = report("broken", major);
        assert_eq!(failed(&report), wanted, "on {major}");
        for entry in &expected {
            let Some(sqlstate) = entry["sqlstate"].as_str() else { continue };
            let findings = report["findings"].as_array().expect("findings");
            let found = findings.iter().any(|finding| {
                finding["migration"] == entry["migration"]
                    && finding["check"] == entry["check"]
                    && finding["direction"] == entry["direction"]
                    && finding["evidence"]["sqlstate"] == sqlstate
            });
            assert!(found, "{} {sqlstate} on {major}", entry["migration"]);
        }
    }
}
