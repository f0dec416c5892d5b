//! What remains when we are killed: nothing.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::*;

const CHILD: &str = "CONFITURE_TEST_CHILD";

/// Not a test by itself: the process that the next test kills.
#[tokio::test]
async fn child_holds_a_server() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let server = private().await;
    let database = server.create_database("held").await.expect("a database");
    let session = database.session().await.expect("a session");
    // A parallel query takes dynamic shared memory, which a careless end would leave behind.
    session.execute("CREATE TABLE t AS SELECT generate_series(1, 100000) a").await.expect("a table");
    session.execute("SET parallel_setup_cost = 0; SET min_parallel_table_scan_size = 0").await.expect("set");
    let slow = session.execute("SELECT max(pg_sleep(60)::text || a) FROM t");
    let ready = async {
        let sql = "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        eventually("it runs", async || !server.ask(sql, &[]).await.expect("asked").is_empty()).await;
        let cluster = server.cluster().expect("ours");
        println!("\nheld {} {}", cluster.pid(), cluster.path().display());
    };
    let _ = tokio::join!(slow, ready);
}

#[tokio::test]
async fn killed_process_leaves_no_server_and_its_directory_goes_at_the_next_start() {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "db::tests::orphans::child_holds_a_server", "--nocapture"])
        .env(CHILD, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut output = BufReader::new(child.stdout.take().expect("its output"));
    let mut line = String::new();
    while !line.starts_with("held ") {
        line.clear();
        assert!(output.read_line(&mut line).expect("a line") > 0, "the child ended early");
    }
    let (pid, path) = line["held ".len()..].trim_end().split_once(' ').expect("pid and path");
    let path = PathBuf::from(path);
    let server = PathBuf::from("/proc").join(pid);
    assert!(path.is_dir());
    let before = processes_in(&path);
    assert!(before.len() > 1, "postmaster and backends: {before:?}");
    child.kill().expect("kill -9");
    child.wait().expect("dead");
    let _ = output.read_to_string(&mut line);
    if cfg!(target_os = "linux") {
        eventually("the server and its children are gone", async || {
            !server.exists() && processes_in(&path).is_empty()
        })
        .await;
    }
    let next = private().await;
    assert!(!path.exists(), "the next start removes the directory");
    assert!(next.cluster().expect("ours").path().is_dir());
    let shared = next.ask("SHOW dynamic_shared_memory_type", &[]).await.expect("a setting");
    assert_eq!(shared[0].get::<_, &str>(0), "mmap", "nothing is left in /dev/shm");
    next.close().await;
}

/// Processes whose working directory is the cluster's data directory.
fn processes_in(cluster: &std::path::Path) -> Vec<String> {
    let data = cluster.join("data");
    let Ok(entries) = std::fs::read_dir("/proc") else { return vec!["unknown".to_owned(); 2] };
    let inside = entries
        .flatten()
        .filter(|entry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&data)));
    inside.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test]
async fn live_servers_are_not_taken_for_leftovers() {
    let one = private().await;
    let two = private().await;
    one.create_database("still").await.expect("the first is still there").close().await.expect("dropped");
    let path = one.cluster().expect("ours").path().to_owned();
    one.close().await;
    assert!(!path.exists(), "closing removes the directory");
    two.close().await;
}

#[tokio::test]
async fn dropped_server_ends_without_being_closed() {
    let server = private().await;
    let (pid, path) = server.cluster().map(|c| (c.pid(), c.path().to_owned())).expect("ours");
    drop(server);
    assert!(!path.exists());
    if cfg!(target_os = "linux") {
        assert!(!PathBuf::from(format!("/proc/{pid}")).exists());
    }
}
