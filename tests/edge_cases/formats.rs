//! `confiture report`: one saved run with one of everything, in every format.

use boon::{Compiler, Schemas};
use confiture_tests::root;
use serde_json::Value;

use crate::process::{Ended, Project};
use crate::reports::well_formed;

/// A project with the saved run of `tests/data`, after `change`.
fn saved(change: impl FnOnce(&mut Value)) -> Project {
    let text = std::fs::read_to_string(root().join("tests/data/gate.json")).expect("a report");
    let mut report = serde_json::from_str(&text).expect("JSON");
    change(&mut report);
    Project::new(&[("gate.json", &report.to_string())])
}

fn rendered(format: &str) -> Ended {
    saved(|_| {}).run(&["report", "gate.json", "--format", format]).exits(1)
}

#[test]
fn human() {
    insta::assert_snapshot!(rendered("human").stdout);
}

#[test]
fn json() {
    let written: Value = rendered("json").json();
    let text = std::fs::read_to_string(root().join("tests/data/gate.json")).expect("a report");
    assert_eq!(written, serde_json::from_str::<Value>(&text).expect("JSON"));
}

#[test]
fn junit() {
    let ended = rendered("junit");
    well_formed(&ended.stdout);
    insta::assert_snapshot!(ended.stdout);
}

#[test]
fn markdown() {
    insta::assert_snapshot!(rendered("md").stdout);
}

#[test]
fn github() {
    insta::assert_snapshot!(rendered("github").stdout);
}

#[test]
fn gitlab() {
    let ended = rendered("gitlab");
    for entry in ended.json().as_array().expect("an array") {
        assert!(entry["description"].is_string() && entry["fingerprint"].is_string());
        assert!(entry["location"]["path"].is_string() && entry["location"]["lines"]["begin"].is_u64());
        let known = ["info", "minor", "major", "critical", "blocker"];
        assert!(known.contains(&entry["severity"].as_str().expect("a severity")), "{entry}");
    }
    insta::assert_snapshot!(ended.stdout);
}

#[test]
fn html() {
    let ended = rendered("html");
    for outside in ["<script", "src=", "href=", "@import", "url("] {
        assert!(!ended.stdout.contains(outside), "{outside} asks for something from elsewhere");
    }
    for raw in ["<status>", "<b>", "<more>", "<ops>"] {
        assert!(!ended.stdout.contains(raw), "{raw} is not escaped");
    }
    insta::assert_snapshot!(ended.stdout);
}

#[test]
fn sarif() {
    let mut log = rendered("sarif").json();
    assert_eq!(sarif_errors(&log), None);
    // The pages are the rules' own and tested there.
    for rule in log["runs"][0]["tool"]["driver"]["rules"].as_array_mut().expect("rules") {
        assert!(rule["help"]["markdown"].as_str().is_some_and(|page| page.len() > 80), "{rule}");
        for own in ["help", "shortDescription"] {
            rule.as_object_mut().expect("an object").remove(own);
        }
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&log).expect("JSON"));

    log["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(sarif_errors(&log).is_some(), "the schema refuses what it does not know");
}

/// What the official schema has against a log.
fn sarif_errors(log: &Value) -> Option<String> {
    let text = std::fs::read_to_string(root().join("tests/data/sarif-2.1.0.schema.json")).expect("a schema");
    let schema = serde_json::from_str(&text).expect("JSON");
    let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
    compiler.enable_format_assertions();
    compiler.add_resource("file:///sarif.json", schema).expect("a resource");
    let index = compiler.compile("file:///sarif.json", &mut schemas).expect("a schema");
    schemas.validate(log, index).err().map(|error| format!("{error:#}"))
}

