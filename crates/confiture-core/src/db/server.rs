//! A server confiture may create databases on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bb8_postgres::PostgresConnectionManager;
use tokio_postgres::types::ToSql;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::cluster::Cluster;
use super::connect::Endpoint;
use super::discovery::{self, FoundServer};
use super::error::DbError;
use super::failure::DbFailure;
use super::options::ServerOptions;
use super::quote;
use super::session::Session;
use super::token;
use super::version::ServerVersion;

type Pool = bb8::Pool<PostgresConnectionManager<MakeRustlsConnect>>;

/// First key of the advisory lock that says "the process that owns these databases lives".
pub(crate) const OWNER_LOCK: i32 = 0x636f_6e66;

/// Whose server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerKind {
    /// Started by us, for us.
    Private,
    /// Named by the user; other people's databases may be on it.
    Given,
}

impl ServerKind {
    /// `private` or `given`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Given => "given",
        }
    }
}

/// A handle on a server; clones share it.
#[derive(Clone)]
pub struct Server {
    inner: Arc<Inner>,
}

struct Inner {
    kind: ServerKind,
    version: ServerVersion,
    version_text: String,
    strategy: Option<&'static str>,
    endpoint: Endpoint,
    pool: Pool,
    owner: i32,
    created: AtomicU64,
    /// Scratch databases that are not dropped yet.
    open: Mutex<BTreeSet<String>>,
    /// Held for reading while a database is made.
    making: Arc<tokio::sync::RwLock<()>>,
    session_settings: Vec<(String, String)>,
    /// One lock per template being built.
    building: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// Holds the owner lock.
    _owner: Session,
    cluster: Option<Cluster>,
}

impl Server {
    /// Uses every server that was named, or one private server when none was.
    ///
    /// # Errors
    /// Those of [`Server::open`], of the first server that fails.
    pub async fn open_all(options: &ServerOptions) -> Result<Vec<Self>, DbError> {
        if options.server_urls.is_empty() {
            return Ok(vec![Self::open(options).await?]);
        }
        let mut servers = Vec::with_capacity(options.server_urls.len());
        for url in &options.server_urls {
            servers.push(Self::given(url, options).await?);
        }
        Ok(servers)
    }

    /// Uses the server at `settings`, a URL or a `key=value` string.
    ///
    /// Drops databases that carry our mark and whose owner is gone, and templates that nobody used
    /// for a week; touches nothing else.
    ///
    /// # Errors
    /// [`DbError::Settings`], [`DbError::Connect`], [`DbError::TooOld`]; [`DbError::Permission`] when
    /// the role may not create databases.
    pub async fn given(settings: &str, options: &ServerOptions) -> Result<Self, DbError> {
        let endpoint = Endpoint::parse(settings, &options.env)?.settle().await?;
        let server = Self::attach(endpoint, ServerKind::Given, None, &options.session_settings).await?;
        if let Some(wanted) = options.version.filter(|wanted| *wanted != server.version().major()) {
            let version = server.version_text();
            let asked = format!("PostgreSQL {wanted} was asked for, but {} is {version}", server.endpoint());
            return Err(DbError::Settings(asked));
        }
        server.may_create().await?;
        server.reap().await;
        Ok(server)
    }

    async fn may_create(&self) -> Result<(), DbError> {
        let sql = "SELECT rolsuper OR rolcreatedb, pg_is_in_recovery() FROM pg_roles \
                   WHERE rolname = current_user";
        let rows = self.ask(sql, &[]).await.map_err(|failure| self.explain("look at the role", failure))?;
        let Some(row) = rows.first() else { unreachable!("the current role is in pg_roles") };
        if row.get(1) {
            return Err(DbError::Settings(format!("{} is a standby: name its primary", self.endpoint())));
        }
        if !row.get::<_, bool>(0) {
            let role = self.endpoint().user().to_owned();
            let grant = format!("ALTER ROLE {} CREATEDB;", quote::identifier(&role));
            return Err(DbError::Permission { step: "create databases".to_owned(), role, grant });
        }
        Ok(())
    }

    /// Starts a private server with the programs of `found`.
    ///
    /// # Errors
    /// Those of [`Cluster::start`], and [`DbError::TooOld`].
    pub async fn private(found: &FoundServer, options: &ServerOptions) -> Result<Self, DbError> {
        supported(found.version, &found.version.to_string())?;
        Self::on(Cluster::start(found, &options.cluster()).await?, found, options).await
    }

