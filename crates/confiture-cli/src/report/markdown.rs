//! `md`: a summary for a pull request or a job.

use std::io;

use confiture_core::Severity;
use confiture_core::plugin::{PluginMeta, ReportStyle, Reporter};
use confiture_core::report::{CheckStatus, Finding, MigrationResult, MutationReport, RunReport};

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
        if let Some(mutation) = &report.mutation {
            text.push_str(&mutants(mutation));
        }
        if let Some(profile) = &report.profile {
            text.push_str(&super::profile::markdown(profile));
        }
        let survivors: Vec<Finding> =
            report.mutation.iter().flat_map(super::mutants::unnoticed).map(super::mutants::finding).collect();
        let findings: Vec<_> =
            report.findings.iter().chain(&survivors).filter(|f| f.severity > Severity::Info).collect();
        for (index, finding) in findings.iter().enumerate() {
            let mut entry = format!("- **{}** ({}) ", finding.code, finding.severity.as_str());
            if let (Some(file), Some(line)) = (&finding.file, finding.line) {
                entry.push_str(&format!("`{file}:{line}` "));
            }
            entry.push_str(&cell(&finding.message));
            match &finding.help {
                Some(help) if help.contains('\n') => {
                    let lines: Vec<String> = help.lines().map(|line| format!("  {line}")).collect();
                    entry.push_str(&format!("\n  ```sql\n{}\n  ```", lines.join("\n")));
                }
                Some(help) => entry.push_str(&format!("<br>help: {}", cell(help))),
                None => {}
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

/// The figures of mutants, and what is untested.
fn mutants(mutation: &MutationReport) -> String {
    use super::mutants::{left_out, percent};
    let mut text =
        String::from("| | mutants | effective | noticed | score | own tests |\n|---|---|---|---|---|---|\n");
    for (name, part) in &mutation.by_category {
        text.push_str(&format!(
            "| {name} | {} | {} | {} | {} | {} |\n",
            part.totals.generated,
            part.totals.effective(),
            part.totals.killed + part.totals.rejected,
            percent(part.score),
            percent(part.own_score)
        ));
    }
    let left_out = left_out(&mutation.totals);
    if !left_out.is_empty() {
        text.push_str(&format!("\nNot effective: {left_out}.\n"));
    }
    let weak = mutation.tests.iter().filter(|test| test.weak());
    for test in weak {
        text.push_str(&format!(
            "\nThe test `{}` saw {} mutants and noticed none.\n",
            cell(&test.name),
            test.reached
        ));
    }
    if !mutation.recommendations.is_empty() {
        text.push_str("\nUntested, worst first:\n\n");
    }
    for line in mutation.recommendations.iter().take(25) {
        text.push_str(&format!("- {}\n", cell(line)));
    }
    text.push('\n');
    text
}

/// Text that stays in its table cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ").replace('<', "&lt;")
}
