//! Databases of our own: made, marked, cloned and dropped.

use std::time::Duration;

use super::connect::Endpoint;
use super::error::DbError;
use super::marker::{Marker, Purpose};
use super::quote::{identifier, literal};
use super::server::Server;
use super::session::Session;
use super::template::Template;

/// How often to look whether sessions are gone.
const POLL: Duration = Duration::from_millis(2);
/// How often to look before leaving it to the server.
const POLLS: u32 = 500;
/// How long a template on a given server stays without being used.
const TEMPLATE_LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A database that confiture created and marked.
///
/// End it with [`ScratchDb::close`]; dropping the value does the same in the background, as far as the
/// runtime still lives. What remains is dropped by a later run once our process is gone.
#[derive(Debug)]
pub struct ScratchDb {
    server: Server,
    name: String,
    dropped: bool,
}

/// What [`Server::clone_database`] copies.
pub trait CloneSource {
    /// Its name on the server.
    fn name(&self) -> &str;
    /// Whether sessions may be connected to it.
    fn is_sealed(&self) -> bool;
}

impl CloneSource for ScratchDb {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_sealed(&self) -> bool {
        false
    }
}

impl CloneSource for Template {
    fn name(&self) -> &str {
        Self::name(self)
    }

    fn is_sealed(&self) -> bool {
        true
    }
}

impl Server {
    /// Creates an empty, marked database whose name ends in as much of `label` as fits 63 bytes.
    ///
    /// # Errors
    /// [`DbError::Refused`], [`DbError::Lost`].
    pub async fn create_database(&self, label: &str) -> Result<ScratchDb, DbError> {
        match self.create_from("template1", label).await {
            // On a shared server somebody is connected to template1; to template0 nobody can.
            Err(DbError::Refused { failure, .. }) if failure.sqlstate.as_deref() == Some("55006") => {
                self.create_from("template0", label).await
            }
            other => other,
        }
    }

    /// Creates a marked copy of `source`, after its sessions have gone.
    ///
    /// # Errors
    /// [`DbError::Refused`], with SQLSTATE 55006 when sessions stay connected to `source`;
    /// [`DbError::Lost`].
    pub async fn clone_database(&self, source: &impl CloneSource, label: &str) -> Result<ScratchDb, DbError> {
        if !source.is_sealed() {
            // The server itself looks again every 100 ms only (procarray.c, CountOtherDBBackends), and
            // a backend needs a moment to notice that its client has gone.
            let sql = "SELECT count(*) FROM pg_stat_activity \
                       WHERE datname = $1 AND backend_type = 'client backend'";
            self.until_none(sql, source.name()).await?;
        }
        self.create_from(source.name(), label).await
    }

    pub(super) async fn create_from(&self, source: &str, label: &str) -> Result<ScratchDb, DbError> {
        let name = self.name(label);
        let (quoted, source) = (identifier(&name), identifier(source));
        let create = format!("CREATE DATABASE {quoted} TEMPLATE {source}{}", self.strategy());
        let making = self.making().await;
        let server = self.clone();
        // A task of its own: a caller that is interrupted would leave a database without a mark.
        let made = tokio::spawn(async move {
            let failed = |failure| server.explain(format!("create database {name:?}"), failure);
            server.administer(&create).await.map_err(failed)?;
            server.open_databases().insert(name.clone());
            let database = ScratchDb { server: server.clone(), name, dropped: false };
            server.mark(&database.name, &Marker::new(Purpose::Scratch, server.owner())).await?;
            drop(making);
            Ok(database)
        });
        made.await.unwrap_or_else(|error| {
            Err(DbError::Cluster {
                step: "create a database".to_owned(),
                reason: error.to_string(),
                log_tail: String::new(),
            })
        })
    }

    pub(super) async fn mark(&self, name: &str, marker: &Marker) -> Result<(), DbError> {
        let sql = format!("COMMENT ON DATABASE {} IS {}", identifier(name), literal(&marker.comment()));
        let failed = |failure| self.explain(format!("mark database {name:?}"), failure);
        self.administer(&sql).await.map_err(failed)
    }

