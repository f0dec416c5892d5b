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
    /// As this uid of a user namespace that is our own uid outside: when we are root without another
    /// account, or may not change to it; and when our uid has no name, which initdb insists on.
    #[cfg(target_os = "linux")]
    UserNamespace { uid: u32 },
}

impl RunAs {
    /// Whom to try, best first.
    pub(crate) fn candidates() -> Vec<Self> {
        let root = rustix::process::geteuid().is_root();
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let mut candidates: Vec<Self> = if root {
            ["postgres", "nobody"].iter().filter_map(|name| account(&accounts, name)).collect()
        } else {
            vec![Self::Ourselves]
        };
        #[cfg(target_os = "linux")]
        candidates.push(Self::namespace(&accounts));
        candidates
    }

    /// A namespace whose one uid has a name and is not root.
    #[cfg(target_os = "linux")]
    fn namespace(passwd: &str) -> Self {
        let uids = passwd.lines().filter_map(|line| line.split(':').nth(2)?.parse().ok());
        Self::UserNamespace { uid: uids.filter(|uid| *uid != 0).min().unwrap_or(1) }
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
    let map = |inside: u32, outside: u32| format!("{inside} {outside} 1").into_bytes();
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let namespace = match run_as {
        RunAs::UserNamespace { uid: inside } => Some((map(*inside, uid), map(*inside, gid))),
        _ => None,
    };
    let inside = move || -> std::io::Result<()> {
        if let Some((uids, gids)) = &namespace {
            enter_user_namespace(uids, gids)?;
        }
        // Changing the uid clears the death signal (prctl(2)); std has changed it by now.
        rustix::process::set_parent_process_death_signal(Some(signal))?;
        if rustix::process::getppid() != Some(parent) {
            return Err(rustix::io::Errno::SRCH.into());
        }
        Ok(())
    };
    // SAFETY: between fork and exec only async-signal-safe calls are allowed. `inside` makes system
    // calls through rustix and nothing else: it neither allocates nor takes a lock; the texts
    // it writes were made before the fork.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(inside);
    }
}

#[cfg(not(target_os = "linux"))]
fn hook(_: &mut Command, _: &RunAs, _: WhenWeDie) {}

/// Enters a new user namespace with these maps (user_namespaces(7)).
#[cfg(target_os = "linux")]
fn enter_user_namespace(uids: &[u8], gids: &[u8]) -> std::io::Result<()> {
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
    put(c"/proc/self/uid_map", uids)?;
    put(c"/proc/self/gid_map", gids)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\nx:y\n";

    #[test]
    fn accounts_are_read_from_the_system_list() {
        let nobody = RunAs::Account { name: "nobody".to_owned(), uid: 65534, gid: 65533 };
        assert_eq!(account(PASSWD, "nobody"), Some(nobody));
        assert_eq!((account(PASSWD, "postgres"), account(PASSWD, "root")), (None, None));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn namespace_never_maps_to_root() {
        assert_eq!(RunAs::namespace(PASSWD), RunAs::UserNamespace { uid: 65534 });
        assert_eq!(RunAs::namespace(""), RunAs::UserNamespace { uid: 1 });
    }
}
