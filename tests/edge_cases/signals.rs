//! Ctrl-C, cancelled jobs, `kill -9` and readers that go away.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use rustix::process::{Pid, Signal};

use crate::process::{Project, eventually};

#[test]
fn interrupted_run_leaves_nothing_and_says_so() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 143)] {
        let project = Project::slow();
        let mut process = project.start(project.command(["test", "m", "--format", "json"]));
        let cluster = process.cluster();
        process.until_sleeping(&cluster.url());
        process.signal(signal);
        let ended = process.end().exits(code).error(&["no result"]);
        assert_eq!(ended.json()["status"], "error");
    }
}

#[test]
fn interrupted_run_ends_the_test_command_and_what_it_started() {
    let project = Project::good();
    let line = "sleep 600 & echo $! $$ > begun.tmp; mv begun.tmp begun; wait";
    let process = project.start(project.command(["test", "m", "--test-command", line]));
    eventually("the command runs", || project.path("begun").exists());
    process.signal(Signal::INT);
    process.end().exits(130);
    let pids = std::fs::read_to_string(project.path("begun")).expect("two process ids");
    let runs = |pid: &str| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !status.is_empty() && !status.contains(") Z ")
    };
    eventually("nothing of it is left", || !pids.split_whitespace().any(runs));
}

#[test]
fn run_interrupted_while_the_server_starts_leaves_nothing() {
    let project = Project::slow();
    let mut process = project.start(project.command(["test", "m"]));
    let _ = process.cluster();
    process.signal(Signal::INT);
    process.end().exits(130);
}

#[test]
fn interrupted_run_on_a_long_chain_ends_both_its_servers() {
    let project = Project::new(&[("m/0000_slow.sql", "SELECT pg_sleep(600);")]);
    for at in 1..100 {
        project.write(&format!("m/{at:04}_t.sql"), format!("CREATE TABLE t{at} (id int);"));
    }
    let mut process = project.start(project.command(["test", "m", "--jobs", "2"]));
    for cluster in process.clusters(2) {
        process.until_sleeping(&cluster.url());
    }
    process.signal(Signal::INT);
    process.end().exits(130).error(&["no result"]);
    // With one at a time the second would start later.
    let mut process = project.start(project.command(["test", "m", "--jobs", "1"]));
    let cluster = process.cluster();
    process.until_sleeping(&cluster.url());
    process.signal(Signal::INT);
    assert_eq!(process.end().exits(130).clusters.len(), 1);
}

#[test]
fn killed_run_leaves_no_server_and_its_directory_goes_with_the_next() {
    let project = Project::slow();
    let mut process = project.start(project.command(["test", "m"]));
    let cluster = process.cluster();
    process.until_sleeping(&cluster.url());
    process.signal(Signal::KILL);
    assert_eq!(process.end_somehow().code, None);
    eventually("the server is gone", || !cluster.is_running());
    Project::good().test(&[]).exits(0);
    // Removed by that start, or by another test's that holds its lock meanwhile.
    eventually("the next start removes the directory", || !cluster.path.exists());
}

#[test]
fn killed_run_takes_the_test_command_with_it() {
    let project = Project::good();
    let command = "echo $$ > pid.new; mv pid.new pid; sleep 600 & wait";
    let process = project.start(project.command(["test", "m", "--test-command", command]));
    let written = project.path("pid");
    eventually("the command runs", || written.exists());
    let pid: i32 = std::fs::read_to_string(written).expect("a file").trim().parse().expect("a number");
    let group = Pid::from_raw(pid).expect("a pid");
    assert!(rustix::process::test_kill_process_group(group).is_ok());
    process.signal(Signal::KILL);
    process.end_somehow();
    eventually("the command is gone", || rustix::process::test_kill_process_group(group).is_err());
}

#[test]
fn reader_that_has_seen_enough_is_no_error() {
    let project = Project::good();
    for format in ["human", "json", "junit", "md"] {
        let mut command = project.command(["test", "m", "--format", format]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{format}: {said}");
        assert!(!said.contains("error") && !said.contains("panicked"), "{format}: {said}");
    }
}

#[test]
fn head_of_a_long_page_is_no_error() {
    let project = Project::new(&[]);
    for page in [vec!["plugins"], vec!["man"], vec!["explain"], vec!["completions", "bash"], vec!["--help"]] {
        let mut command = project.command(&page);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let output = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{page:?}: {:?} {said}", output.status);
    }
}
