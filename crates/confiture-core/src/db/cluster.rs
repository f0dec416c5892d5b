//! A private server: ours alone, gone when we are.

mod backup;
mod directory;
mod initdb;
mod keeper;
mod spawn;

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::connect::Endpoint;
use super::discovery::FoundServer;
use super::env::Env;
use super::error::{DbError, io_at};
use super::session::Session;
use crate::AfterDeath;
use directory::ClusterDir;
use keeper::Keeper;
use spawn::{RunAs, WhenWeDie};

/// The port in the socket's name; nothing listens on the network.
const PORT: u16 = 5432;
/// Whoever can enter the socket directory is us; a network address, which only the caller's own
/// settings can open, asks for a password.
const HBA: &str = "local all all trust\nlocal replication all trust\nhost all all all scram-sha-256\n";
/// How long a server may take to accept its first connection.
const START_LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(2);

/// How a private cluster is made.
#[derive(Debug, Clone, Default)]
pub struct ClusterOptions {
    /// Where initialised data directories are kept; `None` runs `initdb` every time.
    pub cache_dir: Option<PathBuf>,
    /// Where clusters may live, best first; empty means shared memory, then the temporary directory.
    pub bases: Vec<PathBuf>,
    /// `--locale` for `initdb`; `None` is `C.UTF-8`, or `C` where the system lacks that.
    pub locale: Option<String>,
    /// Lines added to `postgresql.conf`, after ours.
    pub settings: Vec<(String, String)>,
    /// The environment we were started in.
    pub env: Env,
    /// Names a data directory with content: used where the cache holds it, see [`Cluster::keep_seed`].
    pub(crate) seed: Option<String>,
}

/// A running PostgreSQL server in a directory of its own, reachable through a private unix socket.
///
/// It ends when this value is dropped, when the process ends, and when the process is killed: on Linux
/// at once, by the parent-death signal. Its directory is removed on drop, or else by the next start.
#[derive(Debug)]
pub struct Cluster {
    // Order matters: the server ends before its directory goes.
    keeper: Keeper,
    directory: ClusterDir,
    /// Removes the directory when we do not come to it.
    _sweeper: Option<AfterDeath>,
    /// Where its data directory is, or is to be, in the cache.
    seed: Option<PathBuf>,
    endpoint: Endpoint,
    program: PathBuf,
    run_as: RunAs,
}

impl Cluster {
    /// Starts one with the programs of `server`: about 90 ms when the data directory is cached.
    ///
    /// # Errors
    /// [`DbError::Cluster`] when `initdb` or the server fails, [`DbError::Io`] for its files,
    /// [`DbError::Timeout`] when it does not accept a connection within a minute.
    pub async fn start(server: &FoundServer, options: &ClusterOptions) -> Result<Self, DbError> {
        let (server, options) = (server.clone(), options.clone());
        let started = tokio::task::spawn_blocking(move || Self::launch(&server, &options));
        let cluster = started.await.map_err(|error| DbError::Cluster {
            step: "start a private cluster".to_owned(),
            reason: error.to_string(),
            log_tail: String::new(),
        })??;
        cluster.ready().await?;
        Ok(cluster)
    }

