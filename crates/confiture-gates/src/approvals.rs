//! Leave to deploy in spite of a finding: by class, with a reason, an owner and an end.

mod date;
mod directive;

use std::collections::BTreeSet;

use confiture_core::config::ApproveSettings;
use confiture_core::migration::{Direction, Migration, Script};
use confiture_core::plugin::{Registry, RuleCategory};
use confiture_core::report::{Approval, CheckStatus, Finding, RunReport};
use confiture_core::{Diagnostic, Location, Severity};

pub use date::Date;

/// An approval as it is written, in a script or in confiture.toml.
#[derive(Debug, Clone)]
struct Written {
    approval: Approval,
    migration: usize,
    /// The statement below the comment; one of confiture.toml has none.
    comment: Option<Comment>,
    /// Where it stands in confiture.toml.
    configured: Option<Location>,
    /// What is wrong with its writing.
    fault: Option<String>,
}

#[derive(Debug, Clone)]
struct Comment {
    direction: Direction,
    /// `None` below the last statement.
    statement: Option<usize>,
    at: Location,
}

/// Enters the approvals of the judged migrations into the findings of `report`, and what is wrong with them as
/// findings; returns how many there are.
///
/// A comment covers findings about the statement below it, and those about its migration that stand in no
/// script of it (a query that breaks, rows that are lost); `configured` ones cover a whole migration. What is
/// unknown, incomplete or past its last day approves nothing.
pub(crate) fn apply(
    registry: &Registry,
    migrations: &[Migration],
    judged: Option<&BTreeSet<usize>>,
    configured: &[ApproveSettings],
    today: Date,
    report: &mut RunReport,
) -> usize {
    let mut all = Vec::new();
    let mut wrong: Vec<Finding> = Vec::new();
    for (index, migration) in migrations.iter().enumerate() {
        if judged.is_some_and(|judged| !judged.contains(&index)) {
            continue;
        }
        for direction in [Direction::Up, Direction::Down] {
            let Some(script) = migration.step(direction).script() else { continue };
            all.extend(script.comments_above("confiture:approve").into_iter().map(|above| {
                let (approval, fault) = directive::read(&above.text, &above.at);
                let comment = Some(Comment { direction, statement: above.statement, at: above.at });
                Written { approval, migration: index, comment, configured: None, fault }
            }));
        }
    }
    for one in configured {
        match migrations.iter().position(|migration| named(migration, &one.migration)) {
            Some(index) if judged.is_none_or(|judged| judged.contains(&index)) => {
                let (approval, fault) = directive::configured(one);
                all.push(Written {
                    approval,
                    migration: index,
                    comment: None,
                    configured: one.at.clone(),
                    fault,
                });
            }
            Some(_) => {}
            None => {
                let message =
                    format!("{} is approved in {}, which is no migration", one.class, one.migration);
                let finding = Diagnostic::new("approval-unknown", Severity::Medium, message)
                    .with_help("name the migration by its id, as reports do, or by its version");
                let finding = match &one.at {
                    Some(at) => finding.at(at.clone()),
                    None => finding,
                };
                wrong.push(Finding::new(finding, None));
            }
        }
    }
    for written in &all {
        let migration = &migrations[written.migration];
        if let Some((code, message, help)) = refused(written, registry, today) {
            wrong.push(fault(written, migration, code, message, help));
            continue;
        }
        let mut used = false;
        for finding in &mut report.findings {
            if covers(written, migration, finding) {
                used = true;
                finding.approval.get_or_insert_with(|| written.approval.clone());
            }
        }
        if !used {
            let class = &written.approval.class;
            let where_to = match &written.comment {
                Some(_) => "the statement below has no such finding",
                None => "the migration has no such finding",
            };
            let message = format!("nothing is approved by {class}: {where_to}");
            wrong.push(fault(written, migration, "approval-unused", message, "remove it"));
        }
    }
    lift(report);
    report.findings.extend(wrong);
    all.len()
}

/// Whether `name` is the id or the version of the migration.
fn named(migration: &Migration, name: &str) -> bool {
    migration.id == name || migration.version == name
}

