//! `confiture mutate` and `confiture report merge` as whole processes.

use rustix::process::Signal;
use serde_json::Value;

use crate::process::{Ended, Project, eventually};

/// Two tables; nobody tests their keys.
fn keys() -> Project {
    Project::new(&[
        (
            "m/0001_users.sql",
            "CREATE TABLE users (\n  id int PRIMARY KEY,\n  name text\n);\nCREATE TABLE orders (id int PRIMARY KEY);\n",
        ),
        ("m/0001_users.down.sql", "DROP TABLE orders;\nDROP TABLE users;\n"),
    ])
}

/// A test that notices when `table` has no key.
fn key_test(project: &Project, table: &str) {
    let sql = format!(
        "-- confiture: migrate to 0001\nINSERT INTO {table} (id) VALUES (1);\n-- confiture: catch 23505\n\
         INSERT INTO {table} (id) VALUES (1);\n"
    );
    project.write(&format!("confiture/tests/{table}_key.sql"), sql);
}

fn mutate(project: &Project, args: &[&str]) -> Ended {
    project.run(&[&["mutate", "m", "--operators", "pk-drop", "--jobs", "1"], args].concat())
}

const USERS: &str = "pk-drop/0001_users/users.id/1";
const ORDERS: &str = "pk-drop/0001_users/orders.id/1";

#[test]
fn mutants_are_listed_without_postgresql() {
    let project = keys();
    let none = ["--pg-bin", "/nonexistent"];
    let ended = mutate(&project, &[&["--list"][..], &none].concat()).exits(0);
    assert_eq!(
        ended.stdout,
        format!(
            "{USERS}  critical  m/0001_users.sql:2:9  the primary key is dropped\n\
             {ORDERS}  critical  m/0001_users.sql:5:28  the primary key is dropped\n"
        )
    );
    assert!(ended.stderr.contains("without a server"), "{}", ended.stderr);
    assert!(!mutate(&project, &["--list"]).exits(0).stderr.contains("without a server"));

    let ended = mutate(&project, &[&["--diff"][..], &none].concat()).exits(0);
    ended.prints(&["--- a/m/0001_users.sql\n", "@@ -1,5 +1,5 @@\n", "-  id int PRIMARY KEY,\n+  id int,\n"]);
    let list = mutate(&project, &[&["--list", "--format", "json"][..], &none].concat()).exits(0).json();
    assert_eq!((&list["planned"], &list["mutants"][0]["id"]), (&2.into(), &USERS.into()));
}

#[test]
fn what_does_not_exist_is_a_usage_error() {
    let project = keys();
    let list =
        |args: &[&str]| project.run(&[&["mutate", "m", "--list", "--pg-bin", "/nonexistent"], args].concat());
    list(&["--operators", "pk-drip"]).exits(2).error(&["pk-drip", "did you mean pk-drop?"]);
    list(&["--operators", "fk-remove"])
        .exits(2)
        .error(&["did you mean one of fk-pair-remove", "`confiture plugins`"]);
    list(&["--operators", "zzzzzzzz"]).exits(2).error(&["zzzzzzzz; `confiture plugins` lists"]);
    list(&["--sample", "0"]).exits(2).error(&["at least 1"]);
    assert_eq!(list(&["--sample", "1"]).exits(0).stdout.lines().count(), 1);
    list(&["--operators-version", "99"]).exits(2).error(&["version 99"]);
    list(&["--shard", "3/2"]).exits(2);
    list(&["--severity", "awful"]).exits(2);
    list(&["--operators", "where-relop"]).exits(5);
    project.write("confiture.toml", "[mutate]\nmin-scores = 3\n");
    list(&[]).exits(2).error(&["did you mean min-score?"]);
    project.write("confiture.toml", "[mutate]\nmin-score = 101\n");
    list(&[]).exits(2).error(&["0 to 100"]);
    project.write("confiture.toml", "[[mutate.ignore]]\nreason = 'x'\n");
    list(&[]).exits(2).error(&["either a mutant or an operator"]);
}

