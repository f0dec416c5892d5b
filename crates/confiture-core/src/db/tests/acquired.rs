//! Versions that are not installed.

use super::*;

/// Acquires the oldest supported version and the newest ones into the user's cache (nothing is downloaded the second time) and uses them.
#[tokio::test]
async fn acquired_versions_run() {
    for major in [14, 16, 17, 18] {
        let options =
            ServerOptions { version: Some(major), acquire: Acquire::WhenMissing, ..super::options() };
        let begun = Instant::now();
        let server = Server::open(&options).await.unwrap_or_else(|error| {
            panic!("PostgreSQL {major} is needed for this test and neither installed nor acquired: failed to {error}")
        });
        println!("{} after {:?}", server.version_text(), begun.elapsed());
        assert_eq!(server.version().major(), major);
        let found = installed(&options);
        assert!(found.iter().any(|server| server.version.major() == major));
        let database = server.create_database("first").await.expect("a database");
        let session = database.session().await.expect("a session");
        session.execute("CREATE EXTENSION pgcrypto").await.expect("contrib is there");
        let text =
            session.query_simple("SELECT upper('é'), E'\\u00e9' < 'z', 'É' ~* 'é'").await.expect("text");
        println!("{text:?}");
        session.close().await;
        let clone = server.clone_database(&database, "second").await.expect("a clone");
        clone.close().await.expect("dropped");
        database.close().await.expect("dropped");
        let path = server.cluster().expect("ours").path().to_owned();
        server.close().await;
        assert!(!path.exists());
    }
}