    /// The mark on `database`; `None` when there is no such database.
    pub(super) async fn marker(&self, step: &'static str, database: &str) -> Result<Option<Marker>, DbError> {
        let sql = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1";
        let rows = self.ask(sql, &[&database]).await.map_err(|failure| self.explain(step, failure))?;
        let Some(row) = rows.first() else { return Ok(None) };
        let marker = Marker::parse(row.get(0));
        marker.map(Some).ok_or_else(|| DbError::Unmarked { step, database: database.to_owned() })
    }

    /// Drops a marked database, ending its sessions. One that is not there is no error.
    pub(super) async fn drop_database(&self, name: &str) -> Result<(), DbError> {
        let Some(marker) = self.marker("drop", name).await? else { return Ok(()) };
        let failed = |failure| self.explain(format!("drop database {name:?}"), failure);
        let quoted = identifier(name);
        if marker.purpose == Purpose::Adopted {
            return Err(DbError::Unmarked { step: "drop", database: name.to_owned() });
        }
        if marker.purpose == Purpose::Template {
            self.administer(&format!("ALTER DATABASE {quoted} IS_TEMPLATE false")).await.map_err(failed)?;
        } else {
            // WITH (FORCE) ends sessions too, but then looks again every 100 ms only.
            self.end_sessions(name).await?;
        }
        let sql = format!("DROP DATABASE IF EXISTS {quoted} WITH (FORCE)");
        self.administer(&sql).await.map_err(failed)
    }

    /// Terminates the sessions in `database` and waits until they are gone.
    pub(super) async fn end_sessions(&self, database: &str) -> Result<(), DbError> {
        let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                   WHERE datname = $1 AND backend_type = 'client backend'";
        self.until_none(sql, database).await
    }

