//! Output formats: views of the complete report.

mod findings;
mod github;
mod gitlab;
mod html;
mod human;
mod json;
mod junit;
mod markdown;
mod mutants;
mod openmetrics;
mod profile;
mod sarif;
mod stryker;

use std::io::Write as _;

use anyhow::{Context as _, bail};
use confiture_core::plugin::{Registry, ReportStyle};
use confiture_core::report::{RunReport, RunStatus};

use crate::args::OutputArgs;
use crate::exit::ExitStatus;
use crate::settings::suggestion;
use crate::terminal;

/// Which reports are written, and where.
pub(crate) struct Output {
    format: String,
    files: Vec<(String, String)>,
}

impl Output {
    /// Refuses formats nobody registered.
    pub(crate) fn new(
        format: String,
        files: Vec<(String, String)>,
        registry: &Registry,
    ) -> anyhow::Result<Self> {
        // None of them: nothing goes to standard output.
        let own = Some(&format).filter(|format| !format.is_empty());
        for format in files.iter().map(|(format, _)| format).chain(own) {
            known(registry, format)?;
        }
        Ok(Self { format, files })
    }

    /// What the arguments ask for.
    pub(crate) fn of(args: &OutputArgs, registry: &Registry) -> anyhow::Result<Self> {
        Self::new(args.format.clone(), args.report.clone(), registry)
    }
}

/// Writes the report of a run, or what went wrong in it, as it was asked for, and says how the process ends.
pub(crate) fn deliver(
    command: &str,
    done: anyhow::Result<RunReport>,
    out: &Output,
    registry: &Registry,
    style: &ReportStyle,
    nothing_ran: impl FnOnce() -> String,
) -> anyhow::Result<ExitStatus> {
    match done {
        Ok(report) => {
            write(registry, &report, &out.format, &out.files, style)?;
            Ok(match report.status {
                RunStatus::Passed => ExitStatus::Passed,
                RunStatus::Failed => ExitStatus::Failed,
                RunStatus::NothingRan => {
                    terminal::error(&nothing_ran());
                    ExitStatus::NothingRan
                }
                RunStatus::Error => ExitStatus::NoServer,
            })
        }
        Err(error) => {
            if out.format != "human" || !out.files.is_empty() {
                let mut report = RunReport::new(command, env!("CARGO_PKG_VERSION"));
                report.error = Some(crate::commands::chain(&error));
                report.conclude();
                let format = if out.format == "human" { "" } else { out.format.as_str() };
                if let Err(unwritten) = write(registry, &report, format, &out.files, style) {
                    terminal::error(&crate::commands::chain(&unwritten));
                }
            }
            Err(error)
        }
    }
}

/// Refuses a format nobody registered.
fn known(registry: &Registry, format: &str) -> anyhow::Result<()> {
    if registry.reporter(format).is_some() {
        return Ok(());
    }
    let known: Vec<&str> = registry.reporters().map(|reporter| reporter.meta().id).collect();
    bail!("no output format is called {format}{}", suggestion(format, &known))
}

/// Writes the report to standard output as `format`, then to every `(format, file)` of `files`: a file
/// that cannot be written does not cost the result.
fn write(
    registry: &Registry,
    report: &RunReport,
    format: &str,
    files: &[(String, String)],
    style: &ReportStyle,
) -> anyhow::Result<()> {
    if let Some(reporter) = registry.reporter(format) {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let written = reporter.write(report, style, &mut out).and_then(|()| out.flush());
        match written {
            // The reader of a pipe may have seen enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
            other => other.context("failed to write to standard output")?,
        }
        if std::env::var_os("GITHUB_ACTIONS").is_some() && format == "human" {
            let mut out = std::io::stdout().lock();
            if let Some(github) = registry.reporter("github") {
                github.write(report, style, &mut out).context("failed to write annotations")?;
            }
        }
    }
    for (format, file) in files {
        let Some(reporter) = registry.reporter(format) else { continue };
        let context = || format!("failed to write {file}");
        if let Some(parent) = std::path::Path::new(file).parent() {
            std::fs::create_dir_all(parent).with_context(context)?;
        }
        let mut out = std::io::BufWriter::new(std::fs::File::create(file).with_context(context)?);
        reporter.write(report, &ReportStyle::plain(), &mut out).with_context(context)?;
        out.flush().with_context(context)?;
    }
    Ok(())
}
