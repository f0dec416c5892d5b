//! `Project`: a directory with migrations and the program run in it, watched for what it leaves behind.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use confiture_core::db::{Endpoint, Env, Session};
use confiture_tests::block_on;
use rustix::process::{Pid, Signal};
use tempfile::TempDir;

/// Long enough for any machine; nothing waits this long unless it hangs.
const LIMIT: Duration = Duration::from_secs(180);

/// Migrations in `m/`, a working directory and a temporary directory of its own.
#[derive(Debug)]
pub(crate) struct Project {
    root: TempDir,
}

impl Project {
    /// A fresh one; names are relative to the working directory.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let root = tempfile::tempdir().expect("a directory");
        let project = Self { root };
        for directory in [project.path(""), project.temp()] {
            std::fs::create_dir_all(directory).expect("a directory");
        }
        for (name, text) in files {
            project.write(name, text);
        }
        project
    }

    /// One migration that passes.
    pub(crate) fn good() -> Self {
        Self::new(&[
            ("m/0001_users.sql", "CREATE TABLE users (id int PRIMARY KEY);"),
            ("m/0001_users.down.sql", "DROP TABLE users;"),
        ])
    }

    /// One migration that takes ten minutes.
    pub(crate) fn slow() -> Self {
        Self::new(&[("m/0001_slow.sql", "CREATE TABLE t (id int);\nSELECT pg_sleep(600);")])
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, bytes).expect("a file");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("work").join(name)
    }

    fn temp(&self) -> PathBuf {
        self.root.path().join("tmp")
    }

    /// `confiture` with `args`, not started yet, its environment free of what the tests were started with.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_confiture-under-test"));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            let server = matches!(&*text, "CONFITURE_PG" | "CONFITURE_PG_BIN");
            let ours = text.starts_with("CONFITURE_") && !server;
            let of_ci = matches!(
                &*text,
                "CI" | "GITHUB_ACTIONS" | "CI_NODE_INDEX" | "CI_NODE_TOTAL" | "JOB_COMPLETION_INDEX"
            );
            if ours || of_ci || text.starts_with("PG") || text == "DATABASE_URL" {
                command.env_remove(name);
            }
        }
        command
            .args(args)
            .current_dir(self.path(""))
            .env("TMPDIR", self.temp())
            // Says which cluster is ours.
            .env("CONFITURE_LOG", "off,confiture_core::db::cluster=debug")
            .stdin(Stdio::null());
        command
    }

    /// Runs `confiture` with `args` to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        self.start(self.command(args)).end()
    }

    /// Runs `confiture test m` with further arguments to its end.
    pub(crate) fn test(&self, args: &[&str]) -> Ended {
        self.run(&[&["test", "m"], args].concat())
    }

    pub(crate) fn start(&self, mut command: Command) -> Process {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        Process::follow(child, self.temp())
    }
}

/// The program while it runs; killed when a test fails.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    stdout: Output,
    stderr: Output,
    temp: PathBuf,
}

impl Process {
    fn follow(mut child: Child, temp: PathBuf) -> Self {
        let stdout = Output::follow(child.stdout.take());
        let stderr = Output::follow(child.stderr.take());
        Self { child, stdout, stderr, temp }
    }

    /// Waits until it has started a server of its own.
    pub(crate) fn cluster(&mut self) -> Cluster {
        self.clusters(1).pop().expect("just found")
    }

    /// Waits until it has started so many servers of its own.
    pub(crate) fn clusters(&mut self, count: usize) -> Vec<Cluster> {
        let mut found = Vec::new();
        self.until("a private server", |process| {
            found = clusters(&process.stderr.text());
            found.len() >= count
        });
        found
    }

    /// Waits until the server at `url` runs `pg_sleep` for us.
    pub(crate) fn until_sleeping(&mut self, url: &str) {
        let sql = "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        self.until("pg_sleep", |_| ask(url, sql).is_some_and(|rows| rows > 0));
    }

