//! Asks the rules about migrations.

mod page;
mod suppress;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use confiture_core::catalog::Catalog;
use confiture_core::migration::layout::Loaded;
use confiture_core::migration::{Direction, Step};
use confiture_core::plugin::{
    Registry, Routines, Rule, RuleCategory, RuleContext, RuleFinding, RuleMeta, RuleStatement, Tier,
    Timeouts, Unfolded,
};
use confiture_core::report::{CheckResult, CheckStatus, Finding, RunReport};
use confiture_core::{Diagnostic, Severity};
use confiture_fixtures::{NOT_SELECTED, TestSource};

pub use page::{page, pages};

/// The check of a migration that the rules are, in reports.
pub(crate) const CHECK: &str = "lint";

/// What is linted, and for which production.
#[derive(Debug, Clone)]
pub struct LintOptions {
    /// Indexes of the migrations to judge; `None` means all. The others tell what is there before.
    pub judged: Option<BTreeSet<usize>>,
    /// PostgreSQL majors the migrations will run on.
    pub majors: Vec<u32>,
    /// Rows of tables in production, by `table` or `schema.table`.
    pub rows: BTreeMap<String, u64>,
    /// Settings of the session that runs the migrations, name and value.
    pub session: BTreeMap<String, String>,
    /// Ids of rules that are not asked.
    pub skipped: BTreeSet<String>,
}

impl Default for LintOptions {
    /// All migrations, PostgreSQL 15 to 18, all rules.
    fn default() -> Self {
        Self {
            judged: None,
            majors: (15..=18).collect(),
            rows: BTreeMap::new(),
            session: BTreeMap::new(),
            skipped: BTreeSet::new(),
        }
    }
}

/// The catalogs around one migration, as far as they are known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Surroundings<'a> {
    /// Before it.
    pub before: Option<&'a Catalog>,
    /// After it.
    pub after: Option<&'a Catalog>,
}

/// A finding of a rule, or about what no rule could look at.
#[derive(Debug, Clone)]
pub struct Found {
    /// Index of the migration.
    pub migration: usize,
    /// Index of the statement of its script.
    pub statement: usize,
    /// The rule; `None` for `unclassified` and what is wrong with a suppression.
    pub rule: Option<&'static RuleMeta>,
    /// What the judgement rests on.
    pub tier: Tier,
    /// The table it is about, as the statement names it.
    pub table: Option<Vec<String>>,
    /// What is to be said.
    pub diagnostic: Diagnostic,
    /// Why nobody wants to hear of it.
    pub suppressed: Option<String>,
}

/// Asks every rule about every judged migration; in chain order, then by statement, then by rule.
///
/// Suppressed findings are among them; `around` gives the catalogs of a migration by its index.
pub fn find<'a>(
    registry: &Registry,
    loaded: &Loaded,
    options: &LintOptions,
    around: impl Fn(usize) -> Surroundings<'a>,
) -> Vec<Found> {
    let session = Timeouts::of_session(&options.session);
    let mut routines = Routines::default();
    let unfolded: Vec<Option<Unfolded>> = loaded
        .migrations
        .iter()
        .map(|migration| migration.up.script().map(|script| Unfolded::of(script, &mut routines)))
        .collect();
    let statements: Vec<Vec<RuleStatement<'_>>> = loaded
        .migrations
        .iter()
        .zip(&unfolded)
        .map(|(migration, unfolded)| match (migration.up.script(), unfolded) {
            (Some(script), Some(unfolded)) => RuleStatement::all(script, unfolded, session),
            _ => Vec::new(),
        })
        .collect();
    let mut majors = options.majors.clone();
    majors.sort_unstable();
    let asked = |rule: &&dyn Rule| {
        let meta = rule.meta();
        !options.skipped.contains(meta.plugin.id) && majors.iter().any(|major| meta.holds_on(*major))
    };
    let rules: Vec<&dyn Rule> = registry.rules().filter(asked).collect();
    let mut all = Vec::new();
    for (index, migration) in loaded.migrations.iter().enumerate() {
        if options.judged.as_ref().is_some_and(|judged| !judged.contains(&index)) {
            continue;
        }
        let (Some(script), Some(unfolded)) = (migration.up.script(), &unfolded[index]) else { continue };
        let mut cx = RuleContext::new(migration, script, &statements[index], &statements[..index], &majors);
        if !options.rows.is_empty() {
            cx = cx.with_rows(&options.rows);
        }
        let Surroundings { before, after } = around(index);
        if let Some(before) = before {
            cx = cx.with_catalogs(before, after);
        }
        let mut found: Vec<Found> = Vec::new();
        for rule in &rules {
            let mut out = Vec::new();
            rule.check(&cx, &mut out);
            let meta = rule.meta();
            found.extend(out.into_iter().filter_map(|finding| judged(finding, meta, &cx, index)));
        }
        found.extend(unfolded.unread.iter().map(|unread| {
            let message = format!("no rule can read what runs here: {}", unread.reason);
            let diagnostic = Diagnostic::new("unclassified", Severity::Medium, message)
                .at(script.locate(unread.place.clone()))
                .with_help(
                    "write the statements out, or read them and say so: -- confiture:ignore unclassified …",
                );
            Found {
                migration: index,
                statement: unread.statement,
                rule: None,
                tier: Tier::Static,
                table: None,
                diagnostic: diagnostic.in_script(&migration.id, Direction::Up),
                suppressed: None,
            }
        }));
        suppress::apply(registry, &migration.id, script, index, &mut found);
        let place = |found: &Found| found.diagnostic.location.as_ref().map_or(0, |at| at.span.start);
        found.sort_by_key(|found| (found.statement, place(found), found.diagnostic.code));
        all.append(&mut found);
    }
    all
}

