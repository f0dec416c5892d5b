//! Servers and sessions that end while they are needed, and statements that do not end.

use rustix::process::Signal;

use crate::process::{Project, signal_to};

#[test]
fn server_that_dies_is_reported_with_its_log_and_no_hang() {
    for signal in [Signal::QUIT, Signal::KILL] {
        let project = Project::slow();
        let mut process = project.start(project.command(["test", "m"]));
        let cluster = process.cluster();
        process.until_sleeping(&cluster.url());
        signal_to(cluster.pid, signal);
        let ended = process.end().exits(3);
        ended.error(&[
            "m/0001_slow.sql:2",
            "connection was lost",
            "server log:",
            "ready to accept connections",
        ]);
    }
}

#[test]
fn session_killed_by_its_own_migration_fails_there_and_the_run_goes_on() {
    let sql = "CREATE TABLE a (id int);\nSELECT pg_terminate_backend(pg_backend_pid());\nCREATE TABLE b ();";
    let project = Project::new(&[("m/0001_a.sql", sql), ("m/0002_b.sql", "CREATE TABLE b (id int);")]);
    project.test(&[]).exits(1).prints(&["m/0001_a.sql:2", "57P01", "PASS  0002_b"]);
}

#[test]
fn session_killed_in_a_rollback_names_the_down_file() {
    let project = Project::new(&[
        ("m/0001_a.sql", "CREATE TABLE a (id int);"),
        ("m/0001_a.down.sql", "DROP TABLE a;\nSELECT pg_terminate_backend(pg_backend_pid());"),
    ]);
    project.test(&[]).exits(1).prints(&["m/0001_a.down.sql:2", "57P01"]);
}

#[test]
fn session_killed_by_the_setup_is_no_configuration_error() {
    let project = Project::good();
    project.write("setup.sql", "SELECT pg_terminate_backend(pg_backend_pid());");
    project.test(&["--setup", "setup.sql"]).exits(3).error(&["setup.sql:1", "57P01"]);
}

#[test]
fn statement_past_its_deadline_fails_there_and_the_run_goes_on() {
    let project = Project::new(&[
        ("m/0001_a.sql", "CREATE TABLE a (id int);\nSELECT pg_sleep(600);\nCREATE TABLE b (id int);"),
        ("m/0002_b.sql", "CREATE TABLE b (id int);"),
        ("m/0002_b.down.sql", "DROP TABLE b;\nSELECT pg_sleep(600);"),
        ("m/0003_c.sql", "CREATE TABLE c (id int);"),
    ]);
    let ended = project.test(&["--timeout", "3"]).exits(1);
    ended.prints(&[
        "m/0001_a.sql:2:1",
        "took longer than 3s and was cancelled",
        "m/0002_b.down.sql:2:1",
        "PASS  0003_c",
        "3 migrations, 1 passed, 2 failed",
    ]);
}

#[test]
fn statement_that_ignores_its_cancellation_is_ended_all_the_same() {
    let stubborn = "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(600); EXCEPTION WHEN query_canceled THEN NULL; END; \
                    END LOOP; END $$;";
    let project = Project::new(&[("m/0001_a.sql", stubborn), ("m/0002_b.sql", "CREATE TABLE b (id int);")]);
    let ended = project.test(&["--timeout", "1"]).exits(1);
    ended.prints(&["FAIL  0001_a", "took longer than 1s", "PASS  0002_b"]);
}
