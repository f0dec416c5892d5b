//! `github`: annotations of GitHub Actions, worst first.

use std::cmp::Reverse;
use std::io;

use confiture_core::Severity;
use confiture_core::plugin::{PluginMeta, ReportStyle, Reporter};
use confiture_core::report::{Finding, RunReport};

/// Annotations GitHub shows per step and level.
const MOST: usize = 10;

/// Writes workflow commands.
#[derive(Debug, Default)]
struct Github;

confiture_core::register!(reporter Github);

impl Reporter for Github {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "github",
            summary: "annotations of GitHub Actions, worst first, at most ten",
            docs: "Workflow commands that GitHub Actions shows at the line of the file: the ten worst findings and \
                   how many more there are. Added to the human report when GITHUB_ACTIONS is set.",
        };
        &META
    }

    fn write(&self, report: &RunReport, _: &ReportStyle, out: &mut dyn io::Write) -> io::Result<()> {
        let mutants: Vec<Finding> =
            report.mutation.iter().flat_map(super::mutants::unnoticed).map(super::mutants::finding).collect();
        let findings = report.findings.iter().chain(&mutants);
        let mut findings: Vec<&Finding> =
            findings.filter(|finding| finding.severity > Severity::Info).collect();
        findings.sort_by_key(|finding| Reverse(finding.severity));
        for finding in findings.iter().take(MOST) {
            let level = if finding.severity >= Severity::Medium { "error" } else { "warning" };
            write!(out, "::{level} ")?;
            if let Some(file) = &finding.file {
                write!(out, "file={},", property(file))?;
            }
            if let (Some(line), Some(column)) = (finding.line, finding.column) {
                write!(out, "line={line},col={column},")?;
            }
            write!(out, "title={}", property(&format!("confiture: {}", finding.code)))?;
            let mut text = finding.message.clone();
            for more in [&finding.label, &finding.help].into_iter().flatten() {
                text.push('\n');
                text.push_str(more);
            }
            writeln!(out, "::{}", data(&text))?;
        }
        if findings.len() > MOST {
            writeln!(out, "::notice title=confiture::+{} more findings", findings.len() - MOST)?;
        }
        Ok(())
    }
}

/// Escapes the text of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
