//! `Stages`: a chain of migrations and, before each of them, its tables filled with rows.

use confiture_core::catalog::ObjectId;
use confiture_core::db::{ScratchDb, Server};
use confiture_core::migration::layout::Loaded;
use confiture_core::migration::{Direction, Migration};
use confiture_fixtures::{Depth, FixtureError, Ladder, LadderOptions, Statistics, run_script};

use crate::ground::{Ground, close, measured_session};

/// What tables hold before each migration.
#[derive(Debug, Clone, Default)]
pub struct StageOptions {
    /// Setup files, the seed, and how long a statement may take; its `rows` is what each table gets.
    pub ladder: LadderOptions,
    /// Shapes of the rows, as of a real database.
    pub statistics: Option<Statistics>,
}

impl StageOptions {
    /// So many rows in each table, seed 0, no setup.
    pub fn rows(rows: u64) -> Self {
        Self { ladder: LadderOptions { rows, ..LadderOptions::default() }, statistics: None }
    }
}

/// Climbs a chain with rows in its tables; before each migration there is a [`Ground`] to make copies of.
///
/// Rows are added where tables are new or short, then everything is vacuumed (`FREEZE, ANALYZE`) and a
/// checkpoint made, so that a copy starts with nothing left to do.
#[derive(Debug)]
pub struct Stages<'a> {
    server: &'a Server,
    ladder: Ladder<'a>,
    options: StageOptions,
    /// In the state before the next migration, with rows of earlier stages.
    carried: Option<ScratchDb>,
    /// The same, filled.
    ground: Option<Ground>,
    /// The first migration that the chain refused, and what the server said.
    failed: Option<(String, String)>,
}

impl<'a> Stages<'a> {
    /// Creates the chain's database and runs the setup files.
    ///
    /// # Errors
    /// Those of [`Ladder::start`].
    pub async fn start(
        server: &'a Server,
        loaded: &'a Loaded,
        options: StageOptions,
    ) -> Result<Self, FixtureError> {
        let chain = LadderOptions { rows: 0, ..options.ladder.clone() };
        let ladder = Ladder::start(server, loaded, chain).await?;
        Ok(Self { server, ladder, options, carried: None, ground: None, failed: None })
    }

    /// The migration that comes next.
    pub fn next(&self) -> Option<&'a Migration> {
        self.ladder.next()
    }

    /// Why the next migration is not run on copies, where it is not.
    pub fn refused(&self) -> Option<&'static str> {
        self.ladder.next_is_shared()
    }

    /// The first migration that failed on its way through the chain, and what the server said.
    pub fn failed(&self) -> Option<&(String, String)> {
        self.failed.as_ref()
    }

    /// Fills the tables as they are before the next migration.
    ///
    /// # Errors
    /// When the server refuses what is asked of it, or is lost.
    pub async fn prepare(&mut self) -> Result<&Ground, FixtureError> {
        let base = match (self.ground.take(), self.carried.take()) {
            (Some(ground), _) => ground.base,
            (None, Some(carried)) => carried,
            (None, None) => self.ladder.clone_here("rows").await?,
        };
        let catalog = self.ladder.catalog();
        let own = self.ladder.own_tables();
        let tables: Vec<ObjectId> = catalog
            .tables()
            .filter(|(id, table)| !own.contains(*id) && table.partition_bound.is_none())
            .map(|(id, _)| id.clone())
            .collect();
        let ground = Ground::fill(self.server, base, catalog, &tables, &self.options).await?;
        Ok(self.ground.insert(ground))
    }

    /// Applies the migrations before the one at `index`, or all where there is none, and fills the tables.
    ///
    /// # Errors
    /// Those of [`advance`](Self::advance) and [`prepare`](Self::prepare).
    pub async fn reach(&mut self, index: usize) -> Result<(), FixtureError> {
        while self.ladder.position() < index && self.next().is_some() {
            self.advance(None).await?;
        }
        self.prepare().await?;
        Ok(())
    }

    /// What [`prepare`](Self::prepare) has made.
    ///
    /// # Errors
    /// [`FixtureError::Interrupted`] before it was called for this stage.
    pub fn ground(&self) -> Result<&Ground, FixtureError> {
        self.ground.as_ref().ok_or(FixtureError::Interrupted)
    }

    /// Drops the rows: the next stage begins anew from the chain.
    pub(crate) async fn reset(&mut self) -> Result<(), FixtureError> {
        if let Some(ground) = self.ground.take() {
            ground.close().await?;
        }
        Ok(())
    }

    /// The same for good: the next stage begins anew from the chain.
    pub(crate) fn take(&mut self) -> Option<Ground> {
        self.ground.take()
    }

    /// Applies the next migration to the chain. `after` is a copy in which it was applied, where there is one:
    /// the next stage goes on from it.
    ///
    /// # Errors
    /// When the server is lost or refuses what the ladder itself asks for.
    pub async fn advance(&mut self, after: Option<ScratchDb>) -> Result<(), FixtureError> {
        let Some(migration) = self.next() else { return Ok(()) };
        let shared = self.refused().is_some();
        let before = self.ground.take().map(|ground| ground.base).or(self.carried.take());
        self.carried = match (after, before) {
            (Some(after), before) => {
                close(before).await;
                Some(after)
            }
            (None, Some(before)) if !shared => self.apply(migration, before).await?,
            (None, before) => {
                close(before).await;
                None
            }
        };
        let record = Box::pin(self.ladder.climb(Depth::Apply)).await?;
        let run = record.and_then(|record| record.up);
        if let Some(failure) = run.as_ref().and_then(|run| run.failure.as_ref()) {
            self.failed.get_or_insert_with(|| (migration.id.clone(), failure.failure.message.clone()));
        }
        if run.is_none_or(|run| run.failure.is_some()) {
            // What rows allowed, the chain refused, or the other way round: begin anew from the chain.
            close(self.carried.take()).await;
        }
        Ok(())
    }

    /// Applies a migration to rows; `None` where they are in the way.
    async fn apply(&self, migration: &Migration, rows: ScratchDb) -> Result<Option<ScratchDb>, FixtureError> {
        let session = measured_session(&rows, self.options.ladder.deadline).await?;
        let failed = match migration.up.script() {
            Some(up) => run_script(&session, up, Direction::Up).await.failure.is_some(),
            None => false,
        };
        session.close().await;
        if failed {
            close(Some(rows)).await;
            return Ok(None);
        }
        Ok(Some(rows))
    }

    /// Drops all databases.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn close(mut self) -> Result<(), FixtureError> {
        close(self.ground.take().map(|ground| ground.base)).await;
        close(self.carried.take()).await;
        self.ladder.close().await
    }
}
