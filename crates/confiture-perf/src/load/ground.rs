//! The state before a migration, with rows.

use std::collections::BTreeSet;

use confiture_core::catalog::{Catalog, ObjectId};
use confiture_core::db::{DbFailure, ScratchDb, Server, ServerKind, Session};
use confiture_core::migration::layout::Loaded;
use confiture_core::migration::{Direction, Script};
use confiture_core::sql::Quoted;
use confiture_fixtures::{Filled, FixtureError, MigrationRunner, RowCounts, RowGenerator, SetupFile, Target};

/// A database as it is before a migration, its tables filled, vacuumed and analysed; to be copied.
#[derive(Debug)]
pub struct Ground {
    server: Server,
    base: ScratchDb,
    /// What came of filling the tables.
    pub filled: Filled,
}

/// What a [`Ground`] is made from.
#[derive(Debug, Clone, Copy)]
pub struct GroundPlan<'a> {
    /// The chain.
    pub loaded: &'a Loaded,
    /// Place in the chain of the migration to be tried, from 0.
    pub index: usize,
    /// Files run on the fresh database before the first migration.
    pub setup: &'a [SetupFile],
    /// Rows of each table.
    pub rows: &'a RowCounts,
    /// Seed of the rows.
    pub seed: u64,
}

impl<'a> GroundPlan<'a> {
    /// A ground before the migration at `index` with seed 0 and no setup.
    pub fn new(loaded: &'a Loaded, index: usize, rows: &'a RowCounts) -> Self {
        Self { loaded, index, setup: &[], rows, seed: 0 }
    }

    /// The script of the migration to be tried; `None` where there is nothing to run.
    pub fn script(&self, direction: Direction) -> Option<&'a Script> {
        self.loaded.migrations.get(self.index)?.step(direction).script()
    }
}

impl Ground {
    /// Applies the migrations before the one to be tried and fills the tables; the tool's own get no rows.
    ///
    /// # Errors
    /// [`FixtureError::Migration`] when one of the migrations before fails, and what the setup, the tracking
    /// table and the generator refuse.
    pub async fn lay(server: &Server, plan: GroundPlan<'_>) -> Result<Self, FixtureError> {
        let base = server.create_database("ground").await?;
        let session = base.session().await?;
        let filled = prepare(server, &session, plan).await;
        session.close().await;
        match filled {
            Ok(filled) => Ok(Self { server: server.clone(), base, filled }),
            Err(error) => {
                if let Err(error) = base.close().await {
                    tracing::debug!(%error, "ground not dropped");
                }
                Err(error)
            }
        }
    }

    /// The tables that were to be filled, by schema and name as SQL writes them.
    pub(super) fn tables(&self) -> BTreeSet<String> {
        let qualified = |id: &ObjectId| Quoted::qualified([id.part(0), id.part(1)]).as_str().to_owned();
        self.filled.tables.iter().map(|fill| qualified(&fill.table)).collect()
    }

    /// A fresh copy.
    ///
    /// # Errors
    /// Those of [`Server::clone_database`].
    pub async fn copy(&self) -> Result<ScratchDb, FixtureError> {
        Ok(self.server.clone_database(&self.base, "pass").await?)
    }

    /// Applies the up of the migration for good, so that copies are of the state after it.
    ///
    /// # Errors
    /// [`FixtureError::Migration`] when it fails.
    pub async fn advance(&self, plan: GroundPlan<'_>) -> Result<(), FixtureError> {
        let Some(script) = plan.script(Direction::Up) else { return Ok(()) };
        let session = self.base.session().await?;
        let run = confiture_fixtures::run_script(&session, script, Direction::Up).await;
        session.close().await;
        match run.failure {
            None => Ok(()),
            Some(failure) => Err(failed(&plan.loaded.migrations[plan.index].id, &failure.failure)),
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

async fn prepare(server: &Server, session: &Session, plan: GroundPlan<'_>) -> Result<Filled, FixtureError> {
    for file in plan.setup {
        file.run(session).await?;
    }
    let before = tables(session).await?;
    let runner = MigrationRunner::new(session, plan.loaded).await?;
    let own: BTreeSet<ObjectId> = tables(session).await?.difference(&before).cloned().collect();
    if plan.index > 0 {
        let ran = runner.run(&Target::Steps(plan.index)).await?;
        if let Some((id, failure)) =
            ran.last().and_then(|ran| Some((&ran.migration, ran.run.failure.as_ref()?)))
        {
            return Err(failed(id, &failure.failure));
        }
    }
    let catalog = read(session).await?;
    let wanted: Vec<ObjectId> =
        catalog.tables().map(|(id, _)| id.clone()).filter(|id| !own.contains(id)).collect();
    let generator = RowGenerator::new(session, &catalog).rows(plan.rows.clone()).seed(plan.seed);
    let filled = generator.server(server.kind()).fill(&wanted).await?;
    session.execute("VACUUM (FREEZE, ANALYZE)").await.map_err(doing("vacuum the tables"))?;
    if server.kind() == ServerKind::Private {
        session.execute("CHECKPOINT").await.map_err(doing("write a checkpoint"))?;
    }
    Ok(filled)
}

async fn read(session: &Session) -> Result<Catalog, FixtureError> {
    Catalog::read(session).await.map_err(doing("read the catalog"))
}

async fn tables(session: &Session) -> Result<BTreeSet<ObjectId>, FixtureError> {
    Ok(read(session).await?.tables().map(|(id, _)| id.clone()).collect())
}

/// Makes an error of what the server refused us.
pub(crate) fn doing(doing: &'static str) -> impl Fn(DbFailure) -> FixtureError {
    move |source| FixtureError::Query { doing, source }
}

fn failed(migration: &str, failure: &DbFailure) -> FixtureError {
    FixtureError::Migration {
        doing: "apply",
        migration: migration.to_owned(),
        reason: failure.message.clone(),
    }
}
