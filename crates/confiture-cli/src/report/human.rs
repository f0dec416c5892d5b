//! `human`: a line a migration, the findings with the user's own source, the totals.

use std::collections::BTreeMap;
use std::io;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use confiture_core::Severity;
use confiture_core::plugin::{PluginMeta, ReportStyle, Reporter};
use confiture_core::report::{
    CheckStatus, Finding, GateResult, GateStatus, MigrationResult, RunReport, RunStatus, TestResult,
};
use confiture_fixtures::{NO_ROWS, SKIPPED_ON_REQUEST};

/// Why the checks of migrations outside of `--only`, `--from` and `--changed-since` are skipped.
const NOT_SELECTED: &str = confiture_fixtures::NOT_SELECTED;

/// Writes the report for a person.
#[derive(Debug, Default)]
struct Human;

confiture_core::register!(reporter Human);

impl Reporter for Human {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "human",
            summary: "a line a migration, findings with their source, totals",
            docs: "For a person: a line per migration, every finding with the lines of the file it is about and what \
                   to do, and the totals.",
        };
        &META
    }

    fn write(&self, report: &RunReport, style: &ReportStyle, out: &mut dyn io::Write) -> io::Result<()> {
        let paint = Paint { colour: style.colour };
        let mut sources = Sources::default();
        heading(report, style.verbose, out)?;
        let general = report.findings.iter().filter(|f| f.migration.is_none() && f.test.is_none());
        if let Some(mutation) = &report.mutation {
            super::mutants::write(mutation, style, paint, out)?;
        }
        for finding in general.filter(|finding| finding.severity > Severity::Info || style.verbose) {
            self.finding(finding, style, &mut sources, out)?;
        }
        let widest = report.migrations.iter().map(|m| m.id.chars().count()).max().unwrap_or(0).min(60);
        let chosen = |migration: &&MigrationResult| {
            migration.checks.iter().any(|check| check.reason.as_deref() != Some(NOT_SELECTED))
        };
        for migration in report.migrations.iter().filter(chosen) {
            let findings: Vec<&Finding> =
                report.findings.iter().filter(|f| f.migration.as_ref() == Some(&migration.id)).collect();
            let loud = |f: &Finding| f.severity > Severity::Info;
            if style.quiet && !migration.failed() {
                continue;
            }
            writeln!(out, " {}", line(migration, &findings, widest, paint))?;
            for finding in findings {
                if loud(finding) || style.verbose {
                    self.finding(finding, style, &mut sources, out)?;
                }
            }
            for line in report
                .profile
                .iter()
                .filter(|_| !style.quiet)
                .flat_map(|profile| super::profile::lines(profile, &migration.id, style.verbose))
            {
                writeln!(out, "   {}", paint.faint(&line))?;
            }
            let passes = report.profile.iter().filter(|_| !style.quiet);
            for line in passes.flat_map(|profile| super::profile::passes(profile, &migration.id)) {
                writeln!(out, "   {line}")?;
            }
        }
        for line in report.profile.iter().flat_map(super::profile::all) {
            writeln!(out, " {line}")?;
        }
        for line in report.profile.iter().flat_map(super::profile::missing) {
            writeln!(out, " {line}")?;
        }
        let others = report.migrations.iter().filter(|migration| !chosen(migration)).count();
        if others > 0 && !style.quiet {
            writeln!(out, " {others} more applied, not selected to be judged")?;
        }
        let widest = report.tests.iter().map(|test| test.name.chars().count()).max().unwrap_or(0).min(60);
        for test in report.tests.iter().filter(|test| test.failed() || !style.quiet) {
            writeln!(out, " {}", test_line(test, widest, paint))?;
            for finding in report.findings.iter().filter(|f| f.test.as_ref() == Some(&test.name)) {
                self.finding(finding, style, &mut sources, out)?;
            }
        }
        let widest = report.gates.iter().map(|gate| gate.id.len()).max().unwrap_or(0);
        for gate in report.gates.iter().filter(|gate| gate.stops() || !style.quiet) {
            writeln!(out, " {}", gate_line(gate, widest, paint))?;
        }
        if let Some(error) = &report.error {
            writeln!(out, "{}: {error}", paint.red("error"))?;
        }
        let notes = report.findings.iter().filter(|f| f.severity == Severity::Info).count();
        if notes > 0 && !style.verbose && !style.quiet {
            let (what, them) = if notes == 1 { ("note", "it") } else { ("notes", "them") };
            writeln!(out, " {notes} {what}: -v shows {them}")?;
        }
        let totals = totals(report);
        let totals = match report.status {
            RunStatus::Passed => paint.green(&totals),
            _ => paint.red(&totals),
        };
        write!(out, " {totals}")?;
        match report
            .findings
            .iter()
            .filter(|f| f.severity > Severity::Info)
            .min_by_key(|f| std::cmp::Reverse(f.severity))
        {
            Some(worst) => writeln!(out, "      next: confiture explain {}", worst.code),
            None => writeln!(out),
        }
    }
}

