//! Servers for the tests: every one at hand.

use crate::db::{Acquire, ScratchDb, Server, ServerOptions, Session, find};

/// The majors found on this machine, newest last; at least one. `confiture server install` adds more.
pub(super) async fn servers() -> Vec<Server> {
    let options = |major| ServerOptions {
        version: Some(major),
        acquire: Acquire::Never,
        env: std::env::vars_os().collect(),
        ..ServerOptions::default()
    };
    let mut servers = Vec::new();
    for major in 14..=18 {
        let options = options(major);
        if let Ok(found) = find(&options) {
            servers.push(Server::private(&found, &options).await.expect("a private server"));
        }
    }
    assert!(!servers.is_empty(), "no PostgreSQL on this machine");
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
