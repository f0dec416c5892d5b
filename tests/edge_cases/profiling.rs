//! The flags of `confiture profile`, as a user gives them.

use std::process::Command;

use confiture_tests::root;
use serde_json::Value;

use crate::process::Project;

const USERS: &str = "CREATE TABLE users (id int PRIMARY KEY, email text);";

fn project(change: &str) -> Project {
    Project::new(&[
        ("migrations/0001_users.sql", USERS),
        ("migrations/0002_change.sql", change),
        (
            "confiture.toml",
            "layout = \"plain\"\n[perf]\nhold-warn-ms = 1\nhold-fail-ms = 3600000\n[perf.rows]\nusers = 50000\n",
        ),
    ])
}

fn commit(project: &Project) {
    let git = |args: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
        let ran = Command::new("git").current_dir(project.path("")).args(identity).args(args).output();
        assert!(ran.expect("git").status.success(), "{args:?}");
    };
    if !project.path(".git").is_dir() {
        git(&["init", "-q", "."]);
    }
    git(&["add", "."]);
    git(&["commit", "-qm", "x"]);
}

/// The lines of `history.jsonl`.
fn history(project: &Project) -> usize {
    let text = std::fs::read_to_string(project.path(".performance-metrics/history.jsonl"));
    text.expect("a history").lines().count()
}

#[test]
fn every_pass_on_one_command_line() {
    let project = project("SET lock_timeout = '2s';\nALTER TABLE users ALTER COLUMN id TYPE bigint;");
    let args = "profile --rows 200 --only 0002* --probe --load 2 --scale --sizes 100,300,1000 --time --runs 2 \
                --operations --pictures pictures --report html=page.html --report openmetrics=m.prom --format json";
    let report = project.run(&args.split_whitespace().collect::<Vec<_>>()).json();
    let profile = &report["profile"];
    for part in ["stalls", "load", "scale", "timings", "operations"] {
        let length = profile[part].as_array().map(Vec::len);
        assert!(length.is_some_and(|length| length > 0), "{part}: {profile:#}");
    }
    assert_eq!(profile["scale"][0]["holds"][0]["verdict"], "warns", "{:#}", profile["scale"]);
    let checks = report["migrations"][1]["checks"].as_array().expect("checks").iter();
    let ids: Vec<&str> = checks.filter_map(|check| check["id"].as_str()).collect();
    assert_eq!(ids, ["up", "down", "limits", "baseline", "stalls", "prediction"]);
    let page = std::fs::read_to_string(project.path("page.html")).expect("a page");
    let pictures: Vec<_> = std::fs::read_dir(project.path("pictures")).expect("pictures").collect();
    assert!(pictures.len() >= 7, "{pictures:?}");
    assert_eq!(page.matches("<svg").count(), pictures.len());
    let metrics = std::fs::read_to_string(project.path("m.prom")).expect("metrics");
    assert!(metrics.contains("confiture_operation_seconds{operation=\"forward\"}"), "{metrics}");
    assert_eq!(history(&project), 1);
}

#[test]
fn base_is_read_from_git_without_touching_the_working_tree() {
    let quick = "ALTER TABLE users ADD COLUMN age int;";
    let project = project(quick);
    commit(&project);
    let against = ["profile", "--rows", "10", "--against-ref", "HEAD", "--format", "json"];
    let same = project.run(&against).json();
    // Nothing differs, so nothing is compared.
    assert_eq!(same["profile"]["timings"], Value::Null);
    let why = same["profile"]["unavailable"]["timings"].as_str();
    assert_eq!(why, Some("no script that the base has, too, is another one"));
    let slow = format!("{quick}\nSELECT count(*) FROM generate_series(1, 2000000);");
    project.write("migrations/0002_change.sql", &slow);
    let report = project.run(&against).json();
    let timings = &report["profile"]["timings"][0]["timings"];
    assert_eq!(
        (timings["verdict"].as_str(), timings["metric"].as_str()),
        (Some("slower"), Some("cpu")),
        "{timings:#}"
    );
    let codes = report["findings"].as_array().expect("findings").iter().map(|finding| &finding["code"]);
    assert!(codes.clone().any(|code| code == "timing-slower"), "{:?}", codes.collect::<Vec<_>>());
    let kept = std::fs::read_to_string(project.path("migrations/0002_change.sql")).expect("a file");
    assert_eq!(kept, slow);
    assert_eq!(history(&project), 2);
    project.run(&["profile", "--against-ref", "nowhere"]).exits(2).error(&["--against-ref", "nowhere"]);
}

#[test]
fn repair_is_tried_on_the_same_rows_and_changes_nothing_of_the_users() {
    let index = "SET lock_timeout = '2s';\nCREATE INDEX users_email ON users (email);";
    let project = project(index);
    let tried = |args: &str| {
        let report = project.run(&args.split_whitespace().collect::<Vec<_>>()).json();
        report["profile"]["recommendations"][0].clone()
    };
    let scale = "profile --rows 5000 --only 0002* --scale --sizes 100,1000,5000 --format json";
    let advice = tried(&format!("{scale} --try-repairs"));
    assert_eq!(advice["rule"], "index-not-concurrent", "{advice:#}");
    assert!(
        advice["tried"]["diff"].as_str().is_some_and(|diff| diff.contains("+CREATE INDEX CONCURRENTLY")),
        "{advice:#}"
    );
    let writers = &advice["tried"]["figures"]["writers_wait_ms"];
    assert!(writers[0].as_f64() > Some(0.0) && writers[1].as_f64() == Some(0.0), "{advice:#}");
    let kept = std::fs::read_to_string(project.path("migrations/0002_change.sql")).expect("a file");
    assert_eq!(kept, index);
    assert_eq!(tried(scale)["tried"], Value::Null);
}

#[test]
fn settings_of_the_passes_are_refused_where_they_make_no_sense() {
    let project = project("SELECT 1;");
    for args in [
        &["profile", "--sizes", "10"][..],
        &["profile", "--reads", "50"],
        &["profile", "--load", "0"],
        &["profile", "--against-ref", "-x"],
        &["profile", "--slower", "0"],
    ] {
        project.run(args).exits(2);
    }
    project.write("confiture.toml", "[perf]\nstall-warn = 5\n");
    project.run(&["profile"]).exits(2).error(&["did you mean stall-warn-ms?"]);
}

/// The saved profile of `tests/data` in a format.
fn rendered(format: &str) -> String {
    let saved = std::fs::read_to_string(root().join("tests/data/profile.json")).expect("a report");
    let project = Project::new(&[("profile.json", &saved)]);
    project.run(&["report", "profile.json", "--format", format]).exits(1).stdout
}

#[test]
fn saved_profile_as_text() {
    insta::assert_snapshot!(rendered("human"));
}

#[test]
fn saved_profile_as_markdown() {
    let text = rendered("md");
    assert!(text.contains("```mermaid\nxychart-beta"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn saved_profile_as_a_page_holds_its_pictures_and_nothing_from_elsewhere() {
    let page = rendered("html");
    assert_eq!(page.matches("<figure><svg").count(), 15);
    for outside in ["<script", "src=", "href=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside} asks for something from elsewhere");
    }
    for said in ["waits: ", "behind a reader of 1000 ms", "predicted", "the repair that was tried"] {
        assert!(page.contains(said), "{said}");
    }
}
