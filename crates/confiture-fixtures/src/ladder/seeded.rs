//! The user's own rows in the chain's twin with rows.

use super::{Ladder, Populated, open, populated};
use crate::error::FixtureError;
use confiture_core::migration::Script;
use confiture_core::plugin::StatementFailure;

impl Ladder<'_> {
    /// Where seed files were refused since this was last asked, with whether an earlier migration is missing
    /// that may be the reason.
    pub fn take_refused_seeds(&mut self) -> Vec<(StatementFailure, bool)> {
        let missing = !self.missing.is_empty();
        std::mem::take(&mut self.refused_seeds).into_iter().map(|failed| (failed, missing)).collect()
    }

    /// Runs the seed files that name no version; for the end of the chain.
    ///
    /// # Errors
    /// When the server is lost. A file it refuses is in [`take_refused_seeds`](Self::take_refused_seeds).
    pub async fn seed_rest(&mut self) -> Result<(), FixtureError> {
        self.sow(None).await
    }

    /// Runs the seed files of a migration, or of the end, on the twin with rows.
    pub(super) async fn sow(&mut self, at: Option<usize>) -> Result<(), FixtureError> {
        let seeds = &self.options.seeds;
        if !at.map_or_else(|| seeds.has_rest(), |index| seeds.has(index)) {
            return Ok(());
        }
        let seeds = seeds.clone();
        let end = at.unwrap_or(self.loaded.migrations.len());
        if let Some(mut twin) = self.populated.take() {
            let refused = self.known_to_live(twin.sow(&seeds, at, self.catalog()).await?).await?;
            if refused.is_none() {
                self.populated = Some(twin);
                return Ok(());
            }
            // Generated rows may be in the way of the user's, which come first.
            twin.close().await;
        }
        let mut twin = self.twin(end).await?;
        let refused = self.known_to_live(twin.sow(&seeds, at, self.catalog()).await?).await?;
        self.refused_seeds.extend(refused);
        self.populated = Some(twin);
        Ok(())
    }

    /// A new twin of the chain's state, with the seed files of the migrations before `end` as far as its
    /// tables still take them.
    pub(super) async fn twin(&mut self, end: usize) -> Result<Populated, FixtureError> {
        let database = self.clone_here("rows").await?;
        let session = open(&database, &self.options).await?;
        let mut twin = Populated::new(database, session, &self.options, self.own_tables.clone());
        for index in (0..end).filter(|index| self.options.seeds.has(*index)) {
            let refused = twin.sow(&self.options.seeds, Some(index), self.catalog()).await?;
            if let Some(refused) = self.known_to_live(refused).await? {
                tracing::debug!(?refused, "a seed file of an earlier version does not fit a new twin");
            }
        }
        Ok(twin)
    }

    /// Applies to the twin what was applied to the chain, unjudged.
    pub(super) async fn follow(&mut self, up: &Script) -> Result<(), FixtureError> {
        let Some(mut twin) = self.populated.take() else { return Ok(()) };
        match twin.follow(up, self.catalog()).await? {
            populated::Followed::Yes => self.populated = Some(twin),
            populated::Followed::No => twin.close().await,
        }
        Ok(())
    }

    /// The refusal, unless it means that the server is gone.
    async fn known_to_live(
        &self,
        refused: Option<StatementFailure>,
    ) -> Result<Option<StatementFailure>, FixtureError> {
        if let Some(StatementFailure { failure, location, .. }) = &refused {
            self.lost_at("run seed file", failure, location).await?;
        }
        Ok(refused)
    }
}
