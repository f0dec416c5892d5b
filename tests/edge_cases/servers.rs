//! Servers that are too old, not there, or not to be touched.

use std::net::TcpListener;

use crate::process::Project;

const SECRET: &str = "hunter2-geheim";

/// A port nobody listens on: it was free a moment ago.
fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

#[test]
fn too_old_majors_are_refused_without_a_download() {
    for major in ["9", "13"] {
        let ended = Project::good().test(&["--pg", major]).exits(3);
        ended.error(&[&format!("PostgreSQL {major}"), "too old", "14 or newer"]);
    }
}

#[test]
fn majors_that_are_no_numbers_are_usage() {
    Project::good().test(&["--pg", "15,new"]).exits(2).error(&["'new'", "--pg"]);
}

#[test]
fn programs_that_are_not_where_they_were_said_to_be() {
    let ended = Project::good().test(&["--pg-bin", "/nonexistent"]).exits(3);
    ended.error(&["looked in /nonexistent", "--server URL", "--pg-bin DIR"]);
}

#[test]
fn machine_without_postgresql_and_npm_says_what_was_looked_for() {
    let project = Project::good();
    std::fs::create_dir(project.path("nothing")).expect("a directory");
    // A major nobody has installed: /usr/lib/postgresql cannot be hidden.
    let mut command = project.command(["test", "m", "--pg", "98"]);
    command.env("PATH", project.path("nothing")).env("XDG_CACHE_HOME", project.path("cache"));
    command.env("HOME", project.path("nothing")).env_remove("CONFITURE_PG_BIN");
    let ended = project.start(command).end().exits(3);
    ended.error(&[
        "PostgreSQL 98",
        "pg_config --bindir",
        "PATH",
        "/usr/lib/postgresql/*/bin",
        "npm",
        "--server URL",
    ]);
}

#[test]
fn unreachable_server_is_named_without_its_password() {
    let url = format!("postgresql://ada:{SECRET}@127.0.0.1:{}/app", closed_port());
    let project = Project::good();
    let ended = project.test(&["--server", &url, "--format", "json", "-vv", "--report", "md=r.md"]).exits(3);
    let report = ended.never_says(SECRET);
    let text = report.json()["error"].as_str().expect("an error").to_owned();
    assert!(text.contains("ada@127.0.0.1") && text.contains("refused"), "{text}");
    let written = std::fs::read_to_string(project.path("r.md")).expect("a report");
    assert!(written.contains("ada@127.0.0.1") && !written.contains(SECRET), "{written}");
}

#[test]
fn unusable_connection_strings_keep_their_password_to_themselves() {
    for settings in [
        format!("postgresql://ada:{SECRET}@[::1/app"),
        format!("postgresql://ada:{SECRET}@host:notaport/app"),
        format!("host=127.0.0.1 password={SECRET} frob=1"),
        format!("postgresql://ada:{SECRET}%zz@host/app"),
        format!("mysql://ada:{SECRET}@host/app"),
        format!("password={SECRET}"),
        SECRET.to_owned(),
    ] {
        let project = Project::good();
        let mut command = project.command(["test", "m", "--format", "json"]);
        // Not as an argument: where it comes from makes no difference.
        command.env("CONFITURE_SERVER", &settings).env("PGHOST", project.path("no-sockets"));
        project.start(command).end().exits(3).never_says(SECRET).error(&[]);
    }
}

#[test]
fn help_does_not_show_the_server_from_the_environment() {
    let project = Project::good();
    let mut command = project.command(["test", "--help"]);
    command.env("CONFITURE_SERVER", format!("postgresql://ada:{SECRET}@host/app"));
    project.start(command).end().exits(0).never_says(SECRET).prints(&["CONFITURE_SERVER"]);
}
