//! Ctrl-C, and the signal that cancels a CI job.

use crate::exit::ExitStatus;

/// The run was stopped from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interrupt {
    /// SIGINT.
    CtrlC,
    /// SIGTERM or SIGHUP.
    Terminate,
}

impl Interrupt {
    /// The exit status it means.
    pub(crate) fn status(self) -> ExitStatus {
        match self {
            Self::CtrlC => ExitStatus::Interrupted,
            Self::Terminate => ExitStatus::Terminated,
        }
    }

    /// Waits for the next one; from the first call on, signals no longer end the process by themselves.
    pub(crate) async fn next() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let heard = async |kind| match signal(kind) {
            Ok(mut signals) => {
                signals.recv().await;
            }
            Err(error) => {
                tracing::warn!(%error, "a signal will end confiture without cleaning up");
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = heard(SignalKind::interrupt()) => Self::CtrlC,
            () = heard(SignalKind::terminate()) => Self::Terminate,
            () = heard(SignalKind::hangup()) => Self::Terminate,
        }
    }
}

impl std::fmt::Display for Interrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::CtrlC => "interrupted by Ctrl-C; no result",
            Self::Terminate => "terminated from outside; no result",
        })
    }
}

impl std::error::Error for Interrupt {}
