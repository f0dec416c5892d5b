//! The `confiture` command line, as a library: a downstream binary adds its plugins and calls [`main`].
//!
//! ```no_run
//! // use acme_rules as _;   // links its registrations
//! fn main() -> std::process::ExitCode {
//!     confiture_cli::main()
//! }
//! ```
//!
//! The crate holds no logic that a library user would miss: it reads arguments, configuration and
//! environment, calls the other crates and prints reports.

mod args;
mod commands;
mod exit;
mod interrupt;
mod progress;
mod report;
mod settings;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;
use confiture_fixtures as _;
use confiture_gates as _;
use confiture_mutation as _;
use confiture_perf as _;

pub use exit::ExitStatus;

/// Runs the command line of this process and returns its exit code.
pub fn main() -> ExitCode {
    let status = std::panic::catch_unwind(run).unwrap_or_else(|_| {
        terminal::error("this is a bug in confiture; please report it with the lines above");
        ExitStatus::Bug
    });
    status.into()
}

fn run() -> ExitStatus {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let status = if error.use_stderr() { ExitStatus::Usage } else { ExitStatus::Passed };
            // Whoever closed the pipe has seen enough.
            if let Err(unprinted) = error.print() {
                tracing::debug!(%unprinted, "help not printed");
            }
            return status;
        }
    };
    terminal::init_tracing(args.verbose);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal::error(&format!("failed to start: {error}"));
            return ExitStatus::Bug;
        }
    };
    let status = runtime.block_on(commands::run(args));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    status
}
