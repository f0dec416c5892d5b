//! What probes read inside a transaction.

use confiture_core::plugin::Probe as _;
use confiture_perf::Locks;
use confiture_tests::{block_on, server};

#[test]
fn locks_of_an_alter_are_read_and_a_comment_on_nothing_takes_none() {
    let server = server();
    block_on(async {
        let database = server.create_database("probe").await.expect("a database");
        let session = database.session().await.expect("a session");
        session.execute("CREATE TABLE t (a int)").await.expect("a table");
        session.execute("BEGIN").await.expect("begin");
        assert!(Locks.read(&session).await.expect("locks").is_empty());
        session.execute("ALTER TABLE t ADD COLUMN b int").await.expect("a column");
        let held: Vec<String> = Locks.read(&session).await.expect("locks").into_keys().collect();
        assert_eq!(held, ["AccessExclusiveLock public.t"]);
        session.execute("ROLLBACK").await.expect("rollback");
        session.close().await;
        database.close().await.expect("dropped");
    });
}
