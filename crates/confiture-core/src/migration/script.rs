//! A script: statements in the order a tool sends them, each with its place in the user's file.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::diagnostic::Location;

/// How a tool runs a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransactionMode {
    /// The tool opens a transaction around the script and commits it.
    Wrapped,
    /// Every statement on its own, in autocommit.
    Autocommit,
    /// The whole script is one simple-query message: an implicit transaction when it holds more than
    /// one statement (protocol documentation, "Multiple Statements in a Simple Query").
    Batch,
}

/// The text of one of the user's files.
#[derive(Debug)]
pub struct Source {
    /// Path as the user would write it.
    pub path: PathBuf,
    /// The whole file.
    pub text: String,
}

/// What kind of thing a script statement is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementKind {
    /// SQL for the server.
    Sql,
    /// `COPY … FROM STDIN`; `data` is the byte range of its lines in the file.
    Copy {
        /// Bytes of the data lines, without the terminating `\.` line.
        data: Range<usize>,
    },
}

/// One statement of a script.
#[derive(Debug, Clone)]
pub struct ScriptStatement {
    /// The text sent to the server (templates filled in), without the terminating semicolon.
    pub sql: Arc<str>,
    /// Bytes of the statement in the user's file.
    pub span: Range<usize>,
    /// SQL or COPY with data.
    pub kind: StatementKind,
    /// Where template values changed the text: `(offset in sql, offset in the file)` pairs, ascending;
    /// empty when `sql` is the file's own text at `span`.
    pub moved: Vec<(usize, usize)>,
}

impl ScriptStatement {
    /// The byte offset in the user's file of byte `at` of [`sql`](Self::sql).
    ///
    /// Exact outside template values; inside one it is the place of the template itself.
    pub fn file_offset(&self, at: usize) -> usize {
        match self.moved.iter().rev().find(|(sql, _)| *sql <= at) {
            Some((sql, file)) => file + (at - sql),
            None => self.span.start + at,
        }
        .min(self.span.end)
    }
}

/// One direction of a migration, ready to be run.
#[derive(Debug, Clone)]
pub struct Script {
    /// The file it stands in.
    pub source: Arc<Source>,
    /// Bytes of the file that belong to this direction, first to last.
    pub span: Range<usize>,
    /// Statements in the order they are run.
    pub statements: Vec<ScriptStatement>,
    /// How the tool runs them.
    pub transaction: TransactionMode,
}

impl Script {
    /// Where `span` of the file is.
    pub fn locate(&self, span: Range<usize>) -> Location {
        Location::new(&self.source.path, &self.source.text, span)
    }
}
