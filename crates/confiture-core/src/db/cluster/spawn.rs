//! Starting PostgreSQL's own programs: as whom, and tied to whose life.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use crate::db::env::Env;

/// Whom PostgreSQL's programs run as. PostgreSQL refuses to run as root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RunAs {
    /// We are not root: as ourselves.
    Ourselves,
    /// We are root: as this account.
    Account { name: String, uid: u32, gid: u32 },
    /// We are root without another account, or may not change to it: as uid 1 of a user namespace
    /// that maps to root outside.
    #[cfg(target_os = "linux")]
    UserNamespace,
}

impl RunAs {
    /// Whom to try, best first.
    pub(crate) fn candidates() -> Vec<Self> {
        if !rustix::process::geteuid().is_root() {
            return vec![Self::Ourselves];
        }
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let mut candidates: Vec<Self> =
            ["postgres", "nobody"].iter().filter_map(|name| account(&accounts, name)).collect();
        #[cfg(target_os = "linux")]
        candidates.push(Self::UserNamespace);
        candidates
    }

    /// Uid and gid that must own the files, when they differ from ours.
    pub(crate) fn owner(&self) -> Option<(u32, u32)> {
        match self {
            Self::Account { uid, gid, .. } => Some((*uid, *gid)),
            _ => None,
        }
    }
}

fn account(passwd: &str, wanted: &str) -> Option<RunAs> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| *name == wanted)?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        (uid != 0).then(|| RunAs::Account { name: name.to_owned(), uid, gid })
    })
}

/// What becomes of a program when we die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenWeDie {
    /// It gets SIGQUIT at once, where the system can do that (Linux). The spawning *thread* counts as
    /// its parent.
    Quit,
    /// It gets SIGKILL: for programs that leave nothing behind worth tidying.
    Kill,
}

/// A command that runs `program` as `run_as`, with an environment free of the user's `PG*` and locale
/// variables, in its own process group so that Ctrl-C in a terminal reaches us first.
pub(crate) fn command(
    program: &std::path::Path,
    run_as: &RunAs,
    when_we_die: WhenWeDie,
    env: &Env,
) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C").env("HOME", "/").env("TZ", "UTC").stdin(Stdio::null());
    for name in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "ICU_DATA"] {
        if let Some(value) = env.os(name) {
            command.env(name, value);
        }
    }
    command.current_dir("/").process_group(0);
    if let RunAs::Account { uid, gid, .. } = run_as {
        command.uid(*uid).gid(*gid);
    }
    hook(&mut command, run_as, when_we_die);
    command
}

#[cfg(target_os = "linux")]
fn hook(command: &mut Command, run_as: &RunAs, when_we_die: WhenWeDie) {
    use rustix::process::Signal;
    let signal = match when_we_die {
        WhenWeDie::Quit => Signal::QUIT,
        WhenWeDie::Kill => Signal::KILL,
    };
    let parent = rustix::process::getpid();
    let namespace = matches!(run_as, RunAs::UserNamespace);
    let inside = move || -> std::io::Result<()> {
        if namespace {
            enter_user_namespace()?;
        }
        // Changing the uid clears the death signal (prctl(2)); std has changed it by now.
        rustix::process::set_parent_process_death_signal(Some(signal))?;
        if rustix::process::getppid() != Some(parent) {
            return Err(rustix::io::Errno::SRCH.into());
        }
        Ok(())
    };
    // SAFETY: between fork and exec only async-signal-safe calls are allowed. `inside` makes system
    // calls through rustix and nothing else: it neither allocates nor takes a lock, and captures
    // plain values only.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(inside);
    }
}

#[cfg(not(target_os = "linux"))]
fn hook(_: &mut Command, _: &RunAs, _: WhenWeDie) {}

/// Becomes uid 1 of a new user namespace in which that is our uid outside.
#[cfg(target_os = "linux")]
fn enter_user_namespace() -> std::io::Result<()> {
    use rustix::fs::{Mode, OFlags};
    let put = |path: &std::ffi::CStr, text: &[u8]| -> rustix::io::Result<()> {
        let file = rustix::fs::open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
        rustix::io::write(&file, text).map(|_| ())
    };
    // SAFETY: a new user namespace does not share or unshare file descriptors or memory.
    #[allow(unsafe_code)]
    unsafe {
        rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWUSER)?;
    }
    put(c"/proc/self/setgroups", b"deny")?;
    put(c"/proc/self/uid_map", b"1 0 1")?;
    put(c"/proc/self/gid_map", b"1 0 1")?;
    Ok(())
}
