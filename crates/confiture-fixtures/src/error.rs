//! What can go wrong while a database is being brought into a state.

use confiture_core::db::{DbError, DbFailure, Server};

/// Errors of this crate; a statement of the user's that the server refuses is not one of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FixtureError {
    /// The server or a scratch database could not be used.
    #[error(transparent)]
    Database(#[from] DbError),
    /// A query of ours failed.
    #[error("{doing}: {source}")]
    Query {
        /// What it was for.
        doing: &'static str,
        /// What the server said.
        source: DbFailure,
    },
    /// The tool's own table could not be created, read or written.
    #[error("use the tool's tracking table: {0}")]
    Tracking(DbFailure),
    /// A target version is not in the directory.
    #[error("find version {version}: the directory holds {first} to {last}")]
    UnknownVersion {
        /// What was asked for.
        version: String,
        /// First version there is.
        first: String,
        /// Last version there is.
        last: String,
    },
    /// A migration on the way has no rollback.
    #[error("roll back {migration}: it has no down script")]
    Irreversible {
        /// Its id.
        migration: String,
    },
    /// A setup file failed.
    #[error("run setup {file}:{line}: {failure}")]
    Setup {
        /// The file.
        file: String,
        /// Line of the statement, from 1.
        line: usize,
        /// What the server said.
        failure: DbFailure,
    },
    /// A seed file failed.
    #[error("run seed file {file}:{line}: {failure}")]
    Seed {
        /// The file.
        file: String,
        /// Line of the statement, from 1.
        line: usize,
        /// What the server said.
        failure: DbFailure,
    },
    /// The name of a seed file starts with a version that is not in the directory.
    #[error(
        "use seed file {file}: no migration has version {version}, the directory holds {first} to {last}; \
         the name of a file for the end must not start with a digit"
    )]
    SeedVersion {
        /// The file.
        file: String,
        /// What its name starts with.
        version: String,
        /// First version there is.
        first: String,
        /// Last version there is.
        last: String,
    },
    /// A file could not be read.
    #[error("read {path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Output could not be written.
    #[error("write the rows: {0}")]
    Output(std::io::Error),
    /// A setup file cannot be used as it is.
    #[error("use {file}:{line}: {reason}")]
    Directive {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A file is not a snapshot this version reads.
    #[error("use snapshot {path}: {reason}", path = path.display())]
    Snapshot {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A table that was named does not exist.
    #[error("scan {table}: there is no such table")]
    NoTable {
        /// Its name as SQL has it.
        table: String,
    },
    /// An invariant cannot be used as it is.
    #[error("use invariant \"{name}\": {reason}")]
    Invariant {
        /// Its name.
        name: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The migrations could not be loaded.
    #[error("load the migrations: failed to {0}")]
    Load(#[from] confiture_core::migration::layout::LayoutError),
    /// Two plugins share a name.
    #[error(transparent)]
    Plugins(#[from] confiture_core::plugin::PluginError),
    /// A migration could not be run on the way to a state.
    #[error("{doing} {migration}: {reason}")]
    Migration {
        /// `apply` or `roll back`.
        doing: &'static str,
        /// Its id.
        migration: String,
        /// File, line and what the server said.
        reason: String,
    },
    /// There is no check of a name that was given.
    #[error("find the check {check}: there are {known}")]
    UnknownCheck {
        /// The name.
        check: String,
        /// Those there are.
        known: String,
    },
    /// A table takes none of the rows that were generated for it.
    #[error("put rows into {table}: {reason}")]
    Rows {
        /// The table, quoted.
        table: String,
        /// What is in the way.
        reason: String,
    },
    /// Threads for the work could not be had.
    #[error("run in the background: {reason}")]
    Runtime {
        /// What happened.
        reason: String,
    },
    /// A check could not judge.
    #[error(transparent)]
    Check(#[from] confiture_core::plugin::CheckError),
    /// The run was stopped from outside.
    #[error("finish: interrupted")]
    Interrupted,
}

impl FixtureError {
    /// The same, except that what failed because the server or the connection is gone says so, with the
    /// end of the server's log.
    #[must_use]
    pub fn explained(self, server: &Server) -> Self {
        let (step, failure) = match self {
            Self::Query { doing, source } if source.is_connection_lost() => (doing.to_owned(), source),
            Self::Tracking(source) if source.is_connection_lost() => {
                ("use the tool's tracking table".to_owned(), source)
            }
            Self::Setup { file, line, failure } if failure.is_connection_lost() => {
                (format!("run setup {file}:{line}"), failure)
            }
            Self::Seed { file, line, failure } if failure.is_connection_lost() => {
                (format!("run seed file {file}:{line}"), failure)
            }
            other => return other,
        };
        server.explain(step, failure).into()
    }
}
