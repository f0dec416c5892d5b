//! Databases for the tests of Rust programs: fresh, migrated, isolated, in milliseconds.

mod builder;
mod keep;
mod run;
mod runtime;
mod servers;
mod source;

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;

use confiture_core::db::tokio_postgres::{Client, Config};
use confiture_core::db::{Endpoint, ScratchDb, Session};
use confiture_core::migration::Migration;

use crate::error::FixtureError;
use crate::runner::{MigrationRunner, Ran, Target};
use crate::snapshot::SchemaSnapshotter;
use servers::Ready;
use source::Source;

pub use builder::TestDbBuilder;
pub use run::{Outcome, run};
pub(crate) use runtime::{in_background, on_runtime, wait};

/// A database of one test: migrated, isolated from every other, dropped at the end.
///
/// It is cloned from a template that is built once: the data directory with the template in it is cached
/// by a hash of migrations, setup, layout, server and confiture version, so that the next process (each
/// test is one under `cargo nextest`) starts with it. A changed file is another hash. Tests of one
/// process share the server; at most four idle servers, of different templates, are kept.
///
/// When a test fails, its database is kept and where it is printed to standard error. On the private
/// server that means a copy of the server's data under `/tmp/confiture-kept-UID`, of which the five newest
/// stay (`CONFITURE_KEEP=N` changes that; 0 keeps none); on a server named by `CONFITURE_SERVER` the
/// database itself stays.
///
/// The server is a private one of the newest PostgreSQL there is. `CONFITURE_SERVER`, `CONFITURE_PG` and
/// `CONFITURE_PG_BIN` choose as they do for the command line; `DATABASE_URL` is never read.
///
/// Roles belong to a server, so the databases of one template share them: a test that rolls back the
/// migration that created a role is refused by PostgreSQL while another database depends on the role.
///
/// It dereferences to a `tokio_postgres` client. That, [`connect`](Self::connect) and
/// [`session`](Self::session) work in any runtime: connections are driven on one of confiture's own.
///
/// # Example
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # std::fs::write(dir.path().join("0001_users.sql"), "CREATE TABLE users (name text)").unwrap();
/// # std::fs::write(dir.path().join("0002_age.sql"), "ALTER TABLE users ADD age int").unwrap();
/// # let migrations = dir.path();
/// use confiture_fixtures::TestDb;
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let db = TestDb::builder(migrations).at("0001").build().await?;
/// db.execute("INSERT INTO users (name) VALUES ('Ada')", &[]).await?;
/// db.migrate_to("0002").await?;
/// let row = db.query_one("SELECT name, age FROM users", &[]).await?;
/// assert_eq!((row.get(0), row.get(1)), ("Ada", None::<i32>));
/// # Ok::<_, Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct TestDb {
    client: Client,
    /// `None` only while it is dropped.
    held: Option<Arc<Held>>,
    /// Somebody else decides what becomes of the database.
    guarded: bool,
}

/// What lives as long as the database does.
#[derive(Debug)]
struct Held {
    scratch: ScratchDb,
    ready: Arc<Ready>,
    source: Arc<Source>,
    /// Name of the test.
    label: String,
    /// The directory of migrations, from the root.
    dir: std::path::PathBuf,
    /// How many failed databases stay.
    keep: usize,
}

impl TestDb {
    /// Starts to say what the database is to hold: the migrations of `dir`, which a process started by
    /// cargo sees relative to its package.
    pub fn builder(dir: impl AsRef<Path>) -> TestDbBuilder {
        TestDbBuilder::new(dir.as_ref())
    }

    /// The client that the value dereferences to.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Opens one more connection to the same database.
    ///
    /// # Errors
    /// [`FixtureError::Database`].
    pub async fn connect(&self) -> Result<Client, FixtureError> {
        let held = self.held();
        on_runtime(async move || Ok(held.scratch.client().await?)).await
    }

    /// Opens a session, which runners, snapshots and checks of this crate take.
    ///
    /// # Errors
    /// [`FixtureError::Database`].
    pub async fn session(&self) -> Result<Session, FixtureError> {
        let held = self.held();
        on_runtime(async move || Ok(held.scratch.session().await?)).await
    }

    /// The URL for drivers and pools of one's own. It may hold a password: not for messages.
    pub fn url(&self) -> String {
        self.endpoint().url_with_password()
    }

