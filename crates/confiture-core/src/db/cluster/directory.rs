//! The directory a private cluster lives in: locked while we live, removed by whoever comes next.

use std::fs::{DirBuilder, File, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::FlockOperation;
use rustix::process::{Pid, Signal};

use super::spawn::RunAs;
use crate::db::error::{DbError, io_at};
use crate::db::token;

/// Bytes that must be free where a cluster goes.
const ROOM: u64 = 512 << 20;
/// `sun_path` holds 108 bytes on Linux and 104 on macOS, the last one a NUL.
const LONGEST_SOCKET_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };
/// A directory without a lock younger than this is one being made.
const BEING_MADE: Duration = Duration::from_secs(60);

/// `confiture-<uid>-<random>/`, holding `lock`, `log`, `data/` and the socket directory `s/`.
///
/// The lock (`flock`) is held for as long as the value lives and is released by the kernel however
/// the process ends, so a directory whose lock is free belongs to nobody.
#[derive(Debug)]
pub(crate) struct ClusterDir {
    path: PathBuf,
    _lock: File,
}

impl ClusterDir {
    /// Makes one in the first of `bases` that has room, or else in the last one.
    ///
    /// The data and socket directories are made too, private to the account that will run the server.
    pub(crate) fn create(bases: &[PathBuf], run_as: &RunAs) -> Result<Self, DbError> {
        let fits = |base: &&PathBuf| room(base) >= ROOM && socket_fits(base);
        let base = bases.iter().find(fits).or(bases.last()).cloned().unwrap_or_else(|| PathBuf::from("/tmp"));
        let path = base.join(format!("{}{}", prefix(), token::unique()));
        // The server's account must be able to pass through, not to look around.
        let mode = if run_as.owner().is_some() { 0o711 } else { 0o700 };
        DirBuilder::new().mode(0o700).create(&path).map_err(io_at("create", &path))?;
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).map_err(io_at("set mode of", &path))?;
        // Locked before it gets its name: a reaper sees either no lock file or a locked one.
        let made = path.join("lock.new");
        let lock = File::create_new(&made).map_err(io_at("create", &made))?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|errno| io_at("lock", &made)(errno.into()))?;
        std::fs::rename(&made, path.join("lock")).map_err(io_at("rename", &made))?;
        let directory = Self { path, _lock: lock };
        for inner in [directory.data(), directory.sockets()] {
            DirBuilder::new().mode(0o700).create(&inner).map_err(io_at("create", &inner))?;
            give(&inner, run_as)?;
        }
        Ok(directory)
    }

    /// The server's data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// Where its unix socket is.
    pub(crate) fn sockets(&self) -> PathBuf {
        self.path.join("s")
    }

    /// What the server says.
    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// Removes it, as far as it is still there.
    pub(crate) fn remove(&self) {
        free_shared_memory(&self.data());
        match std::fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::debug!(path = %self.path.display(), %error, "cluster directory not removed");
            }
            _ => {}
        }
    }

    /// The directory itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ClusterDir {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Where clusters go: shared memory, else the temporary directory, else `/tmp`.
pub(crate) fn default_bases(temp: &Path) -> Vec<PathBuf> {
    let mut bases = vec![PathBuf::from("/dev/shm"), temp.to_owned()];
    if !socket_fits(temp) {
        bases.push(PathBuf::from("/tmp"));
    }
    bases.retain(|base| base.is_dir());
    bases
}

/// Hands `path` to the account that runs the server.
pub(crate) fn give(path: &Path, run_as: &RunAs) -> Result<(), DbError> {
    let Some((uid, gid)) = run_as.owner() else { return Ok(()) };
    std::os::unix::fs::lchown(path, Some(uid), Some(gid)).map_err(io_at("hand over", path))
}

fn prefix() -> String {
    format!("confiture-{}-", rustix::process::geteuid().as_raw())
}

fn room(base: &Path) -> u64 {
    rustix::fs::statvfs(base).map_or(0, |fs| fs.f_bavail.saturating_mul(fs.f_frsize))
}

fn socket_fits(base: &Path) -> bool {
    let name = format!("{}0123456789abcdef/s/.s.PGSQL.5432", prefix());
    base.join(name).as_os_str().len() <= LONGEST_SOCKET_PATH
}

/// Ends servers and removes directories that earlier runs of this user left in `bases`.
///
/// Touches only directories with our prefix, owned by us, whose lock is free; a server is killed only
/// when the process the directory's `postmaster.pid` names has that data directory as its working
/// directory. Returns what was removed.
pub(crate) fn reap(bases: &[PathBuf]) -> Vec<PathBuf> {
    let prefix = prefix();
    let mut removed = Vec::new();
    for base in bases {
        let Ok(entries) = std::fs::read_dir(base) else { continue };
        for entry in entries.flatten() {
            let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix));
            if ours && reap_one(&entry.path()) {
                removed.push(entry.path());
            }
        }
    }
    removed
}

fn reap_one(path: &Path) -> bool {
    let Ok(meta) = std::fs::symlink_metadata(path) else { return false };
    if !meta.is_dir() || meta.uid() != rustix::process::geteuid().as_raw() {
        return false;
    }
    match File::open(path.join("lock")) {
        Ok(lock) => {
            if rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
                return false;
            }
            end_server(&path.join("data"));
            remove(path)
        }
        Err(_) => {
            let age = meta.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
            age.is_some_and(|age| age > BEING_MADE) && remove(path)
        }
    }
}

