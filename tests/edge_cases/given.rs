//! Servers that belong to somebody else.

use std::sync::Arc;

use confiture_core::db::{Endpoint, Env, ScratchDb, Server, ServerOptions, Session};
use confiture_tests::block_on;
use rustix::process::Signal;

use crate::process::{Project, signal_to, url_in};

/// A server that plays the part of the user's, with a database of theirs.
struct Host {
    server: Arc<Server>,
    hold: ScratchDb,
}

impl Host {
    fn new() -> Self {
        let env: Env = std::env::vars_os().collect();
        let version = std::env::var("CONFITURE_PG").ok().and_then(|major| major.parse().ok());
        let options = ServerOptions { version, env, ..ServerOptions::default() };
        block_on(async {
            let server = Server::open(&options).await.expect("a server");
            let hold = server.create_database("hold").await.expect("a database");
            let session = hold.session().await.expect("a session");
            session.execute("CREATE DATABASE theirs").await.expect("a database");
            session.execute("COMMENT ON DATABASE theirs IS 'confiture is great'").await.expect("a comment");
            session.close().await;
            Self { server: Arc::new(server), hold }
        })
    }

    fn url(&self) -> String {
        url_in(self.server.cluster().expect("ours").path())
    }

    fn pid(&self) -> u32 {
        self.server.cluster().expect("ours").pid()
    }

    /// Every database, and every table of theirs.
    fn state(&self) -> (Vec<String>, Vec<String>) {
        let names = |url: &str, sql: &str| -> Vec<String> {
            let endpoint = Endpoint::parse(url, &Env::empty()).expect("a URL");
            block_on(async {
                let session = Session::read_only(&endpoint).await.expect("a session");
                let rows = session.query(sql, &[]).await.expect("rows");
                session.close().await;
                rows.iter().map(|row| row.get(0)).collect()
            })
        };
        let databases = names(&self.url(), "SELECT datname::text FROM pg_database ORDER BY 1");
        let tables = "SELECT oid::regclass::text FROM pg_class WHERE oid >= 16384 ORDER BY 1";
        let theirs = self.url().replace("/postgres?", "/theirs?");
        (databases, names(&theirs, tables))
    }

    fn close(self) {
        block_on(async {
            self.hold.close().await.expect("dropped");
            Arc::into_inner(self.server).expect("the only one").close().await;
        });
    }
}

#[test]
fn database_url_is_never_written_to() {
    let host = Host::new();
    let before = host.state();
    let project = Project::good();
    let theirs = host.url().replace("/postgres?", "/theirs?");
    let mut command = project.command(["test", "m"]);
    command.env("DATABASE_URL", &theirs).env("PGHOST", "/nowhere").env("PGDATABASE", "theirs");
    let ended = project.start(command).end().exits(0).prints(&["private"]);
    assert_eq!(ended.clusters.len(), 1, "its own server");
    assert_eq!(host.state(), before);
    host.close();
}

#[test]
fn given_server_is_used_and_left_as_it_was() {
    let host = Host::new();
    let before = host.state();
    let project = Project::good();
    project.write("m/0002_ü.sql", "-- confiture: no-transaction\nCREATE INDEX CONCURRENTLY i ON users (id);");
    project.write("m/0002_ü.down.sql", "-- confiture: no-transaction\nDROP INDEX CONCURRENTLY i;");
    let theirs = host.url().replace("/postgres?", "/theirs?");
    let ended = project.test(&["--server", &theirs, "--format", "json"]).exits(0);
    assert_eq!(ended.json()["server"]["kind"], "given", "{ended:?}");
    assert!(ended.clusters.is_empty(), "no server of its own");
    assert_eq!(host.state(), before);
    host.close();
}

