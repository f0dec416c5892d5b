//! What can go wrong while a chain is being measured.

use confiture_core::db::{DbError, DbFailure};
use confiture_fixtures::FixtureError;

/// Errors of this crate; a migration that the server refuses is part of its profile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PerfError {
    /// The chain could not be climbed or its tables not be filled.
    #[error(transparent)]
    Fixture(#[from] FixtureError),
    /// A file could not be read or written.
    #[error("{doing} {path}: {source}", path = path.display())]
    Io {
        /// `read` or `write`.
        doing: &'static str,
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not a baseline that this version reads.
    #[error("use baseline {path}: {reason}", path = path.display())]
    Baseline {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
}

impl From<DbError> for PerfError {
    fn from(error: DbError) -> Self {
        Self::Fixture(error.into())
    }
}

/// Says what a query of ours was for.
pub(crate) fn doing(doing: &'static str) -> impl Fn(DbFailure) -> FixtureError {
    move |source| FixtureError::Query { doing, source }
}