fn remove(path: &Path) -> bool {
    tracing::debug!(path = %path.display(), "removing a leftover cluster");
    free_shared_memory(&path.join("data"));
    std::fs::remove_dir_all(path).is_ok()
}

/// Ends the server that runs in `data`, if one does, and waits until it is gone.
fn end_server(data: &Path) {
    let Some(pid) = postmaster_of(data) else { return };
    // SIGQUIT: immediate shutdown, which also ends the children and frees shared memory.
    for signal in [Signal::QUIT, Signal::KILL] {
        if rustix::process::kill_process(pid, signal).is_err() {
            return;
        }
        for _ in 0..1000 {
            if !runs_in(pid, data) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The process named by `postmaster.pid`, when it provably runs in `data`.
fn postmaster_of(data: &Path) -> Option<Pid> {
    let file = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let pid = Pid::from_raw(file.lines().next()?.trim().parse().ok()?)?;
    runs_in(pid, data).then_some(pid)
}

/// Removes the System V segment of a server that was killed; it does not go with its process.
///
/// PostgreSQL keeps 56 bytes there to tell whether the data directory is in use, and writes key and id
/// on line 7 of `postmaster.pid`, which only a server that was killed leaves behind.
fn free_shared_memory(data: &Path) {
    let Ok(file) = std::fs::read_to_string(data.join("postmaster.pid")) else { return };
    let Some(segment) = file.lines().nth(6).map(|line| line.split_whitespace().collect::<Vec<_>>()) else {
        return;
    };
    let &[key, id] = segment.as_slice() else { return };
    // The last backends let go of it a moment after the postmaster's death.
    for _ in 0..200 {
        let listed = std::fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
        // Columns: key shmid perms size cpid lpid nattch …
        let users = listed.lines().find_map(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let same = columns.first() == Some(&key) && columns.get(1) == Some(&id);
            columns.get(6).filter(|_| same).map(|users| *users != "0")
        });
        match users {
            None => return,
            Some(true) => std::thread::sleep(Duration::from_millis(5)),
            Some(false) => {
                let _ = std::process::Command::new("ipcrm").args(["-m", id]).status();
                return;
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn runs_in(pid: Pid, data: &Path) -> bool {
    let cwd = std::fs::read_link(format!("/proc/{}/cwd", pid.as_raw_nonzero()));
    let Ok(data) = data.canonicalize() else { return false };
    cwd.is_ok_and(|cwd| cwd == data)
}

#[cfg(not(target_os = "linux"))]
fn runs_in(pid: Pid, data: &Path) -> bool {
    let pid = pid.as_raw_nonzero().to_string();
    let listed = std::process::Command::new("ps").args(["-ww", "-p", &pid, "-o", "command="]).output();
    let Some(data) = data.to_str() else { return false };
    listed.is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains(data))
}

/// Copies the tree `from` to the existing directory `to`, sharing blocks where the file system can,
/// private and owned by the account that runs the server.
pub(crate) fn copy_tree(from: &Path, to: &Path, run_as: &RunAs) -> Result<(), DbError> {
    for entry in std::fs::read_dir(from).map_err(io_at("read", from))? {
        let entry = entry.map_err(io_at("read", from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(io_at("read", &source))?;
        if kind.is_dir() {
            DirBuilder::new().mode(0o700).create(&target).map_err(io_at("create", &target))?;
            give(&target, run_as)?;
            copy_tree(&source, &target, run_as)?;
        } else if kind.is_file() {
            std::fs::copy(&source, &target).map_err(io_at("copy to", &target))?;
            give(&target, run_as)?;
        }
    }
    Ok(())
}

/// Writes a small file the server's account can read.
pub(crate) fn write(path: &Path, text: &str, run_as: &RunAs) -> Result<(), DbError> {
    std::fs::write(path, text).map_err(io_at("write", path))?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(io_at("write", path))?;
    give(path, run_as)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directory_whose_lock_is_free_is_removed_and_no_other() {
        let base = tempfile::tempdir().expect("a directory");
        let bases = [base.path().to_owned()];
        let make = |name: &str| {
            let path = base.path().join(name);
            std::fs::create_dir(&path).expect("made");
            path
        };
        let held = ClusterDir::create(&bases, &RunAs::Ourselves).expect("a directory");
        let leftover = make(&format!("{}left", prefix()));
        std::fs::write(leftover.join("lock"), "").expect("written");
        std::fs::create_dir(leftover.join("data")).expect("made");
        // Names a process that runs, but not there: init.
        std::fs::write(leftover.join("data/postmaster.pid"), "1\n").expect("written");
        let being_made = make(&format!("{}new", prefix()));
        let foreign = make("confiture-4294967294-x");
        std::fs::write(foreign.join("lock"), "").expect("written");
        let link = base.path().join(format!("{}link", prefix()));
        std::os::unix::fs::symlink(&foreign, &link).expect("linked");
        assert_eq!(reap(&bases), [leftover]);
        assert!(held.path().is_dir() && being_made.is_dir() && foreign.is_dir());
        let path = held.path().to_owned();
        drop(held);
        assert!(!path.exists());
    }

    #[test]
    fn base_too_deep_for_a_socket_is_passed_over() {
        let short = tempfile::tempdir().expect("a directory");
        let deep = short.path().join("d".repeat(90));
        std::fs::create_dir(&deep).expect("made");
        let bases = [deep.clone(), short.path().to_owned()];
        let made = ClusterDir::create(&bases, &RunAs::Ourselves).expect("a directory");
        assert_eq!(made.path().parent(), Some(short.path()));
        assert!(default_bases(&deep).contains(&PathBuf::from("/tmp")));
    }
}
