//! Query files: what the application asks, and what therefore has to go on working.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use confiture_core::Location;
use confiture_core::migration::{Script, ScriptStatement, Source, StatementKind, TransactionMode};
use confiture_core::sql::{self, TransactionControl};

use crate::error::FixtureError;
use crate::sql_file::{self, Part};

/// The first line of a file whose statements have nothing to do with each other.
pub const EACH: &str = "-- confiture:each";

/// A query file: one session of one or more statements, run in a transaction that is rolled back.
///
/// A statement with parameters (`$1`) is only prepared. `BEGIN` and `COMMIT` are left out; sequences do not
/// roll back, so a query that draws numbers leaves a gap.
#[derive(Debug, Clone)]
pub struct QueryFile {
    pub(crate) script: Script,
}

impl QueryFile {
    /// Reads every `.sql` file, and every `query-….json` of sqlx's offline cache, among and below `paths`, in the
    /// order of the paths.
    ///
    /// A file that begins with the line `-- confiture:each` is no session: each of its statements is a query of
    /// its own.
    ///
    /// # Errors
    /// [`FixtureError::Io`] for what cannot be read as UTF-8; those of [`parse`](Self::parse).
    pub fn load(paths: &[PathBuf]) -> Result<Vec<Self>, FixtureError> {
        let mut all = Vec::new();
        for (_, path) in sql_file::files(paths, &["sql", "json"])? {
            let source = sql_file::read(&path)?;
            if path.extension().is_some_and(|extension| extension == "json") {
                // Others in these directories are none of ours.
                if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("query-")) {
                    all.push(Self::cached(source)?);
                }
                continue;
            }
            let file = Self::of(source)?;
            match file.text().lines().next().map(str::trim_end) {
                Some(EACH) => all.extend(file.script.statements.iter().map(|statement| Self {
                    script: Script { statements: vec![statement.clone()], ..file.script.clone() },
                })),
                _ => all.push(file),
            }
        }
        Ok(all)
    }

    /// A query of sqlx's offline cache (`cargo sqlx prepare`).
    fn cached(source: Arc<Source>) -> Result<Self, FixtureError> {
        let text = &source.text;
        let read: Result<serde_json::Value, _> = serde_json::from_str(text);
        let query = read.ok().and_then(|read| read.get("query")?.as_str().map(str::to_owned));
        let Some(query) = query else {
            return Err(FixtureError::Directive {
                file: source.path.display().to_string(),
                line: 1,
                reason: "it is no query of sqlx's offline cache: it has no \"query\"".to_owned(),
            });
        };
        let written = serde_json::Value::from(query.as_str()).to_string();
        let at = text.find(&written).unwrap_or_default();
        let span = at..(at + written.len()).min(text.len());
        // Escapes move what follows them; the line stays.
        let moved = vec![(0, at + 1)];
        let kind = StatementKind::Sql;
        let statement =
            ScriptStatement { sql: query.trim_end().trim_end_matches(';').into(), span, kind, moved };
        let (span, statements) = (0..text.len(), vec![statement]);
        Ok(Self { script: Script { source, span, statements, transaction: TransactionMode::Wrapped } })
    }

    /// Splits `text`, which stands in `path`.
    ///
    /// # Errors
    /// [`FixtureError::Directive`] for a psql command, for a statement that would end the transaction
    /// otherwise than `COMMIT`, and for a file without statement.
    pub fn parse(path: &Path, text: String) -> Result<Self, FixtureError> {
        Self::of(Arc::new(Source { path: path.to_owned(), text }))
    }

    /// Its whole text.
    pub fn text(&self) -> &str {
        &self.script.source.text
    }

    /// Its path as the user would write it.
    pub fn path(&self) -> &Path {
        &self.script.source.path
    }

    fn of(source: Arc<Source>) -> Result<Self, FixtureError> {
        let refuse = |at: usize, reason: String| FixtureError::Directive {
            file: source.path.display().to_string(),
            line: Location::new(&source.path, &source.text, at..at).line,
            reason,
        };
        let mut statements = Vec::new();
        for (_, part) in sql_file::parts(&source.text) {
            let statement = match part {
                Part::Sql(statement) => statement,
                Part::Meta { name, span } => {
                    let reason = format!("\\{name} is a psql command; a query file holds SQL only");
                    return Err(refuse(span.start, reason));
                }
            };
            match sql::classify(&statement.sql).control {
                Some(TransactionControl::Begin | TransactionControl::Commit) => continue,
                Some(TransactionControl::Rollback | TransactionControl::Prepare) => {
                    let reason = "a query file runs in a transaction that confiture rolls back itself; \
                                  leave this statement out";
                    return Err(refuse(statement.span.start, reason.to_owned()));
                }
                _ => statements.push(statement),
            }
        }
        if statements.is_empty() {
            return Err(refuse(0, "a query file holds at least one statement".to_owned()));
        }
        let span = 0..source.text.len();
        Ok(Self { script: Script { source, span, statements, transaction: TransactionMode::Wrapped } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<usize, String> {
        let file = QueryFile::parse(Path::new("q.sql"), text.to_owned());
        file.map(|file| file.script.statements.len()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_query_file_is_a_session_without_its_transaction() {
        assert_eq!(parsed("BEGIN;\nSELECT 1;\nSAVEPOINT s;\nCOMMIT;\n"), Ok(2));
        let error = "use q.sql:2: a query file runs in a transaction that confiture rolls back itself; \
                     leave this statement out";
        assert_eq!(parsed("SELECT 1;\nROLLBACK;\n"), Err(error.to_owned()));
        assert_eq!(
            parsed("\\d users\n"),
            Err("use q.sql:1: \\d is a psql command; a query file holds SQL only".to_owned())
        );
        assert_eq!(
            parsed("-- later\n"),
            Err("use q.sql:1: a query file holds at least one statement".to_owned())
        );
    }
}
