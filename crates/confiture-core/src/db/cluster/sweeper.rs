//! What removes a cluster's directory when its process ends without tidying up.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::Pid;

/// A shell that waits on a pipe whose other end only we hold; when we are gone it waits for the server
/// to end, which dies with us, and removes the directory.
///
/// A test harness leaves by `exit` and drops nothing: without this its directory, 40 MB of memory, would
/// stay until the next start.
#[derive(Debug)]
pub(crate) struct Sweeper(Child);

const SCRIPT: &str = "read -r _; n=0; while kill -0 \"$1\" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.05; n=$((n+1)); done; \
    rm -rf -- \"$0\"";

impl Sweeper {
    /// Watches over `directory`, in which `server` runs.
    pub(crate) fn over(directory: &Path, server: Pid) -> std::io::Result<Self> {
        Command::new("/bin/sh")
            .args(["-c", SCRIPT])
            .arg(directory)
            .arg(server.as_raw_nonzero().to_string())
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

impl Drop for Sweeper {
    fn drop(&mut self) {
        // Killed before its pipe closes: nothing is left for it to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_pipe_removes_the_directory_once_the_server_is_gone() {
        let base = tempfile::tempdir().expect("a directory");
        let directory = base.path().join("it's one");
        std::fs::create_dir_all(directory.join("data")).expect("made");
        let mut server = Command::new("sleep").arg("600").spawn().expect("sleep");
        let pid = Pid::from_raw(i32::try_from(server.id()).expect("a pid")).expect("a pid");
        let mut sweeper = Sweeper::over(&directory, pid).expect("a shell");
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
        drop(Sweeper::over(directory.path(), nobody).expect("a shell"));
        assert!(directory.path().is_dir());
    }
}