#[test]
fn sarif_of_a_run_that_broke_is_valid_too() {
    let log = Project::good().run(&["test", "nowhere", "--format", "sarif"]).exits(2).json();
    assert_eq!(sarif_errors(&log), None);
    assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

/// Gives the report many findings, the worst of them last.
fn many(report: &mut Value) {
    let findings = report["findings"].as_array_mut().expect("findings");
    let low = findings.iter().find(|finding| finding["severity"] == "low").cloned().expect("a finding");
    let mut all: Vec<Value> = (0..2000).map(|_| low.clone()).collect();
    all.append(findings);
    *findings = all;
    let migrations = report["migrations"].as_array_mut().expect("migrations");
    let failed = migrations[1].clone();
    migrations.extend((0..3000).map(|_| failed.clone()));
}

#[test]
fn annotations_are_ten_and_the_worst_come_first() {
    let ended = saved(many).run(&["report", "gate.json", "--format", "github"]).exits(1);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines.len(), 11, "{lines:#?}");
    assert!(lines[..6].iter().all(|line| line.starts_with("::error ")), "{lines:#?}");
    assert_eq!(lines[10], "::notice title=confiture::+1997 more findings");
}

#[test]
fn markdown_is_never_too_long_and_says_what_is_left_out() {
    let ended = saved(many).run(&["report", "gate.json", "--format", "md"]).exits(1);
    assert!(ended.stdout.chars().count() <= 65_000);
    let notes: Vec<&str> = ended.stdout.lines().filter(|line| line.starts_with("… and")).collect();
    assert_eq!(notes.len(), 4, "{notes:#?}");
    assert!(notes[3].ends_with("2006 more findings"), "{notes:#?}");
    rendered("md").never_says("… and");
}

#[test]
fn fingerprints_stay_when_lines_move_and_differ_when_findings_do() {
    let prints = |change: fn(&mut Value)| {
        let ended = saved(change).run(&["report", "gate.json", "--format", "gitlab"]).exits(1).json();
        let prints = ended.as_array().expect("an array").iter().map(|entry| entry["fingerprint"].to_string());
        prints.collect::<std::collections::BTreeSet<String>>()
    };
    let before = prints(|_| {});
    assert_eq!(before.len(), 7);
    assert_eq!(before, prints(|report| report["findings"][2]["line"] = 99.into()));
    assert_ne!(before, prints(|report| report["findings"][2]["message"] = "another".into()));
    let twice = prints(|report| {
        let findings = report["findings"].as_array_mut().expect("findings");
        findings.push(findings[2].clone());
    });
    assert_eq!(twice.len(), 8);
}

#[test]
fn one_gate_has_its_own_findings_and_exit_code() {
    let project = saved(|_| {});
    let view = |gate: &str, code: i32| {
        project.run(&["report", "gate.json", "--gate", gate, "--format", "github"]).exits(code).stdout
    };
    let locks = view("locks", 1);
    assert!(locks.contains("index-not-concurrent") && locks.contains("missing-lock-timeout"), "{locks}");
    assert_eq!(locks.lines().count(), 2, "{locks}");
    assert_eq!(view("naming", 0), "");
    assert_eq!(view("performance", 0), "", "it need not be run");
    assert!(view("data-integrity", 1).contains("was not run"));
    project.run(&["report", "gate.json", "--gate", "lokcs"]).exits(2).error(&["did you mean locks?"]);
}

#[test]
fn reports_of_several_servers_are_one_and_others_are_refused() {
    let project = saved(|_| {});
    let read = |name: &str| {
        serde_json::from_slice::<Value>(&std::fs::read(project.path(name)).expect("it")).expect("JSON")
    };
    let mut other = read("gate.json");
    other["server"]["version"] = "18.0".into();
    other["findings"] = Value::Array(Vec::new());
    project.write("18.json", other.to_string());
    let both = project.run(&["report", "gate.json", "18.json", "--format", "json"]).exits(1).json();
    assert_eq!(both["servers"].as_array().expect("servers").len(), 2);
    assert_eq!(both["findings"][0]["evidence"]["servers"][0], "17.2");

    other["command"] = "lint".into();
    project.write("lint.json", other.to_string());
    project
        .run(&["report", "gate.json", "lint.json"])
        .exits(2)
        .error(&["lint.json", "render each by itself"]);
    project.write("text.json", "{}");
    project.run(&["report", "text.json"]).exits(2).error(&["text.json", "no JSON report of confiture"]);
    project.run(&["report"]).exits(2).error(&["standard input", "no JSON report of confiture"]);
}
