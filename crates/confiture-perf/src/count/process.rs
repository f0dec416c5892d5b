//! What the system knows of a server process on this machine.

use std::path::PathBuf;
use std::time::Duration;

use confiture_core::db::tokio_postgres::config::Host;
use confiture_core::db::{Server, ServerKind, Session};

/// A backend's directory in `/proc` (proc(5), `schedstat` and `status`).
#[derive(Debug, Clone)]
pub(crate) struct Process(PathBuf);

/// Its time so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    /// On a processor.
    pub ran: Duration,
    /// Ready to run, without a processor.
    pub waited: Duration,
}

impl Process {
    /// The backend of `session`, or why its process cannot be looked at.
    pub(crate) fn of(server: &Server, session: &Session) -> Result<Self, String> {
        if server.kind() == ServerKind::Given {
            let hosts = server.endpoint().config().get_hosts();
            if !hosts.iter().all(|host| matches!(host, Host::Unix(_))) {
                return Err("the server may be on another machine".to_owned());
            }
        }
        let process = Self(PathBuf::from(format!("/proc/{}", session.backend_pid())));
        let name = std::fs::read_to_string(process.0.join("comm")).unwrap_or_default();
        if name.trim() != "postgres" {
            return Err("the server's processes cannot be seen from here".to_owned());
        }
        Ok(process)
    }

    /// `None` where the kernel does not count.
    pub(crate) fn times(&self) -> Option<Times> {
        let text = std::fs::read_to_string(self.0.join("schedstat")).ok()?;
        let mut numbers = text.split_whitespace().map_while(|number| number.parse().ok());
        let (ran, waited): (u64, u64) = (numbers.next()?, numbers.next()?);
        (ran > 0).then_some(Times { ran: Duration::from_nanos(ran), waited: Duration::from_nanos(waited) })
    }

    /// Private memory in bytes.
    pub(crate) fn memory(&self) -> Option<u64> {
        let text = std::fs::read_to_string(self.0.join("status")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
    }
}
