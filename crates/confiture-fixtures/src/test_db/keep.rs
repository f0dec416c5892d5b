//! What becomes of a test's database: dropped, or kept where it can be looked at.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use confiture_core::db::ServerKind;

use super::{Held, closed, in_background, wait};
use crate::error::FixtureError;

/// Longest name of a directory: the path of a socket in it must stay below 104 bytes.
const LONGEST_NAME: usize = 60;

/// Drops the database: in the background on a private server, which goes with the process anyway.
pub(super) fn dispose(held: Arc<Held>) {
    if held.ready.server.kind() == ServerKind::Private {
        return in_background(closed(held));
    }
    if let Err(error) = wait(async move || closed(held).await) {
        tracing::debug!(%error, "left for the next run");
    }
}

/// Keeps the database of a failed test and prints how to get at it, to standard error.
#[allow(clippy::print_stderr, reason = "the harness shows what a failed test prints")]
pub(super) fn keep(held: Arc<Held>) {
    let label = held.label.clone();
    match wait(async move || kept(held).await) {
        Ok(text) => eprintln!("{text}"),
        Err(error) => eprintln!("confiture: the database of {label} is lost: failed to {error}"),
    }
}

async fn kept(held: Arc<Held>) -> Result<String, FixtureError> {
    let label = held.label.clone();
    if held.keep == 0 {
        closed(held).await?;
        return Ok(format!("confiture: the database of {label} is not kept (CONFITURE_KEEP=0)"));
    }
    let Some(cluster) = held.ready.server.cluster() else {
        let endpoint = held.scratch.endpoint();
        let name = held.scratch.name().to_owned();
        if let Some(held) = Arc::into_inner(held) {
            held.scratch.keep().await?;
        }
        return Ok(format!(
            "confiture: the database of {label} stays on its server until it is dropped:\n  \
             psql '{endpoint}'\n  DROP DATABASE \"{name}\";"
        ));
    };
    let base = base()?;
    let data = base.join(directory_name(&label, times_kept(&label)));
    if data.exists() {
        std::fs::remove_dir_all(&data).map_err(at(&data))?;
    }
    let start = cluster.backup(&data).await?;
    prune(&base, held.keep);
    let (place, name, most) = (data.display(), held.scratch.name().to_owned(), held.keep);
    closed(held).await?;
    Ok(format!(
        "confiture: the database of {label} is kept. Start a server on it, and connect:\n  {start}\n  \
         psql 'postgresql://postgres@/{name}?host={place}'\n\
         It stays until {most} newer ones are kept (CONFITURE_KEEP=N), or:\n  rm -r '{place}'"
    ))
}

/// Where failed databases are kept: ours, and passable for the account that runs the server.
fn base() -> Result<PathBuf, FixtureError> {
    let user = rustix::process::geteuid();
    let base = Path::new("/tmp").join(format!("confiture-kept-{}", user.as_raw()));
    match DirBuilder::new().mode(0o711).create(&base) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(at(&base)(error)),
        _ => {}
    }
    let meta = std::fs::symlink_metadata(&base).map_err(at(&base))?;
    if !meta.is_dir() || meta.uid() != user.as_raw() {
        return Err(at(&base)(std::io::Error::other("it belongs to somebody else")));
    }
    std::fs::set_permissions(&base, Permissions::from_mode(0o711)).map_err(at(&base))?;
    Ok(base)
}

/// How many databases of the test called `label` this process has kept before.
fn times_kept(label: &str) -> usize {
    static KEPT: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let times = kept.entry(label.to_owned()).or_default();
    *times += 1;
    *times - 1
}

/// The end of the test's name, in letters that need no quoting, and a number for a second database.
fn directory_name(label: &str, before: usize) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String =
        label.replace("::", ".").chars().map(|c| if c == '.' { c } else { plain(c) }).collect();
    let name = &name[name.len().saturating_sub(LONGEST_NAME)..];
    let name = name.trim_start_matches('.');
    if before == 0 { name.to_owned() } else { format!("{name}-{}", before + 1) }
}

/// Removes all but the `most` newest.
fn prune(base: &Path, most: usize) {
    let age = |path: &Path| path.metadata().and_then(|meta| meta.modified()).ok();
    let entries = std::fs::read_dir(base).into_iter().flatten().flatten();
    let mut kept: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    kept.sort_by_key(|path| std::cmp::Reverse(age(path)));
    for old in kept.iter().skip(most) {
        if let Err(error) = std::fs::remove_dir_all(old) {
            tracing::debug!(path = %old.display(), %error, "not removed");
        }
    }
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> FixtureError {
    let path = path.to_owned();
    move |source| FixtureError::Io { path, source }
}
