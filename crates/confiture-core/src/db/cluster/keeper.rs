//! The thread that is the server's parent.

use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use tokio::sync::watch;

use crate::AfterDeath;

/// Starts a program from a thread of its own and keeps that thread until the program ends.
///
/// Linux's parent-death signal follows the *thread* that forked (prctl(2), `PR_SET_PDEATHSIG`): a
/// server forked on a tokio worker would die with that worker.
#[derive(Debug)]
pub(crate) struct Keeper {
    pid: Pid,
    /// `false` once the process has been reaped: its pid may then belong to somebody else.
    alive: Arc<Mutex<bool>>,
    ended: watch::Receiver<Option<ExitStatus>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts `command`.
    pub(crate) fn start(mut command: Command) -> std::io::Result<Self> {
        let alive = Arc::new(Mutex::new(true));
        let (ended_tx, ended) = watch::channel(None);
        let (started_tx, started) = std::sync::mpsc::channel();
        let held = Arc::clone(&alive);
        let thread = std::thread::Builder::new().name("confiture-server".to_owned()).spawn(move || {
            match command.spawn() {
                Err(error) => drop(started_tx.send(Err(error))),
                Ok(child) => {
                    let watchdog = watchdog(&child);
                    drop(started_tx.send(Ok(child.id())));
                    ended_tx.send_replace(wait(child, watchdog, &held));
                }
            }
        })?;
        let gone = || std::io::Error::other("the thread that starts the server ended");
        let pid = started.recv().map_err(|_| gone())??;
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(gone)?;
        Ok(Self { pid, alive, ended, thread: Some(thread) })
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// How it ended, when it has.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        *self.ended.borrow()
    }

    /// Waits until it has ended.
    pub(crate) async fn wait(&self) {
        let mut ended = self.ended.clone();
        // An error means the thread is gone, and with it the process.
        let _ = ended.wait_for(Option::is_some).await;
    }

    /// Sends a signal, unless it has ended.
    pub(crate) fn signal(&self, signal: Signal) {
        let alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        if *alive && let Err(error) = rustix::process::kill_process(self.pid, signal) {
            tracing::debug!(%error, "signal not delivered");
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.signal(Signal::QUIT);
        if let Some(thread) = self.thread.take() {
            // Immediate shutdown: the postmaster itself kills children that linger for five seconds.
            let _ = thread.join();
        }
    }
}

/// Linux has the parent-death signal instead.
fn watchdog(child: &Child) -> Option<AfterDeath> {
    if cfg!(target_os = "linux") {
        return None;
    }
    let watchdog = AfterDeath::watchdog(pid_of(child)?);
    watchdog.inspect_err(|error| tracing::warn!(%error, "no watchdog: kill -9 would leave the server")).ok()
}

fn wait(mut child: Child, watchdog: Option<AfterDeath>, alive: &Mutex<bool>) -> Option<ExitStatus> {
    if let Some(pid) = pid_of(&child) {
        let ended =
            || rustix::process::waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        while matches!(ended(), Err(rustix::io::Errno::INTR)) {}
    }
    // Until it is reaped nobody else gets its pid.
    let mut alive = alive.lock().unwrap_or_else(PoisonError::into_inner);
    drop(watchdog);
    *alive = false;
    child.wait().ok()
}

fn pid_of(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}
