//! What a project demands of a release besides its SQL.

use std::collections::BTreeSet;

use confiture_core::migration::{Direction, Migration, Step};
use confiture_core::plugin::GateInputs;
use confiture_core::report::{CheckStatus, Finding, RunReport};
use confiture_core::{Diagnostic, Location, Severity};

/// The check of these findings.
pub(crate) const RELEASE: &str = "release";

/// Enters what the judged migrations and the run lack.
pub(crate) fn enter(
    report: &mut RunReport,
    migrations: &[Migration],
    judged: Option<&BTreeSet<usize>>,
    inputs: &GateInputs,
) {
    let demands = &inputs.release;
    let mut lacks: Vec<Diagnostic> = Vec::new();
    for (index, migration) in migrations.iter().enumerate() {
        if judged.is_some_and(|judged| !judged.contains(&index)) {
            continue;
        }
        if demands.owner && said(migration, "confiture:owner").is_none() {
            let message = format!("nobody answers for {}", migration.id);
            lacks.push(about(migration, "owner-missing", message).with_help("add  -- confiture:owner TEAM"));
        }
        if demands.down
            && matches!(migration.down, Step::Absent)
            && said(migration, "confiture:irreversible").is_none()
        {
            let message = format!("{} has no rollback and does not say why", migration.id);
            let help = "write a rollback, or  -- confiture:irreversible reason";
            lacks.push(about(migration, "rollback-missing", message).with_help(help));
        }
        if let (Some(path), Some(text)) = (&demands.changelog, &inputs.changelog)
            && !mentions(text, migration)
        {
            let message = format!("{} does not mention {}", path.display(), migration.id);
            let help = "say there what the migration changes, by its id, version or name";
            lacks.push(about(migration, "changelog-missing", message).with_help(help));
        }
    }
    if let (Some(path), None) = (&demands.changelog, &inputs.changelog) {
        let message = format!("{} is demanded and cannot be read", path.display());
        lacks.push(Diagnostic::new("changelog-missing", Severity::Medium, message));
    }
    let tried: Vec<u32> = majors(report);
    let untried: Vec<String> =
        demands.pg.iter().filter(|major| !tried.contains(major)).map(u32::to_string).collect();
    if !untried.is_empty() {
        let message = format!("not tried on PostgreSQL {}", untried.join(", "));
        let help =
            format!("run with --pg {}", demands.pg.iter().map(u32::to_string).collect::<Vec<_>>().join(","));
        lacks.push(Diagnostic::new("version-not-tried", Severity::Medium, message).with_help(help));
    }
    if demands.snapshot {
        let mut checks = report.migrations.iter().flat_map(|migration| &migration.checks);
        let schema = checks.find(|check| check.id == "schema" && check.status != CheckStatus::NotApplicable);
        // Where it differs, the check says so.
        if !schema.is_some_and(|check| matches!(check.status, CheckStatus::Passed | CheckStatus::Failed)) {
            let message = "the schema was compared with no committed snapshot";
            let help = "commit what  confiture snapshot --accept  writes, and judge the whole chain";
            lacks.push(Diagnostic::new("snapshot-missing", Severity::Medium, message).with_help(help));
        }
    }
    report.findings.extend(lacks.into_iter().map(|lack| Finding::new(lack, Some(RELEASE))));
}

fn about(migration: &Migration, code: &'static str, message: String) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::new(code, Severity::Medium, message).in_script(&migration.id, Direction::Up);
    if let Some(file) = migration.file() {
        diagnostic = diagnostic.at(Location::new(file, "", 0..0));
    }
    diagnostic
}

/// What a migration says behind a directive, in either script.
fn said(migration: &Migration, directive: &str) -> Option<String> {
    let scripts = [migration.up.script(), migration.down.script()].into_iter().flatten();
    let texts = scripts.flat_map(|script| script.comments_above(directive)).map(|above| above.text);
    texts.into_iter().find(|text| !text.is_empty())
}

/// Whether a text holds the id, the version or the name of a migration as a word of its own.
fn mentions(text: &str, migration: &Migration) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let names = [&migration.id, &migration.version, &migration.name];
    names.into_iter().filter(|name| !name.is_empty()).any(|name| {
        text.match_indices(name.as_str()).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            !before.is_some_and(part) && !after.is_some_and(part)
        })
    })
}

/// The majors of the servers of a run.
fn majors(report: &RunReport) -> Vec<u32> {
    let servers = report.servers.iter().chain(&report.server);
    servers.filter_map(|server| server.version.split('.').next()?.parse().ok()).collect()
}
