//! What is written where, and the codes at the end.

use serde_json::Value;

use crate::process::Project;

/// A chain with one of everything: passed, failed, not applicable and skipped.
fn mixed() -> Project {
    Project::new(&[
        ("m/0001_a.sql", "CREATE TABLE a (id int);"),
        ("m/0001_a.down.sql", "DROP TABLE a;"),
        ("m/0002_b.sql", "CREATE TYPE mood AS ENUM ('<&\"''>');\nCREATE TABLE b (m mood);"),
        ("m/0002_b.down.sql", "DROP TABLE b;"),
        ("m/0003_c.sql", "SELECT '</testsuite>]]> & <' FROM nowhere;"),
        ("m/0004_d.sql", "\\i x.sql\n"),
    ])
}

#[test]
fn json_keeps_the_names_of_the_contract() {
    let ended = mixed().test(&["--format", "json"]).exits(1);
    assert!(ended.stderr.is_empty(), "{}", ended.stderr);
    let report = ended.json();
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["tool"]["name"], "confiture");
    assert_eq!(report["command"], "test");
    assert_eq!(report["status"], "failed");
    assert_eq!(report["server"]["kind"], "private");
    assert!(report["server"]["version"].is_string());
    assert_eq!(report["source"]["dir"], "m");
    assert_eq!(report["source"]["layout"], "plain");
    assert_eq!(report["source"]["migrations"], 4);
    for field in ["statements", "parsed", "unparsed"] {
        assert!(report["coverage"][field].is_u64(), "{field}");
    }
    let mut statuses = Vec::new();
    for migration in report["migrations"].as_array().expect("migrations") {
        for field in ["id", "version", "name", "file"] {
            assert!(migration[field].is_string(), "{field}");
        }
        assert!(migration.get("down_file").is_some());
        for check in migration["checks"].as_array().expect("checks") {
            assert!(check["id"].is_string() && check["duration_ms"].is_number());
            let status = check["status"].as_str().expect("a status").to_owned();
            let explained = check["reason"].is_string();
            assert_eq!(explained, matches!(&*status, "skipped" | "not-applicable"), "{check}");
            statuses.push(status);
        }
    }
    statuses.sort();
    statuses.dedup();
    assert_eq!(statuses, ["failed", "not-applicable", "passed", "skipped"]);
    for finding in report["findings"].as_array().expect("findings") {
        for field in ["code", "severity", "message", "migration", "direction", "file", "check"] {
            assert!(finding[field].is_string(), "{field}: {finding}");
        }
        assert!(finding["line"].is_u64() && finding["column"].is_u64() && finding["evidence"].is_object());
        assert!(matches!(
            finding["severity"].as_str(),
            Some("critical" | "high" | "medium" | "low" | "info")
        ));
        assert!(matches!(finding["direction"].as_str(), Some("up" | "down")));
    }
}

#[test]
fn json_of_a_run_that_failed_to_run_has_the_error() {
    let cases: [(&[&str], &str); 5] = [
        (&["test", "nowhere"], "nowhere"),
        (&["test", "m", "--skip", "dwon"], "dwon"),
        (&["test", "m", "--profile", "x"], "confiture.toml"),
        (&["test", "m", "--pg", "9"], "too old"),
        (&["test", "m", "--only", "zz"], "matches none"),
    ];
    for (args, part) in cases {
        let ended = Project::good().run(&[args, &["--format", "json"]].concat()).error(&[part]);
        let report = ended.json();
        assert_eq!(report["status"], "error", "{args:?}");
        let error = report["error"].as_str().expect("an error");
        assert!(error.contains(part) && !error.starts_with("error"), "{error}");
        assert_eq!(report["migrations"], Value::Array(Vec::new()));
    }
}

#[test]
fn junit_is_well_formed_and_counts() {
    let project = mixed();
    let ended = project.test(&["--format", "junit"]).exits(1);
    let tags = well_formed(&ended.stdout);
    assert_eq!(tags.iter().filter(|tag| *tag == "testsuite").count(), 4);
    assert_eq!(tags.iter().filter(|tag| *tag == "testcase").count(), 33);
    assert!(tags.iter().any(|tag| tag == "failure") && tags.iter().any(|tag| tag == "skipped"));
    let error = Project::good().run(&["test", "<&\">", "--format", "junit"]).exits(2);
    assert!(well_formed(&error.stdout).iter().any(|tag| tag == "error"));
}

