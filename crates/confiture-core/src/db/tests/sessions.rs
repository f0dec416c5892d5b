//! Deadlines, cancelling, failures and lost servers.

use super::*;

async fn with_session(settings: &[(String, String)]) -> (Server, ScratchDb, Session) {
    let server = private().await;
    let database = server.create_database("session").await.expect("a database");
    let session = database.session_with(settings).await.expect("a session");
    (server, database, session)
}

#[tokio::test]
async fn deadline_cancels_the_statement_and_keeps_the_session() {
    let (server, _database, mut session) = with_session(&[]).await;
    session.set_deadline(Some(Duration::from_millis(50)));
    let failure = session.execute("SELECT pg_sleep(600)").await.expect_err("too long");
    assert!(failure.is_timeout() && !failure.is_connection_lost(), "{failure}");
    assert!(matches!(server.explain("wait", failure), DbError::Timeout { .. }));
    session.execute("SELECT 1").await.expect("still usable");
    server.close().await;
}

#[tokio::test]
async fn statement_that_ignores_its_cancellation_costs_the_session() {
    let (server, _database, mut session) = with_session(&[]).await;
    session.set_deadline(Some(Duration::from_millis(50)));
    let stubborn = "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(600); \
                    EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$";
    let failure = session.execute(stubborn).await.expect_err("too long");
    assert!(failure.is_timeout() && !session.is_usable(), "{failure}");
    let pid = session.backend_pid();
    eventually("the backend is gone", async || {
        server.ask("SELECT FROM pg_stat_activity WHERE pid = $1", &[&pid]).await.expect("asked").is_empty()
    })
    .await;
    session.execute("SELECT 1").await.expect_err("discarded");
    server.close().await;
}

#[tokio::test]
async fn server_side_cancel_is_no_timeout() {
    let (server, _database, session) = with_session(&[]).await;
    let handle = session.cancel_handle();
    let pid = session.backend_pid();
    let cancel = async {
        eventually("the statement runs", async || {
            let sql = "SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'";
            !server.ask(sql, &[&pid]).await.expect("asked").is_empty()
        })
        .await;
        handle.cancel().await.expect("asked to cancel");
    };
    let (failure, ()) = tokio::join!(session.execute("SELECT pg_sleep(600)"), cancel);
    let failure = failure.expect_err("cancelled");
    assert_eq!((failure.sqlstate.as_deref(), failure.is_timeout()), (Some("57014"), false));
    session.execute("SELECT 1").await.expect("still usable");
    server.close().await;
}

#[tokio::test]
async fn dropped_future_cancels_its_statement() {
    let (server, _database, session) = with_session(&[]).await;
    let pid = session.backend_pid();
    let limit = Duration::from_millis(50);
    tokio::time::timeout(limit, session.execute("SELECT pg_sleep(600)")).await.expect_err("too long");
    assert!(!session.is_usable());
    eventually("the statement ends", async || {
        let sql = "SELECT FROM pg_stat_activity WHERE pid = $1 AND state = 'active'";
        server.ask(sql, &[&pid]).await.expect("asked").is_empty()
    })
    .await;
    server.close().await;
}

#[tokio::test]
async fn settings_hold_from_the_start_of_a_session() {
    let settings = [("statement_timeout", "7s"), ("app.tenant", r"a b\c'd"), ("search_path", "x, public")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let (server, _database, session) = with_session(&settings).await;
    for (name, value) in settings {
        let rows = session.query("SELECT current_setting($1)", &[&name]).await.expect("a setting");
        assert_eq!(rows[0].get::<_, String>(0), value);
    }
    server.close().await;
}

#[tokio::test]
async fn copy_goes_in_and_out_and_notices_are_kept() {
    let (server, _database, session) = with_session(&[]).await;
    session.execute("CREATE TABLE t (a int)").await.expect("a table");
    let copied = session.copy_in("COPY t FROM STDIN", b"1\n2\n").await.expect("copied");
    assert_eq!(copied.rows, 2);
    let failure = session.copy_in("COPY t FROM STDIN", b"x\n").await.expect_err("no number");
    assert_eq!(failure.sqlstate.as_deref(), Some("22P02"));
    assert_eq!(session.copy_out("COPY t TO STDOUT").await.expect("copied"), b"1\n2\n");
    let dropped = session.execute("DROP TABLE IF EXISTS missing").await.expect("nothing to drop");
    assert_eq!(dropped.notices.len(), 1);
    let failure = session.execute("SELECT 'é', nope").await.expect_err("no column");
    assert_eq!(failure.position, Some("SELECT 'é', ".len()));
    server.close().await;
}

#[tokio::test]
async fn read_only_session_refuses_to_write() {
    let (server, database, _session) = with_session(&[]).await;
    let session = Session::read_only(&database.endpoint()).await.expect("a session");
    let failure = session.execute("CREATE TABLE t ()").await.expect_err("refused");
    assert_eq!(failure.sqlstate.as_deref(), Some("25006"));
    server.close().await;
}

#[tokio::test]
async fn killed_backend_is_lost_with_the_end_of_the_log() {
    let (server, _database, session) = with_session(&[]).await;
    let pid = rustix::process::Pid::from_raw(session.backend_pid()).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("killed");
    let failure = session.execute("SELECT 1").await.expect_err("lost");
    assert!(failure.is_connection_lost() && !session.is_usable(), "{failure:?}");
    eventually("the log says why", async || match server.explain("run migration 1", failure.clone()) {
        DbError::Lost { log_tail, hint_text, .. } => {
            log_tail.contains("terminated by signal 9") && !hint_text.is_empty()
        }
        other => panic!("{other}"),
    })
    .await;
    server.close().await;
}

#[tokio::test]
async fn killed_server_is_lost() {
    let (server, database, session) = with_session(&[]).await;
    let cluster = server.cluster().expect("ours");
    let pid = rustix::process::Pid::from_raw(i32::try_from(cluster.pid()).expect("a pid")).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("killed");
    eventually("the server is gone", async || !cluster.is_running()).await;
    // A backend outlives its postmaster until it next waits for its client.
    let failure = loop {
        if let Err(failure) = session.execute("SELECT 1").await {
            break failure;
        }
    };
    let error = server.explain("run migration 1", failure);
    assert!(matches!(&error, DbError::Lost { hint_text, .. } if hint_text.contains("signal: 9")), "{error}");
    let error = database.session().await.expect_err("no server");
    assert!(matches!(error, DbError::Lost { .. }), "{error}");
    let lock = std::fs::read_to_string(cluster.path().join("data/postmaster.pid")).expect("left behind");
    let segment = lock.lines().nth(6).expect("key and id of its shared memory").to_owned();
    drop(session);
    server.close().await;
    let listed = std::fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    let segment: Vec<&str> = segment.split_whitespace().collect();
    let left = listed.lines().any(|line| line.split_whitespace().take(2).eq(segment.iter().copied()));
    assert!(!left, "its shared memory is freed");
}
