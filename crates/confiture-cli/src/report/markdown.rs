//! `md`: a summary for a pull request or a job.

use std::io;

use confiture_core::Severity;
use confiture_core::plugin::{PluginMeta, ReportStyle, Reporter};
use confiture_core::report::{CheckStatus, MigrationResult, RunReport};

/// Most characters of a comment on GitHub.
const MOST: usize = 65_000;

/// Writes Markdown.
#[derive(Debug, Default)]
struct Markdown;

confiture_core::register!(reporter Markdown);

impl Reporter for Markdown {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "md",
            summary: "Markdown of at most 65,000 characters, for a job summary or a comment",
            docs: "Markdown for a job summary or a comment: the totals, a table of the migrations that failed, and \
                   the findings with their fixes. Never longer than 65,000 characters; what is cut is counted.",
        };
        &META
    }

    fn write(&self, report: &RunReport, _: &ReportStyle, out: &mut dyn io::Write) -> io::Result<()> {
        let mut text = format!("### confiture {}: {}\n\n", report.command, super::human::totals(report));
        if let Some(error) = &report.error {
            text.push_str(&format!("**Error:** {}\n\n", cell(error)));
        }
        if report.migrations.iter().any(MigrationResult::failed) {
            text.push_str("| migration | failed | skipped |\n|---|---|---|\n");
        }
        for migration in report.migrations.iter().filter(|migration| migration.failed()) {
            let with = |status: CheckStatus| {
                let ids = migration.checks.iter().filter(|c| c.status == status).map(|c| c.id.as_str());
                ids.collect::<Vec<_>>().join(", ")
            };
            text.push_str(&format!(
                "| `{}` | {} | {} |\n",
                cell(&migration.id),
                with(CheckStatus::Failed),
                with(CheckStatus::Skipped)
            ));
        }
        if report.tests.iter().any(|test| test.failed()) {
            text.push_str("\n| test | kind |\n|---|---|\n");
        }
        for test in report.tests.iter().filter(|test| test.failed()) {
            text.push_str(&format!("| `{}` | {} |\n", cell(&test.name), test.kind));
        }
        text.push('\n');
        let findings: Vec<_> = report.findings.iter().filter(|f| f.severity > Severity::Info).collect();
        for (index, finding) in findings.iter().enumerate() {
            let mut entry = format!("- **{}** ({}) ", finding.code, finding.severity.as_str());
            if let (Some(file), Some(line)) = (&finding.file, finding.line) {
                entry.push_str(&format!("`{file}:{line}` "));
            }
            entry.push_str(&cell(&finding.message));
            if let Some(help) = &finding.help {
                entry.push_str(&format!("<br>help: {}", cell(help)));
            }
            entry.push('\n');
            if text.chars().count() + entry.chars().count() > MOST - 100 {
                text.push_str(&format!("\n… and {} more findings\n", findings.len() - index));
                break;
            }
            text.push_str(&entry);
        }
        out.write_all(text.as_bytes())
    }
}

/// Text that stays in its table cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ").replace('<', "&lt;")
}
