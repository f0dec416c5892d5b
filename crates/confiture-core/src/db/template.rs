//! Sealed databases that later ones are copied from.

use sha2::{Digest as _, Sha256};

use super::error::DbError;
use super::marker::{Marker, Purpose};
use super::quote::identifier;
use super::scratch::ScratchDb;
use super::server::{Server, ServerKind};

/// A marked database that nobody can connect to, only clone.
///
/// It stays on its server: on a private one until the server ends, on a given one until nobody used it
/// for a week.
#[derive(Debug, Clone)]
pub struct Template {
    server: Server,
    name: String,
}

impl Server {
    /// The template for `key`, built by `build` unless there already is one.
    ///
    /// `key` must say everything that the content depends on: migrations, data, extensions, locale,
    /// the versions of the server and of confiture. It is built under a temporary name and renamed
    /// once sealed, so a half-built one is never seen. Tasks that want the same key wait for one
    /// another; of two processes the slower one discards its work.
    ///
    /// # Errors
    /// What `build` returns, and [`DbError`] of the statements around it.
    pub async fn template<E: From<DbError>>(
        &self,
        key: &str,
        build: impl AsyncFnOnce(&ScratchDb) -> Result<(), E>,
    ) -> Result<Template, E> {
        let template = self.template_called(key);
        let lock = self.building(&template.name);
        let _alone = lock.lock().await;
        if template.exists().await? {
            return Ok(template);
        }
        let database = self.create_database("template").await?;
        if let Err(error) = build(&database).await {
            if let Err(error) = database.close().await {
                tracing::debug!(%error, "half-built template not dropped");
            }
            return Err(error);
        }
        template.seal(database).await?;
        Ok(template)
    }

    /// Whether the template for `key` is there.
    pub(super) async fn holds(&self, key: &str) -> Result<bool, DbError> {
        self.template_called(key).exists().await
    }

    fn template_called(&self, key: &str) -> Template {
        Template { server: self.clone(), name: format!("confiture_template_{}", hash(key)) }
    }
}

/// 32 hexadecimal digits that stand for `key`.
pub(super) fn hash(key: &str) -> String {
    Sha256::digest(key)[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Template {
    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Creates a marked copy.
    ///
    /// # Errors
    /// Those of [`Server::clone_database`].
    pub async fn clone_database(&self, label: &str) -> Result<ScratchDb, DbError> {
        self.server.clone_database(self, label).await
    }

    /// Drops it; databases copied from it stay.
    ///
    /// # Errors
    /// [`DbError::Refused`], [`DbError::Unmarked`], [`DbError::Lost`].
    pub async fn close(self) -> Result<(), DbError> {
        self.server.drop_database(&self.name).await
    }

    async fn exists(&self) -> Result<bool, DbError> {
        let Some(marker) = self.server.marker("clone", &self.name).await? else { return Ok(false) };
        if marker.purpose != Purpose::Template {
            return Ok(false);
        }
        if self.server.kind() == ServerKind::Given {
            // Used now: the week begins again.
            self.server.mark(&self.name, &Marker::new(Purpose::Template, self.server.owner())).await?;
        }
        Ok(true)
    }

    async fn seal(&self, database: ScratchDb) -> Result<(), DbError> {
        let server = &self.server;
        let failed = |failure| server.explain(format!("seal template {:?}", self.name), failure);
        let made = identifier(database.name());
        server.end_sessions(database.name()).await?;
        let seal = format!("ALTER DATABASE {made} ALLOW_CONNECTIONS false IS_TEMPLATE true");
        server.administer(&seal).await.map_err(failed)?;
        server.mark(database.name(), &Marker::new(Purpose::Template, server.owner())).await?;
        let rename = format!("ALTER DATABASE {made} RENAME TO {}", identifier(&self.name));
        match server.administer(&rename).await {
            Ok(()) => database.renamed(),
            // Another process was faster; its template is as good.
            Err(failure) if failure.sqlstate.as_deref() == Some("42P04") => database.close().await?,
            Err(failure) => return Err(failed(failure)),
        }
        Ok(())
    }
}
