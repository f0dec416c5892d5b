//! What is written to standard error, and how the terminal is.

use std::io::{IsTerminal as _, Write as _};

use confiture_core::plugin::ReportStyle;

use crate::args::Colour;

/// Writes one error to standard error; a closed standard error is nothing to report to anybody.
pub(crate) fn error(message: &str) {
    line(&format!("error: {message}"));
}

/// Writes one line to standard error.
pub(crate) fn line(message: &str) {
    if writeln!(std::io::stderr(), "{message}").is_err() {
        tracing::debug!("standard error is closed");
    }
}

/// How reports on standard output are to look.
pub(crate) fn style(colour: Colour, quiet: bool, verbose: bool) -> ReportStyle {
    let terminal = std::io::stdout().is_terminal();
    let mut style = ReportStyle::plain();
    style.colour = match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => {
            terminal
                && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                && std::env::var("TERM").as_deref() != Ok("dumb")
        }
    };
    style.width = if terminal { width() } else { None };
    style.quiet = quiet;
    style.verbose = verbose;
    style
}

fn width() -> Option<usize> {
    std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok())
}

/// Whether a progress bar may be drawn.
pub(crate) fn animated() -> bool {
    std::io::stderr().is_terminal()
        && std::env::var("TERM").as_deref() != Ok("dumb")
        && std::env::var_os("CI").is_none()
}

/// Whether somebody can be asked to press a key.
pub(crate) fn attended() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Sends `tracing` to standard error: warnings, more with `-vv`, or what `CONFITURE_LOG` says.
pub(crate) fn init_tracing(verbose: u8) {
    let default = match verbose {
        0 | 1 => "warn",
        2 => "info,confiture_core=debug,confiture_fixtures=debug",
        _ => "trace",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("CONFITURE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .finish();
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::debug!("a subscriber is set already");
    }
}
