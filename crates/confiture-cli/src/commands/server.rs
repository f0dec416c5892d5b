//! `confiture server list` and `install`, and finding the servers a run works on.

use anyhow::Context as _;
use confiture_core::db::{Env, Server, ServerOptions, find, installed};
use confiture_fixtures::Beside;

use super::print;
use crate::args::ServerArgs;
use crate::exit::ExitStatus;
use crate::{settings, terminal};

/// The servers a run was asked to use.
#[derive(Debug)]
pub(super) struct Wanted {
    workers: Vec<Worker>,
}

/// One server of a run, not started yet.
#[derive(Debug, Clone)]
pub(super) struct Worker {
    options: ServerOptions,
}

impl Wanted {
    /// One worker per `--server`, or per `--pg`, or one on the newest version there is.
    ///
    /// `session` holds settings of every session that runs the user's SQL.
    pub(super) fn from(args: ServerArgs, session: Vec<(String, String)>) -> Self {
        let base = ServerOptions { session_settings: session, ..options(&args) };
        let given =
            args.server.iter().map(|url| ServerOptions { server_urls: vec![url.clone()], ..base.clone() });
        let majors = args.pg.iter().map(|major| ServerOptions { version: Some(*major), ..base.clone() });
        let mut all: Vec<ServerOptions> =
            if args.server.is_empty() { majors.collect() } else { given.collect() };
        if all.is_empty() {
            all.push(base);
        }
        Self { workers: all.into_iter().map(|options| Worker { options }).collect() }
    }

    pub(super) fn workers(&self) -> &[Worker] {
        &self.workers
    }

    /// Whether a server of our own is among them.
    pub(super) fn any_private(&self) -> bool {
        self.workers.iter().any(|worker| worker.options.server_urls.is_empty())
    }
}

impl Worker {
    /// The same with settings of a server of our own.
    pub(super) fn with_settings(&self, settings: Vec<(String, String)>) -> Self {
        Self { options: ServerOptions { server_settings: settings, ..self.options.clone() } }
    }

    /// Finds or fetches the programs and starts the server, or connects to the one given.
    pub(super) async fn start(&self) -> anyhow::Result<Server> {
        Server::open(&self.options).await.context("failed to get a server")
    }

    /// The second server of a run on a long chain; none beside a given one.
    pub(super) fn beside(&self, at_once: bool) -> Option<Beside> {
        let private = self.options.server_urls.is_empty();
        private.then(|| Beside { server: self.options.clone(), at_once })
    }
}

/// What the arguments say about servers.
pub(super) fn options(args: &ServerArgs) -> ServerOptions {
    ServerOptions {
        server_urls: Vec::new(),
        pg_bin: args.pg_bin.clone(),
        version: None,
        env: std::env::vars_os().collect::<Env>(),
        ..ServerOptions::default()
    }
}

/// Prints the versions there are.
pub(super) async fn list(args: ServerArgs) -> anyhow::Result<ExitStatus> {
    let args = settings::server(args, settings::load(None, None)?);
    let found = installed(&options(&args));
    if found.is_empty() {
        terminal::line("no PostgreSQL on this machine; `confiture server install 17` fetches one");
        return Ok(ExitStatus::NoServer);
    }
    let mut text = String::new();
    for server in found {
        text.push_str(&format!("{:8}  {}  ({})\n", server.version, server.bindir.display(), server.origin));
    }
    print(&text)
}

/// Fetches a version into the cache.
pub(super) async fn install(version: u32) -> anyhow::Result<ExitStatus> {
    let base = options(&settings::server(ServerArgs::default(), settings::load(None, None)?));
    let options = ServerOptions { version: Some(version), pg_bin: None, ..base };
    let found = tokio::task::spawn_blocking(move || find(&options)).await.context("failed to wait")?;
    let server = found.map_err(|error| anyhow::anyhow!("failed to {error}"))?;
    print(&format!("PostgreSQL {} in {}\n", server.version, server.bindir.display()))
}
