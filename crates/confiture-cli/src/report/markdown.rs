//! `md`: a summary for a pull request or a job.

use std::io;

use confiture_core::plugin::{PluginMeta, ReportStyle, Reporter};
use confiture_core::report::{CheckStatus, Finding, GateResult, MigrationResult, MutationReport, RunReport};

use super::findings::loud;

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
        let migrations = report.migrations.iter().filter(|migration| migration.failed()).map(row);
        list(&mut text, "| migration | failed | skipped |\n|---|---|---|\n", migrations, "failed migrations");
        let tests = report.tests.iter().filter(|test| test.failed());
        let tests = tests.map(|test| format!("| `{}` | {} |\n", cell(&test.name), test.kind));
        list(&mut text, "\n| test | kind |\n|---|---|\n", tests, "failed tests");
        let head = "\n| gate | status | findings | |\n|---|---|---|---|\n";
        list(&mut text, head, report.gates.iter().map(gate), "gates");
        text.push('\n');
        if let Some(mutation) = &report.mutation {
            text.push_str(&mutants(mutation));
        }
        if let Some(profile) = &report.profile {
            text.push_str(&super::profile::markdown(profile));
        }
        list(&mut text, "", loud(report).iter().map(|finding| entry(finding)), "findings");
        out.write_all(text.as_bytes())
    }
}

/// Adds `head` and what there is room for of `entries`, and says how many were left out.
fn list(text: &mut String, head: &str, entries: impl Iterator<Item = String>, what: &str) {
    let mut length = text.chars().count() + head.len();
    let mut entries = entries.peekable();
    if entries.peek().is_some() {
        text.push_str(head);
    }
    while let Some(entry) = entries.next() {
        length += entry.chars().count();
        // Four such notes fit behind the last entry.
        if length > MOST - 400 {
            text.push_str(&format!("\n… and {} more {what}\n", 1 + entries.count()));
            return;
        }
        text.push_str(&entry);
    }
}

/// A failed migration as a row.
fn row(migration: &MigrationResult) -> String {
    let with = |status: CheckStatus| {
        let ids = migration.checks.iter().filter(|c| c.status == status).map(|c| c.id.as_str());
        ids.collect::<Vec<_>>().join(", ")
    };
    let (failed, skipped) = (with(CheckStatus::Failed), with(CheckStatus::Skipped));
    format!("| `{}` | {failed} | {skipped} |\n", cell(&migration.id))
}

/// A gate as a row; what stops the deployment is bold.
fn gate(gate: &GateResult) -> String {
    let status = match gate.stops() {
        true => format!("**{}**", gate.status.as_str()),
        false if gate.optional => format!("{} (optional)", gate.status.as_str()),
        false => gate.status.as_str().to_owned(),
    };
    let (codes, reason) = (gate.findings.join(", "), gate.reason.as_deref().unwrap_or_default());
    format!("| `{}` | {status} | {codes} | {} |\n", cell(&gate.id), cell(reason))
}

/// A finding as an item.
fn entry(finding: &Finding) -> String {
    let mut entry = format!("- **{}** ({}) ", finding.code, finding.severity.as_str());
    if let (Some(file), Some(line)) = (&finding.file, finding.line) {
        entry.push_str(&format!("`{file}:{line}` "));
    }
    entry.push_str(&cell(&finding.message));
    match &finding.help {
        Some(help) if help.contains('\n') => {
            let fence = if help.contains("```") { "~~~~" } else { "```" };
            let lines: Vec<String> = help.lines().map(|line| format!("  {line}")).collect();
            entry.push_str(&format!("\n  {fence}sql\n{}\n  {fence}", lines.join("\n")));
        }
        Some(help) => entry.push_str(&format!("<br>help: {}", cell(help))),
        None => {}
    }
    entry.push('\n');
    entry
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
    for test in mutation.weak_tests() {
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
