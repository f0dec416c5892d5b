//! The databases module against a real server.

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

#[tokio::test]
async fn private_server_gives_marked_scratch_databases() {
    let server = private().await;
    let database = server.create_database("first").await.expect("a database");
    let session = database.session().await.expect("a session");
    session.execute("CREATE TABLE t (a int)").await.expect("a table");
    session.close().await;
    let clone = server.clone_database(&database, "second").await.expect("a clone");
    clone.session().await.expect("a session").execute("TABLE t").await.expect("the table");
    clone.close().await.expect("dropped");
    database.close().await.expect("dropped");
}