#[test]
fn survivors_fail_the_run_unless_less_is_enough() {
    let project = keys();
    key_test(&project, "users");
    let ended = mutate(&project, &[]).exits(1);
    ended.prints(&[
        "SURVIVED  critical: the primary key is dropped",
        "--> m/0001_users.sql:5:28",
        "- CREATE TABLE orders (id int PRIMARY KEY);\n   + CREATE TABLE orders (id int);",
        "orders.id in 0001_users (critical): no test notices when the primary key is dropped",
        "2 mutants, 2 effective: 1 noticed, 1 not · score 50.0%, own tests 50.0%",
    ]);
    project.write("confiture.toml", "[mutate]\nmin-score = 50\nmin-own-score = 50\n");
    mutate(&project, &[]).exits(0);
    project.write("confiture.toml", "[mutate]\nmin-own-score = 51\n");
    mutate(&project, &[]).exits(1).prints(&["mutation-score-low"]);
    project.write("confiture.toml", "[mutate]\nfail-on = 'critical'\n");
    mutate(&project, &[]).exits(1).prints(&["mutants-unnoticed"]);

    project.write("confiture.toml", format!("[[mutate.ignore]]\nmutant = '{ORDERS}'\nreason = 'why not'\n"));
    mutate(&project, &[]).exits(0).prints(&["ignored on request: 1"]);
    project.write("confiture.toml", "[[mutate.ignore]]\noperator = 'where-*'\nreason = 'why not'\n");
    mutate(&project, &[]).exits(1).prints(&["suppression-unused"]);
    project.write("confiture.toml", "");
    key_test(&project, "orders");
    mutate(&project, &[]).exits(0);
}

#[test]
fn tests_that_fail_anyway_say_nothing_about_mutants() {
    let project = keys();
    key_test(&project, "users");
    project.write("confiture/tests/wrong.sql", "-- confiture: assert\nSELECT false;\n");
    let ended = mutate(&project, &["--format", "json"]).exits(4);
    let report = ended.json();
    assert_eq!((&report["command"], &report["tests"][1]["status"]), (&"mutate".into(), &"failed".into()));
    mutate(&project, &[]).exits(4).prints(&["--allow-red", "wrong"]);
    // The other test still notices its key.
    mutate(&project, &["--allow-red"]).exits(1).prints(&["1 noticed, 1 not"]);
}

/// A report without what differs from run to run.
fn lasting(mut report: Value) -> Value {
    let mutants = report["mutation"]["mutants"].as_array_mut().expect("mutants");
    for mutant in mutants {
        mutant["duration_ms"] = 0.into();
    }
    report["duration_ms"] = 0.into();
    report
}

#[test]
fn shards_merge_to_the_whole_run_and_gaps_are_refused() {
    let project = keys();
    // A shard is made of whole migrations.
    project.write("m/0002_items.sql", "CREATE TABLE items (id int PRIMARY KEY);");
    project.write("m/0002_items.down.sql", "DROP TABLE items;");
    key_test(&project, "users");
    project.write("confiture.toml", "[mutate]\nmin-score = 60\n");
    let whole = lasting(mutate(&project, &["--format", "json"]).exits(1).json());
    for (index, shard) in ["1/2", "2/2"].iter().enumerate() {
        let file = format!("json={}.json", index + 1);
        // A part cannot fall short of the score of the whole.
        mutate(&project, &["--shard", shard, "--report", &file]).exits(0);
    }
    let merge = |files: &[&str]| project.run(&[&["report", "merge", "--format", "json"], files].concat());
    let merged = merge(&["2.json", "1.json"]).exits(1);
    assert_eq!(lasting(merged.json()), whole);
    merge(&["1.json", "1.json", "2.json"]).exits(2).error(&["in more than one"]);
    merge(&["1.json"]).exits(2).error(&["shard 2/2 is missing"]);
    // One that gets none of the mutants has nothing to do, and says so with its report.
    mutate(&project, &["--shard", "3/3"]).exits(0);
    project.write("m/0003_more.sql", "CREATE TABLE more (id int);");
    project.write("m/0003_more.down.sql", "DROP TABLE more;");
    mutate(&project, &["--shard", "2/2", "--report", "json=2.json"]);
    merge(&["1.json", "2.json"]).exits(2).error(&["part of another plan"]);
    merge(&["confiture.toml"]).exits(2).error(&["no JSON report"]);
}

#[test]
fn a_run_takes_up_what_the_log_holds() {
    let project = keys();
    key_test(&project, "users");
    let first = lasting(mutate(&project, &["--log", "log.jsonl", "--format", "json"]).exits(1).json());
    let written = std::fs::read_to_string(project.path("log.jsonl")).expect("a log");
    assert_eq!(written.lines().count(), 2);
    // As if it had been killed in its second line.
    std::fs::write(project.path("log.jsonl"), &written[..written.len() - 9]).expect("a log");
    let again = lasting(mutate(&project, &["--log", "log.jsonl", "--format", "json"]).exits(1).json());
    assert_eq!(again, first);
    let lines = std::fs::read_to_string(project.path("log.jsonl")).expect("a log");
    assert_eq!(lines.lines().next(), written.lines().next());
    assert_eq!(lines.lines().count(), 2);
    mutate(&project, &["--log", "m/0001_users.sql"]).exits(2).error(&["no result of a mutant"]);
}