impl Human {
    fn finding(
        &self,
        finding: &Finding,
        style: &ReportStyle,
        sources: &mut Sources,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let level = match finding.severity {
            Severity::Info => Level::NOTE,
            Severity::Low => Level::WARNING,
            _ => Level::ERROR,
        };
        let mut group = annotate_snippets::Group::with_title(
            level.primary_title(finding.message.as_str()).id(finding.code.as_str()),
        );
        let label = finding.label.as_deref().unwrap_or_default();
        let source = finding.file.as_deref().and_then(|file| Some((file, sources.text(file)?)));
        match (source, &finding.span) {
            (Some((file, text)), Some(span)) if span.end <= text.len() && !text.is_empty() => {
                let window = Window::around(text, span);
                let annotation = AnnotationKind::Primary.span(window.span.clone()).label(label);
                let snippet = Snippet::source(window.text).line_start(window.first_line).path(file);
                group = group.element(snippet.annotation(annotation));
            }
            _ => {
                if let Some(file) = &finding.file {
                    let at = Origin::path(file.as_str()).line(finding.line.unwrap_or(1));
                    group = group.element(at);
                }
                if !label.is_empty() {
                    group = group.element(Level::NOTE.message(label));
                }
            }
        }
        if let Some(servers) = finding.evidence.get("servers").and_then(|s| s.as_array()) {
            let servers: Vec<&str> = servers.iter().filter_map(|s| s.as_str()).collect();
            group = group.element(Level::NOTE.message(format!("only on PostgreSQL {}", servers.join(", "))));
        }
        if let Some(help) = &finding.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.term_width(style.width.unwrap_or(140));
        writeln!(out, "{}\n", renderer.render(&[group]))
    }
}

/// The lines around a span, so that a large file is not handed to the renderer whole.
struct Window<'a> {
    text: &'a str,
    first_line: usize,
    span: std::ops::Range<usize>,
}

impl<'a> Window<'a> {
    fn around(text: &'a str, span: &std::ops::Range<usize>) -> Self {
        let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[span.end..].find('\n').map_or(text.len(), |at| span.end + at);
        let first_line = text[..start].bytes().filter(|&b| b == b'\n').count() + 1;
        Self { text: &text[start..end], first_line, span: span.start - start..span.end - start }
    }
}

/// Files read once.
#[derive(Default)]
struct Sources(BTreeMap<String, Option<String>>);

impl Sources {
    fn text(&mut self, file: &str) -> Option<&str> {
        let read = || std::fs::read_to_string(file).ok();
        self.0.entry(file.to_owned()).or_insert_with(read).as_deref()
    }
}

/// Colours, or none.
#[derive(Clone, Copy)]
pub(super) struct Paint {
    colour: bool,
}