    /// The same as settings of `tokio_postgres`.
    pub fn config(&self) -> Config {
        self.endpoint().config().clone()
    }

    /// The same as confiture takes it; prints without a password.
    pub fn endpoint(&self) -> Endpoint {
        self.held().scratch.endpoint()
    }

    /// All migrations of the directory, in order; which of them are applied, the
    /// [`MigrationRunner`] knows.
    pub fn migrations(&self) -> Vec<Migration> {
        self.held().source.loaded.migrations.clone()
    }

    /// Applies pending migrations up to and including `version`.
    ///
    /// # Errors
    /// [`FixtureError::Migration`] for one that the server refuses, with file and line;
    /// [`FixtureError::UnknownVersion`]; [`FixtureError::Tracking`].
    pub async fn migrate_to(&self, version: &str) -> Result<(), FixtureError> {
        self.migrate(Target::Version(version.to_owned())).await
    }

    /// Applies pending migrations as far as `target` says.
    ///
    /// # Errors
    /// Those of [`migrate_to`](Self::migrate_to).
    pub async fn migrate(&self, target: Target) -> Result<(), FixtureError> {
        let held = self.held();
        on_runtime(async move || {
            let session = held.scratch.session().await?;
            let loaded = &held.source.loaded;
            source::refuse_steps_without_sql(loaded, &target)?;
            let ran = MigrationRunner::new(&session, loaded).await?.run(&target).await;
            session.close().await;
            succeeded("apply", &ran?)
        })
        .await
    }

    /// Rolls applied migrations back, newest first, down to but not including `version`.
    ///
    /// # Errors
    /// Those of [`migrate_to`](Self::migrate_to); [`FixtureError::Irreversible`] for a migration without a
    /// rollback.
    pub async fn rollback_to(&self, version: &str) -> Result<(), FixtureError> {
        self.rollback(Target::Version(version.to_owned())).await
    }

    /// Rolls applied migrations back as far as `target` says.
    ///
    /// # Errors
    /// Those of [`rollback_to`](Self::rollback_to).
    pub async fn rollback(&self, target: Target) -> Result<(), FixtureError> {
        let held = self.held();
        on_runtime(async move || {
            let session = held.scratch.session().await?;
            let ran = MigrationRunner::new(&session, &held.source.loaded).await?.rollback(&target).await;
            session.close().await;
            succeeded("roll back", &ran?)
        })
        .await
    }

    /// Captures the schema as it is now.
    ///
    /// # Errors
    /// [`FixtureError::Query`], [`FixtureError::Database`].
    pub async fn snapshot(&self) -> Result<SchemaSnapshotter, FixtureError> {
        let held = self.held();
        on_runtime(async move || {
            let session = held.scratch.session().await?;
            let captured = SchemaSnapshotter::capture(&session).await;
            session.close().await;
            captured
        })
        .await
    }

    /// Drops the database and waits until it is gone. Dropping the value does the same in the background.
    ///
    /// # Errors
    /// [`FixtureError::Database`].
    pub async fn close(mut self) -> Result<(), FixtureError> {
        let Some(held) = self.held.take() else { return Ok(()) };
        on_runtime(async move || closed(held).await).await
    }

    fn held(&self) -> Arc<Held> {
        match &self.held {
            Some(held) => Arc::clone(held),
            None => unreachable!("taken only when the value ends"),
        }
    }
}

/// The first failure among `ran`, which is the last element.
fn succeeded(doing: &'static str, ran: &[Ran]) -> Result<(), FixtureError> {
    let failed = ran.iter().find_map(|ran| Some((ran, ran.run.failure.as_ref()?)));
    let Some((ran, failure)) = failed else { return Ok(()) };
    let place = &failure.location;
    let reason = format!("{}:{}:{}: {}", place.file.display(), place.line, place.column, failure.failure);
    Err(FixtureError::Migration { doing, migration: ran.migration.clone(), reason })
}

/// Drops the database when nobody else holds it.
async fn closed(held: Arc<Held>) -> Result<(), FixtureError> {
    match Arc::into_inner(held) {
        Some(held) => Ok(held.scratch.close().await?),
        None => Ok(()),
    }
}

impl Deref for TestDb {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for TestDb {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let Some(held) = self.held.take() else { return };
        if self.guarded {
            return;
        }
        if std::thread::panicking() {
            keep::keep(held);
        } else {
            keep::dispose(held);
        }
    }
}
