//! Clients of others: only in what is ours or empty.

use super::*;

/// A client in `database` of `server`, as a user would open one.
async fn client(server: &Server, database: &str) -> tokio_postgres::Client {
    server.endpoint().with_database(database).client().await.expect("a client")
}

/// Creates `database` as somebody else would, runs `sql` in it and tries to adopt a client there.
async fn adopted(server: &Server, database: &str, sql: &str) -> Result<Session, DbError> {
    server.administer(&format!("CREATE DATABASE {database}")).await.expect("a database");
    client(server, database).await.batch_execute(sql).await.expect(sql);
    Session::adopt(client(server, database).await).await
}

#[tokio::test]
async fn empty_database_is_marked_used_and_never_dropped() {
    let server = private().await;
    let session = adopted(&server, "empty", "CREATE TEMP TABLE gone (a int)").await.expect("adopted");
    session.execute("CREATE TABLE t (a int)").await.expect("a table");
    assert!(session.endpoint().is_none() && session.backend_pid() > 0);
    let back = session.into_client();
    back.batch_execute("INSERT INTO t VALUES (1)").await.expect("the client works as before");
    // By its mark it is taken again, although it holds a table now.
    Session::adopt(client(&server, "empty").await).await.expect("adopted again").close().await;
    let dropped = server.drop_database("empty").await.expect_err("theirs");
    assert!(matches!(dropped, DbError::Unmarked { .. }), "{dropped}");
    server.reap().await;
    assert_eq!(databases(&server).await, ["empty"]);
    server.close().await;
}

#[tokio::test]
async fn scratch_database_is_taken_by_its_mark() {
    let server = private().await;
    let ours = server.create_database("ours").await.expect("a database");
    ours.session().await.expect("a session").execute("CREATE TABLE t ()").await.expect("a table");
    let client = ours.client().await.expect("a client");
    Session::adopt(client).await.expect("adopted").execute("TABLE t").await.expect("the table");
    server.close().await;
}

#[tokio::test]
async fn database_that_holds_anything_is_refused_and_not_marked() {
    let server = private().await;
    let holding = [
        ("CREATE TABLE t ()", "table t"),
        ("CREATE SEQUENCE s", "sequence s"),
        ("CREATE SCHEMA app", "schema app"),
        ("CREATE TYPE mood AS ENUM ('ok')", "type mood"),
        ("CREATE DOMAIN d AS int", "type d"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "function f()"),
        ("CREATE PUBLICATION p FOR ALL TABLES", "publication p"),
        ("SELECT lo_create(0)", "large object"),
        ("CREATE EXTENSION hstore", "extension hstore"),
        ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO public", "default privileges"),
        ("COMMENT ON DATABASE holding10 IS 'production'", "a comment of its own"),
    ];
    for (at, (sql, held)) in holding.into_iter().enumerate() {
        let name = format!("holding{at}");
        let refused = adopted(&server, &name, sql).await.expect_err(sql).to_string();
        assert!(refused.contains(held), "{sql}: {refused}");
        assert!(matches!(server.marker("look at", &name).await, Err(DbError::Unmarked { .. })), "{sql}");
    }
    server.close().await;
}

#[tokio::test]
async fn databases_of_the_server_itself_are_refused() {
    let server = private().await;
    server.administer("CREATE DATABASE pattern IS_TEMPLATE true").await.expect("a database");
    for name in ["postgres", "template1", "pattern"] {
        let refused = Session::adopt(client(&server, name).await).await.expect_err(name);
        assert!(matches!(refused, DbError::NotEmpty { .. }), "{refused}");
    }
    server.close().await;
}

#[tokio::test]
async fn role_that_does_not_own_the_database_is_told_what_to_run() {
    let server = private().await;
    server.administer("CREATE ROLE \"plain jane\" LOGIN").await.expect("a role");
    server.administer("CREATE DATABASE hers").await.expect("a database");
    let sockets = server.cluster().expect("ours").path().join("s");
    let url = format!("postgresql://plain%20jane@/hers?host={}", sockets.display());
    let hers = Endpoint::parse(&url, &Env::empty()).expect("an endpoint");
    let refused = Session::adopt(hers.client().await.expect("a client")).await.expect_err("refused");
    let expected = "ALTER DATABASE hers OWNER TO \"plain jane\";";
    assert!(matches!(&refused, DbError::Permission { grant, .. } if grant == expected), "{refused}");
    server.close().await;
}