    /// Repeats a count of the sessions in `database` until it is 0 or a second has passed.
    async fn until_none(&self, sql: &str, database: &str) -> Result<(), DbError> {
        for _ in 0..POLLS {
            let rows = self.ask(sql, &[&database]).await;
            let rows = rows.map_err(|failure| self.explain("look for sessions", failure))?;
            if rows.first().is_none_or(|row| row.get::<_, i64>(0) == 0) {
                break;
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Drops marked databases whose owner is gone and templates long unused; failures are logged only.
    pub(super) async fn reap(&self) {
        for name in self.leftovers().await.unwrap_or_default() {
            let quoted = identifier(&name);
            // Without FORCE: a database somebody is connected to stays.
            let unseal = self.administer(&format!("ALTER DATABASE {quoted} IS_TEMPLATE false")).await;
            let dropped = match unseal {
                Ok(()) => self.administer(&format!("DROP DATABASE IF EXISTS {quoted}")).await,
                refused => refused,
            };
            tracing::debug!(database = name, ?dropped, "leftover database");
        }
    }

    async fn leftovers(&self) -> Option<Vec<String>> {
        let sql = "SELECT datname::text, shobj_description(oid, 'pg_database') FROM pg_database \
                   WHERE NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = pg_database.datname)";
        let databases = self.ask(sql, &[]).await.ok()?;
        // Read after the databases: an owner takes its lock before it creates the first one.
        let locks = format!(
            "SELECT objid::int8 FROM pg_locks WHERE locktype = 'advisory' AND granted \
             AND classid = {} AND objsubid = 2",
            super::server::OWNER_LOCK
        );
        let alive: Vec<i64> = self.ask(&locks, &[]).await.ok()?.iter().map(|row| row.get(0)).collect();
        let now = Marker::new(Purpose::Scratch, 0).at;
        let leftover = |marker: &Marker| match marker.purpose {
            Purpose::Scratch => !alive.contains(&i64::from(marker.owner)),
            Purpose::Template => now.saturating_sub(marker.at) > TEMPLATE_LIFE.as_secs(),
            Purpose::Kept | Purpose::Adopted => false,
        };
        let marked = databases.iter().filter(|row| Marker::parse(row.get(1)).as_ref().is_some_and(leftover));
        Some(marked.map(|row| row.get(0)).collect())
    }
}

impl ScratchDb {
    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Marks it once more: a migration may have put its own comment in the place of the mark.
    async fn mark_again(&self) -> Result<(), DbError> {
        self.server.mark(&self.name, &Marker::new(Purpose::Scratch, self.server.owner())).await
    }

    /// The server it is on.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Where to connect, with the session settings the user asked for.
    pub fn endpoint(&self) -> Endpoint {
        let settings = self.server.session_settings();
        self.server.endpoint().with_database(&self.name).with_session_settings(settings)
    }

    /// Opens a session that may write, after checking the mark of the database it is in.
    ///
    /// # Errors
    /// [`DbError::Connect`]; [`DbError::Unmarked`] when the mark is gone; [`DbError::Lost`].
    pub async fn session(&self) -> Result<Session, DbError> {
        self.session_with(&[]).await
    }

    /// The same with settings that hold from the session's start, after those of the server.
    ///
    /// # Errors
    /// Those of [`ScratchDb::session`]; an unknown setting is a [`DbError::Connect`].
    pub async fn session_with(&self, settings: &[(String, String)]) -> Result<Session, DbError> {
        // Compiling our long catalog queries would cost more than running them (manual, chapter "JIT").
        let jit = [("jit".to_owned(), "off".to_owned())];
        let endpoint = self.endpoint().with_session_settings(&jit).with_session_settings(settings);
        let opened = Session::open(&endpoint).await;
        let session = opened.map_err(|error| self.server.explain_connect(error))?;
        let sql = "SELECT shobj_description(oid, 'pg_database') FROM pg_database \
                   WHERE datname = current_database()";
        let rows = session.query(sql, &[]).await;
        let rows = rows.map_err(|failure| self.server.explain("read the mark", failure))?;
        if rows.first().and_then(|row| Marker::parse(row.get(0))).is_none() {
            if !self.server.open_databases().contains(&self.name) {
                return Err(DbError::Unmarked { step: "write in", database: self.name.clone() });
            }
            self.mark_again().await?;
        }
        Ok(session)
    }

    /// Opens a plain client, driven in the background, with the settings of [`ScratchDb::endpoint`].
    ///
    /// # Errors
    /// [`DbError::Connect`]; [`DbError::Lost`] when the private server is gone.
    pub async fn client(&self) -> Result<tokio_postgres::Client, DbError> {
        self.endpoint().client().await.map_err(|error| self.server.explain_connect(error))
    }

    /// Leaves the database on the server for the user to look at; no later run drops it.
    ///
    /// On a private server it lives as long as the server.
    ///
    /// # Errors
    /// [`DbError::Refused`], [`DbError::Lost`], [`DbError::Unmarked`].
    pub async fn keep(mut self) -> Result<Endpoint, DbError> {
        self.server.marker("keep", &self.name).await?;
        self.server.mark(&self.name, &Marker::new(Purpose::Kept, self.server.owner())).await?;
        self.dropped = true;
        self.server.open_databases().remove(&self.name);
        Ok(self.server.endpoint().with_database(&self.name))
    }

    /// Ends its sessions and drops it.
    ///
    /// # Errors
    /// [`DbError::Refused`], [`DbError::Unmarked`], [`DbError::Lost`].
    pub async fn close(mut self) -> Result<(), DbError> {
        self.dropped = true;
        // The mark is a comment, which a migration may have replaced: this process knows what it made.
        if let Err(error) = self.mark_again().await {
            tracing::debug!(%error, "not marked again");
        }
        self.server.drop_database(&self.name).await?;
        self.server.open_databases().remove(&self.name);
        Ok(())
    }

    /// Gives up the value without dropping the database; it has another name now.
    pub(super) fn renamed(mut self) {
        self.dropped = true;
        self.server.open_databases().remove(&self.name);
    }
}

impl Drop for ScratchDb {
    fn drop(&mut self) {
        if self.dropped {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (server, name) = (self.server.clone(), std::mem::take(&mut self.name));
        runtime.spawn(async move {
            match server.drop_database(&name).await {
                Ok(()) => drop(server.open_databases().remove(&name)),
                Err(error) => tracing::debug!(%error, "leftover database not dropped"),
            }
        });
    }
}