/// A rule's finding as what is reported.
fn judged(
    finding: RuleFinding,
    meta: &'static RuleMeta,
    cx: &RuleContext<'_>,
    migration: usize,
) -> Option<Found> {
    let statement = cx.statements.get(finding.statement)?;
    let severity = finding.severity.unwrap_or(meta.severity);
    let rows = finding.table.as_ref().and_then(|table| rows(cx, table));
    let scaled = match (meta.category, rows) {
        (RuleCategory::Lock, Some(rows)) => scaled(severity, rows),
        _ => severity,
    };
    let mut diagnostic = Diagnostic::new(meta.plugin.id, scaled, finding.message)
        .at(statement.locate(cx.script, finding.span))
        .in_script(&cx.migration.id, Direction::Up);
    diagnostic.help = finding.help;
    diagnostic.label = finding.label;
    diagnostic.evidence = finding.evidence;
    diagnostic = diagnostic.with_evidence("tier", finding.tier.as_str());
    diagnostic = diagnostic.with_evidence("category", meta.category.as_str());
    if let Some(table) = &finding.table {
        diagnostic = diagnostic.with_evidence("table", table.join("."));
    }
    if let Some(rows) = rows {
        diagnostic = diagnostic.with_evidence("rows", rows);
    }
    if let Some(outer) = statement.inside.and_then(|outer| cx.statements.get(outer)) {
        diagnostic = diagnostic.with_evidence("runs_in", outer.object());
    }
    Some(Found {
        migration,
        statement: statement.outermost,
        rule: Some(meta),
        tier: finding.tier,
        table: finding.table,
        diagnostic,
        suppressed: None,
    })
}

fn rows(cx: &RuleContext<'_>, table: &[String]) -> Option<u64> {
    let span = Default::default();
    cx.rows_of(&confiture_core::sql::ObjectName { parts: table.to_vec(), span })
}

/// A lock on a small table is over before anybody notices.
pub(crate) fn scaled(severity: Severity, rows: u64) -> Severity {
    match rows {
        0..1_000 => Severity::Info,
        1_000..100_000 => severity.min(Severity::Medium),
        _ => severity,
    }
}

/// Lints migrations: every finding of the static tier, no database.
///
/// # Example
/// ```
/// use confiture_core::plugin::Registry;
/// use confiture_fixtures::TestSource;
/// use confiture_gates::{LintOptions, lint};
///
/// let dir = tempfile::tempdir()?;
/// std::fs::write(dir.path().join("0001_a.sql"), "TRUNCATE users;")?;
/// let registry = Registry::linked()?;
/// let source = TestSource::load(&registry, dir.path(), None, &Default::default())?;
/// let report = lint(&registry, &source, &LintOptions::default());
/// assert!(report.findings.iter().any(|finding| finding.code == "truncate"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn lint(registry: &Registry, source: &TestSource, options: &LintOptions) -> RunReport {
    let started = Instant::now();
    let loaded = &source.loaded;
    let mut report = source.report(CHECK);
    let found = find(registry, loaded, options, |_| Surroundings::default());
    enter(&mut report, source, options, found, &loaded.problems);
    report.conclude();
    report.duration_ms = (started.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    report
}

/// Enters the check and its findings, those of `problems` about a migration among them, into a report.
pub(crate) fn enter(
    report: &mut RunReport,
    source: &TestSource,
    options: &LintOptions,
    mut found: Vec<Found>,
    problems: &[Diagnostic],
) {
    let loaded = &source.loaded;
    found.retain(|found| found.suppressed.is_none());
    for (index, (migration, result)) in loaded.migrations.iter().zip(&mut report.migrations).enumerate() {
        let judged = options.judged.as_ref().is_none_or(|judged| judged.contains(&index));
        let mut findings: Vec<Finding> = Vec::new();
        let problems = problems.iter().filter(|p| p.migration.as_ref() == Some(&migration.id));
        let own = found.iter().filter(|found| found.migration == index).map(|found| &found.diagnostic);
        if judged {
            findings.extend(problems.chain(own).map(|d| Finding::new(d.clone(), Some(CHECK))));
            findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        }
        let (status, reason) = match &migration.up {
            _ if !judged => (CheckStatus::Skipped, Some(NOT_SELECTED.to_owned())),
            Step::NotRunnable { reason, .. } => (CheckStatus::Skipped, Some(reason.clone())),
            Step::Absent => (CheckStatus::NotApplicable, Some("there is no forward script".to_owned())),
            Step::Sql(_) if findings.iter().any(|finding| finding.severity > Severity::Low) => {
                (CheckStatus::Failed, None)
            }
            Step::Sql(_) => (CheckStatus::Passed, None),
        };
        result.checks.push(CheckResult { id: CHECK.to_owned(), status, reason, duration_ms: 0.0 });
        report.findings.append(&mut findings);
    }
}