    fn until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let begun = Instant::now();
        while !done(self) {
            let ended = self.child.try_wait().expect("asked");
            assert!(ended.is_none(), "it ended before {what}: {}", self.stderr.text());
            assert!(begun.elapsed() < LIMIT, "no {what}: {}", self.stderr.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        signal_to(self.child.id(), signal);
    }

    /// Waits for its end and for nothing to be left.
    pub(crate) fn end(self) -> Ended {
        let temp = self.temp.clone();
        let ended = self.end_somehow();
        for cluster in &ended.clusters {
            assert!(!cluster.path.exists(), "left {}", cluster.path.display());
            assert!(!cluster.is_running(), "left process {}", cluster.pid);
        }
        let left: Vec<_> = std::fs::read_dir(temp).expect("a directory").flatten().collect();
        assert!(left.is_empty(), "left {left:?}");
        ended
    }

    /// Waits for its end, whatever it leaves.
    pub(crate) fn end_somehow(mut self) -> Ended {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("asked") {
                break status;
            }
            assert!(begun.elapsed() < LIMIT, "it hangs: {}", self.stderr.text());
            std::thread::sleep(Duration::from_millis(5));
        };
        let stderr = self.stderr.end();
        let clusters = clusters(&stderr);
        let said = stderr.lines().filter(|line| !line.contains(" confiture_core::db::cluster"));
        Ended {
            code: status.code(),
            stdout: self.stdout.end(),
            stderr: said.map(|line| format!("{line}\n")).collect(),
            clusters,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// What it said and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) clusters: Vec<Cluster>,
}

impl Ended {
    /// Asserts the exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that there is exactly one error message and that it holds every part.
    #[track_caller]
    pub(crate) fn error(self, parts: &[&str]) -> Self {
        let errors = self.stderr.lines().filter(|line| line.starts_with("error: ")).count();
        assert_eq!(errors, 1, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is missing:\n{}", self.stderr);
        }
        self
    }

    /// Asserts that standard output holds every part.
    #[track_caller]
    pub(crate) fn prints(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stdout.contains(part), "{part:?} is missing:\n{}\n{}", self.stdout, self.stderr);
        }
        self
    }

    /// Asserts that a text is nowhere to be seen.
    #[track_caller]
    pub(crate) fn never_says(self, secret: &str) -> Self {
        assert!(!self.stdout.contains(secret) && !self.stderr.contains(secret), "{self:?}");
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}:\n{}", self.stdout))
    }
}

/// A private server that the program started.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    pub(crate) pid: u32,
    pub(crate) path: PathBuf,
}

impl Cluster {
    pub(crate) fn url(&self) -> String {
        url_in(&self.path)
    }

    /// Whether any process still works in its data directory.
    pub(crate) fn is_running(&self) -> bool {
        let Ok(entries) = std::fs::read_dir("/proc") else { return alive(self.pid) };
        let mut cwds =
            entries.flatten().filter_map(|entry| std::fs::read_link(entry.path().join("cwd")).ok());
        cwds.any(|cwd| cwd.starts_with(&self.path))
    }
}

/// The server whose socket is in the cluster directory `path`.
pub(crate) fn url_in(path: &Path) -> String {
    format!("postgresql://postgres@/postgres?host={}", path.join("s").display())
}

/// Sends a signal to a process of ours.
pub(crate) fn signal_to(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).expect("a pid")).expect("a pid");
    rustix::process::kill_process(pid, signal).expect("sent");
}

fn alive(pid: u32) -> bool {
    let pid = Pid::from_raw(i32::try_from(pid).expect("a pid")).expect("a pid");
    rustix::process::test_kill_process(pid).is_ok()
}

/// Number of rows the server at `url` answers with; `None` when it does not.
pub(crate) fn ask(url: &str, sql: &str) -> Option<usize> {
    let endpoint = Endpoint::parse(url, &Env::empty()).expect("a URL");
    block_on(async {
        let session = Session::read_only(&endpoint).await.ok()?;
        let rows = session.query(sql, &[]).await.ok().map(|rows| rows.len());
        session.close().await;
        rows
    })
}

/// Polls until `done`, for as long as nothing hangs.
pub(crate) fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < LIMIT, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The clusters a log tells of: `… cluster started pid=1 path=/dev/shm/confiture-0-1 run_as=…`.
fn clusters(log: &str) -> Vec<Cluster> {
    let started =
        log.lines().filter_map(|line| line.split_once("cluster started pid=")).map(|(_, rest)| rest);
    let read = |rest: &str| {
        let (pid, rest) = rest.split_once(" path=")?;
        let (path, _) = rest.split_once(" run_as=")?;
        Some(Cluster { pid: pid.parse().ok()?, path: path.into() })
    };
    started.filter_map(read).collect()
}

/// A pipe read by a thread, so that it never fills.
#[derive(Debug)]
struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Output {
    fn follow(pipe: Option<impl std::io::Read + Send + 'static>) -> Self {
        let bytes: Arc<Mutex<Vec<u8>>> = Arc::default();
        let kept = Arc::clone(&bytes);
        let mut pipe = pipe.expect("a pipe");
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read) = pipe.by_ref().read(&mut buffer)
                && read > 0
            {
                kept.lock().expect("no panic").extend_from_slice(&buffer[..read]);
            }
        });
        Self { bytes, reader: Some(reader) }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().expect("no panic")).into_owned()
    }

    fn end(&mut self) -> String {
        self.reader.take().expect("once").join().expect("read");
        self.text()
    }
}
