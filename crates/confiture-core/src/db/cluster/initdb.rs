//! An initialised data directory: made once per server binary, copied ever after.

use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use super::directory::{self, ClusterDir};
use super::spawn::{self, RunAs, WhenWeDie};
use crate::db::env::Env;
use crate::db::error::{DbError, io_at};
use crate::db::token;
use crate::db::version::ServerVersion;

/// Changes when the arguments of initdb below do, so that older cached directories are not used.
const RECIPE: &str = "1";

/// How many initialised directories the cache holds: two of each supported major.
const KEPT: usize = 10;
/// How many of those with content.
pub(crate) const SEEDS_KEPT: usize = 24;

/// What an initialised directory depends on.
pub(crate) struct Recipe<'a> {
    pub(crate) bindir: &'a Path,
    pub(crate) version: ServerVersion,
    pub(crate) locale: Option<&'a str>,
    pub(crate) run_as: &'a RunAs,
    pub(crate) cache: Option<&'a Path>,
    pub(crate) env: &'a Env,
    /// Names content that a cached directory may have.
    pub(crate) seed: Option<&'a str>,
}

impl Recipe<'_> {
    /// Fills the data directory of `into`, from the cache when it can.
    pub(crate) fn fill(&self, into: &ClusterDir) -> Result<(), DbError> {
        let cached = self.cache.map(|cache| cache.join("clusters").join(self.key()));
        let seeded = self.seeded();
        for cached in [&seeded, &cached].into_iter().flatten().filter(|cached| cached.is_dir()) {
            match directory::copy_tree(cached, &into.data(), self.run_as) {
                Ok(()) => {
                    touch(cached);
                    return Ok(());
                }
                Err(error) => {
                    tracing::debug!(%error, "cached data directory not usable");
                    empty(&into.data())?;
                }
            }
        }
        self.initdb(into)?;
        if let Some(cached) = cached
            && let Err(error) = keep(&into.data(), &cached, KEPT)
        {
            tracing::debug!(%error, "initialised data directory not cached");
        }
        Ok(())
    }

    /// Where the directory with the content called `seed` is, once it was kept.
    pub(crate) fn seeded(&self) -> Option<PathBuf> {
        let name = format!("{}-{}", self.key(), self.seed?);
        Some(self.cache?.join("seeds").join(name))
    }

    /// Identifies the server binary by path, size, time and inode instead of its bytes: hashing
    /// 8–20 MB would cost more than the rest of a start.
    fn key(&self) -> String {
        let binary = self.bindir.join("postgres");
        let mut hash = Sha256::new();
        let real = binary.canonicalize().unwrap_or(binary);
        hash.update(real.as_os_str().as_encoded_bytes());
        if let Ok(meta) = real.metadata() {
            for part in
                [meta.len(), meta.ino(), meta.mtime().cast_unsigned(), meta.mtime_nsec().cast_unsigned()]
            {
                hash.update(part.to_le_bytes());
            }
        }
        hash.update(self.locale.unwrap_or_default());
        let mut key = format!("{}-{RECIPE}-", self.version);
        for byte in &hash.finalize()[..8] {
            key.push_str(&format!("{byte:02x}"));
        }
        key
    }

    fn initdb(&self, into: &ClusterDir) -> Result<(), DbError> {
        if let Some(locale) = self.locale {
            return self.run_initdb(into, &[format!("--locale={locale}")]);
        }
        // 17 brought a C.UTF-8 of its own, the same on every system (manual 17, 23.1.4).
        if self.version.major() >= 17 {
            let builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"];
            return self.run_initdb(into, &builtin.map(str::to_owned));
        }
        self.run_initdb(into, &["--locale=C.UTF-8".to_owned()]).or_else(|error| {
            tracing::debug!(%error, "no locale C.UTF-8; using C");
            empty(&into.data())?;
            self.run_initdb(into, &["--locale=C".to_owned()])
        })
    }

    fn run_initdb(&self, into: &ClusterDir, locale: &[String]) -> Result<(), DbError> {
        let program = self.bindir.join("initdb");
        let failed = |reason: String| DbError::Cluster {
            step: format!("initialise a cluster with {}", program.display()),
            reason,
            log_tail: String::new(),
        };
        let mut command = spawn::command(&program, self.run_as, WhenWeDie::Kill, self.env);
        command.arg("-D").arg(into.data());
        command.args(["--no-sync", "--no-instructions", "-U", "postgres", "-A", "trust", "-E", "UTF8"]);
        command.args(locale);
        let output = command.output().map_err(|error| failed(error.to_string()))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(failed(said.trim().to_owned()))
    }
}

/// Copies `data` into the cache under a temporary name and renames it.
pub(crate) fn keep(data: &Path, cached: &Path, most: usize) -> Result<(), DbError> {
    let Some(parent) = cached.parent() else { return Ok(()) };
    std::fs::create_dir_all(parent).map_err(io_at("create", parent))?;
    let made: PathBuf = parent.join(format!(".{}", token::unique()));
    DirBuilder::new().mode(0o700).create(&made).map_err(io_at("create", &made))?;
    let result = directory::copy_tree(data, &made, &RunAs::Ourselves)
        .and_then(|()| std::fs::rename(&made, cached).map_err(io_at("rename to", cached)));
    prune(parent, most);
    if result.is_err() {
        // Also when another process was faster: its directory is as good.
        let _ = std::fs::remove_dir_all(&made);
    }
    result
}

/// Says that it was used now.
fn touch(cached: &Path) {
    let touched = std::fs::File::open(cached).and_then(|file| file.set_modified(SystemTime::now()));
    if let Err(error) = touched {
        tracing::debug!(%error, "use of a cached data directory not noted");
    }
}

/// Removes all but the `most` most recently used; a directory is about 40 MB.
fn prune(clusters: &Path, most: usize) {
    let Ok(entries) = std::fs::read_dir(clusters) else { return };
    let used = |path: &Path| path.metadata().and_then(|meta| meta.modified()).ok();
    let mut kept: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    kept.retain(|path| path.is_dir());
    kept.sort_by_key(|path| std::cmp::Reverse(used(path)));
    for old in kept.iter().skip(most) {
        let _ = std::fs::remove_dir_all(old);
    }
}

fn empty(data: &Path) -> Result<(), DbError> {
    for entry in std::fs::read_dir(data).map_err(io_at("read", data))?.flatten() {
        let path = entry.path();
        let removed =
            if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        removed.map_err(io_at("remove", &path))?;
    }
    Ok(())
}