    fn launch(server: &FoundServer, options: &ClusterOptions) -> Result<Self, DbError> {
        let temp = options.env.os("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
        let bases =
            if options.bases.is_empty() { directory::default_bases(&temp) } else { options.bases.clone() };
        directory::reap(&bases);
        let mut refused = Vec::new();
        for run_as in RunAs::candidates() {
            match Self::launch_as(server, options, &bases, &run_as) {
                Ok(cluster) => return Ok(cluster),
                Err(error) => {
                    tracing::debug!(?run_as, %error, "could not start a cluster");
                    refused.push(error);
                }
            }
        }
        // The first candidate is the one that should have worked.
        Err(refused.into_iter().next().unwrap_or_else(|| DbError::Cluster {
            step: "start a private cluster".to_owned(),
            reason: "PostgreSQL does not run as root and no other account was found".to_owned(),
            log_tail: String::new(),
        }))
    }

    fn launch_as(
        server: &FoundServer,
        options: &ClusterOptions,
        bases: &[PathBuf],
        run_as: &RunAs,
    ) -> Result<Self, DbError> {
        let begun = Instant::now();
        let directory = ClusterDir::create(bases, run_as)?;
        let recipe = initdb::Recipe {
            bindir: &server.bindir,
            version: server.version,
            locale: options.locale.as_deref(),
            run_as,
            cache: options.cache_dir.as_deref(),
            env: &options.env,
            seed: options.seed.as_deref(),
        };
        recipe.fill(&directory)?;
        let filled = begun.elapsed();
        let data = directory.data();
        let conf = configuration(&directory, server, options);
        directory::write(&data.join("postgresql.conf"), &conf, run_as)?;
        directory::write(&data.join("pg_hba.conf"), HBA, run_as)?;
        let log = File::options().append(true).create(true).open(directory.log());
        let log = log.map_err(io_at("create", directory.log()))?;
        let both = log.try_clone().map_err(io_at("open", directory.log()))?;
        let program = server.bindir.join("postgres");
        let mut command = spawn::command(&program, run_as, WhenWeDie::Quit, &options.env);
        command.arg("-D").arg(&data).stdout(log).stderr(both);
        let keeper = Keeper::start(command).map_err(io_at("start", &program))?;
        tracing::debug!(pid = keeper.pid().as_raw_nonzero(), path = %directory.path().display(), ?run_as, ?filled, "cluster started");
        let endpoint = Endpoint::socket(&directory.sockets(), port(options), "postgres", "postgres");
        let seed = recipe.seeded();
        let sweeper = seed.is_some().then(|| AfterDeath::sweeper(directory.path(), keeper.pid()));
        let _sweeper = sweeper.and_then(|sweeper| match sweeper {
            Ok(sweeper) => Some(sweeper),
            Err(error) => {
                tracing::debug!(%error, "no sweeper: the next start removes the directory");
                None
            }
        });
        Ok(Self { keeper, directory, _sweeper, seed, endpoint, program, run_as: run_as.clone() })
    }

    /// Waits until the server accepts a connection.
    async fn ready(&self) -> Result<(), DbError> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.keeper.ended() {
                return Err(DbError::Cluster {
                    step: "start a private cluster".to_owned(),
                    reason: format!("the server ended with {status}"),
                    log_tail: self.log_tail(),
                });
            }
            // Refused until the socket is there, then 57P03 until the server is up.
            if let Ok(session) = Session::open(&self.endpoint).await {
                session.close().await;
                return Ok(());
            }
            if begun.elapsed() > START_LIMIT {
                return Err(DbError::Timeout {
                    step: "connect to the private cluster".to_owned(),
                    limit: START_LIMIT,
                });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Where to connect, as superuser `postgres`.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Process id of the server.
    pub fn pid(&self) -> u32 {
        self.keeper.pid().as_raw_nonzero().get().cast_unsigned()
    }

    /// Its directory: data, log and socket.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Whether the server is still there.
    pub fn is_running(&self) -> bool {
        self.keeper.ended().is_none()
    }

    /// Last lines of the server's log, at most about 4 KB.
    pub fn log_tail(&self) -> String {
        let log = std::fs::read(self.directory.log()).unwrap_or_default();
        let tail = String::from_utf8_lossy(&log[log.len().saturating_sub(4096)..]).into_owned();
        let lines: Vec<&str> = tail.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// What probably ended a connection; empty when nothing is known.
    pub(crate) fn why_lost(&self) -> String {
        let log = self.log_tail();
        let place = self.directory.path().display();
        if log.contains("No space left on device") {
            return format!("the disk under {place} is full");
        }
        if let Some(status) = self.keeper.ended() {
            return format!("the private server ended with {status}");
        }
        if log.contains("terminated by signal 9") {
            return "a server process was killed, perhaps for want of memory".to_owned();
        }
        String::new()
    }

    /// Ends the server cleanly, copies its data directory to `to`, which must not exist, and returns
    /// the command that starts a server there again.
    ///
    /// # Errors
    /// [`DbError::Io`] when the copy cannot be written.
    pub async fn preserve(&self, to: &Path) -> Result<String, DbError> {
        self.shut_down().await;
        DirBuilder::new().mode(0o700).create(to).map_err(io_at("create", to))?;
        directory::give(to, &self.run_as)?;
        directory::copy_tree(&self.directory.data(), to, &self.run_as)?;
        self.directory.remove();
        Ok(self.start_command(to))
    }

    /// Ends the server cleanly and puts its data directory into the cache under the name of
    /// [`ClusterOptions::seed`]; the next start with that name begins with it.
    pub(crate) async fn keep_seed(&self) -> Result<(), DbError> {
        self.shut_down().await;
        if let Some(seed) = &self.seed {
            initdb::keep(&self.directory.data(), seed, initdb::SEEDS_KEPT)?;
        }
        self.directory.remove();
        Ok(())
    }

    /// SIGINT: fast shutdown, with a checkpoint, so that a copy is consistent.
    async fn shut_down(&self) {
        self.keeper.signal(rustix::process::Signal::INT);
        self.keeper.wait().await;
    }

    /// What starts a server in the data directory `data`.
    fn start_command(&self, data: &Path) -> String {
        let account = match &self.run_as {
            RunAs::Account { name, .. } => format!("sudo -u {name} "),
            _ => String::new(),
        };
        let quoted = format!("'{}'", data.display().to_string().replace('\'', "'\\''"));
        format!("{account}{} -D {quoted} -k {quoted}", self.program.display())
    }

    /// Ends the server at once and removes its directory. Does nothing the second time.
    pub async fn stop(&self) {
        self.keeper.signal(rustix::process::Signal::QUIT);
        self.keeper.wait().await;
        self.directory.remove();
    }
}

fn port(options: &ClusterOptions) -> u16 {
    let given = options.settings.iter().rev().find(|(name, _)| name == "port");
    given.and_then(|(_, port)| port.parse().ok()).unwrap_or(PORT)
}

fn configuration(directory: &ClusterDir, server: &FoundServer, options: &ClusterOptions) -> String {
    let mut lines = vec![
        ("listen_addresses", String::new()),
        ("unix_socket_directories", directory.sockets().display().to_string()),
        ("unix_socket_permissions", "0700".to_owned()),
        ("port", PORT.to_string()),
    ];
    let fixed = [
        // Nothing here outlives the process, so nothing needs to survive a crash.
        ("fsync", "off"),
        ("full_page_writes", "off"),
        ("synchronous_commit", "off"),
        ("autovacuum", "off"),
        ("shared_buffers", "64MB"),
        ("max_wal_size", "256MB"),
        ("max_connections", "100"),
        ("max_locks_per_transaction", "512"),
        // A prepared transaction would keep its locks for ever.
        ("max_prepared_transactions", "0"),
        ("max_wal_senders", "4"),
        // Publications warn below this level.
        ("wal_level", "logical"),
        ("track_functions", "all"),
        // In the data directory, so that nothing stays in /dev/shm whatever happens to us.
        ("dynamic_shared_memory_type", "mmap"),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
        ("lc_messages", "C"),
        // What the user's SQL gets wrong is reported to the user, not to the log.
        ("log_min_messages", "log"),
        ("log_min_error_statement", "panic"),
        ("log_checkpoints", "off"),
    ];
    lines.extend(fixed.map(|(name, value)| (name, value.to_owned())));
    if server.version.major() >= 18 {
        // Worker processes for asynchronous reads cost start-up time and buy nothing in memory.
        lines.push(("io_method", "sync".to_owned()));
    }
    let theirs = options.settings.iter().map(|(name, value)| (name.as_str(), value.clone()));
    lines
        .into_iter()
        .chain(theirs)
        .map(|(name, value)| format!("{name} = '{}'\n", value.replace('\\', "\\\\").replace('\'', "''")))
        .collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::db::{ServerOptions, installed};

    #[tokio::test]
    async fn root_without_an_account_uses_a_user_namespace() {
        if !rustix::process::geteuid().is_root() {
            println!("not root: nothing to drop");
            return;
        }
        let allowed = std::process::Command::new("unshare").args(["--user", "true"]).status();
        if !allowed.is_ok_and(|status| status.success()) {
            println!("user namespaces are not allowed here: not tested");
            return;
        }
        let env: Env = std::env::vars_os().collect();
        let options = ServerOptions { env, ..ServerOptions::default() };
        let found = installed(&options).pop().expect("PostgreSQL");
        let bases = directory::default_bases(Path::new("/tmp"));
        let cluster =
            Cluster::launch_as(&found, &options.cluster(), &bases, &RunAs::UserNamespace { uid: 1 });
        let cluster = cluster.expect("a cluster");
        cluster.ready().await.expect("ready");
        let session = Session::open(cluster.endpoint()).await.expect("a session");
        session.execute("CREATE TABLE t AS SELECT 1").await.expect("it writes");
        session.close().await;
        cluster.stop().await;
        assert!(!cluster.path().exists());
    }

    #[tokio::test]
    async fn preserved_server_starts_again_with_its_data() {
        let env: Env = std::env::vars_os().collect();
        let options = ServerOptions { env, ..ServerOptions::default() };
        let found = installed(&options).pop().expect("PostgreSQL");
        let cluster = Cluster::start(&found, &options.cluster()).await.expect("a cluster");
        let session = Session::open(cluster.endpoint()).await.expect("a session");
        session.execute("CREATE TABLE t AS SELECT 1").await.expect("a table");
        let (from, base) = (cluster.path().to_owned(), tempfile::tempdir().expect("a directory"));
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o711);
        std::fs::set_permissions(base.path(), open).expect("mode set");
        let to = base.path().join("kept");
        let command = cluster.preserve(&to).await.expect("preserved");
        assert!(command.contains("postgres -D '") && !from.exists(), "{command}");
        // The same without sudo, which is not everywhere.
        let mut start = spawn::command(&cluster.program, &cluster.run_as, WhenWeDie::Quit, &options.env);
        start.arg("-D").arg(&to).arg("-k").arg(&to).stderr(std::process::Stdio::null());
        let keeper = Keeper::start(start).expect("started");
        let endpoint = Endpoint::socket(&to, PORT, "postgres", "postgres");
        let begun = Instant::now();
        let session = loop {
            match Session::open(&endpoint).await {
                Ok(session) => break session,
                Err(error) => assert!(begun.elapsed() < START_LIMIT, "{error}"),
            }
            tokio::time::sleep(POLL).await;
        };
        session.execute("TABLE t").await.expect("the table");
        drop(keeper);
    }

    #[tokio::test]
    async fn server_that_cannot_start_shows_its_log() {
        let env: Env = std::env::vars_os().collect();
        let settings = vec![("shared_buffers".to_owned(), "much".to_owned())];
        let options = ServerOptions { env, server_settings: settings, ..ServerOptions::default() };
        let found = installed(&options).pop().expect("PostgreSQL");
        let error = Cluster::start(&found, &options.cluster()).await.expect_err("a bad setting");
        assert!(error.to_string().contains("shared_buffers"), "{error}");
    }
}
