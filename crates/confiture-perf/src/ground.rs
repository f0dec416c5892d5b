//! `Ground`: the state before a migration, with rows, to be copied.

use std::collections::BTreeSet;
use std::time::Duration;

use confiture_core::catalog::{Catalog, ObjectId};
use confiture_core::db::{ScratchDb, Server, ServerKind, Session};
use confiture_core::migration::layout::Loaded;
use confiture_core::migration::{Direction, Migration};
use confiture_core::sql::Quoted;
use confiture_fixtures::{Filled, FixtureError, RowCounts, RowGenerator, run_script};

use crate::error::doing;
use crate::stages::{StageOptions, Stages};

/// A database as it is before a migration, its tables filled, vacuumed and analysed; every pass runs on a copy.
#[derive(Debug)]
pub struct Ground {
    server: Server,
    pub(crate) base: ScratchDb,
    /// What came of filling the tables.
    pub filled: Filled,
}

impl Ground {
    /// Applies the migrations before the one at `index` and fills the tables; the tool's own get no rows.
    ///
    /// [`Stages`] does the same for one migration after the other.
    ///
    /// # Errors
    /// [`FixtureError::Migration`] when one of the migrations before fails, and what the setup, the tracking
    /// table and the generator refuse.
    pub async fn lay(
        server: &Server,
        loaded: &Loaded,
        index: usize,
        options: StageOptions,
    ) -> Result<Self, FixtureError> {
        let mut stages = Stages::start(server, loaded, options).await?;
        let laid = match stages.reach(index).await {
            Ok(()) => Ok(stages.take()),
            Err(error) => Err(error),
        };
        let failed = stages.failed().cloned();
        stages.close().await?;
        let ground = laid?;
        match (failed, ground) {
            (None, Some(ground)) => Ok(ground),
            (Some((migration, reason)), ground) => {
                if let Some(ground) = ground {
                    ground.close().await?;
                }
                Err(FixtureError::Migration { doing: "apply", migration, reason })
            }
            (None, None) => Err(FixtureError::Interrupted),
        }
    }

    /// Fills `tables` of `base`, which is in the state that `catalog` describes.
    pub(crate) async fn fill(
        server: &Server,
        base: ScratchDb,
        catalog: &Catalog,
        tables: &[ObjectId],
        options: &StageOptions,
    ) -> Result<Self, FixtureError> {
        let session = measured_session(&base, None).await?;
        let rows = options.ladder.rows;
        let mut generator = RowGenerator::new(&session, catalog)
            .rows(RowCounts::uniform(rows))
            .seed(options.ladder.seed)
            .server(server.kind());
        if let Some(statistics) = &options.statistics {
            generator = generator.statistics(statistics);
        }
        let filled = if rows > 0 { generator.fill(tables).await? } else { Filled::default() };
        session.execute("VACUUM (FREEZE, ANALYZE)").await.map_err(doing("vacuum the tables"))?;
        if server.kind() == ServerKind::Private {
            session.execute("CHECKPOINT").await.map_err(doing("write a checkpoint"))?;
        }
        session.close().await;
        Ok(Self { server: server.clone(), base, filled })
    }

    /// The tables that were to be filled, by schema and name as SQL writes them.
    pub(crate) fn tables(&self) -> BTreeSet<String> {
        self.filled.tables.iter().map(|fill| sql_name(&fill.table)).collect()
    }

    /// A fresh copy, the caller's to write in and to close.
    ///
    /// # Errors
    /// Those of [`Server::clone_database`].
    pub async fn copy(&self, label: &str) -> Result<ScratchDb, FixtureError> {
        Ok(self.server.clone_database(&self.base, label).await?)
    }

    /// Applies the up of `migration` for good, so that copies are of the state after it.
    ///
    /// # Errors
    /// [`FixtureError::Migration`] when it fails.
    pub async fn advance(&self, migration: &Migration) -> Result<(), FixtureError> {
        let Some(script) = migration.up.script() else { return Ok(()) };
        let session = measured_session(&self.base, None).await?;
        let run = run_script(&session, script, Direction::Up).await;
        session.close().await;
        match run.failure {
            None => Ok(()),
            Some(failed) => Err(FixtureError::Migration {
                doing: "apply",
                migration: migration.id.clone(),
                reason: failed.failure.message,
            }),
        }
    }

    /// Drops it.
    ///
    /// # Errors
    /// Those of [`ScratchDb::close`].
    pub async fn close(self) -> Result<(), FixtureError> {
        Ok(self.base.close().await?)
    }
}

/// Schema and name of a table as SQL writes them.
pub(crate) fn sql_name(table: &ObjectId) -> String {
    Quoted::qualified([table.part(0), table.part(1)]).as_str().to_owned()
}

/// A session for a script that is measured: no parallel workers, and no statement takes longer than `deadline`.
///
/// # Errors
/// Those of [`ScratchDb::session_with`].
pub async fn measured_session(
    database: &ScratchDb,
    deadline: Option<Duration>,
) -> Result<Session, FixtureError> {
    let settings = ["max_parallel_maintenance_workers", "max_parallel_workers_per_gather"]
        .map(|name| (name.to_owned(), "0".to_owned()));
    let mut session = database.session_with(&settings).await?;
    session.set_deadline(deadline);
    Ok(session)
}

/// Drops a database. What was measured on it counts even when that fails; the next run tries again.
pub(crate) async fn close(database: Option<ScratchDb>) {
    let Some(database) = database else { return };
    let name = database.name().to_owned();
    if let Err(error) = database.close().await {
        tracing::warn!(name, %error, "a scratch database could not be dropped");
    }
}
