//! Setup files: SQL that prepares the fresh database before the first migration.

use std::path::Path;
use std::sync::Arc;

use confiture_core::Location;
use confiture_core::db::Session;
use confiture_core::migration::{ScriptStatement, Source, StatementKind};
use confiture_core::plugin::StatementFailure;
use confiture_core::sql;

use crate::error::FixtureError;
use crate::sql_file::{self, Part};

/// A setup file, read and split.
///
/// Its statements run one by one in autocommit. A comment `-- confiture: catch SQLSTATE` above a
/// statement says that it may fail with that code (a role that exists already).
#[derive(Debug, Clone)]
pub struct SetupFile {
    source: Arc<Source>,
    statements: Vec<(ScriptStatement, Option<String>)>,
}

impl SetupFile {
    /// Reads and splits `path`.
    ///
    /// # Errors
    /// [`FixtureError::Io`] when it cannot be read as UTF-8, [`FixtureError::Directive`] for an unknown
    /// directive or a psql command.
    pub fn read(path: &Path) -> Result<Self, FixtureError> {
        Self::of(sql_file::read(path)?)
    }

    /// Its whole text.
    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// Splits `text`, which stands in `path`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(path: &Path, text: String) -> Result<Self, FixtureError> {
        Self::of(Arc::new(Source { path: path.to_owned(), text }))
    }

    fn of(source: Arc<Source>) -> Result<Self, FixtureError> {
        let (path, text) = (&source.path, &source.text);
        let mut statements = Vec::new();
        for (piece, part) in sql_file::parts(text) {
            let statement = match part {
                Part::Sql(statement) => statement,
                Part::Meta { name, span } => {
                    return Err(FixtureError::Directive {
                        file: path.display().to_string(),
                        line: Location::new(path, text, span).line,
                        reason: format!("\\{name} is a psql command; a setup file holds SQL only"),
                    });
                }
            };
            let mut catch = None;
            for (span, comment) in piece.comments(text) {
                if let Some(code) = directive(path, text, span, comment)? {
                    catch = Some(code);
                }
            }
            statements.push((statement, catch));
        }
        Ok(Self { source: Arc::clone(&source), statements })
    }

    /// Runs the statements in order.
    ///
    /// # Errors
    /// [`FixtureError::Setup`] at the first statement that fails with a code it does not announce.
    pub async fn run(&self, session: &Session) -> Result<(), FixtureError> {
        match self.first_failure(session).await {
            None => Ok(()),
            Some(StatementFailure { failure, location, .. }) => Err(FixtureError::Setup {
                file: self.source.path.display().to_string(),
                line: location.line,
                failure,
            }),
        }
    }

    /// Runs the statements up to the first that fails with a code it does not announce.
    pub(crate) async fn first_failure(&self, session: &Session) -> Option<StatementFailure> {
        for (at, (statement, catch)) in self.statements.iter().enumerate() {
            let ran = match &statement.kind {
                StatementKind::Sql => session.execute(&statement.sql).await,
                StatementKind::Copy { data } => {
                    session.copy_in(&statement.sql, &self.source.text.as_bytes()[data.clone()]).await
                }
            };
            match ran {
                Ok(_) => {}
                Err(failure) if catch.is_some() && failure.sqlstate == *catch => {
                    tracing::debug!(%failure, "announced by catch");
                }
                Err(failure) => {
                    let location =
                        Location::new(&self.source.path, &self.source.text, statement.span.clone());
                    return Some(StatementFailure { statement: Some(at), failure, location });
                }
            }
        }
        None
    }
}

/// The SQLSTATE of a `-- confiture: catch SQLSTATE` comment; `None` for other comments.
fn directive(
    path: &Path,
    text: &str,
    span: sql::Span,
    comment: &str,
) -> Result<Option<String>, FixtureError> {
    let line = Location::new(path, text, span.range()).line;
    let Some(words) = comment.trim_start_matches('-').trim().strip_prefix("confiture:") else {
        return Ok(None);
    };
    let fail =
        |reason: String| Err(FixtureError::Directive { file: path.display().to_string(), line, reason });
    match words.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["catch", code] if code.len() == 5 && code.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            Ok(Some(code.to_ascii_uppercase()))
        }
        ["catch", ..] => fail("catch takes one SQLSTATE of five characters, such as 42710".to_owned()),
        [other, ..] => fail(format!("unknown directive \"{other}\"; a setup file takes catch SQLSTATE")),
        [] => fail("a directive is missing after confiture:".to_owned()),
    }
}