impl Paint {
    fn wrap(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(super) fn red(self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    pub(super) fn green(self, text: &str) -> String {
        self.wrap("32", text)
    }

    pub(super) fn yellow(self, text: &str) -> String {
        self.wrap("33", text)
    }

    pub(super) fn faint(self, text: &str) -> String {
        self.wrap("2", text)
    }
}

fn heading(report: &RunReport, verbose: bool, out: &mut dyn io::Write) -> io::Result<()> {
    if let Some(source) = &report.source {
        let count = plural(source.migrations, "migration", "migrations");
        write!(out, " {}  {count}, {} layout", source.dir, source.layout)?;
    }
    let servers = if report.servers.is_empty() { report.server.as_slice() } else { &report.servers };
    if let Some(first) = servers.first() {
        let versions: Vec<&str> = servers.iter().map(|server| server.version.as_str()).collect();
        write!(out, "        server  PostgreSQL {}, {}", versions.join(", "), first.kind)?;
    }
    writeln!(out)?;
    let reasons = report.source.iter().flat_map(|source| &source.layout_reasons);
    for reason in reasons.filter(|reason| verbose || reason.contains("--layout")) {
        writeln!(out, " layout: {reason}")?;
    }
    Ok(())
}

fn line(migration: &MigrationResult, findings: &[&Finding], widest: usize, paint: Paint) -> String {
    let with = |status: CheckStatus| {
        let ids = migration.checks.iter().filter(move |c| c.status == status).map(|c| c.id.as_str());
        ids.collect::<Vec<_>>().join(" · ")
    };
    let failed = with(CheckStatus::Failed);
    let passed = with(CheckStatus::Passed);
    let (word, ids) = if !failed.is_empty() {
        (paint.red("FAIL"), failed)
    } else if passed.is_empty()
        || migration.statements == 0
        || migration.checks.iter().any(|c| c.id == "up" && c.status != CheckStatus::Passed)
    {
        (paint.yellow("SKIP"), String::new())
    } else {
        (paint.green("PASS"), passed)
    };
    let mut notes: Vec<String> = Vec::new();
    if migration.statements == 0 && word_is_pass(migration) {
        notes.push("no statement in the file".to_owned());
    }
    for check in &migration.checks {
        let reason = check.reason.as_deref().unwrap_or_default();
        match check.status {
            CheckStatus::Skipped | CheckStatus::NotApplicable if check.id == "up" => {
                notes.push(reason.to_owned());
            }
            CheckStatus::NotApplicable if check.id == "down" => notes.push(reason.to_owned()),
            _ => {}
        }
    }
    if word_is_pass(migration) && !migration.failed() {
        let skipped: Vec<_> = migration
            .checks
            .iter()
            .filter(|c| c.id != "up" && c.status == CheckStatus::Skipped)
            .filter_map(|c| Some((c.id.as_str(), c.reason.as_deref()?)))
            .filter(|(_, reason)| !asked_for(reason))
            .collect();
        for group in skipped.chunk_by(|a, b| a.1 == b.1) {
            let ids: Vec<&str> = group.iter().map(|(id, _)| *id).collect();
            notes.push(format!("{} skipped: {}", ids.join(", "), group[0].1));
        }
    }
    if findings.iter().any(|f| f.code == "column-order") {
        notes.push("column order".to_owned());
    }
    let seconds: f64 = migration.checks.iter().map(|check| check.duration_ms).sum::<f64>() / 1000.0;
    let mut text = format!("{word}  {:widest$}  {ids}", migration.id);
    if !notes.is_empty() {
        let notes = notes.join("; ");
        text.push_str(&paint.faint(&if ids.is_empty() { notes } else { format!("  ({notes})") }));
    }
    text.push_str(&paint.faint(&format!("  {seconds:.2}s")));
    text
}

/// `FAIL  gate locks  index-not-concurrent`
fn gate_line(gate: &GateResult, widest: usize, paint: Paint) -> String {
    let word = match gate.status {
        GateStatus::Passed => paint.green("PASS"),
        GateStatus::Waived => paint.yellow("WAIV"),
        GateStatus::NotRun if gate.optional => paint.yellow("SKIP"),
        GateStatus::NotRun => paint.red("MISS"),
        GateStatus::Failed => paint.red("FAIL"),
    };
    let mut text = format!("{word}  gate {:widest$}", gate.id);
    if !gate.findings.is_empty() {
        text.push_str(&format!("  {}", gate.findings.join(" · ")));
    }
    let optional = if gate.optional { " (optional)" } else { "" };
    match (&gate.reason, gate.status) {
        (Some(reason), GateStatus::NotRun) => {
            text.push_str(&paint.faint(&format!("  not run{optional}: {reason}")));
        }
        (Some(reason), _) => text.push_str(&paint.faint(&format!("  ({reason})"))),
        (None, _) => {}
    }
    text.trim_end().to_owned()
}

/// `PASS  totals  test, 3 assertions  0.02s`
fn test_line(test: &TestResult, widest: usize, paint: Paint) -> String {
    let word = match test.status {
        CheckStatus::Failed => paint.red("FAIL"),
        CheckStatus::Passed => paint.green("PASS"),
        CheckStatus::Skipped | CheckStatus::NotApplicable => paint.yellow("SKIP"),
    };
    let what = match (&test.reason, test.kind.as_str()) {
        (Some(reason), _) => paint.faint(&format!("({reason})")),
        (None, "command") => "test command".to_owned(),
        (None, _) => format!("test, {}", plural(test.assertions, "assertion", "assertions")),
    };
    let seconds = paint.faint(&format!("{:.2}s", test.duration_ms / 1000.0));
    format!("{word}  {:widest$}  {what}  {seconds}", test.name)
}

/// Whether the user left a check out, which the last line says once for all migrations.
fn asked_for(reason: &str) -> bool {
    [SKIPPED_ON_REQUEST, NO_ROWS].contains(&reason)
}

/// The checks the user left out, in the order of the report.
fn left_out(report: &RunReport) -> Vec<&str> {
    let mut ids: Vec<&str> = Vec::new();
    for check in report.migrations.iter().flat_map(|migration| &migration.checks) {
        if check.reason.as_deref().is_some_and(asked_for) && !ids.contains(&check.id.as_str()) {
            ids.push(&check.id);
        }
    }
    ids
}

fn word_is_pass(migration: &MigrationResult) -> bool {
    // Rules look at the files; all other checks stand on the up.
    let decides = |id: &str| ["up", "lint"].contains(&id);
    migration.checks.iter().any(|check| decides(&check.id) && check.status == CheckStatus::Passed)
}

/// `14 migrations, 12 passed, 2 failed · 98% of statements analysed · 6.2s`
pub(super) fn totals(report: &RunReport) -> String {
    if let Some(mutation) = &report.mutation {
        return super::mutants::totals(report, mutation);
    }
    let mut parts: Vec<String> = gates(report).into_iter().collect();
    if report.gates.is_empty() || !report.migrations.is_empty() {
        parts.push(migrations(report));
    }
    if !report.tests.is_empty() {
        let of = |status: CheckStatus| report.tests.iter().filter(|test| test.status == status).count();
        let mut text = plural(report.tests.len(), "test", "tests");
        let counts = [
            (CheckStatus::Passed, "passed"),
            (CheckStatus::Failed, "failed"),
            (CheckStatus::Skipped, "skipped"),
        ];
        counted(&mut text, counts.map(|(status, what)| (of(status), what)));
        parts.push(text);
    }
    let left_out = left_out(report);
    if !left_out.is_empty() {
        parts.push(format!("not asked: {}", left_out.join(", ")));
    }
    let general = |f: &&Finding| f.check.is_none() && f.test.is_none() && f.severity > Severity::Low;
    let general = report.findings.iter().filter(general).count();
    if general > 0 {
        parts.push(plural(general, "finding of no migration", "findings of no migration"));
    }
    if let Some(percent) = (100 * report.coverage.parsed).checked_div(report.coverage.statements) {
        parts.push(format!("{percent}% of statements analysed"));
    }
    parts.push(format!("{:.1}s", report.duration_ms / 1000.0));
    parts.join(" · ")
}

/// `9 gates, 6 passed, 3 not run`, where gates were asked.
fn gates(report: &RunReport) -> Option<String> {
    if report.gates.is_empty() {
        return None;
    }
    let of = |status: GateStatus| report.gates.iter().filter(|gate| gate.status == status).count();
    let mut text = plural(report.gates.len(), "gate", "gates");
    let counts = [
        (GateStatus::Passed, "passed"),
        (GateStatus::Failed, "failed"),
        (GateStatus::Waived, "waived"),
        (GateStatus::NotRun, "not run"),
    ];
    counted(&mut text, counts.map(|(status, what)| (of(status), what)));
    Some(text)
}

/// `14 migrations, 12 passed, 2 failed`
fn migrations(report: &RunReport) -> String {
    let failed = report.migrations.iter().filter(|m| m.failed()).count();
    let passed = report.migrations.iter().filter(|m| !m.failed() && word_is_pass(m)).count();
    let skipped = report.migrations.len() - failed - passed;
    let irreversible = report
        .migrations
        .iter()
        .filter(|m| m.checks.iter().any(|c| c.id == "down" && c.status == CheckStatus::NotApplicable))
        .count();
    let mut text = plural(report.migrations.len(), "migration", "migrations");
    text.push_str(&format!(", {passed} passed"));
    counted(&mut text, [(failed, "failed"), (skipped, "skipped"), (irreversible, "without down")]);
    text
}

/// Adds the counts that are not zero.
fn counted<const N: usize>(text: &mut String, counts: [(usize, &str); N]) {
    for (count, what) in counts {
        if count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
}

/// A finding in one line of plain text.
pub(super) fn one_line(finding: &Finding) -> String {
    let mut text = String::new();
    if let (Some(file), Some(line)) = (&finding.file, finding.line) {
        text.push_str(&format!("{file}:{line}: "));
    }
    text.push_str(&format!("[{}] {}", finding.code, finding.message));
    for more in [&finding.label, &finding.help].into_iter().flatten() {
        text.push_str(&format!("; {more}"));
    }
    text
}

pub(super) fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