    /// Uses a cluster that runs the programs of `found`.
    pub(super) async fn on(
        cluster: Cluster,
        found: &FoundServer,
        options: &ServerOptions,
    ) -> Result<Self, DbError> {
        supported(found.version, &found.version.to_string())?;
        let endpoint = cluster.endpoint().clone();
        Self::attach(endpoint, ServerKind::Private, Some(cluster), &options.session_settings).await
    }

    /// Uses the server that was named, or finds, acquires and starts one.
    ///
    /// Of several named servers this takes the first; see [`Server::open_all`].
    ///
    /// # Errors
    /// [`DbError::NoServer`] and [`DbError::Acquire`] when there is none; those of [`Server::given`]
    /// and [`Server::private`].
    pub async fn open(options: &ServerOptions) -> Result<Self, DbError> {
        if let Some(url) = options.server_urls.first() {
            return Self::given(url, options).await;
        }
        let wanted = options.clone();
        let found = tokio::task::spawn_blocking(move || discovery::find(&wanted)).await;
        let found = found.map_err(|error| DbError::Cluster {
            step: "look for PostgreSQL".to_owned(),
            reason: error.to_string(),
            log_tail: String::new(),
        })??;
        Self::private(&found, options).await
    }

    async fn attach(
        endpoint: Endpoint,
        kind: ServerKind,
        cluster: Option<Cluster>,
        session_settings: &[(String, String)],
    ) -> Result<Self, DbError> {
        let session = Session::open(&endpoint).await?;
        let refused = |failure| DbError::Refused { step: "ask the server what it is".to_owned(), failure };
        let row = session
            .query(
                "SELECT current_setting('server_version_num')::int4, current_setting('server_version'), \
                 current_setting('fsync')",
                &[],
            )
            .await
            .map_err(refused)?;
        let Some(row) = row.first() else { unreachable!("a select without FROM has one row") };
        let version_text: String = row.get(1);
        let version = ServerVersion::from_num(row.get::<_, i32>(0).cast_unsigned());
        supported(version, &version_text)?;
        // With fsync on, FILE_COPY forces two checkpoints and syncs every file: about a second.
        // STRATEGY is new in 15 (manual, CREATE DATABASE); before, there is only the file copy.
        let strategy = (version.major() >= 15)
            .then(|| if row.get::<_, &str>(2) == "off" { "FILE_COPY" } else { "WAL_LOG" });
        // The owner lock must last as long as we do.
        session.query("SELECT set_config('idle_session_timeout', '0', false)", &[]).await.map_err(refused)?;
        let owner = i32::from_str_radix(&token::unique()[..7], 16).unwrap_or_default();
        session.query("SELECT pg_advisory_lock($1, $2)", &[&OWNER_LOCK, &owner]).await.map_err(refused)?;
        let manager = PostgresConnectionManager::new(endpoint.config().clone(), endpoint.tls().clone());
        let pool = bb8::Pool::builder()
            .max_size(8)
            .test_on_check_out(kind == ServerKind::Given)
            .connection_timeout(Duration::from_secs(30))
            .build_unchecked(manager);
        let inner = Inner {
            kind,
            version,
            version_text,
            strategy,
            endpoint,
            pool,
            owner,
            created: AtomicU64::new(0),
            open: Mutex::default(),
            making: Arc::default(),
            session_settings: session_settings.to_vec(),
            building: Mutex::default(),
            _owner: session,
            cluster,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Its version.
    pub fn version(&self) -> ServerVersion {
        self.inner.version
    }

    /// What it calls itself, such as `15.18 (Debian 15.18-0+deb12u1)`.
    pub fn version_text(&self) -> &str {
        &self.inner.version_text
    }

    /// Whose it is.
    pub fn kind(&self) -> ServerKind {
        self.inner.kind
    }

    /// Where to connect for administration.
    pub fn endpoint(&self) -> &Endpoint {
        &self.inner.endpoint
    }

    /// The private cluster behind it.
    pub fn cluster(&self) -> Option<&Cluster> {
        self.inner.cluster.as_ref()
    }

    /// ` STRATEGY …` for `CREATE DATABASE`, or nothing before 15.
    pub(crate) fn strategy(&self) -> String {
        self.inner.strategy.map(|strategy| format!(" STRATEGY {strategy}")).unwrap_or_default()
    }

    pub(crate) fn owner(&self) -> i32 {
        self.inner.owner
    }

    /// A database name nobody else has: `confiture_<owner>_<count>_<label>`, at most 63 bytes.
    pub(crate) fn name(&self, label: &str) -> String {
        let count = self.inner.created.fetch_add(1, Ordering::Relaxed);
        let name = format!("confiture_{:07x}_{count}_{label}", self.inner.owner);
        quote::prefix(&name, quote::LONGEST_NAME).to_owned()
    }

    /// Runs a statement of ours on an administration connection.
    pub(crate) async fn administer(&self, sql: &str) -> Result<(), DbFailure> {
        let client = self.inner.pool.get().await.map_err(|error| unavailable(&error))?;
        let ran = client.simple_query(sql).await;
        ran.map(drop).map_err(|error| DbFailure::from_driver(&error, sql))
    }

    /// Asks something on an administration connection.
    pub(crate) async fn ask(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, DbFailure> {
        let client = self.inner.pool.get().await.map_err(|error| unavailable(&error))?;
        client.query(sql, params).await.map_err(|error| DbFailure::from_driver(&error, sql))
    }

    /// Settings of sessions that run the user's SQL.
    pub(crate) fn session_settings(&self) -> &[(String, String)] {
        &self.inner.session_settings
    }

    /// The lock that lets one task at a time build the template `name`.
    pub(crate) fn building(&self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut building = self.inner.building.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(building.entry(name.to_owned()).or_default())
    }

    /// Says what a failure means for the caller: [`DbError::Timeout`] for a passed deadline,
    /// [`DbError::Lost`] with the end of the server's log when the connection is gone,
    /// [`DbError::Refused`] else. `step` is a verb phrase.
    pub fn explain(&self, step: impl Into<String>, failure: DbFailure) -> DbError {
        let step = step.into();
        if let Some(limit) = failure.deadline {
            return DbError::Timeout { step, limit };
        }
        if !failure.is_connection_lost() {
            return DbError::Refused { step, failure };
        }
        let log_tail = self.inner.cluster.as_ref().map(Cluster::log_tail).unwrap_or_default();
        let hint_text = self.inner.cluster.as_ref().map(Cluster::why_lost).unwrap_or_default();
        DbError::Lost { step, failure, hint_text, log_tail }
    }

    /// The same for a connection that could not be opened.
    pub(crate) fn explain_connect(&self, error: DbError) -> DbError {
        match error {
            DbError::Connect { failure, .. }
                if failure.is_connection_lost()
                    && self.inner.cluster.as_ref().is_some_and(|c| !c.is_running()) =>
            {
                self.explain("connect to the private server", failure)
            }
            other => other,
        }
    }

    /// Ends a private server and removes its directory; on a given one drops the scratch databases that
    /// are still there and were not kept, which ends what runs in them.
    pub async fn close(self) {
        if let Some(cluster) = &self.inner.cluster {
            return cluster.stop().await;
        }
        // One that is being made gets its mark first: nobody would drop it later without.
        let _made = self.inner.making.write().await;
        let open = std::mem::take(&mut *self.open_databases());
        for name in open {
            if let Err(error) = self.drop_database(&name).await {
                tracing::debug!(database = name, %error, "left for the next run");
            }
        }
    }

    /// Scratch databases that [`Server::close`] has to drop.
    pub(super) fn open_databases(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.inner.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held while a database is made, so that [`Server::close`] waits for its mark.
    pub(super) async fn making(&self) -> tokio::sync::OwnedRwLockReadGuard<()> {
        Arc::clone(&self.inner.making).read_owned().await
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("kind", &self.inner.kind)
            .field("version", &self.inner.version)
            .field("endpoint", &self.inner.endpoint)
            .finish_non_exhaustive()
    }
}

fn supported(version: ServerVersion, text: &str) -> Result<(), DbError> {
    if version.major() < ServerVersion::OLDEST_MAJOR {
        return Err(DbError::TooOld { found: text.to_owned(), minimum: ServerVersion::OLDEST_MAJOR });
    }
    Ok(())
}

fn unavailable(error: &bb8::RunError<tokio_postgres::Error>) -> DbFailure {
    match error {
        bb8::RunError::User(error) => DbFailure::from_driver(error, ""),
        bb8::RunError::TimedOut => DbFailure {
            message: "no administration connection became free".to_owned(),
            ..DbFailure::default()
        },
    }
}
