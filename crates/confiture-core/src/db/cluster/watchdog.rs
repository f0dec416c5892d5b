//! What ends the server when we die, on systems without a parent-death signal.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use rustix::process::Pid;

/// A shell that waits on a pipe whose other end only we hold.
///
/// However we end, the kernel closes our end; the shell's `read` returns and it sends SIGQUIT.
#[derive(Debug)]
pub(crate) struct Watchdog(Child);

impl Watchdog {
    /// Watches over the server `pid` on our behalf.
    pub(crate) fn over(pid: Pid) -> std::io::Result<Self> {
        Command::new("/bin/sh")
            .args(["-c", "read -r _; kill -QUIT \"$0\"", &pid.as_raw_nonzero().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C in a terminal must not end it before us.
            .process_group(0)
            .spawn()
            .map(Self)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // Killed before its pipe closes: nothing is signalled.
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
        let mut watchdog = Watchdog::over(pid).expect("a shell");
        drop(watchdog.0.stdin.take());
        assert_eq!(child.wait().expect("ended").signal(), Some(3));
    }

    #[test]
    fn watchdog_that_is_no_longer_needed_signals_nobody() {
        let (mut child, pid) = sleeper();
        drop(Watchdog::over(pid).expect("a shell"));
        assert!(child.try_wait().expect("asked").is_none());
        child.kill().expect("killed");
        child.wait().expect("ended");
    }
}
