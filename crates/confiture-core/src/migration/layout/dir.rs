//! A migrations directory as it is on disk: its files, and the configuration around it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::LayoutError;
use crate::migration::Source;

/// How many levels of sub-directories are listed.
const DEPTH: usize = 8;
/// How many files are listed; a directory with more is not a migrations directory.
const FILES: usize = 50_000;
/// How many directories above are searched for configuration files.
const LEVELS_UP: usize = 6;
/// Larger files are not read.
const FILE_BYTES: u64 = 64 << 20;

/// A migrations directory: its files, read when asked for, and the configuration files around it.
#[derive(Debug)]
pub struct Dir {
    /// The directory as the user named it.
    pub path: PathBuf,
    files: Vec<DirFile>,
    levels: Vec<PathBuf>,
}

/// A file of a [`Dir`].
#[derive(Debug)]
pub struct DirFile {
    /// Path as the user would write it.
    pub path: PathBuf,
    /// Path below the directory, with `/` between the parts.
    pub rel: String,
    text: OnceLock<Result<Arc<Source>, String>>,
}

/// A configuration file found beside or above a directory.
#[derive(Debug, Clone)]
pub struct Nearby {
    /// Path as the user would write it.
    pub path: PathBuf,
    /// Its text; empty when it cannot be read.
    pub text: String,
    /// Levels above the migrations directory; 0 is inside it.
    pub up: usize,
}

impl Dir {
    /// Lists the directory `path`, eight levels deep, without reading file contents.
    ///
    /// # Errors
    /// [`LayoutError::Io`] when it is missing, is not a directory or cannot be listed.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, LayoutError> {
        let path = path.into();
        let failed = |error: io::Error| {
            let hint = match error.kind() {
                io::ErrorKind::NotFound => "there is no such directory; name the one with the migrations",
                io::ErrorKind::NotADirectory => "it is not a directory; name the one with the migrations",
                _ => return LayoutError::Io { path: path.clone(), source: error },
            };
            LayoutError::Io { path: path.clone(), source: io::Error::new(error.kind(), hint) }
        };
        let mut files = Vec::new();
        list(&path, "", DEPTH, &mut files).map_err(failed)?;
        files.sort_by(|a, b| a.rel.cmp(&b.rel));
        let levels = levels(&path).map_err(failed)?;
        Ok(Self { path, files, levels })
    }

    /// The sub-directory `rel` as a directory of its own.
    ///
    /// # Errors
    /// Those of [`Dir::open`].
    pub fn enter(&self, rel: &str) -> Result<Self, LayoutError> {
        Self::open(self.path.join(rel))
    }

    /// The directory above, when there is one.
    ///
    /// # Errors
    /// Those of [`Dir::open`].
    pub fn parent(&self) -> Result<Self, LayoutError> {
        let plain = self.path.file_name().is_some();
        let above = match self.path.parent() {
            Some(parent) if plain && parent.as_os_str().is_empty() => PathBuf::from("."),
            Some(parent) if plain => parent.to_path_buf(),
            _ if self.path == Path::new(".") => PathBuf::from(".."),
            _ => self.path.join(".."),
        };
        Self::open(above)
    }

    /// Every file, by path; hidden directories, and those of build tools (`node_modules`, `target` …) are left out.
    pub fn files(&self) -> &[DirFile] {
        &self.files
    }

    /// The files that stand in the directory itself.
    pub fn here(&self) -> impl Iterator<Item = &DirFile> {
        self.files.iter().filter(|file| !file.rel.contains('/'))
    }

    /// The files that stand in the sub-directory `rel` itself.
    pub fn inside<'a>(&'a self, rel: &'a str) -> impl Iterator<Item = &'a DirFile> + 'a {
        self.files.iter().filter(move |file| file.parent() == rel)
    }

    /// The file at `rel`.
    pub fn file(&self, rel: &str) -> Option<&DirFile> {
        let at = self.files.binary_search_by(|file| file.rel.as_str().cmp(rel)).ok()?;
        self.files.get(at)
    }

    /// Whether files that `fit` make this their directory, for tools that read sub-directories too: one stands
    /// in the directory itself, or it holds nothing but several sub-directories of them.
    pub(super) fn is_home_of(&self, fit: impl Fn(&DirFile) -> bool) -> bool {
        if self.here().any(&fit) {
            return true;
        }
        let bare = self.here().all(|file| file.name().starts_with('.') || file.name().ends_with(".md"));
        let subdirs = self.subdirs();
        bare && subdirs.len() > 1 && subdirs.iter().all(|sub| self.inside(sub).any(&fit))
    }

    /// Names of the sub-directories of the directory itself that hold any file, sorted.
    pub fn subdirs(&self) -> BTreeSet<&str> {
        self.files.iter().filter_map(|file| Some(file.rel.split_once('/')?.0)).collect()
    }

    /// The directory and those above it as absolute paths, up to the repository's root or six levels.
    pub fn levels(&self) -> &[PathBuf] {
        &self.levels
    }

    /// The directory's own name, also where the user wrote `.`.
    pub fn name(&self) -> &str {
        self.levels.first().and_then(|level| level.file_name()).and_then(|name| name.to_str()).unwrap_or("")
    }

    /// The name of the directory above.
    pub fn parent_name(&self) -> &str {
        self.levels.get(1).and_then(|level| level.file_name()).and_then(|name| name.to_str()).unwrap_or("")
    }

    /// The nearest file called `name`: in the directory, beside it, then upwards to the repository's root
    /// or six levels.
    pub fn config(&self, name: &str) -> Option<Nearby> {
        self.configs(name).into_iter().next()
    }

    /// Every file called `name` from the directory upwards, nearest first.
    pub fn configs(&self, name: &str) -> Vec<Nearby> {
        let paths = self.levels.iter().enumerate().map(|(up, level)| (up, level.join(name)));
        let found = paths.filter(|(_, path)| path.is_file());
        found.map(|(up, path)| Nearby { text: lossy(&path), path: relative(path), up }).collect()
    }

    /// The nearest of several configuration files; the first named of those on one level.
    pub fn any_config(&self, names: &[&str]) -> Option<Nearby> {
        names.iter().filter_map(|name| self.config(name)).min_by_key(|found| found.up)
    }
}

