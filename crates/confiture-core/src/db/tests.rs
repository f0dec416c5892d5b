//! The databases module against real servers.

mod acquired;
mod adopt;
mod given;
mod orphans;
mod scratch;
mod seeded;
mod sessions;
mod tls;

use std::time::{Duration, Instant};

use super::*;

/// The environment of the test process.
fn env() -> Env {
    std::env::vars_os().collect()
}

fn options() -> ServerOptions {
    ServerOptions { env: env(), acquire: Acquire::Never, ..ServerOptions::default() }
}

async fn private() -> Server {
    Server::open(&options()).await.expect("a private server")
}

/// Looks again until `holds`, and fails after half a minute.
async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Names of all databases but the server's own.
async fn databases(server: &Server) -> Vec<String> {
    let sql = "SELECT datname::text FROM pg_database \
               WHERE datname NOT IN ('postgres', 'template0', 'template1') ORDER BY 1";
    server.ask(sql, &[]).await.expect("databases").iter().map(|row| row.get(0)).collect()
}