#[test]
fn suggested_tests_are_written_and_notice_their_mutants() {
    let project = keys();
    key_test(&project, "users");
    mutate(&project, &["--write-tests", "confiture/tests"]).exits(1);
    let name = format!("confiture/tests/{}.sql", ORDERS.replace('/', "__"));
    let text = std::fs::read_to_string(project.path(&name)).expect("a test");
    assert!(text.starts_with("-- notices that the primary key is dropped\n"), "{text}");
    mutate(&project, &[]).exits(0);
}

#[test]
fn reports_show_mutants_as_their_readers_expect() {
    let project = keys();
    key_test(&project, "users");
    let reports = ["--report", "stryker=s.json", "--report", "junit=j.xml", "--report", "md=m.md"];
    let ended = mutate(&project, &[&reports[..], &["--format", "github"]].concat()).exits(1);
    ended
        .prints(&["::error file=m/0001_users.sql,line=5,col=28,title=confiture%3A pk-drop::no test notices"]);
    let read = |name: &str| std::fs::read_to_string(project.path(name)).expect("a report");
    assert!(read("m.md").contains("| schema | 2 | 2 | 1 | 50.0% | 50.0% |"), "{}", read("m.md"));
    let junit = crate::reports::well_formed(&read("j.xml"));
    assert_eq!(junit.iter().filter(|tag| *tag == "testcase").count(), 2);
    assert_eq!(junit.iter().filter(|tag| *tag == "failure").count(), 1);
    stryker(&serde_json::from_str(&read("s.json")).expect("JSON"));
}

/// What the schema of `mutation-testing-report-schema` 2 requires, and what this project has to say.
fn stryker(report: &Value) {
    let version = report["schemaVersion"].as_str().expect("a version");
    assert!(version.starts_with(['1', '2']));
    for bound in ["high", "low"] {
        assert!(report["thresholds"][bound].as_u64().is_some_and(|percent| percent <= 100));
    }
    let tests: Vec<&Value> = report["testFiles"]
        .as_object()
        .expect("test files")
        .values()
        .flat_map(|file| file["tests"].as_array().expect("tests"))
        .collect();
    assert!(tests.iter().all(|test| test["id"].is_string() && test["name"].is_string()));
    let known = |id: &Value| tests.iter().any(|test| test["id"] == *id);
    let file = &report["files"]["m/0001_users.sql"];
    assert_eq!(file["language"], "sql");
    let source = file["source"].as_str().expect("a source");
    let statuses =
        ["Killed", "Survived", "NoCoverage", "CompileError", "RuntimeError", "Timeout", "Ignored", "Pending"];
    let mut seen = Vec::new();
    for mutant in file["mutants"].as_array().expect("mutants") {
        assert!(mutant["id"].is_string() && mutant["mutatorName"] == "pk-drop");
        let status = mutant["status"].as_str().expect("a status");
        assert!(statuses.contains(&status));
        seen.push(status);
        for list in ["killedBy", "coveredBy"] {
            assert!(mutant[list].as_array().expect("a list").iter().all(known), "{mutant}");
        }
        // The replaced range is whole lines.
        let at = |end: &str, part: &str| mutant["location"][end][part].as_u64().expect("a place") as usize;
        assert_eq!(at("start", "column"), 1);
        let last = source.lines().nth(at("end", "line") - 1).expect("a line");
        assert_eq!(at("end", "column"), last.chars().count() + 1);
        assert!(mutant["replacement"].as_str().is_some_and(|text| !text.contains("PRIMARY")));
    }
    assert_eq!(seen, ["Killed", "Survived"]);
}

#[test]
fn a_ci_system_says_which_part() {
    let project = keys();
    let mut all = Vec::new();
    for index in ["1", "2"] {
        let mut command = project.command(["mutate", "m", "--operators", "pk-drop", "--list"]);
        command.args(["--pg-bin", "/nonexistent"]).env("CI_NODE_INDEX", index).env("CI_NODE_TOTAL", "2");
        let ended = project.start(command).end().exits(0);
        all.extend(ended.stdout.lines().map(|line| line.split(' ').next().unwrap_or_default().to_owned()));
    }
    all.sort();
    assert_eq!(all, [ORDERS, USERS]);
}

