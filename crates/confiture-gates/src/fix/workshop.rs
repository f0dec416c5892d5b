//! A copy of the migrations directory, with the configuration around it, that repairs are tried on.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use confiture_core::migration::layout::{Dir, LayoutError, LoadOptions};
use confiture_core::plugin::Registry;
use confiture_core::sql::{Edit, apply};
use confiture_fixtures::TestSource;
use tempfile::TempDir;

use super::{FixError, FixOptions, FixedFile, Proposal, shown};
use crate::lint::Found;

/// The copy; gone when it is dropped.
pub(super) struct Workshop {
    _root: TempDir,
    /// Where the copy of the directory is.
    inner: PathBuf,
    /// The directory as the user named it.
    original: PathBuf,
    layout: String,
    load: LoadOptions,
    left_out: BTreeSet<String>,
}

/// Texts of all files by their path in the copy.
pub(super) type Saved = BTreeMap<PathBuf, Vec<u8>>;

fn failed(path: &Path) -> impl FnOnce(io::Error) -> FixError + '_ {
    move |source| FixError::Io { path: path.to_owned(), source }
}

impl Workshop {
    pub(super) fn new(source: &TestSource, options: &FixOptions) -> Result<Self, FixError> {
        let root = tempfile::tempdir().map_err(failed(Path::new("a temporary directory")))?;
        let original = PathBuf::from(&source.dir);
        let dir = Dir::open(&original)?;
        let mut inner = root.path().to_owned();
        // The outermost level first; configuration is only looked at, so links do.
        for level in dir.levels().iter().rev() {
            let name = level.file_name().unwrap_or_else(|| "root".as_ref());
            inner.push(name);
            std::fs::create_dir_all(&inner).map_err(failed(&inner))?;
            if Some(level) != dir.levels().first() {
                link_files(level, &inner)?;
            }
        }
        for file in dir.files() {
            let to = inner.join(&file.rel);
            if let Some(parent) = to.parent() {
                std::fs::create_dir_all(parent).map_err(failed(parent))?;
            }
            std::fs::copy(&file.path, &to).map_err(failed(&to))?;
        }
        let all = source.loaded.migrations.iter().enumerate();
        let left_out = all
            .filter(|(at, _)| options.lint.judged.as_ref().is_some_and(|judged| !judged.contains(at)))
            .map(|(_, migration)| migration.id.clone())
            .collect();
        let (layout, load) = (source.layout.clone(), options.load.clone());
        Ok(Self { _root: root, inner, original, layout, load, left_out })
    }

    pub(super) fn load(&self, registry: &Registry) -> Result<TestSource, LayoutError> {
        TestSource::load(registry, &self.inner, Some(&self.layout), &self.load)
    }

    /// Whether the user asked for the migration, or it was made here.
    pub(super) fn is_judged(&self, id: &str) -> bool {
        !self.left_out.contains(id)
    }

    /// `file:line` of a finding, as the user would write it.
    pub(super) fn place(&self, found: &Found) -> String {
        let Some(at) = &found.diagnostic.location else { return String::new() };
        format!("{}:{}", shown(&self.outside(&at.file)), at.line)
    }

    /// The user's path of a path in the copy.
    fn outside(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.inner).or_else(|_| path.strip_prefix(self.canonical())) {
            Ok(rel) => self.original.join(rel),
            Err(_) => path.to_owned(),
        }
    }

    fn canonical(&self) -> PathBuf {
        std::fs::canonicalize(&self.inner).unwrap_or_else(|_| self.inner.clone())
    }

    /// All files as they are.
    pub(super) fn save(&self) -> Result<Saved, FixError> {
        let mut saved = Saved::new();
        for file in Dir::open(&self.inner)?.files() {
            saved.insert(file.path.clone(), std::fs::read(&file.path).map_err(failed(&file.path))?);
        }
        Ok(saved)
    }

    /// Puts everything back as it was.
    pub(super) fn restore(&self, saved: &Saved) -> Result<(), FixError> {
        for file in Dir::open(&self.inner)?.files() {
            if !saved.contains_key(&file.path) {
                std::fs::remove_file(&file.path).map_err(failed(&file.path))?;
            }
        }
        for (path, text) in saved {
            if std::fs::read(path).map_err(failed(path))? != *text {
                std::fs::write(path, text).map_err(failed(path))?;
            }
        }
        Ok(())
    }

    /// Makes the edits of all proposals; an edit that several need is made once.
    pub(super) fn edit(&self, proposals: &[Proposal]) -> Result<Result<(), String>, FixError> {
        let mut files: BTreeMap<&Path, Vec<Edit>> = BTreeMap::new();
        for (path, edit) in proposals.iter().flat_map(|proposal| &proposal.edits) {
            let edits = files.entry(path).or_default();
            if !edits.contains(edit) {
                edits.push(edit.clone());
            }
        }
        for (path, edits) in files {
            let text = std::fs::read_to_string(path).map_err(failed(path))?;
            match apply(&text, &edits) {
                Ok(text) => std::fs::write(path, text).map_err(failed(path))?,
                Err(error) => return Ok(Err(format!("another repair changes the same place: {error}"))),
            }
        }
        Ok(Ok(()))
    }

    /// Adds files; none may be there.
    pub(super) fn add(&self, files: &[(PathBuf, String)]) -> Result<Result<(), String>, FixError> {
        for (path, text) in files {
            if path.exists() {
                return Ok(Err(format!("{} is there already", shown(&self.outside(path)))));
            }
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).map_err(failed(parent))?;
            }
            std::fs::write(path, text).map_err(failed(path))?;
        }
        Ok(Ok(()))
    }

    /// What differs from the user's files.
    pub(super) fn changes(&self) -> Result<Vec<FixedFile>, FixError> {
        let mut changes = Vec::new();
        for file in Dir::open(&self.inner)?.files() {
            let after = std::fs::read(&file.path).map_err(failed(&file.path))?;
            let path = self.original.join(&file.rel);
            let before = match std::fs::read(&path) {
                Ok(text) => Some(text),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(source) => return Err(FixError::Io { path, source }),
            };
            if before.as_ref() == Some(&after) {
                continue;
            }
            // Only text was edited.
            let text = |bytes: Vec<u8>| {
                let wrong = |error| io::Error::new(io::ErrorKind::InvalidData, error);
                String::from_utf8(bytes).map_err(wrong).map_err(failed(&path))
            };
            let (before, after) = (before.map(text).transpose()?, text(after)?);
            changes.push(FixedFile { path: path.clone(), before, after });
        }
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(changes)
    }
}

/// Links the files of `level` that stand in it, where a layout may look for its configuration.
fn link_files(level: &Path, to: &Path) -> Result<(), FixError> {
    let Ok(entries) = std::fs::read_dir(level) else { return Ok(()) };
    for entry in entries.flatten().filter(|entry| entry.path().is_file()) {
        let link = to.join(entry.file_name());
        #[cfg(unix)]
        std::os::unix::fs::symlink(entry.path(), &link).map_err(failed(&link))?;
        #[cfg(not(unix))]
        std::fs::copy(entry.path(), &link).map_err(failed(&link)).map(drop)?;
    }
    Ok(())
}
