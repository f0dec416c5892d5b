//! The user's own rows: seed files, each at its version.

use std::path::Path;

use confiture_core::db::Session;
use confiture_core::migration::Migration;
use confiture_core::migration::layout::Loaded;
use confiture_core::plugin::StatementFailure;

use crate::error::FixtureError;
use crate::setup::SetupFile;

/// Seed files of a directory: `<version>….sql` belongs to that migration, names without a digit in front to
/// the end.
///
/// Generated rows come after them and fill up around them. Statements run one by one in autocommit; a
/// comment `-- confiture: catch SQLSTATE` allows one to fail.
#[derive(Debug, Clone, Default)]
pub struct SeedFiles {
    /// By place of the migration; `None` belongs to the end.
    files: Vec<(Option<usize>, SetupFile)>,
}

impl SeedFiles {
    /// Reads the `*.sql` files of `dir`, in the order of their names.
    ///
    /// A file belongs to the migration whose version or id its name starts with, up to a character that is
    /// neither letter nor digit; leading zeros do not count.
    ///
    /// # Errors
    /// [`FixtureError::Io`] for a directory or file that cannot be read, [`FixtureError::Directive`] for
    /// what a seed file cannot hold, [`FixtureError::SeedVersion`] for a name that starts with a digit and
    /// with no version of `loaded`.
    pub fn read(dir: &Path, loaded: &Loaded) -> Result<Self, FixtureError> {
        let failed = |source| FixtureError::Io { path: dir.to_owned(), source };
        let entries = std::fs::read_dir(dir).map_err(failed)?;
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "sql") && path.is_file() {
                paths.push(path);
            }
        }
        paths.sort();
        let mut files = Vec::new();
        for path in paths {
            let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let place = migration_of(&stem, loaded);
            if place.is_none() && stem.starts_with(|c: char| c.is_ascii_digit()) {
                return Err(unknown(&path, &stem, loaded));
            }
            files.push((place, SetupFile::read(&path)?));
        }
        Ok(Self { files })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Runs the files of the migration at `index`, after it was applied.
    ///
    /// # Errors
    /// [`FixtureError::Seed`] at the first statement that fails.
    pub async fn run_at(&self, session: &Session, index: usize) -> Result<(), FixtureError> {
        self.run(session, Some(index)).await
    }

    /// Runs the files that name no version, after the last migration.
    ///
    /// # Errors
    /// [`FixtureError::Seed`] at the first statement that fails.
    pub async fn run_rest(&self, session: &Session) -> Result<(), FixtureError> {
        self.run(session, None).await
    }

    /// Whether the migration at `index` has files.
    pub fn has(&self, index: usize) -> bool {
        self.files.iter().any(|(at, _)| *at == Some(index))
    }

    /// Whether there are files for the end.
    pub fn has_rest(&self) -> bool {
        self.files.iter().any(|(at, _)| at.is_none())
    }

    async fn run(&self, session: &Session, index: Option<usize>) -> Result<(), FixtureError> {
        match self.first_failure(session, index).await {
            None => Ok(()),
            Some(StatementFailure { failure, location, .. }) => Err(FixtureError::Seed {
                file: location.file.display().to_string(),
                line: location.line,
                failure,
            }),
        }
    }

    /// Runs the files of a migration, or of the end, up to the first statement that fails.
    pub(crate) async fn first_failure(
        &self,
        session: &Session,
        index: Option<usize>,
    ) -> Option<StatementFailure> {
        for (_, file) in self.files.iter().filter(|(at, _)| *at == index) {
            if let Some(failed) = file.first_failure(session).await {
                return Some(failed);
            }
        }
        None
    }
}

/// A name that starts with a version no migration has; run at the end, its rows would come too late unnoticed.
fn unknown(path: &Path, stem: &str, loaded: &Loaded) -> FixtureError {
    let version = |migration: Option<&Migration>| {
        migration.map(|m| if m.version.is_empty() { &m.id } else { &m.version }).cloned().unwrap_or_default()
    };
    FixtureError::SeedVersion {
        file: path.display().to_string(),
        version: stem.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '-')).collect(),
        first: version(loaded.migrations.first()),
        last: version(loaded.migrations.last()),
    }
}

/// The migration a seed file's name starts with; the longest one.
fn migration_of(stem: &str, loaded: &Loaded) -> Option<usize> {
    let plain = |text: &str| text.trim_start_matches('0').to_owned();
    let stem = plain(stem);
    let starts = |version: &str| {
        let version = plain(version);
        let rest = stem.strip_prefix(version.as_str()).filter(|_| !version.is_empty())?;
        (!rest.starts_with(|c: char| c.is_alphanumeric())).then_some(version.len())
    };
    let found = loaded.migrations.iter().enumerate().filter_map(|(at, migration)| {
        let length = starts(&migration.version).max(starts(&migration.id))?;
        Some((length, at))
    });
    found.max_by_key(|(length, at)| (*length, std::cmp::Reverse(*at))).map(|(_, at)| at)
}
