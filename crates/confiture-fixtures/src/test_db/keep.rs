//! What becomes of a test's database: dropped, or kept where it can be looked at.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::fs::{DirBuilder, Permissions};
use std::hash::{Hash as _, Hasher as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use confiture_core::db::ServerKind;

use super::{Held, closed, in_background, wait};
use crate::error::FixtureError;

/// Longest name of a directory: the path of a socket in it must stay below 104 bytes.
const LONGEST_NAME: usize = 60;
/// Longest part of it that is the package's.
const LONGEST_PACKAGE: usize = 14;

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
    let of_cargo = |name| std::env::var(name).unwrap_or_default();
    let name = directory_name(
        &of_cargo("CARGO_PKG_NAME"),
        &[Path::new(&of_cargo("CARGO_MANIFEST_DIR")), &held.dir],
        &label,
    );
    let data = base.join(match times_kept(&name) {
        0 => name,
        before => format!("{name}-{}", before + 1),
    });
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

/// How many databases this process has kept under `name` before.
fn times_kept(name: &str) -> usize {
    static KEPT: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let times = kept.entry(name.to_owned()).or_default();
    *times += 1;
    *times - 1
}

/// Package, hash and the end of the test's name, in letters that need no quoting. The hash is one of the
/// `places` of the project and the whole name, so that only another run of the same test has the same directory.
fn directory_name(package: &str, places: &[&Path], label: &str) -> String {
    let plain = |text: &str| -> String {
        let letter = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '_' { c } else { '-' };
        text.chars().map(letter).collect()
    };
    let mut hasher = DefaultHasher::new();
    (package, places, label).hash(&mut hasher);
    let mut name = plain(package);
    name.truncate(LONGEST_PACKAGE);
    let name = format!("{name}-{:08x}-", hasher.finish() as u32);
    let test = plain(&label.replace("::", "."));
    // A few letters are for the number of a second database.
    let end = test.len().saturating_sub(LONGEST_NAME - 3 - name.len());
    format!("{}{}", name.trim_start_matches(['-', '.']), test[end..].trim_start_matches('.'))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_directories_are_of_one_test_of_one_project() {
        let name = |package: &str, manifest: &str, dir: &str, label: &str| {
            directory_name(package, &[Path::new(manifest), Path::new(dir)], label)
        };
        let here = name("shop", "/a", "/a/m", "orders::add up");
        assert!(here.starts_with("shop-") && here.ends_with("-orders.add-up"), "{here}");
        assert_eq!(here, name("shop", "/a", "/a/m", "orders::add up"));
        for other in [
            name("store", "/a", "/a/m", "orders::add up"),
            name("shop", "/b", "/a/m", "orders::add up"),
            name("shop", "/a", "/a/n", "orders::add up"),
        ] {
            assert_ne!(here, other);
        }
        let long =
            |first: &str| name("a-package-of-a-long-name", "/a", "/m", &format!("{first}{}", "x".repeat(90)));
        assert_ne!(long("a"), long("b"));
        assert!(long("a").len() < LONGEST_NAME, "{}", long("a"));
        assert!(!name("", "", "/m", "t").starts_with('-'));
    }
}
