//! What is done after our death, by a shell, because we did not come to it.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::Pid;

/// A shell that waits on a pipe whose other end only we hold. However we end, the kernel closes our end, the
/// shell's `read` returns and it goes on; dropped before, it does nothing.
#[derive(Debug)]
pub struct AfterDeath(Child);

const SWEEP: &str = "n=0; while kill -0 \"$1\" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.05; n=$((n+1)); done; rm -rf -- \"$0\"";

/// Ends it at once, and by force where it does not within ten seconds.
const END: &str = "kill -QUIT \"$0\"; n=0; while kill -0 \"$0\" 2>/dev/null; do [ $n -lt 200 ] || exec kill -KILL \"$0\"; sleep 0.05; n=$((n+1)); done";

impl AfterDeath {
    /// Removes `directory`, in which `server` runs, once that has ended: it dies with us.
    ///
    /// A test harness leaves by `exit` and drops nothing: without this its directory, 40 MB of memory, would
    /// stay until the next start.
    pub(crate) fn sweeper(directory: &Path, server: Pid) -> std::io::Result<Self> {
        let server = server.as_raw_nonzero().to_string();
        Self::start(SWEEP, &[directory.as_os_str(), server.as_ref()])
    }

    /// Ends the server `pid`, on systems without a parent-death signal.
    pub(crate) fn watchdog(pid: Pid) -> std::io::Result<Self> {
        Self::start(END, &[pid.as_raw_nonzero().to_string().as_ref()])
    }

    /// Kills every process of the group `group`: what a program of the user's has started dies with us.
    ///
    /// # Errors
    /// When no shell can be started.
    pub fn ends_group(group: Pid) -> std::io::Result<Self> {
        Self::start("kill -s KILL -- \"-$0\"", &[group.as_raw_nonzero().to_string().as_ref()])
    }

    fn start(script: &str, args: &[&OsStr]) -> std::io::Result<Self> {
        Command::new("/bin/sh")
            .args(["-c", &format!("read -r _; {script}")])
            .args(args)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C in a terminal must not end it before us.
            .process_group(0)
            .spawn()
            .map(Self)
    }
}

impl Drop for AfterDeath {
    fn drop(&mut self) {
        // Killed before its pipe closes: it does nothing.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    fn sleeper() -> (Child, Pid) {
        let child = Command::new("sleep").arg("600").spawn().expect("sleep");
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid")).expect("a pid");
        (child, pid)
    }

    #[test]
    fn closed_pipe_ends_the_server() {
        let (mut child, pid) = sleeper();
        let mut watchdog = AfterDeath::watchdog(pid).expect("a shell");
        drop(watchdog.0.stdin.take());
        // SIGKILL where the tests are a background job of a shell, which ignores SIGQUIT.
        assert!(matches!(child.wait().expect("ended").signal(), Some(3 | 9)));
    }

    #[test]
    fn closed_pipe_ends_a_group_with_what_it_started() {
        let script = "sleep 600 & echo $!; wait";
        let mut group = Command::new("/bin/sh");
        let mut group =
            group.args(["-c", script]).process_group(0).stdout(Stdio::piped()).spawn().expect("a shell");
        let mut background = String::new();
        let mut output = std::io::BufReader::new(group.stdout.take().expect("its output"));
        std::io::BufRead::read_line(&mut output, &mut background).expect("a number");
        let pid = Pid::from_raw(i32::try_from(group.id()).expect("a pid")).expect("a pid");
        let mut after = AfterDeath::ends_group(pid).expect("a shell");
        drop(after.0.stdin.take());
        assert_eq!(group.wait().expect("ended").signal(), Some(9));
        // The pipe is closed when the last process that holds it is gone.
        std::io::Read::read_to_string(&mut output, &mut background).expect("its end");
    }

    #[test]
    fn watchdog_that_is_no_longer_needed_signals_nobody() {
        let (mut child, pid) = sleeper();
        drop(AfterDeath::watchdog(pid).expect("a shell"));
        assert!(child.try_wait().expect("asked").is_none());
        child.kill().expect("killed");
        child.wait().expect("ended");
    }

    #[test]
    fn closed_pipe_removes_the_directory_once_the_server_is_gone() {
        let base = tempfile::tempdir().expect("a directory");
        let directory = base.path().join("it's one");
        std::fs::create_dir_all(directory.join("data")).expect("made");
        let (mut server, pid) = sleeper();
        let mut sweeper = AfterDeath::sweeper(&directory, pid).expect("a shell");
        drop(sweeper.0.stdin.take());
        assert!(sweeper.0.try_wait().expect("asked").is_none() && directory.is_dir());
        server.kill().expect("killed");
        server.wait().expect("ended");
        sweeper.0.wait().expect("ended");
        assert!(!directory.exists());
    }

    #[test]
    fn sweeper_that_is_no_longer_needed_removes_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let nobody = Pid::from_raw(i32::MAX).expect("a pid");
        drop(AfterDeath::sweeper(directory.path(), nobody).expect("a shell"));
        assert!(directory.path().is_dir());
    }
}
