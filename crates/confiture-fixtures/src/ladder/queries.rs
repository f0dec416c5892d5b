//! The query files at every rung.

use std::sync::Arc;

use confiture_core::plugin::{QueryRecord, StatementFailure};

use super::Ladder;
use crate::error::FixtureError;
use crate::queries::QueryFile;
use crate::runner::run_query;

/// A query file and how it fares at the current rung.
#[derive(Debug)]
pub(super) struct Watched {
    file: Arc<QueryFile>,
    /// What it fails with; `None` when it works.
    failure: Option<StatementFailure>,
    /// It worked at this rung or an earlier one.
    ever: bool,
}

impl Watched {
    /// One that was not tried yet.
    pub(super) fn new(file: Arc<QueryFile>) -> Self {
        Self { file, failure: None, ever: false }
    }

    pub(super) fn script(&self) -> &confiture_core::migration::Script {
        &self.file.script
    }

    /// How it fares here and, as `after`, where a migration leads.
    pub(super) fn record(&self, after: Option<StatementFailure>) -> QueryRecord {
        QueryRecord { file: self.file.path().to_owned(), before: self.failure.clone(), after }
    }
}

impl Ladder<'_> {
    /// The query files that worked at no rung so far, each with what it fails with now.
    pub fn queries_never_worked(&self) -> impl Iterator<Item = &StatementFailure> {
        self.queries.iter().filter(|watched| !watched.ever).filter_map(|watched| watched.failure.as_ref())
    }

    /// Tries every query file at the current rung and says how each fared before and fares now.
    pub(super) async fn try_queries(&mut self) -> Result<Vec<QueryRecord>, FixtureError> {
        let mut records = Vec::with_capacity(self.queries.len());
        for at in 0..self.queries.len() {
            let file = Arc::clone(&self.queries[at].file);
            let failure = run_query(self.session()?, &file.script).await?;
            // A statement that overran its deadline may have taken the session along.
            self.revive().await?;
            let watched = &mut self.queries[at];
            watched.ever |= failure.is_none();
            let before = std::mem::replace(&mut watched.failure, failure.clone());
            records.push(QueryRecord { file: file.path().to_owned(), before, after: failure });
        }
        Ok(records)
    }
}
