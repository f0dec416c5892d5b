//! Servers for the tests: every one at hand.

use crate::db::{ClusterOptions, Env, ScratchDb, Server, Session, find};

/// The majors found on this machine, newest last; at least one. Put more into `PATH` to test more.
pub(super) async fn servers() -> Vec<Server> {
    let env: Env = std::env::vars_os().collect();
    let found: Vec<_> = (14..=18).filter_map(|major| find(&env, Some(major)).ok()).collect();
    assert!(!found.is_empty(), "no PostgreSQL on this machine");
    let mut servers = Vec::new();
    for server in &found {
        let options = ClusterOptions {
            cache_dir: Some(std::env::temp_dir().join("confiture-test-cache")),
            env: std::env::vars_os().collect(),
            ..ClusterOptions::default()
        };
        servers.push(Server::private(server, &options).await.expect("a private server"));
    }
    servers
}

/// The newest server alone.
pub(super) async fn server() -> Server {
    servers().await.pop().expect("at least one")
}

/// A fresh database and a session in it.
pub(super) async fn database(server: &Server) -> (ScratchDb, Session) {
    let database = server.create_database("catalog").await.expect("a database");
    let session = database.session().await.expect("a session");
    session.execute("SET jit = off; SET client_min_messages = error").await.expect("settings");
    (database, session)
}

/// Runs a script and panics with its text when it is refused.
pub(super) async fn run(session: &Session, sql: &str) {
    if let Err(failure) = session.execute(sql).await {
        let place = failure.position.map(|at| sql[at..].chars().take(80).collect::<String>());
        panic!("{failure} at {place:?} in {}", sql.chars().take(400).collect::<String>());
    }
}
