//! Scratch databases, clones and templates.

use super::*;
use crate::db::quote::identifier;

#[tokio::test]
async fn clone_holds_what_its_source_held_and_goes_when_closed() {
    let server = private().await;
    let source = server.create_database("first").await.expect("a database");
    let session = source.session().await.expect("a session");
    session.execute("CREATE TABLE t AS SELECT 42 AS a").await.expect("a table");
    session.close().await;
    let clone = server.clone_database(&source, "second").await.expect("a clone");
    let session = clone.session().await.expect("a session");
    let rows = session.query_simple("TABLE t").await.expect("the table");
    assert_eq!((rows.columns, rows.rows), (vec!["a".to_owned()], vec![vec![Some("42".to_owned())]]));
    clone.close().await.expect("dropped although a session is open");
    source.close().await.expect("dropped");
    assert!(databases(&server).await.is_empty());
    server.close().await;
}

#[tokio::test]
async fn awkward_labels_become_names_of_at_most_63_bytes() {
    let server = private().await;
    let long = "long".repeat(30);
    let wide = "ü".repeat(40);
    for label in ["a\"b", "a b", "naïve 数据库", "semi;colon'quote\\", "", &long, &wide] {
        let database = server.create_database(label).await.expect(label);
        assert!(database.name().len() <= 63, "{}", database.name());
        let clone = server.clone_database(&database, label).await.expect(label);
        let session = clone.session().await.expect(label);
        let rows = session.query_simple("SELECT current_database()").await.expect(label);
        assert_eq!(rows.rows[0][0].as_deref(), Some(clone.name()));
        session.close().await;
        clone.close().await.expect(label);
        database.close().await.expect(label);
    }
    server.close().await;
}

#[tokio::test]
async fn database_without_our_mark_is_neither_written_nor_dropped() {
    let server = private().await;
    server.administer("CREATE DATABASE theirs").await.expect("a database");
    let dropped = server.drop_database("theirs").await.expect_err("refused");
    assert!(matches!(dropped, DbError::Unmarked { .. }), "{dropped}");

    assert_eq!(databases(&server).await, ["theirs".to_owned()]);
    server.close().await;
}

#[tokio::test]
async fn database_whose_mark_a_migration_replaced_is_still_ours() {
    let server = private().await;
    let ours = server.create_database("ours").await.expect("a database");
    let comment = format!("COMMENT ON DATABASE {} IS 'my app'", identifier(ours.name()));
    server.administer(&comment).await.expect("a comment");
    ours.session().await.expect("a session").close().await;
    server.administer(&comment).await.expect("a comment");
    ours.close().await.expect("dropped");
    assert_eq!(databases(&server).await, Vec::<String>::new());
    server.close().await;
}

#[tokio::test]
async fn template_is_built_once_sealed_and_cloned() {
    let server = private().await;
    let built = std::sync::atomic::AtomicU32::new(0);
    let build = async |database: &ScratchDb| -> Result<(), DbError> {
        built.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let session = database.session().await?;
        session.execute("CREATE TABLE t (a int)").await.expect("a table");
        // Left open: sealing must end it.
        std::mem::forget(session);
        Ok(())
    };
    let (one, two) = tokio::join!(server.template("key", build), server.template("key", build));
    let (one, two) = (one.expect("a template"), two.expect("a template"));
    assert_eq!((one.name(), built.into_inner()), (two.name(), 1));
    let connected = Session::open(&server.endpoint().with_database(one.name())).await;
    assert!(matches!(connected, Err(DbError::Connect { .. })), "{connected:?}");
    let clone = one.clone_database("clone").await.expect("a clone");
    clone.session().await.expect("a session").execute("TABLE t").await.expect("the table");
    clone.close().await.expect("dropped");
    one.close().await.expect("dropped");
    assert!(databases(&server).await.is_empty());
    server.close().await;
}

#[tokio::test]
async fn template_that_fails_to_build_leaves_nothing() {
    let server = private().await;
    let build = async |_: &ScratchDb| Err(DbError::Settings("no".to_owned()));
    server.template("key", build).await.expect_err("the builder's error");
    assert!(databases(&server).await.is_empty());
    server.close().await;
}

#[tokio::test]
async fn dropped_value_drops_its_database_in_the_background() {
    let server = private().await;
    drop(server.create_database("forgotten").await.expect("a database"));
    eventually("the database is gone", async || databases(&server).await.is_empty()).await;
    server.close().await;
}

/// Prints what starting and cloning cost here; the figures are advice, not a verdict.
#[tokio::test]
async fn figures() {
    let cache = tempfile::tempdir().expect("a directory");
    let cold = ServerOptions { cache_dir: Some(cache.path().to_owned()), ..options() };
    let begun = Instant::now();
    println!("looking for servers: {:?}", {
        installed(&cold);
        begun.elapsed()
    });
    for start in ["initdb", "cached", "cached"] {
        let begun = Instant::now();
        let server = Server::open(&cold).await.expect("a server");
        println!("start ({start}): {:?}", begun.elapsed());
        let begun = Instant::now();
        server.close().await;
        println!("close: {:?}", begun.elapsed());
    }
    let server = private().await;
    println!("server {} in {}", server.version_text(), server.cluster().expect("ours").path().display());
    let template = server
        .template("figures", async |database: &ScratchDb| -> Result<(), DbError> {
            let session = database.session().await?;
            for table in 0..60 {
                let sql = format!(
                    "CREATE TABLE t{table} (id serial PRIMARY KEY, name text UNIQUE, at timestamptz)"
                );
                session.execute(&sql).await.expect("a table");
                let sql =
                    format!("INSERT INTO t{table} (name) SELECT 'n' || i FROM generate_series(1, 50) i");
                session.execute(&sql).await.expect("rows");
            }
            session.close().await;
            Ok(())
        })
        .await
        .expect("a template");
    for _ in 0..5 {
        let begun = Instant::now();
        let clone = template.clone_database("clone").await.expect("a clone");
        let cloned = begun.elapsed();
        let session = clone.session().await.expect("a session");
        let opened = begun.elapsed() - cloned;
        session.close().await;
        let begun = Instant::now();
        clone.close().await.expect("dropped");
        println!("clone {cloned:?}, session {opened:?}, drop {:?}", begun.elapsed());
    }
    server.close().await;
}
