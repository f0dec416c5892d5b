//! A command of the user's that tests the migrated database.

use std::process::Stdio;

use confiture_core::db::ScratchDb;
use confiture_core::{AfterDeath, Diagnostic, Severity};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::test::TestCommand;
use crate::error::FixtureError;

/// How much of its output a finding shows, in bytes and lines.
const TAIL: (usize, usize) = (4096, 30);

/// Variables by which libpq would connect elsewhere than to where we say.
const MISLEADING: [&str; 8] = [
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGHOSTADDR",
    "PGPASSWORD",
    "PGOPTIONS",
    "PGSSLROOTCERT",
    "PGTARGETSESSIONATTRS",
    "PGREQUIREAUTH",
];

/// Ends the process group of a command when it is dropped, or when we are killed: what it started in the
/// background as well.
struct Group(Option<(Pid, AfterDeath)>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some((pid, _)) = self.0 {
            // Nobody is left in the group when all ended by themselves.
            kill_process_group(pid, Signal::KILL).ok();
        }
    }
}

/// Runs `command` by `sh` with the connection to `database` and `CONFITURE_VERSION` in its environment;
/// returns what is wrong.
///
/// # Errors
/// [`FixtureError::Io`] when no shell can be started.
pub(super) async fn run_command(
    command: &TestCommand,
    database: &ScratchDb,
    version: &str,
) -> Result<Option<Diagnostic>, FixtureError> {
    let environment = database.endpoint().child_environment();
    let mut shell = tokio::process::Command::new("sh");
    shell.arg("-c").arg(&command.line);
    for name in MISLEADING {
        shell.env_remove(name);
    }
    shell.envs(environment.iter().map(|(name, value)| (*name, value)));
    shell.env("CONFITURE_VERSION", version);
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    shell.process_group(0).kill_on_drop(true);
    let io = |source| FixtureError::Io { path: "sh".into(), source };
    let mut child = shell.spawn().map_err(io)?;
    let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let group =
        Group(pid.map(|pid| AfterDeath::ends_group(pid).map(|after| (pid, after))).transpose().map_err(io)?);
    let output = [tail(child.stdout.take()), tail(child.stderr.take())];
    let ended = tokio::time::timeout(command.limit, child.wait()).await;
    drop(group);
    let mut said = String::new();
    for output in output {
        said.push_str(&output.await.unwrap_or_default());
    }
    let password =
        environment.iter().find(|(name, _)| *name == "PGPASSWORD").map(|(_, value)| value.as_str());
    if let Some(password) = password.filter(|password| !password.is_empty()) {
        said = said.replace(password, "***");
    }
    let line = &command.line;
    let finding = |message: String| {
        let shown = if said.trim().is_empty() { "it printed nothing".to_owned() } else { last_lines(&said) };
        Diagnostic::new("test-command-fails", Severity::High, message).with_label(shown)
    };
    Ok(match ended {
        Err(_) => {
            let seconds = command.limit.as_secs_f32();
            let help = "give it more time with --test-timeout SECONDS";
            Some(
                finding(format!("{line}: did not end within {seconds}s"))
                    .with_help(help)
                    .with_evidence("timeout", seconds),
            )
        }
        Ok(status) => {
            let status = status.map_err(io)?;
            match status.code() {
                Some(0) => None,
                Some(127) => {
                    let finding = finding(format!("{line}: exited with 127, command not found"));
                    Some(
                        finding.with_help("install it, or write its path: it is run by sh in this directory"),
                    )
                }
                Some(code) => {
                    Some(finding(format!("{line}: exited with {code}")).with_evidence("exit", code))
                }
                None => Some(finding(format!("{line}: was ended by a signal: {status}"))),
            }
        }
    })
}

/// Reads a stream to its end in the background and keeps its last bytes.
fn tail(stream: Option<impl AsyncRead + Unpin + Send + 'static>) -> tokio::task::JoinHandle<String> {
    tokio::spawn(async move {
        let mut kept: Vec<u8> = Vec::new();
        let mut chunk = [0; 4096];
        if let Some(mut stream) = stream {
            while let Ok(read @ 1..) = stream.read(&mut chunk).await {
                kept.extend_from_slice(&chunk[..read]);
                let excess = kept.len().saturating_sub(2 * TAIL.0);
                kept.drain(..excess);
            }
        }
        String::from_utf8_lossy(&kept).into_owned()
    })
}

/// The last lines of `text`, as many as a finding shows.
fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let lines = lines[lines.len().saturating_sub(TAIL.1)..].join("\n");
    let from = lines.ceil_char_boundary(lines.len().saturating_sub(TAIL.0));
    lines[from..].to_owned()
}
