//! Databases of our own: made, marked, cloned and dropped.

use std::time::Duration;

use super::connect::Endpoint;
use super::error::DbError;
use super::marker::{Marker, Purpose};
use super::quote::{identifier, literal};
use super::server::Server;
use super::session::Session;

/// How often to look whether sessions are gone.
const POLL: Duration = Duration::from_millis(2);

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

impl Server {
    /// Creates an empty, marked database whose name ends in `label`.
    ///
    /// # Errors
    /// [`DbError::Refused`], [`DbError::Lost`].
    pub async fn create_database(&self, label: &str) -> Result<ScratchDb, DbError> {
        self.create_from("template1", label).await
    }

    /// Creates a marked copy of `template`, in which nobody may be connected.
    ///
    /// # Errors
    /// [`DbError::Refused`], with `55006` when sessions are connected to `template`; [`DbError::Lost`].
    pub async fn clone_database(&self, template: &ScratchDb, label: &str) -> Result<ScratchDb, DbError> {
        self.create_from(&template.name, label).await
    }

    async fn create_from(&self, template: &str, label: &str) -> Result<ScratchDb, DbError> {
        let name = self.name(label);
        let quoted = identifier(&name);
        let create = format!("CREATE DATABASE {quoted} TEMPLATE {}{}", identifier(template), self.strategy());
        let step = || format!("create database {name:?}");
        self.administer(&create).await.map_err(|failure| self.refused(step(), failure))?;
        let database = ScratchDb { server: self.clone(), name: name.clone(), dropped: false };
        let marker = Marker::new(Purpose::Scratch, self.owner());
        let mark = format!("COMMENT ON DATABASE {quoted} IS {}", literal(&marker.comment()));
        self.administer(&mark).await.map_err(|failure| self.refused(step(), failure))?;
        Ok(database)
    }

    /// The mark on `database`.
    pub(crate) async fn marker(&self, step: &'static str, database: &str) -> Result<Marker, DbError> {
        let sql = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1";
        let rows = self.ask(sql, &[&database]).await.map_err(|failure| self.refused(step, failure))?;
        let comment: Option<String> = rows.first().and_then(|row| row.get(0));
        Marker::parse(comment.as_deref())
            .ok_or_else(|| DbError::Unmarked { step, database: database.to_owned() })
    }

    /// Drops a marked database, ending its sessions.
    pub(crate) async fn drop_database(&self, name: &str) -> Result<(), DbError> {
        self.marker("drop", name).await?;
        let failed = |failure| self.refused(format!("drop database {name:?}"), failure);
        // DROP … WITH (FORCE) looks again every 100 ms for sessions it ended (procarray.c,
        // CountOtherDBBackends); ending and waiting for them here is quicker.
        let sessions = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                        WHERE datname = $1 AND backend_type = 'client backend'";
        for _ in 0..500 {
            let rows = self.ask(sessions, &[&name]).await.map_err(failed)?;
            if rows.first().is_none_or(|row| row.get::<_, i64>(0) == 0) {
                break;
            }
            tokio::time::sleep(POLL).await;
        }
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", identifier(name));
        self.administer(&sql).await.map_err(failed)
    }
}

impl ScratchDb {
    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server it is on.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Where to connect.
    pub fn endpoint(&self) -> Endpoint {
        self.server.endpoint().with_database(&self.name)
    }

    /// Opens a session that may write, after checking the mark of the database it is in.
    ///
    /// # Errors
    /// [`DbError::Connect`], [`DbError::Unmarked`].
    pub async fn session(&self) -> Result<Session, DbError> {
        let session = Session::open(&self.endpoint()).await?;
        let sql = "SELECT shobj_description(oid, 'pg_database') FROM pg_database \
                   WHERE datname = current_database()";
        let rows = session
            .query(sql, &[])
            .await
            .map_err(|failure| self.server.refused("open a session", failure))?;
        let comment: Option<String> = rows.first().and_then(|row| row.get(0));
        if Marker::parse(comment.as_deref()).is_none() {
            return Err(DbError::Unmarked { step: "write in", database: self.name.clone() });
        }
        Ok(session)
    }

    /// Ends its sessions and drops it.
    ///
    /// # Errors
    /// [`DbError::Refused`], [`DbError::Unmarked`], [`DbError::Lost`].
    pub async fn close(mut self) -> Result<(), DbError> {
        self.dropped = true;
        self.server.drop_database(&self.name).await
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
            if let Err(error) = server.drop_database(&name).await {
                tracing::debug!(%error, "leftover database not dropped");
            }
        });
    }
}
