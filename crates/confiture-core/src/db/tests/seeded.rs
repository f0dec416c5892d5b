//! Data directories with templates in them, and copies of running servers.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// Options with a cache of their own.
fn with_cache(cache: &tempfile::TempDir) -> ServerOptions {
    // The account that runs the server has to get through.
    std::fs::set_permissions(cache.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).expect("set");
    ServerOptions { cache_dir: Some(cache.path().to_owned()), ..options() }
}

async fn value(database: &ScratchDb) -> String {
    let session = database.session().await.expect("a session");
    let rows = session.query_simple("TABLE t").await.expect("the table");
    session.close().await;
    rows.rows[0][0].clone().expect("a value")
}

#[tokio::test]
async fn template_is_built_by_one_of_many_processes_and_found_by_the_others() {
    let cache = tempfile::tempdir().expect("a directory");
    let options = with_cache(&cache);
    let built = AtomicU32::new(0);
    let build = async |database: &ScratchDb| -> Result<(), DbError> {
        built.fetch_add(1, Ordering::Relaxed);
        let session = database.session().await?;
        session.execute("CREATE ROLE seeded_role").await.expect("a role");
        session.execute("CREATE TABLE t AS SELECT 42 AS a").await.expect("a table");
        session.close().await;
        Ok(())
    };
    // Each call is what a process would do: a server of its own.
    let open = async || Server::with_template(&options, "key", build).await.expect("a server");
    let (one, two, three) = tokio::join!(open(), open(), open());
    for (server, template) in [one, two, three] {
        let database = template.clone_database("copy").await.expect("a clone");
        assert_eq!(value(&database).await, "42");
        server.administer("DROP ROLE seeded_role").await.expect("roles come with the directory");
        server.close().await;
    }
    assert_eq!(built.load(Ordering::Relaxed), 1);
    let other = async |_: &ScratchDb| Err(DbError::Settings("no".to_owned()));
    Server::with_template(&options, "another key", other).await.expect_err("is built, and fails");
    let (server, _) = open().await;
    server.close().await;
    assert_eq!(built.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn backup_of_a_running_server_starts_and_holds_what_was_committed() {
    for major in [14, 18] {
        let server = Server::open(&ServerOptions { version: Some(major), ..options() }).await;
        let Ok(server) = server else {
            println!("no PostgreSQL {major} here: not tested");
            continue;
        };
        let database = server.create_database("failed").await.expect("a database");
        let session = database.session().await.expect("a session");
        session.execute("CREATE TABLE t AS SELECT 42 AS a").await.expect("a table");
        session.execute("BEGIN; INSERT INTO t VALUES (43)").await.expect("a row");
        let base = tempfile::tempdir().expect("a directory");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o711);
        std::fs::set_permissions(base.path(), mode).expect("set");
        let data = base.path().join("data");
        let command = server.cluster().expect("ours").backup(&data).await.expect("a backup");
        session.execute("COMMIT").await.expect("the session goes on");
        let mut started = std::process::Command::new("sh")
            .args([
                "-c",
                &format!(
                    "exec {}",
                    command.replace(
                        "sudo -u postgres ",
                        "setpriv --reuid=postgres --regid=postgres --clear-groups "
                    )
                ),
            ])
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("started");
        let there = Endpoint::socket(&data, 5432, "postgres", database.name());
        eventually("the copy is up", async || Session::open(&there).await.is_ok()).await;
        let copy = Session::open(&there).await.expect("a session");
        let rows = copy.query_simple("TABLE t").await.expect("the table");
        assert_eq!(rows.rows, [[Some("42".to_owned())]]);
        let pid = rustix::process::Pid::from_raw(i32::try_from(started.id()).expect("a pid")).expect("a pid");
        rustix::process::kill_process(pid, rustix::process::Signal::QUIT).expect("signalled");
        started.wait().expect("ended");
        server.close().await;
    }
}