/// Why a written approval approves nothing: code, message, help.
fn refused(
    written: &Written,
    registry: &Registry,
    today: Date,
) -> Option<(&'static str, String, &'static str)> {
    let Approval { class, until, .. } = &written.approval;
    if let Some(fault) = &written.fault {
        let help = "write  -- confiture:approve CLASS reason=\"…\" owner=TEAM until=YYYY-MM-DD";
        return Some(("approval-incomplete", fault.clone(), help));
    }
    let category = CATEGORIES.iter().any(|category| category.as_str() == class);
    if !category && registry.rule(class).is_none() && registry.explanation(class).is_none() {
        let message = format!("no finding and no category of rules is called {class}");
        return Some(("approval-unknown", message, "`confiture plugins` lists all rules"));
    }
    let over = Date::parse(until).is_some_and(|last| last < today);
    over.then(|| {
        let message = format!("the approval of {class} ended on {until}");
        ("approval-expired", message, "have its owner look again, or make the migration safe")
    })
}

const CATEGORIES: [RuleCategory; 5] = [
    RuleCategory::Lock,
    RuleCategory::Fails,
    RuleCategory::DataLoss,
    RuleCategory::ClientBreak,
    RuleCategory::Design,
];

/// Whether an approval is about a finding.
fn covers(written: &Written, migration: &Migration, finding: &Finding) -> bool {
    let class = &written.approval.class;
    let category = finding.evidence.get("category").and_then(|category| category.as_str());
    let same = finding.code == *class || category == Some(class.as_str());
    // What is wrong with approvals and suppressions is approved by nobody.
    let about_comments = ["approval-", "suppression-"].iter().any(|prefix| finding.code.starts_with(prefix));
    if !same || about_comments || finding.migration.as_ref() != Some(&migration.id) {
        return false;
    }
    let Some(comment) = &written.comment else { return true };
    let scripts = [Direction::Up, Direction::Down];
    let here = scripts.into_iter().find_map(|direction| {
        let script = migration.step(direction).script()?;
        stands_in(finding, script).then_some((direction, script))
    });
    match (here, comment.statement) {
        (_, None) => false,
        (None, Some(_)) => finding.direction.is_none_or(|direction| direction == comment.direction),
        (Some((direction, script)), Some(statement)) => {
            let from = finding.span.as_ref().map_or(0, |span| span.start);
            let span = script.statements.get(statement).map(|statement| &statement.span);
            direction == comment.direction && span.is_some_and(|span| span.contains(&from))
        }
    }
}

fn stands_in(finding: &Finding, script: &Script) -> bool {
    let same = finding.file.as_deref() == Some(&*script.source.path.to_string_lossy());
    let from = finding.span.as_ref().map(|span| span.start);
    same && from.is_some_and(|from| script.span.contains(&from) || script.span.end == from)
}

fn fault(
    written: &Written,
    migration: &Migration,
    code: &'static str,
    message: String,
    help: &str,
) -> Finding {
    let mut finding = Diagnostic::new(code, Severity::Medium, message)
        .with_help(help)
        .with_evidence("class", written.approval.class.clone())
        .with_evidence("written", written.approval.written.clone());
    finding.migration = Some(migration.id.clone());
    if let Some(comment) = &written.comment {
        finding = finding.at(comment.at.clone()).in_script(&migration.id, comment.direction);
    } else if let Some(at) = &written.configured {
        finding = finding.at(at.clone());
    }
    Finding::new(finding, None)
}

/// Checks that failed for nothing but what is approved hold.
fn lift(report: &mut RunReport) {
    let findings = &report.findings;
    for migration in &mut report.migrations {
        for check in migration.checks.iter_mut().filter(|check| check.status == CheckStatus::Failed) {
            let own = || {
                findings.iter().filter(|finding| {
                    finding.migration.as_ref() == Some(&migration.id)
                        && finding.check.as_ref() == Some(&check.id)
                        && finding.severity > Severity::Low
                })
            };
            let mut classes: Vec<&str> =
                own().filter_map(|finding| Some(finding.approval.as_ref()?.class.as_str())).collect();
            if classes.is_empty() || own().any(Finding::objects) {
                continue;
            }
            classes.sort_unstable();
            classes.dedup();
            check.reason = Some(format!("approved: {}", classes.join(", ")));
            check.status = CheckStatus::Passed;
        }
    }
}
