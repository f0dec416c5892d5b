//! What the queries of the application say about a migration, asked on rows before and after it.

use std::collections::BTreeMap;

use confiture_core::db::DbFailure;
use confiture_core::migration::{Direction, Migration};
use confiture_core::report::{CheckStatus, Finding, RunReport};
use confiture_core::sql::{ActionKind, outline};
use confiture_core::{Diagnostic, Severity};
use confiture_fixtures::{Answer, Asked};

use crate::lint::scaled;

/// The check these findings belong to.
const QUERIES: &str = "queries";

/// Enters what is broken, empty or without index after `migration`; what the check `queries` said already, not
/// again. `rows` are those of production.
pub(crate) fn enter(
    report: &mut RunReport,
    migration: &Migration,
    asked: &[Asked],
    rows: &BTreeMap<String, u64>,
) {
    let told = |report: &RunReport, one: &Asked| {
        report.findings.iter().any(|finding| {
            finding.code == "query-breaks"
                && finding.migration.as_ref() == Some(&migration.id)
                && finding.file.as_deref() == Some(&*one.location.file.to_string_lossy())
                && finding.span.as_ref().is_some_and(|span| one.location.span.contains(&span.start))
        })
    };
    let mut found: Vec<Finding> = Vec::new();
    for one in asked {
        if told(report, one) {
            continue;
        }
        // A role is told only what the user of the session is not.
        for mut diagnostic in judge(one, rows) {
            if diagnostic.code == "query-finds-nothing" && detaches(migration) {
                diagnostic.severity = Severity::Info;
                diagnostic = diagnostic.with_label("a partition leaves its table with its rows");
            }
            let same = |finding: &Finding| {
                finding.code == diagnostic.code
                    && finding.span == Some(one.location.span.clone())
                    && finding.file.as_deref() == Some(&*one.location.file.to_string_lossy())
            };
            if !found.iter().any(same) {
                found.push(Finding::new(diagnostic.in_script(&migration.id, Direction::Up), Some(QUERIES)));
            }
        }
    }
    if found.iter().any(Finding::objects) {
        let mut results = report.migrations.iter_mut().filter(|result| result.id == migration.id);
        let checks = results.next().into_iter().flat_map(|result| &mut result.checks);
        for check in checks.filter(|check| check.id == QUERIES) {
            check.status = CheckStatus::Failed;
            check.reason = None;
        }
    }
    report.findings.extend(found);
}

/// Whether the migration takes a partition out of its table, so that its rows are not found there any more.
fn detaches(migration: &Migration) -> bool {
    let statements = migration.up.script().into_iter().flat_map(|script| &script.statements);
    statements
        .map(|statement| outline(&statement.sql))
        .any(|outline| outline.actions().iter().any(|action| action.kind == ActionKind::DetachPartition))
}

fn judge(one: &Asked, rows: &BTreeMap<String, u64>) -> Vec<Diagnostic> {
    let Answer::Rows { count, read_whole, searched } = &one.before else { return Vec::new() };
    let role = one.role.as_deref();
    let who = role.map(|role| format!(" as {role}")).unwrap_or_default();
    let place = format!("{}:{}", one.location.file.display(), one.location.line);
    let about = |code, severity, message: String| {
        let diagnostic = Diagnostic::new(code, severity, message)
            .at(one.location.clone())
            .with_evidence("query", place.clone());
        match role {
            Some(role) => diagnostic.with_evidence("role", role),
            None => diagnostic,
        }
    };
    match &one.after {
        Answer::None => Vec::new(),
        Answer::Failed(failure) | Answer::Prepared(failure) if passes(failure) => Vec::new(),
        Answer::Failed(failure) | Answer::Prepared(failure) => {
            let sqlstate = failure.sqlstate.clone().unwrap_or_default();
            let message = format!("breaks the query {place}{who}: {sqlstate}");
            let help =
                "running code still asks this: keep what it needs until a later release asks no longer";
            vec![
                about("query-breaks-on-rows", Severity::High, message)
                    .with_label(failure.message.lines().next().unwrap_or_default())
                    .with_help(help)
                    .with_evidence("sqlstate", sqlstate)
                    .with_evidence("error", failure.message.clone()),
            ]
        }
        Answer::Rows { count: now, read_whole: whole_now, .. } => {
            let mut found = Vec::new();
            if *count > 0 && *now == 0 {
                let message =
                    format!("the query {place} finds nothing{who}, where it found {count} rows before");
                let help = "a policy or other values hide the rows: write the policy for this role, or keep the values";
                found.push(
                    about("query-finds-nothing", Severity::High, message)
                        .with_help(help)
                        .with_evidence("rows_before", *count),
                );
            }
            for table in whole_now.difference(read_whole).filter(|table| searched.contains(*table)) {
                let bare = table.rsplit('.').next().unwrap_or(table);
                let known = rows.get(table).or_else(|| rows.get(bare)).copied();
                let severity = known.map_or(Severity::Medium, |rows| scaled(Severity::High, rows));
                let message = format!("no index serves the query {place} any more: it reads all of {table}");
                let mut diagnostic = about("query-loses-index", severity, message)
                    .with_help("create an index that serves it before the old one goes")
                    .with_evidence("table", table.clone());
                if let Some(rows) = known {
                    diagnostic = diagnostic.with_evidence("rows", rows);
                }
                found.push(diagnostic);
            }
            found
        }
    }
}

/// What fails only because the migration is not committed yet (55P04: a new value of an enum), or took too long.
fn passes(failure: &DbFailure) -> bool {
    failure.deadline.is_some() || failure.sqlstate.as_deref() == Some("55P04")
}
