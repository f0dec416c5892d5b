//! Exit codes: a contract.

use std::process::ExitCode;

/// How the process ends. The numbers never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitStatus {
    /// Everything that was judged holds.
    Passed = 0,
    /// Findings or failures.
    Failed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// No server to work on.
    NoServer = 3,
    /// The tests fail on the unmutated migrations.
    BaselineFails = 4,
    /// Nothing ran: never a pass.
    NothingRan = 5,
    /// A bug in confiture.
    Bug = 70,
    /// Stopped by Ctrl-C, as shells number it (128 + SIGINT).
    Interrupted = 130,
    /// Stopped by SIGTERM, as CI systems do when a job is cancelled (128 + SIGTERM).
    Terminated = 143,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_frozen() {
        use ExitStatus::*;
        let codes =
            [Passed, Failed, Usage, NoServer, BaselineFails, NothingRan, Bug, Interrupted, Terminated];
        assert_eq!(codes.map(|status| status as u8), [0, 1, 2, 3, 4, 5, 70, 130, 143]);
    }
}
