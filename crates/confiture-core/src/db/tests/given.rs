//! Servers that are not ours.

use super::*;

/// A URL of a server that plays the part of the user's.
fn url(server: &Server, user: &str) -> String {
    let sockets = server.cluster().expect("ours").path().join("s");
    format!("postgresql://{user}@/postgres?host={}", sockets.display())
}

async fn given(server: &Server) -> Server {
    Server::given(&url(server, "postgres"), &options()).await.expect("a given server")
}

#[tokio::test]
async fn leftovers_of_dead_owners_go_and_everything_else_stays() {
    let host = private().await;
    host.administer("CREATE DATABASE theirs").await.expect("a database");
    let living = given(&host).await;
    let kept = living.create_database("living").await.expect("a database");
    let dead = given(&host).await;
    let orphan = dead.create_database("orphan").await.expect("a database");
    let shown = dead.create_database("shown").await.expect("a database");
    let shown_name = shown.name().to_owned();
    shown.keep().await.expect("kept");
    let name = orphan.name().to_owned();
    // Its process "dies": the owner lock is released, nothing is dropped.
    let sql = "SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE locktype = 'advisory' AND objid = $1";
    host.ask(sql, &[&dead.owner().cast_unsigned()]).await.expect("terminated");
    std::mem::forget(orphan);
    let sql = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = $1";
    eventually("the lock is free", async || {
        host.ask(sql, &[&dead.owner().cast_unsigned()]).await.expect("asked").is_empty()
    })
    .await;
    let next = given(&host).await;
    let mut expected = vec![kept.name().to_owned(), shown_name, "theirs".to_owned()];
    expected.sort();
    let found = databases(&host).await;
    assert!(!found.contains(&name));
    assert_eq!(found, expected);
    next.close().await;
    kept.close().await.expect("dropped");
    host.close().await;
}

#[tokio::test]
async fn role_that_may_not_create_databases_is_told_what_to_run() {
    let host = private().await;
    host.administer("CREATE ROLE \"plain jane\" LOGIN").await.expect("a role");
    let refused = Server::given(&url(&host, "plain%20jane"), &options()).await.expect_err("refused");
    assert!(
        matches!(&refused, DbError::Permission { grant, .. } if grant == "ALTER ROLE \"plain jane\" CREATEDB;"),
        "{refused}"
    );
    host.administer("ALTER ROLE \"plain jane\" CREATEDB").await.expect("granted");
    let server = Server::given(&url(&host, "plain%20jane"), &options()).await.expect("accepted");
    let database = server.create_database("hers").await.expect("a database");
    let template =
        server.template("k", async |_: &ScratchDb| Ok::<_, DbError>(())).await.expect("a template");
    template.clone_database("hers").await.expect("a clone").close().await.expect("dropped");
    template.close().await.expect("dropped");
    database.session().await.expect("a session").execute("CREATE TABLE t ()").await.expect("a table");
    database.close().await.expect("dropped");
    host.close().await;
}

#[tokio::test]
async fn template_is_found_again_by_the_next_run() {
    let host = private().await;
    let build = async |_: &ScratchDb| Ok::<_, DbError>(());
    let first = given(&host).await.template("key", build).await.expect("a template");
    let never = async |_: &ScratchDb| Err(DbError::Settings("built twice".to_owned()));
    let again = given(&host).await.template("key", never).await.expect("the same template");
    assert_eq!(first.name(), again.name());
    host.close().await;
}

#[tokio::test]
async fn unreachable_and_unknown_servers_are_named_without_password() {
    let url = "postgresql://ada:hunter2@/postgres?host=/nowhere";
    let error = Server::given(url, &options()).await.expect_err("no server");
    let text = format!("{error} {error:?}");
    assert!(matches!(error, DbError::Connect { .. }) && text.contains("/nowhere"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn missing_server_says_where_it_looked_and_what_to_run() {
    let nowhere = tempfile::tempdir().expect("a directory");
    let options = ServerOptions { pg_bin: Some(nowhere.path().to_owned()), ..options() };
    let error = Server::open(&options).await.expect_err("no server");
    let text = error.to_string();
    assert!(matches!(error, DbError::NoServer { .. }), "{text}");
    assert!(text.contains(nowhere.path().to_str().expect("UTF-8")) && text.contains("--server"), "{text}");
    let options = ServerOptions { version: Some(9), ..self::options() };
    let error = Server::open(&options).await.expect_err("no server");
    assert!(matches!(error, DbError::TooOld { .. }), "{error}");
}
