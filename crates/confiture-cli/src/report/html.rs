//! `html`: one file with everything in it.

use std::fmt::Write as _;
use std::io;

use confiture_core::plugin::{PluginMeta, ReportStyle, Reporter};
use confiture_core::report::{CheckStatus, Finding, MutationReport, RunReport, RunStatus};

use super::findings::all;
use super::human::totals;
use super::mutants::percent;

/// Writes a page.
#[derive(Debug, Default)]
struct Html;

confiture_core::register!(reporter Html);

const STYLE: &str = "
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; }
th, td { border-bottom: 1px solid #8886; padding: .3rem .6rem; vertical-align: top; }
pre { background: #8882; padding: .6rem; overflow-x: auto; }
article { border-left: 4px solid #888; margin: 1rem 0; padding: .2rem 1rem; }
article.critical, article.high, article.medium { border-color: #c33; } article.low { border-color: #c90; }
figure { margin: 1rem 0; } figure svg { max-width: 100%; height: auto; }
.passed, .waived { color: #2a7d2a; } .failed, .error { color: #c33; font-weight: 600; }
.skipped, .not-applicable, .not-run, .nothing-ran { color: #777; }
@media (prefers-color-scheme: dark) { .passed, .waived { color: #6c6; } .failed, .error { color: #f77; } }
";

impl Reporter for Html {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "html",
            summary: "a page in one file, without scripts and without anything from elsewhere",
            docs: "A page for a browser: totals, gates, every finding with what to do, every check of every migration, \
                   tests, mutants and pictures of a profile. It stands alone: no script, no image, nothing is fetched.",
        };
        &META
    }

    fn write(&self, report: &RunReport, _: &ReportStyle, out: &mut dyn io::Write) -> io::Result<()> {
        let mut page = String::new();
        body(report, &mut page).map_err(io::Error::other)?;
        let title = format!("confiture {}", report.command);
        write!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n{page}</body>\n</html>\n",
            escape(&title)
        )
    }
}

fn body(report: &RunReport, page: &mut String) -> std::fmt::Result {
    let status = match report.status {
        RunStatus::Passed => "passed",
        RunStatus::Failed => "failed",
        RunStatus::Error => "error",
        RunStatus::NothingRan => "nothing-ran",
    };
    writeln!(
        page,
        "<h1>confiture {}: <span class=\"{status}\">{}</span></h1>",
        escape(&report.command),
        status.replace('-', " ")
    )?;
    writeln!(page, "<p>{}</p>", escape(&totals(report)))?;
    let mut facts = Vec::new();
    if let Some(source) = &report.source {
        facts.push(format!("{} ({} layout)", source.dir, source.layout));
    }
    let servers = if report.servers.is_empty() { report.server.as_slice() } else { &report.servers };
    facts.extend(servers.iter().map(|server| format!("PostgreSQL {}, {}", server.version, server.kind)));
    facts.push(format!("confiture {}", report.tool.version));
    writeln!(page, "<p>{}</p>", escape(&facts.join(" · ")))?;
    if let Some(error) = &report.error {
        writeln!(page, "<p class=\"error\">error: {}</p>", escape(error))?;
    }
    gates(report, page)?;
    let findings = all(report);
    if !findings.is_empty() {
        writeln!(page, "<h2>Findings</h2>")?;
    }
    for finding in findings {
        article(&finding, page)?;
    }
    if let Some(mutation) = &report.mutation {
        mutants(mutation, page)?;
    }
    tests(report, page)?;
    migrations(report, page)?;
    measured(report, page)
}

/// The statements of a profile, and its pictures.
fn measured(report: &RunReport, page: &mut String) -> std::fmt::Result {
    let Some(profile) = &report.profile else { return Ok(()) };
    let head = ["statement", "wall", "cpu", "rows", "log", "pages dirtied", "did"];
    let head: String = head.iter().map(|name| format!("<th>{name}</th>")).collect();
    writeln!(page, "<h2>Statements</h2>\n<table>\n<tr>{head}</tr>")?;
    for statement in &profile.statements {
        let unknown = || "n/a".to_owned();
        writeln!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&statement.id),
            super::profile::time(statement.wall_ms),
            statement.cpu_ms.map_or_else(unknown, super::profile::time),
            statement.rows,
            statement.wal.map_or_else(unknown, |wal| super::profile::bytes(wal.bytes)),
            statement.buffers.map_or_else(unknown, |pages| pages.dirtied.to_string()),
            escape(&super::profile::what(statement)),
        )?;
    }
    writeln!(page, "</table>")?;
    let mut lines: Vec<String> = Vec::new();
    for migration in &profile.migrations {
        let passes = super::profile::passes(profile, &migration.id).into_iter();
        lines.extend(passes.map(|line| format!("{}: {line}", migration.id)));
    }
    lines.extend(super::profile::all(profile));
    lines.extend(super::profile::missing(profile));
    if !lines.is_empty() {
        writeln!(page, "<ul>")?;
        for line in &lines {
            writeln!(page, "<li>{}</li>", escape(line))?;
        }
        writeln!(page, "</ul>")?;
    }
    let tried: Vec<_> = profile.recommendations.iter().filter_map(|advice| advice.tried.as_ref()).collect();
    for tried in tried {
        writeln!(
            page,
            "<details><summary>the repair that was tried</summary><pre>{}</pre></details>",
            escape(&tried.diff)
        )?;
    }
    let pictures = confiture_perf::svg::pictures(profile);
    if !pictures.is_empty() {
        writeln!(page, "<h2>Pictures</h2>")?;
    }
    for picture in pictures {
        writeln!(page, "<figure>{}</figure>", picture.svg)?;
    }
    Ok(())
}

fn gates(report: &RunReport, page: &mut String) -> std::fmt::Result {
    if report.gates.is_empty() {
        return Ok(());
    }
    writeln!(
        page,
        "<h2>Gates</h2>\n<table>\n<tr><th>gate</th><th>status</th><th>findings</th><th></th></tr>"
    )?;
    for gate in &report.gates {
        let optional = if gate.optional { " (optional)" } else { "" };
        writeln!(
            page,
            "<tr><td>{}</td><td class=\"{status}\">{status}{optional}</td><td>{}</td><td>{}</td></tr>",
            escape(&gate.id),
            escape(&gate.findings.join(", ")),
            escape(gate.reason.as_deref().unwrap_or_default()),
            status = gate.status.as_str(),
        )?;
    }
    writeln!(page, "</table>")
}

fn article(finding: &Finding, page: &mut String) -> std::fmt::Result {
    let severity = finding.severity.as_str();
    writeln!(
        page,
        "<article class=\"{severity}\">\n<p><strong>{}</strong> ({severity}) {}</p>",
        escape(&finding.code),
        escape(&finding.message)
    )?;
    let mut place: Vec<String> = finding.migration.iter().chain(&finding.test).cloned().collect();
    place.extend(finding.direction.map(|direction| direction.as_str().to_owned()));
    if let Some(file) = &finding.file {
        let line = finding.line.map_or(String::new(), |line| format!(":{line}"));
        place.push(format!("{file}{line}"));
    }
    if !place.is_empty() {
        writeln!(page, "<p><code>{}</code></p>", escape(&place.join(" · ")))?;
    }
    if let Some(label) = &finding.label {
        writeln!(page, "<p>{}</p>", escape(label))?;
    }
    if let Some(help) = &finding.help {
        writeln!(page, "<pre>{}</pre>", escape(help))?;
    }
    if !finding.evidence.is_empty() {
        let evidence = serde_json::Value::Object(finding.evidence.clone());
        let summary = "<details><summary>evidence</summary>";
        writeln!(page, "{summary}<pre>{}</pre></details>", escape(&format!("{evidence:#}")))?;
    }
    writeln!(page, "</article>")
}

fn mutants(mutation: &MutationReport, page: &mut String) -> std::fmt::Result {
    let head = ["", "mutants", "effective", "noticed", "score", "own tests"];
    let head: String = head.iter().map(|name| format!("<th>{name}</th>")).collect();
    writeln!(page, "<h2>Mutants</h2>\n<table>\n<tr>{head}</tr>")?;
    for (name, part) in &mutation.by_category {
        writeln!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(name),
            part.totals.generated,
            part.totals.effective(),
            part.totals.killed + part.totals.rejected,
            percent(part.score),
            percent(part.own_score)
        )?;
    }
    writeln!(page, "</table>")
}

fn tests(report: &RunReport, page: &mut String) -> std::fmt::Result {
    if report.tests.is_empty() {
        return Ok(());
    }
    writeln!(page, "<h2>Tests</h2>\n<table>\n<tr><th>test</th><th>kind</th><th>status</th><th></th></tr>")?;
    for test in &report.tests {
        writeln!(
            page,
            "<tr><td>{}</td><td>{}</td><td class=\"{status}\">{status}</td><td>{}</td></tr>",
            escape(&test.name),
            escape(&test.kind),
            escape(test.reason.as_deref().unwrap_or_default()),
            status = word(test.status),
        )?;
    }
    writeln!(page, "</table>")
}

fn migrations(report: &RunReport, page: &mut String) -> std::fmt::Result {
    if report.migrations.is_empty() {
        return Ok(());
    }
    writeln!(page, "<h2>Migrations</h2>\n<table>\n<tr><th>migration</th><th>checks</th></tr>")?;
    for migration in &report.migrations {
        let checks = migration.checks.iter().map(|check| {
            let reason = check.reason.as_deref().map(|reason| format!(" title=\"{}\"", escape(reason)));
            let (status, reason) = (word(check.status), reason.unwrap_or_default());
            format!("<span class=\"{status}\"{reason}>{} {status}</span>", escape(&check.id))
        });
        let checks: Vec<String> = checks.collect();
        writeln!(page, "<tr><td>{}</td><td>{}</td></tr>", escape(&migration.id), checks.join(" · "))?;
    }
    writeln!(page, "</table>")
}

fn word(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Passed => "passed",
        CheckStatus::Failed => "failed",
        CheckStatus::Skipped => "skipped",
        CheckStatus::NotApplicable => "not-applicable",
    }
}

/// Text as text and in attributes.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // No control character but white space is allowed in a page.
            control if control.is_control() && !control.is_whitespace() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}
