//! Recommendations: what was measured of a statement, and the form that does not do it.

use confiture_core::Severity;
use confiture_core::plugin::Registry;
use confiture_core::report::{Finding, PerformanceProfile, Recommendation, StatementProfile};
use confiture_fixtures::TestSource;

use super::passes::time;
use crate::limits::safer;

/// Findings whose statement has a safer form.
const CODES: [&str; 4] = ["profile-rewrite", "profile-scan", "profile-stall", "profile-hold-predicted"];

/// One recommendation for each statement that `findings` speak against, in their order.
pub(super) fn recommendations(
    registry: &Registry,
    source: &TestSource,
    profile: &PerformanceProfile,
    findings: &[Finding],
) -> Vec<Recommendation> {
    let mut all: Vec<Recommendation> = Vec::new();
    let loud = findings.iter().filter(|f| CODES.contains(&f.code.as_str()) && f.severity > Severity::Info);
    for finding in loud {
        let named = finding.evidence.get("statement").and_then(|id| id.as_str());
        let Some(statement) = profile.statements.iter().find(|s| Some(s.id.as_str()) == named) else {
            continue;
        };
        if let Some(known) = all.iter_mut().find(|known| known.statement == statement.id) {
            known.evidence.push_str(&format!("; {}", finding.message));
            continue;
        }
        let (rule, instead) = match instead(registry, source, statement) {
            Some((rule, good)) => (Some(rule.to_owned()), good),
            None => (None, finding.help.clone().unwrap_or_default()),
        };
        let evidence = format!("{} ({})", finding.message, counters(statement));
        all.push(Recommendation { statement: statement.id.clone(), evidence, rule, instead, tried: None });
    }
    all
}

/// The form of a statement that does not do what was measured of it: of one that works long under its lock the rule
/// about such work, of one that waits for its lock without an end that about the timeout.
fn instead(
    registry: &Registry,
    source: &TestSource,
    statement: &StatementProfile,
) -> Option<(&'static str, String)> {
    let works = !statement.rewrites.is_empty()
        || statement.scans.iter().any(|scan| scan.full)
        || statement.created.iter().any(|_| statement.locks.iter().any(|lock| lock.mode == "SHARE"));
    if works {
        return safer(registry, &sql(source, statement)?);
    }
    let rule = registry.rule("missing-lock-timeout").filter(|_| !statement.lock_timeout)?;
    let good: Vec<&str> = rule.meta().example.good.iter().map(|sql| sql.trim()).collect();
    Some((rule.meta().plugin.id, good.join("\n")))
}

fn sql(source: &TestSource, statement: &StatementProfile) -> Option<std::sync::Arc<str>> {
    let migration = source.loaded.migrations.iter().find(|migration| migration.id == statement.migration)?;
    let script = migration.step(statement.direction).script()?;
    Some(script.statements.get(statement.number.checked_sub(1)?)?.sql.clone())
}

/// What a statement cost, in the counters that tell.
fn counters(statement: &StatementProfile) -> String {
    let mut parts = vec![time(statement.wall_ms)];
    if let Some(wal) = statement.wal {
        parts.push(format!("{} KiB of log", wal.bytes / 1024));
    }
    if let Some(pages) = statement.buffers {
        parts.push(format!("{} pages dirtied", pages.dirtied));
    }
    let read: u64 = statement.scans.iter().filter(|scan| scan.full).map(|scan| scan.tuples).sum();
    if read > 0 {
        parts.push(format!("{read} rows read"));
    }
    let held = statement.locks.iter().filter(|lock| lock.existing && !lock.index);
    let longest = held.max_by(|a, b| a.held_ms.total_cmp(&b.held_ms));
    if let Some(lock) = longest {
        parts.push(format!("{} held for {}", lock.mode, time(lock.held_ms)));
    }
    parts.join(", ")
}