#[test]
fn a_killed_run_is_taken_up_and_comes_to_what_an_undisturbed_one_does() {
    let project = keys();
    key_test(&project, "users");
    let args =
        |log: &'static str| ["mutate", "m", "--jobs", "1", "--no-suggest", "--format", "json", "--log", log];
    let undisturbed = lasting(project.run(&args("whole.jsonl")).exits(1).json());
    let process = project.start(project.command(args("log.jsonl")));
    let lines = || std::fs::read_to_string(project.path("log.jsonl")).unwrap_or_default().lines().count();
    eventually("a few mutants are judged", || lines() >= 3);
    process.signal(Signal::KILL);
    assert_eq!(process.end_somehow().code, None);
    let kept = lines();
    let resumed = lasting(project.run(&args("log.jsonl")).exits(1).json());
    assert_eq!(resumed, undisturbed);
    let whole = std::fs::read_to_string(project.path("whole.jsonl")).expect("a log").lines().count();
    assert!(kept < whole, "it was killed after its end");
    // Nothing twice: what was whole before is not run again.
    assert!((whole..=whole + 1).contains(&lines()), "{} lines of {whole}", lines());
}

#[test]
fn what_fails_on_the_originals_is_named_with_how_to_go_on() {
    let project = keys();
    project.write("m/0002_more.sql", "CREATE TABLE more (id int);\n");
    project.write("m/0002_more.down.sql", "SELECT 1;\n");
    let ended = mutate(&project, &[]).exits(4);
    ended.prints(&["built-in checks fail", "down on 0002_more", "--skip down", "--allow-red"]);
    mutate(&project, &["--skip", "down", "--skip", "re-up"]).exits(1);
    let ended = mutate(&project, &["--allow-red"]).exits(1);
    ended.prints(&["mutants-red-tests", "check down on 0002_more", "not asked about mutants"]);
    project.write("m/0002_more.down.sql", "DROP TABLE more;\n");
    project.write("confiture/tests/red.sql", "-- confiture: assert\nSELECT false;\n");
    mutate(&project, &[]).exits(4).prints(&["the tests fail on the migrations as they are"]);
}

#[test]
fn tests_that_cannot_be_written_do_not_cost_the_report() {
    let project = keys();
    project.write("file", String::new());
    let ended = mutate(&project, &["--write-tests", "file/tests"]).exits(2);
    assert!(ended.stderr.contains("failed to write tests to file/tests"), "{}", ended.stderr);
    ended
        .prints(&["SURVIVED  critical: the primary key is dropped", "assertions found for 2 of 2 unnoticed"]);
    let ended = mutate(&project, &["--write-tests", "new/tests"]).exits(1);
    assert!(ended.stderr.contains("wrote 2 tests to new/tests, for 2 mutants"), "{}", ended.stderr);
    let ended = mutate(&project, &["--write-tests", "new/tests"]).exits(1);
    assert!(ended.stderr.contains("those for 2 mutants are there already"), "{}", ended.stderr);
}

#[test]
fn assertions_that_nobody_looked_for_are_not_called_missing() {
    let project = keys();
    let missing = "no assertion was found";
    let said = |args: &[&str]| mutate(&project, args).exits(1).stdout.contains(missing);
    assert!(!said(&["--no-suggest"]));
}

#[test]
fn file_called_like_the_snapshot_s_directory_is_no_snapshot() {
    let project = keys();
    project.write("confiture", "a program\n");
    mutate(&project, &[]).exits(1);
    let ended = project.run(&["snapshot", "m", "--accept"]).exits(2);
    ended.error(&["it is a file, where the snapshot's directory has to be"]);
    assert_eq!(std::fs::read_to_string(project.path("confiture")).expect("kept"), "a program\n");
}

#[test]
fn a_report_of_another_format_cannot_be_merged_and_says_what_it_is() {
    let project = keys();
    mutate(&project, &["--report", "stryker=viewer.json", "--report", "json=run.json"]).exits(1);
    let merge = |file: &str| project.run(&["report", "merge", file]);
    merge("viewer.json").exits(2).error(&["a report of --format stryker", "--report json=FILE"]);
    merge("m/0001_users.sql").exits(2).error(&["it is no JSON report"]);
    merge("run.json").exits(1);
}

#[test]
fn settings_are_found_beside_the_migrations_too() {
    let project = keys();
    project.write("elsewhere/confiture.toml", "[mutate]\noperators = ['unique-drop']\n");
    project.write("elsewhere/m/0001_users.sql", "CREATE TABLE users (id int PRIMARY KEY);\n");
    let list = |dir: &str| project.run(&["mutate", dir, "--list", "--pg-bin", "/nonexistent"]);
    list("elsewhere/m").exits(5);
    assert!(list("m").exits(0).stdout.contains("pk-drop"));
    // Those of the working directory come first.
    project.write("confiture.toml", "[mutate]\noperators = ['pk-drop']\n");
    assert!(list("elsewhere/m").exits(0).stdout.contains("pk-drop"));
}
