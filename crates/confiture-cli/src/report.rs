//! Output formats: views of the complete report.

mod github;
mod human;
mod json;
mod junit;
mod markdown;

use std::io::Write as _;

use anyhow::{Context as _, bail};
use confiture_core::plugin::{Registry, ReportStyle};
use confiture_core::report::RunReport;

use crate::settings::suggestion;

/// Refuses a format nobody registered.
pub(crate) fn known(registry: &Registry, format: &str) -> anyhow::Result<()> {
    if registry.reporter(format).is_some() {
        return Ok(());
    }
    let known: Vec<&str> = registry.reporters().map(|reporter| reporter.meta().id).collect();
    bail!("no output format is called {format}{}", suggestion(format, &known))
}

/// Writes the report to standard output as `format`, then to every `(format, file)` of `files`: a file
/// that cannot be written does not cost the result.
pub(crate) fn write(
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
