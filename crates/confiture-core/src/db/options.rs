//! What the user says about servers.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::cluster::ClusterOptions;
use super::env::Env;

/// Whether a version that is not installed may be downloaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Acquire {
    /// Through the user's npm client.
    #[default]
    WhenMissing,
    /// Only what is there already counts.
    Never,
}

/// Which server to use, and how to make one.
///
/// `DATABASE_URL` is never taken for a server. Prints without the URLs, which may hold passwords.
#[derive(Clone, Default)]
pub struct ServerOptions {
    /// Servers the user names, as URLs or `key=value` strings; each is used. When there is one, nothing
    /// is searched for nor started.
    pub server_urls: Vec<String>,
    /// The directory that holds `postgres` and `initdb`; nothing else is searched.
    pub pg_bin: Option<PathBuf>,
    /// The major wanted, such as 17.
    pub version: Option<u32>,
    /// Where acquired versions and initialised data directories are kept; `None` is the user's cache
    /// directory.
    pub cache_dir: Option<PathBuf>,
    /// Whether to download what is missing.
    pub acquire: Acquire,
    /// Locale of private clusters; `None` is `C.UTF-8`.
    pub locale: Option<String>,
    /// Settings of private servers, added to their `postgresql.conf`.
    pub server_settings: Vec<(String, String)>,
    /// Settings of every session that runs the user's SQL (`--set`).
    pub session_settings: Vec<(String, String)>,
    /// The environment the command was started in.
    pub env: Env,
}

impl ServerOptions {
    /// Where acquired versions and initialised data directories are kept.
    ///
    /// As root this is a directory that the unprivileged account which runs PostgreSQL can enter:
    /// `/root` is closed to it, `/var/cache/confiture` is not.
    pub fn cache_dir(&self) -> PathBuf {
        if let Some(given) = &self.cache_dir {
            return given.clone();
        }
        let home = self.env.os("HOME").map(Path::new).filter(|home| home.is_dir());
        let xdg = self.env.os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let user = xdg.or_else(|| home.map(|home| home.join(".cache")));
        let root = rustix::process::geteuid().is_root();
        match user {
            Some(user) if !root || open_to_all(&user) => user.join("confiture"),
            _ if root => PathBuf::from("/var/cache/confiture"),
            // An account without a home, as in many containers.
            _ => {
                std::env::temp_dir().join(format!("confiture-cache-{}", rustix::process::geteuid().as_raw()))
            }
        }
    }

    pub(crate) fn cluster(&self) -> ClusterOptions {
        ClusterOptions {
            cache_dir: Some(self.cache_dir()),
            locale: self.locale.clone(),
            settings: self.server_settings.clone(),
            env: self.env.clone(),
            ..ClusterOptions::default()
        }
    }
}

/// Whether any account can pass through `path` and the directories above it, as far as they exist.
fn open_to_all(path: &Path) -> bool {
    path.ancestors()
        .filter_map(|path| path.metadata().ok())
        .all(|meta| meta.permissions().mode() & 0o001 != 0)
}

impl std::fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerOptions")
            .field("server_urls", &self.server_urls.len())
            .field("pg_bin", &self.pg_bin)
            .field("version", &self.version)
            .field("cache_dir", &self.cache_dir)
            .field("acquire", &self.acquire)
            .finish_non_exhaustive()
    }
}
