//! Why there is no server, no database or no session.

use std::path::PathBuf;
use std::time::Duration;

use super::failure::DbFailure;

/// What went wrong between us and a server; the text follows "failed to".
///
/// Never carries a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DbError {
    /// No PostgreSQL was found, and none could be acquired.
    #[error("find a PostgreSQL {wanted}: looked in {}; {fix}", looked.join(", "))]
    NoServer {
        /// `server`, or `17` when a major was asked for.
        wanted: String,
        /// Every place that was looked in, in order.
        looked: Vec<String>,
        /// The command that would help on this system.
        fix: String,
    },
    /// The server is older than confiture supports.
    #[error("use PostgreSQL {found}: it is too old, confiture needs {minimum} or newer")]
    TooOld {
        /// What the server calls itself.
        found: String,
        /// Oldest supported major.
        minimum: u32,
    },
    /// Getting a version that is not installed did not work.
    #[error("acquire PostgreSQL {version}: {reason}; {fix}")]
    Acquire {
        /// The major or full version asked for.
        version: String,
        /// What happened.
        reason: String,
        /// What to do about it.
        fix: String,
    },
    /// A private cluster could not be made or started.
    #[error("{step}: {reason}{}", tail(log_tail))]
    Cluster {
        /// What was being done, as a verb phrase.
        step: String,
        /// What happened.
        reason: String,
        /// Last lines of the server's log; empty when there is none.
        log_tail: String,
    },
    /// A file or directory could not be used.
    #[error("{step} {}", path.display())]
    Io {
        /// What was being done, as a verb.
        step: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why it did not work.
        #[source]
        source: std::io::Error,
    },
    /// Connection settings that make no sense.
    #[error("read the connection settings: {0}")]
    Settings(String),
    /// A server did not accept the connection.
    #[error("connect to {to}: {failure}{}", hint(hint_text))]
    Connect {
        /// Where to, without a password.
        to: String,
        /// What the server or the network answered.
        failure: DbFailure,
        /// What usually helps; may be empty.
        hint_text: String,
    },
    /// The role may not do what is needed.
    #[error("{step}: role {role:?} may not; run  {grant}")]
    Permission {
        /// What was being done.
        step: String,
        /// The role we are connected as.
        role: String,
        /// The statement a superuser can run.
        grant: String,
    },
    /// A database that confiture did not create; it is never written to nor dropped.
    #[error("{step} database {database:?}: confiture did not create it and leaves it alone")]
    Unmarked {
        /// What was about to be done.
        step: &'static str,
        /// The database.
        database: String,
    },
    /// A client whose database is neither marked nor empty; nothing is written there.
    #[error(
        "adopt a client of database {database:?}: {reason}; confiture writes only in databases that it created or \
         that were empty when it was given them: CREATE DATABASE … TEMPLATE template0 makes one"
    )]
    NotEmpty {
        /// The database.
        database: String,
        /// What it holds, or what it is.
        reason: String,
    },
    /// Nothing answered in time.
    #[error("{step} within {}s", limit.as_secs_f32())]
    Timeout {
        /// What was being done.
        step: String,
        /// How long it was given.
        limit: Duration,
    },
    /// The server or the connection went away.
    #[error("{step}: the connection was lost: {failure}{}{}", hint(hint_text), tail(log_tail))]
    Lost {
        /// What was being done.
        step: String,
        /// What the connection said.
        failure: DbFailure,
        /// What the log suggests; may be empty.
        hint_text: String,
        /// Last lines of the server's log; empty for a server that is not ours.
        log_tail: String,
    },
    /// The server refused a statement of ours.
    #[error("{step}: {failure}")]
    Refused {
        /// What was being done.
        step: String,
        /// What the server answered.
        failure: DbFailure,
    },
}

fn tail(log: &str) -> String {
    if log.is_empty() { String::new() } else { format!("\nserver log:\n{log}") }
}

fn hint(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("; {text}") }
}

/// Adds the path to an I/O error.
pub(crate) fn io_at<'a>(
    step: &'static str,
    path: impl Into<PathBuf> + 'a,
) -> impl FnOnce(std::io::Error) -> DbError + 'a {
    move |source| DbError::Io { step, path: path.into(), source }
}