impl DirFile {
    /// The last part of its path.
    pub fn name(&self) -> &str {
        self.rel.rsplit('/').next().unwrap_or(&self.rel)
    }

    /// The sub-directory it stands in; empty for the directory itself.
    pub fn parent(&self) -> &str {
        self.rel.rsplit_once('/').map_or("", |(parent, _)| parent)
    }

    /// Its text, read once.
    ///
    /// # Errors
    /// Why it cannot be read, in words for the user: missing rights, not UTF-8 (with the place).
    pub fn source(&self) -> Result<&Arc<Source>, &str> {
        self.text
            .get_or_init(|| read(&self.path).map(|text| Arc::new(Source { path: self.path.clone(), text })))
            .as_ref()
            .map_err(String::as_str)
    }

    /// Its text; empty when it cannot be read.
    pub fn text(&self) -> &str {
        self.source().map_or("", |source| source.text.as_str())
    }
}

fn list(path: &Path, rel: &str, depth: usize, files: &mut Vec<DirFile>) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let rel = if rel.is_empty() { name.clone() } else { format!("{rel}/{name}") };
        let path = entry.path();
        // Follows links, as the tools do; the depth ends circles.
        // A link that leads nowhere is listed: reading it tells what is wrong.
        let is_dir = fs::metadata(&path).is_ok_and(|meta| meta.is_dir());
        let misnamed =
            name.ends_with(".sql") && fs::read_dir(&path).is_ok_and(|mut inside| inside.next().is_none());
        if is_dir && !misnamed {
            let passed_over = name.starts_with('.')
                || matches!(name.as_str(), "node_modules" | "target" | "vendor" | "dist");
            if depth > 0 && !passed_over && files.len() < FILES {
                // One sub-directory without read permission must not hide the others.
                let _ = list(&path, &rel, depth - 1, files);
            }
        } else {
            files.push(DirFile { path, rel, text: OnceLock::new() });
        }
    }
    Ok(())
}

/// The directory and those above it, up to the root of the repository.
fn levels(path: &Path) -> io::Result<Vec<PathBuf>> {
    let full = fs::canonicalize(path)?;
    let mut levels = Vec::new();
    for level in full.ancestors().take(LEVELS_UP + 1) {
        levels.push(level.to_path_buf());
        if level.join(".git").exists() {
            break;
        }
    }
    Ok(levels)
}

fn lossy(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn relative(path: PathBuf) -> PathBuf {
    let Ok(here) = std::env::current_dir() else { return path };
    path.strip_prefix(&here).map(Path::to_path_buf).unwrap_or(path)
}

fn read(path: &Path) -> Result<String, String> {
    let size = fs::metadata(path).map_err(|error| cannot_read(&error))?.len();
    if size > FILE_BYTES {
        return Err(format!("it has {} MiB; files above {} MiB are not read", size >> 20, FILE_BYTES >> 20));
    }
    let bytes = fs::read(path).map_err(|error| cannot_read(&error))?;
    match bad_byte(&bytes) {
        None => {}
        Some(_) if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) => {
            return Err("it is UTF-16, not UTF-8; save it as UTF-8".to_owned());
        }
        Some(at) => {
            let line = bytes[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
            return Err(match bytes[at] {
                0 => format!(
                    "it holds a NUL byte at offset {at}, line {line}, which PostgreSQL does not take; remove it, \
                     or save the file as UTF-8 if it is UTF-16"
                ),
                byte => {
                    format!(
                        "it is not UTF-8: byte 0x{byte:02X} at offset {at}, line {line}; save it as UTF-8"
                    )
                }
            });
        }
    }
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

/// Offset of the first byte that PostgreSQL would not take in a UTF-8 script.
pub(super) fn bad_byte(bytes: &[u8]) -> Option<usize> {
    let invalid = std::str::from_utf8(bytes).err().map(|error| error.valid_up_to());
    let nul = bytes.iter().position(|&byte| byte == 0);
    invalid.into_iter().chain(nul).min()
}

fn cannot_read(error: &io::Error) -> String {
    format!("it cannot be read: {error}")
}
