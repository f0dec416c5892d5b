//! SQL files that are not migrations: setup, queries, tests.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use confiture_core::migration::{ScriptStatement, Source, StatementKind};
use confiture_core::sql;

use crate::error::FixtureError;

/// One thing a file holds.
#[derive(Debug)]
pub(crate) enum Part {
    /// A statement for the server.
    Sql(ScriptStatement),
    /// A psql command, by its name without backslash.
    Meta { name: String, span: std::ops::Range<usize> },
}

/// Reads a file as UTF-8.
pub(crate) fn read(path: &Path) -> Result<Arc<Source>, FixtureError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| FixtureError::Io { path: path.to_owned(), source })?;
    Ok(Arc::new(Source { path: path.to_owned(), text }))
}

/// What `text` holds, in order; with each part, its place among the pieces of [`sql::split`].
pub(crate) fn parts(text: &str) -> Vec<(sql::Statement, Part)> {
    let statements = sql::split(text).into_iter();
    statements
        .map(|statement| {
            let span = statement.span.range();
            let kind = match statement.kind {
                sql::StatementKind::Sql => StatementKind::Sql,
                sql::StatementKind::Copy { data } => {
                    StatementKind::Copy { data: data.map_or(span.end..span.end, sql::Span::range) }
                }
                sql::StatementKind::Meta => {
                    let name = statement.meta_name(text).unwrap_or_default().to_owned();
                    return (statement, Part::Meta { name, span });
                }
            };
            let sql = Arc::from(statement.text(text));
            (statement, Part::Sql(ScriptStatement { sql, span, kind, moved: Vec::new() }))
        })
        .collect()
}

/// The files with one of `extensions` among and below `paths`, sorted by path, each with the name it has
/// below its path and without extension. A path that is a file counts whatever its extension.
pub(crate) fn files(paths: &[PathBuf], extensions: &[&str]) -> Result<Vec<(String, PathBuf)>, FixtureError> {
    fn walk(
        root: &Path,
        dir: &Path,
        extensions: &[&str],
        found: &mut Vec<(String, PathBuf)>,
    ) -> std::io::Result<()> {
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
        entries.sort();
        for path in entries {
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                continue;
            }
            if path.is_dir() {
                walk(root, &path, extensions, found)?;
            } else if path.extension().is_some_and(|e| extensions.iter().any(|known| e == *known)) {
                let below = path.strip_prefix(root).unwrap_or(&path).with_extension("");
                found.push((below.display().to_string().replace('\\', "/"), path));
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    for path in paths {
        let failed = |source| FixtureError::Io { path: path.clone(), source };
        if std::fs::metadata(path).map_err(failed)?.is_dir() {
            walk(path, path, extensions, &mut found).map_err(failed)?;
        } else {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            found.push((stem, path.clone()));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|(_, path)| seen.insert(path.clone()));
    Ok(found)
}