/// Opening tags of an XML document, in order; panics when it is not well-formed.
pub(crate) fn well_formed(xml: &str) -> Vec<String> {
    let mut rest = xml.trim_start().strip_prefix("<?xml").expect("a declaration");
    rest = rest.split_once("?>").expect("its end").1;
    let (mut open, mut seen): (Vec<&str>, Vec<String>) = (Vec::new(), Vec::new());
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        assert!(text.trim().is_empty() || !open.is_empty(), "text outside of elements: {text}");
        entities(text);
        let (tag, after) = rest[at + 1..].split_once('>').expect("a tag ends");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "elements are nested");
            continue;
        }
        assert!(!tag.contains('<'), "{tag}");
        entities(tag);
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.split([' ', '/', '\n']).next().unwrap_or_default();
        assert!(!name.is_empty() && name.chars().all(char::is_alphanumeric), "{tag}");
        seen.push(name.to_owned());
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
    seen
}

/// Asserts that every `&` starts an entity.
fn entities(text: &str) {
    for (at, _) in text.match_indices('&') {
        let name = text[at + 1..].split_once(';').map_or("", |(name, _)| name);
        assert!(matches!(name, "lt" | "gt" | "amp" | "quot" | "apos") || name.starts_with('#'), "{text}");
    }
}

#[test]
fn unknown_format_is_answered_with_the_nearest() {
    Project::good().test(&["--format", "jsn"]).exits(2).error(&["jsn", "did you mean json?"]);
    Project::good().test(&["--report", "jnit=x.xml"]).exits(2).error(&["jnit", "did you mean junit?"]);
}

#[test]
fn report_that_cannot_be_written_does_not_cost_the_result() {
    let project = Project::good();
    let ended = project.test(&["--report", "junit=/proc/nowhere/x.xml"]).exits(2);
    ended.prints(&["1 migration, 1 passed"]).error(&["failed to write /proc/nowhere/x.xml", "No such file"]);
    let ended = project.run(&["test", "nowhere", "--report", "junit=/proc/nowhere/x.xml"]).exits(2);
    assert!(ended.stderr.contains("no such directory"), "the first error is not lost: {}", ended.stderr);
}

#[test]
fn reports_are_written_into_new_directories() {
    let project = mixed();
    let reports = ["--report", "junit=out/a/r.xml", "--report", "md=out/r.md", "--report", "json=r.json"];
    project.test(&reports).exits(1).prints(&["next: confiture explain"]);
    well_formed(&std::fs::read_to_string(project.path("out/a/r.xml")).expect("written"));
    assert!(std::fs::read_to_string(project.path("out/r.md")).expect("written").contains("| `0002_b` |"));
    let json = std::fs::read_to_string(project.path("r.json")).expect("written");
    assert_eq!(serde_json::from_str::<Value>(&json).expect("JSON")["status"], "failed");
}

#[test]
fn same_inputs_give_the_same_bytes() {
    let project = mixed();
    let run = || {
        let mut report = project.test(&["--format", "json"]).exits(1).json();
        forget_times(&mut report);
        report
    };
    assert_eq!(run(), run());
}

fn forget_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("duration_ms");
            fields.values_mut().for_each(forget_times);
        }
        Value::Array(values) => values.iter_mut().for_each(forget_times),
        _ => {}
    }
}

#[test]
fn exit_codes_are_those_of_the_contract() {
    let good = Project::good();
    let cases: [(&Project, &[&str], i32); 8] = [
        (&good, &["test", "m"], 0),
        (&mixed(), &["test", "m"], 1),
        (&good, &["test", "m", "--nonsense"], 2),
        (&good, &["tset"], 2),
        (&good, &[], 2),
        (&good, &["test", "m", "--pg-bin", "/nonexistent"], 3),
        (&Project::new(&[("m/0001_a.sql", "")]), &["test", "m"], 5),
        (&good, &["--version"], 0),
    ];
    for (project, args, code) in cases {
        let ended = project.run(args);
        assert_eq!(ended.code, Some(code), "{args:?}: {ended:?}");
    }
}

#[test]
fn colours_and_escapes_stay_out_of_pipes() {
    let ended = mixed().test(&[]).exits(1).never_says("\u{1b}");
    assert!(ended.stderr.is_empty(), "{}", ended.stderr);
}
