//! `TestDbBuilder`: what a test's database is to hold.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use confiture_core::db::{Env, ServerOptions};

use super::servers::ready;
use super::source::Source;
use super::{Held, TestDb, on_runtime};
use crate::error::FixtureError;
use crate::wanted::{Wanted, wanted_methods};

/// How many databases of failed tests are kept unless `CONFITURE_KEEP` says otherwise.
const KEPT: usize = 5;

/// Says what a [`TestDb`] is to hold; the attribute [`test`](macro@crate::test) has the same words.
#[derive(Debug, Clone)]
pub struct TestDbBuilder {
    pub(super) wanted: Wanted,
    pub(super) at: Option<String>,
    pub(super) rows: Option<u64>,
    pub(super) seed: u64,
    options: ServerOptions,
    label: String,
}

impl TestDbBuilder {
    /// What `CONFITURE_SERVER`, `CONFITURE_PG` and `CONFITURE_PG_BIN` say.
    pub(crate) fn server_of_environment() -> ServerOptions {
        let env: Env = std::env::vars_os().collect();
        let named = |name: &str| env.get(name).map(str::to_owned);
        ServerOptions {
            server_urls: named("CONFITURE_SERVER").into_iter().collect(),
            pg_bin: env.os("CONFITURE_PG_BIN").map(PathBuf::from),
            version: named("CONFITURE_PG").and_then(|major| major.parse().ok()),
            env,
            ..ServerOptions::default()
        }
    }

    pub(super) fn new(dir: &Path) -> Self {
        Self {
            wanted: Wanted::of(dir),
            at: None,
            rows: None,
            seed: 0,
            options: Self::server_of_environment(),
            // The harness names a test's thread after the test.
            label: std::thread::current().name().unwrap_or("test").to_owned(),
        }
    }

    /// Applies migrations up to and including this version, instead of all.
    #[must_use]
    pub fn at(mut self, version: impl Into<String>) -> Self {
        self.at = Some(version.into());
        self
    }

    wanted_methods!();

    /// Fills every table with so many generated rows, as far as its keys allow; see
    /// [`RowGenerator`](crate::RowGenerator). They are part of the template, so they cost nothing per test.
    #[must_use]
    pub fn rows(mut self, rows: u64) -> Self {
        self.rows = Some(rows);
        self
    }

    /// Other seeds give other rows; 0 without it.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Uses these servers instead of what the environment says.
    #[must_use]
    pub fn server(mut self, options: ServerOptions) -> Self {
        self.options = options;
        self
    }

    /// The name of the test: part of the database's name and of what is printed when it fails. Without it,
    /// that of the thread, which the harness names after the test.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Makes the database: a clone of a template, which the first caller builds.
    ///
    /// # Errors
    /// [`FixtureError::Load`] for a directory that cannot be read, [`FixtureError::UnknownVersion`],
    /// [`FixtureError::Setup`], [`FixtureError::Migration`] with file and line for a migration that the
    /// server refuses, [`FixtureError::Rows`] for a table that takes no row at all,
    /// [`FixtureError::Database`].
    pub async fn build(self) -> Result<TestDb, FixtureError> {
        on_runtime(async move || {
            let source = Arc::new(Source::read(&self)?);
            let ready = ready(&self.options, &source).await?;
            let short = self.label.rsplit("::").next().unwrap_or_default();
            let scratch = ready.template.clone_database(short).await?;
            let client = scratch.client().await?;
            let keep = self.options.env.get("CONFITURE_KEEP").and_then(|count| count.parse().ok());
            let keep = keep.unwrap_or(KEPT);
            let dir = std::fs::canonicalize(&self.wanted.dir).unwrap_or(self.wanted.dir);
            let held = Held { scratch, ready, source, label: self.label, dir, keep };
            Ok(TestDb { client, held: Some(Arc::new(held)), guarded: false })
        })
        .await
    }
}
