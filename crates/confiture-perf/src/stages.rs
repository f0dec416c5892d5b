//! `Stages`: a chain of migrations and, before each of them, its tables filled with rows.

use confiture_core::catalog::ObjectId;
use confiture_core::db::{ScratchDb, Server, Session};
use confiture_core::migration::layout::Loaded;
use confiture_core::migration::{Direction, Migration};
use confiture_fixtures::{
    Depth, FixtureError, Ladder, LadderOptions, RowCounts, RowGenerator, Statistics, run_script,
};

use crate::error::{PerfError, doing};

/// What tables hold before each migration.
#[derive(Debug, Clone, Default)]
pub struct StageOptions {
    /// Setup files, the seed, and how long a statement may take; its `rows` is what each table gets.
    pub ladder: LadderOptions,
    /// Shapes of the rows, as of a real database.
    pub statistics: Option<Statistics>,
}

/// Climbs a chain with rows in its tables; before each migration there is a database to make copies of.
///
/// Rows are added where tables are new or short, then everything is vacuumed (`FREEZE, ANALYZE`) and a
/// checkpoint made, so that a copy starts with nothing left to do.
#[derive(Debug)]
pub struct Stages<'a> {
    server: &'a Server,
    ladder: Ladder<'a>,
    options: StageOptions,
    /// In the state before the next migration, with rows; `None` before it is made and where rows were in the
    /// way of the migration before.
    filled: Option<ScratchDb>,
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
    ) -> Result<Self, PerfError> {
        let chain = LadderOptions { rows: 0, ..options.ladder.clone() };
        let ladder = Ladder::start(server, loaded, chain).await?;
        Ok(Self { server, ladder, options, filled: None })
    }

    /// The migration that comes next.
    pub fn next(&self) -> Option<&'a Migration> {
        self.ladder.next()
    }

    /// Why the next migration is not run on copies, where it is not.
    pub fn refused(&self) -> Option<&'static str> {
        self.ladder.next_is_shared()
    }

    /// Fills the tables as they are before the next migration.
    ///
    /// # Errors
    /// When the server refuses what is asked of it, or is lost.
    pub async fn prepare(&mut self) -> Result<(), PerfError> {
        let filled = match self.filled.take() {
            Some(filled) => filled,
            None => self.ladder.clone_here("rows").await?,
        };
        let session = filled.session_with(&quiet()).await?;
        let catalog = self.ladder.catalog();
        let own = self.ladder.own_tables();
        let tables: Vec<ObjectId> = catalog
            .tables()
            .filter(|(id, table)| !own.contains(*id) && table.partition_bound.is_none())
            .map(|(id, _)| id.clone())
            .collect();
        let rows = self.options.ladder.rows;
        let mut generator = RowGenerator::new(&session, catalog)
            .rows(RowCounts::uniform(rows))
            .seed(self.options.ladder.seed)
            .server(self.server.kind());
        if let Some(statistics) = &self.options.statistics {
            generator = generator.statistics(statistics);
        }
        if rows > 0 {
            generator.fill(&tables).await?;
        }
        session.execute("VACUUM (FREEZE, ANALYZE)").await.map_err(doing("vacuum"))?;
        session.close().await;
        self.filled = Some(filled);
        Ok(())
    }

    /// A copy of the filled database, the caller's to write in and to close.
    ///
    /// # Errors
    /// When nothing was [prepared](Self::prepare), or the server refuses.
    pub async fn copy(&self, label: &str) -> Result<ScratchDb, PerfError> {
        let filled = self.filled.as_ref().ok_or(FixtureError::Interrupted)?;
        Ok(self.server.clone_database(filled, label).await?)
    }

    /// Applies the next migration to the chain. `after` is a copy in which it was applied, where there is one:
    /// the next stage goes on from it.
    ///
    /// # Errors
    /// When the server is lost or refuses what the ladder itself asks for.
    pub async fn advance(&mut self, after: Option<ScratchDb>) -> Result<(), PerfError> {
        let Some(migration) = self.next() else { return Ok(()) };
        let shared = self.refused().is_some();
        let before = self.filled.take();
        let next = match (after, before) {
            (Some(after), before) => {
                close(before).await;
                Some(after)
            }
            (None, Some(filled)) if !shared => {
                let mut session = filled.session_with(&quiet()).await?;
                session.set_deadline(self.options.ladder.deadline);
                let failed = match migration.up.script() {
                    Some(up) => run_script(&session, up, Direction::Up).await.failure.is_some(),
                    None => false,
                };
                session.close().await;
                if failed {
                    close(Some(filled)).await;
                    None
                } else {
                    Some(filled)
                }
            }
            (None, before) => {
                close(before).await;
                None
            }
        };
        self.filled = next;
        let record = Box::pin(self.ladder.climb(Depth::Apply)).await?;
        let applied = record.and_then(|record| record.up).is_some_and(|run| run.failure.is_none());
        if !applied {
            // What rows allowed, the chain refused, or the other way round: begin anew from the chain.
            close(self.filled.take()).await;
        }
        Ok(())
    }

    /// Drops all databases.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn close(mut self) -> Result<(), PerfError> {
        close(self.filled.take()).await;
        Ok(self.ladder.close().await?)
    }
}

/// Drops a database. What was measured on it counts even when that fails; the next run tries again.
pub(crate) async fn close(database: Option<ScratchDb>) {
    let Some(database) = database else { return };
    let name = database.name().to_owned();
    if let Err(error) = database.close().await {
        tracing::warn!(name, %error, "a scratch database could not be dropped");
    }
}

/// Settings of sessions that are measured: one process does all the work.
pub(crate) fn quiet() -> Vec<(String, String)> {
    ["max_parallel_maintenance_workers", "max_parallel_workers_per_gather"]
        .map(|name| (name.to_owned(), "0".to_owned()))
        .to_vec()
}

/// A session that is measured.
pub(crate) async fn measured_session(
    database: &ScratchDb,
    deadline: Option<std::time::Duration>,
) -> Result<Session, PerfError> {
    let mut session = database.session_with(&quiet()).await?;
    session.set_deadline(deadline);
    Ok(session)
}
