//! Which PostgreSQL programs are on this machine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;

use super::acquire::{acquire, acquired, how_to_install};
use super::env::Env;
use super::error::DbError;
use super::options::{Acquire, ServerOptions};
use super::version::ServerVersion;

/// Where a server's programs were found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Origin {
    /// The directory that was asked for.
    Given,
    /// `pg_config --bindir`.
    PgConfig,
    /// A directory of `PATH`.
    Path,
    /// Where the system's packages put it.
    System,
    /// Acquired by confiture earlier.
    Acquired,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Given => "given",
            Self::PgConfig => "pg_config",
            Self::Path => "PATH",
            Self::System => "system",
            Self::Acquired => "confiture's cache",
        })
    }
}

/// Server programs on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundServer {
    /// What `postgres --version` says.
    pub version: ServerVersion,
    /// The directory that holds `postgres` and `initdb`.
    pub bindir: PathBuf,
    /// How it was found.
    pub origin: Origin,
}

/// Servers installed on this machine and those acquired earlier, newest first, each directory once.
///
/// With [`ServerOptions::pg_bin`] only that directory counts. Runs `postgres --version` for each.
pub fn installed(options: &ServerOptions) -> Vec<FoundServer> {
    search(options, &mut Vec::new())
}

/// The server to start: of the major asked for, else the newest installed one that confiture
/// supports, else one acquired now (which blocks for the download).
///
/// # Errors
/// [`DbError::NoServer`] says every place looked in; [`DbError::Acquire`], [`DbError::TooOld`].
pub fn find(options: &ServerOptions) -> Result<FoundServer, DbError> {
    let mut looked = Vec::new();
    let found = search(options, &mut looked);
    let fits = |server: &&FoundServer| match options.version {
        Some(major) => server.version.major() == major,
        None if options.pg_bin.is_some() => true,
        None => (ServerVersion::OLDEST_MAJOR..=ServerVersion::NEWEST_MAJOR).contains(&server.version.major()),
    };
    // What was acquired for one run must not change what the next one uses by default.
    let installed = found.iter().filter(|server| server.origin != Origin::Acquired).find(fits);
    if let Some(server) = installed.or_else(|| found.iter().find(fits)) {
        return Ok(server.clone());
    }
    if let Some(major) = options.version.filter(|major| *major < ServerVersion::OLDEST_MAJOR) {
        return Err(DbError::TooOld { found: major.to_string(), minimum: ServerVersion::OLDEST_MAJOR });
    }
    let nowhere = |why: &str| DbError::NoServer {
        wanted: options.version.map_or_else(|| "server".to_owned(), |major| major.to_string()),
        looked: looked.clone(),
        fix: format!("{why}{}", how_to_install(options.version)),
    };
    if options.pg_bin.is_some() || options.acquire == Acquire::Never {
        return Err(nowhere(""));
    }
    let major = options.version.unwrap_or(ServerVersion::DEFAULT_MAJOR);
    acquire(major, &options.cache_dir(), &options.env).map_err(|error| match error {
        DbError::Acquire { reason, .. } => nowhere(&format!("acquiring {major} did not work: {reason}; ")),
        other => other,
    })
}

/// Makes the newest acquirable version of `major` available, downloading it when it is not there yet.
///
/// # Errors
/// [`DbError::Acquire`] when npm is missing, cannot reach its registry, or has no package for this
/// system; [`DbError::Io`] when the cache cannot be written.
pub async fn install(major: u32, options: &ServerOptions) -> Result<FoundServer, DbError> {
    let (cache, env) = (options.cache_dir(), options.env.clone());
    let acquired = tokio::task::spawn_blocking(move || acquire(major, &cache, &env)).await;
    acquired.unwrap_or_else(|error| {
        let fix = how_to_install(Some(major));
        Err(DbError::Acquire { version: major.to_string(), reason: error.to_string(), fix })
    })
}

fn search(options: &ServerOptions, looked: &mut Vec<String>) -> Vec<FoundServer> {
    if let Some(bindir) = &options.pg_bin {
        looked.push(bindir.display().to_string());
        return probe(bindir, Origin::Given).into_iter().collect();
    }
    let mut seen = BTreeSet::new();
    let mut places = candidates(&options.env, looked);
    places.retain(|(bindir, _)| {
        has_server(bindir) && seen.insert(bindir.canonicalize().unwrap_or_else(|_| bindir.clone()))
    });
    // Each asks a program for its version, which is most of what a search costs: all at once.
    let mut found: Vec<FoundServer> = std::thread::scope(|scope| {
        let asked: Vec<_> =
            places.into_iter().map(|(bindir, origin)| scope.spawn(move || probe(&bindir, origin))).collect();
        asked.into_iter().filter_map(|thread| thread.join().ok().flatten()).collect()
    });
    let cache = options.cache_dir();
    looked.push(cache.join("servers").display().to_string());
    found.extend(acquired(&cache));
    // Stable: of two with one version, the one found first.
    found.sort_by_key(|server| std::cmp::Reverse(server.version));
    found
}

fn candidates(env: &Env, looked: &mut Vec<String>) -> Vec<(PathBuf, Origin)> {
    let mut candidates = Vec::new();
    looked.push("pg_config --bindir".to_owned());
    let path: Vec<PathBuf> =
        env.os("PATH").map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    let pg_config = path.iter().map(|dir| dir.join("pg_config")).find(|program| program.is_file());
    if let Some(program) = pg_config
        && let Ok(output) = Command::new(program).arg("--bindir").output()
        && let Ok(bindir) = String::from_utf8(output.stdout)
    {
        candidates.push((PathBuf::from(bindir.trim()), Origin::PgConfig));
    }
    looked.push("PATH".to_owned());
    candidates.extend(path.into_iter().map(|dir| (dir, Origin::Path)));
    for (parent, start, inside) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql@", "bin"),
        ("/usr/local/opt", "postgresql@", "bin"),
        ("/home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ] {
        looked.push(format!("{parent}/{start}*/{inside}"));
        let Ok(entries) = std::fs::read_dir(parent) else { continue };
        for entry in entries.flatten() {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(start)) {
                candidates.push((entry.path().join(inside), Origin::System));
            }
        }
    }
    candidates
}

/// Asks the programs in `bindir` what they are; `None` when they are not a server's.
pub(crate) fn probe(bindir: &Path, origin: Origin) -> Option<FoundServer> {
    if !has_server(bindir) {
        return None;
    }
    let output = Command::new(bindir.join("postgres")).arg("--version").output().ok()?;
    let version = ServerVersion::parse(&String::from_utf8_lossy(&output.stdout))?;
    Some(FoundServer { version, bindir: bindir.to_owned(), origin })
}

fn has_server(bindir: &Path) -> bool {
    bindir.join("postgres").is_file() && bindir.join("initdb").is_file()
}
