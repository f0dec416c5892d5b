//! `github`: annotations of GitHub Actions, worst first.

use std::io;

use confiture_core::Severity;
use confiture_core::plugin::{PluginMeta, ReportStyle, Reporter};
use confiture_core::report::{Finding, RunReport};

use super::findings::{loud, notices, text};

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
        let mut commands: Vec<String> =
            notices(report).map(|text| format!("::error title=confiture::{}", data(&text))).collect();
        commands.extend(loud(report).iter().map(|finding| annotation(finding)));
        for command in commands.iter().take(MOST) {
            writeln!(out, "{command}")?;
        }
        if commands.len() > MOST {
            writeln!(out, "::notice title=confiture::+{} more findings", commands.len() - MOST)?;
        }
        Ok(())
    }
}

fn annotation(finding: &Finding) -> String {
    let level = if finding.severity >= Severity::Medium { "error" } else { "warning" };
    let mut properties = Vec::new();
    properties.extend(finding.file.as_deref().map(|file| format!("file={}", property(file))));
    if let (Some(line), Some(column)) = (finding.line, finding.column) {
        properties.push(format!("line={line},col={column}"));
    }
    properties.push(format!("title={}", property(&format!("confiture: {}", finding.code))));
    format!("::{level} {}::{}", properties.join(","), data(&text(finding)))
}

/// Escapes the text of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
