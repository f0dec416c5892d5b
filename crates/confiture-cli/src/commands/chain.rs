//! A chain of migrations: loading it, and its end or a version as a snapshot.

use std::time::Duration;

use anyhow::{Context as _, bail};
use confiture_core::config::Settings;
use confiture_core::db::Server;
use confiture_core::migration::layout::{LoadOptions, Loaded};
use confiture_core::plugin::Registry;
use confiture_fixtures::{LadderOptions, SchemaSnapshotter, SetupFile, TestSource, find_version};

use super::server::{Wanted, Worker};
use crate::interrupt::Interrupt;
use crate::settings;

/// A loaded chain and how to apply it.
pub(super) struct Chain {
    pub loaded: Loaded,
    pub options: LadderOptions,
    worker: Worker,
}

/// Reads the migrations.
pub(super) fn load(settings: &Settings, registry: &Registry) -> anyhow::Result<TestSource> {
    let dir = settings.dir.clone().unwrap_or_default();
    let options = LoadOptions { vars: settings.var.clone() };
    TestSource::load(registry, &dir, settings.layout.as_deref(), &options)
        .context("failed to load the migrations")
}

/// How migrations are applied: with the setup files, which it reads, and the time limit.
pub(super) fn ladder(settings: &Settings) -> anyhow::Result<LadderOptions> {
    let setup: Result<Vec<SetupFile>, _> = settings.setup.iter().map(|file| SetupFile::read(file)).collect();
    let setup = setup.context("failed to prepare the setup")?;
    let deadline = settings.timeout.map(Duration::from_secs);
    Ok(LadderOptions { setup, deadline, ..LadderOptions::default() })
}

impl Chain {
    /// Reads the migrations and the setup files.
    pub(super) fn load(settings: Settings, registry: &Registry) -> anyhow::Result<Self> {
        let loaded = load(&settings, registry)?.loaded;
        let options = ladder(&settings)?;
        let session = settings.set.clone().into_iter().collect();
        let wanted = Wanted::from(settings::server(Default::default(), settings), session);
        let [worker] = wanted.workers() else {
            bail!("this command works on one server: name one --server or one --pg");
        };
        Ok(Self { loaded, options, worker: worker.clone() })
    }

    /// The server to work on.
    pub(super) async fn start(&self) -> anyhow::Result<Server> {
        self.worker.start().await
    }

    /// The place of a version in the chain.
    pub(super) fn find(&self, version: &str) -> anyhow::Result<usize> {
        find_version(&self.loaded, version).context("failed to find a schema to compare")
    }

    /// The schema after each of `ends` (`None`: after the last migration), on a server of its own.
    pub(super) async fn snapshots(&self, ends: &[Option<usize>]) -> anyhow::Result<Vec<SchemaSnapshotter>> {
        if self.loaded.migrations.is_empty() {
            bail!("failed to apply the migrations: the directory holds none");
        }
        let mut started: Option<Server> = None;
        let all = async {
            let server = started.insert(self.start().await?);
            let mut snapshots = Vec::new();
            for end in ends {
                let snapshot =
                    Box::pin(SchemaSnapshotter::of_chain(server, &self.loaded, self.options.clone(), *end));
                snapshots.push(snapshot.await.context("failed to take a snapshot")?);
            }
            anyhow::Ok(snapshots)
        };
        let snapshots = tokio::select! {
            snapshots = all => snapshots,
            interrupt = Interrupt::next() => Err(interrupt.into()),
        };
        if let Some(server) = started {
            server.close().await;
        }
        snapshots
    }
}