#[test]
fn tests_that_reach_beyond_their_database_are_not_run_on_a_given_server() {
    let host = Host::new();
    let before = host.state();
    let project = Project::good();
    let far = "DROP DATABASE theirs;\n-- confiture: assert\nSELECT true;\n";
    project.write("confiture/tests/far.sql", far);
    project.write("confiture/tests/near.sql", "-- confiture: assert\nSELECT true;\n");
    project.write("queries/far.sql", "DROP DATABASE theirs;");
    let ended = project.test(&["--server", &host.url()]).exits(1);
    ended.prints(&[
        "SKIP  far   (it changes what all databases of the server share",
        "PASS  near",
        "error[query-never-works]",
        "25001",
    ]);
    assert_eq!(host.state(), before);
    // On a private server there is nobody to be spared: the statement is run, and refused.
    project.test(&["--skip", "queries"]).exits(1).prints(&["error[test-statement-fails]", "3D000"]);
    host.close();
}

#[test]
fn run_that_cannot_go_on_leaves_a_given_server_as_it_was() {
    let host = Host::new();
    let before = host.state();
    let project = Project::good();
    project.write("setup.sql", "SELECT nope;");
    project.test(&["--server", &host.url(), "--setup", "setup.sql"]).exits(2).error(&["setup.sql:1"]);
    assert_eq!(host.state(), before, "a setup that fails");
    let killing = "CREATE TABLE a (id int);\nSELECT pg_terminate_backend(pg_backend_pid());";
    let project = Project::new(&[("m/0001_a.sql", killing)]);
    project.test(&["--server", &host.url()]).exits(1).prints(&["m/0001_a.sql:2", "57P01"]);
    assert_eq!(host.state(), before, "a session that is lost");
    host.close();
}

#[test]
fn interrupted_run_leaves_a_given_server_as_it_was() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let host = Host::new();
        let before = host.state();
        let project = Project::slow();
        let mut process = project.start(project.command(["test", "m", "--server", &host.url()]));
        process.until_sleeping(&host.url());
        process.signal(signal);
        process.end().exits(code).error(&["no result"]);
        assert_eq!(host.state(), before);
        host.close();
    }
}

#[test]
fn leftovers_of_a_killed_run_go_with_the_next() {
    let host = Host::new();
    let before = host.state();
    let project = Project::slow();
    let mut process = project.start(project.command(["test", "m", "--server", &host.url()]));
    process.until_sleeping(&host.url());
    process.signal(Signal::KILL);
    process.end();
    assert_ne!(host.state(), before, "nobody was there to tidy up");
    // The session that sleeps notices only at its end; its database must not be in use to be dropped.
    block_on(async {
        let session = host.hold.session().await.expect("a session");
        let end =
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        session.execute(end).await.expect("ended");
        session.close().await;
    });
    crate::process::eventually("the next run drops what is left", || {
        Project::good().test(&["--server", &host.url()]).exits(0);
        host.state() == before
    });
    host.close();
}

#[test]
fn given_server_that_dies_is_an_error_and_no_hang() {
    let host = Host::new();
    let project = Project::slow();
    let mut process = project.start(project.command(["test", "m", "--server", &host.url()]));
    process.until_sleeping(&host.url());
    signal_to(host.pid(), Signal::QUIT);
    process.end().exits(3).error(&["m/0001_slow.sql:2", "connection was lost"]);
    drop(host);
}

#[test]
fn two_runs_at_once_do_not_meet() {
    let host = Host::new();
    let before = host.state();
    let project = Project::good();
    let url = host.url();
    let start = |args: &[&str]| project.start(project.command([&["test", "m"], args].concat()));
    let running = [start(&[]), start(&["--server", &url]), start(&[]), start(&["--server", &url])];
    let ended: Vec<_> = running.into_iter().map(|process| process.end_somehow().exits(0)).collect();
    assert_eq!(ended.iter().map(|ended| ended.clusters.len()).sum::<usize>(), 2);
    for cluster in ended.iter().flat_map(|ended| &ended.clusters) {
        assert!(!cluster.path.exists() && !cluster.is_running());
    }
    assert_eq!(host.state(), before);
    host.close();
}

#[test]
fn same_server_twice_gives_one_report() {
    let host = Host::new();
    let before = host.state();
    let ended = Project::good().test(&["--server", &host.url(), "--server", &host.url(), "--format", "json"]);
    let report = ended.exits(0).json();
    assert_eq!(report["servers"].as_array().map(Vec::len), Some(2));
    assert_eq!(report["migrations"].as_array().map(Vec::len), Some(1));
    assert_eq!(host.state(), before);
    host.close();
}
