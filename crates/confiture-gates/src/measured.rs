//! What a measurement says about findings: it confirms them, takes them back, and makes some of its own.

use std::collections::BTreeMap;

use confiture_core::db::LockMode;
use confiture_core::migration::layout::Loaded;
use confiture_core::migration::{Direction, Migration, Script};
use confiture_core::plugin::{Registry, RuleCategory, Tier, Withdrawal};
use confiture_core::report::RunReport;
use confiture_core::sql::{ClauseKind, Verb, classify, outline};
use confiture_core::{Diagnostic, Severity};
use confiture_fixtures::{Ground, Measured, RelationMeasure, StatementMeasure};

use crate::lint::{Found, scaled};

/// Weighs the findings about migration `index` and adds what no rule saw. `rows` are those of production.
pub(crate) fn weigh(
    found: &mut Vec<Found>,
    index: usize,
    migration: &Migration,
    measured: &Measured,
    rows: &BTreeMap<String, u64>,
    registry: &Registry,
) {
    for found in found.iter_mut().filter(|found| found.migration == index) {
        judge(found, measured);
    }
    let Some(script) = migration.up.script() else { return };
    if let Some(more) = refused(found, index, migration, script, measured, registry) {
        found.push(more);
    }
    for (&at, statement) in &measured.statements {
        let told = |found: &Found| {
            found.migration == index
                && found.statement == at
                && found.diagnostic.severity > Severity::Info
                && found.rule.is_some_and(|rule| {
                    use RuleCategory::{DataLoss, Fails, Lock};
                    matches!(rule.category, Lock | Fails | DataLoss)
                })
        };
        let Some(source) = script.statements.get(at).filter(|_| !found.iter().any(told)) else { continue };
        let Some((code, relation, message, label)) = unseen(&source.sql, statement) else { continue };
        let name = format!("{}.{}", relation.schema, relation.name);
        let known = rows.get(&name).or_else(|| rows.get(&relation.name)).copied();
        let severity = known.map_or(Severity::High, |rows| scaled(Severity::High, rows));
        let diagnostic = Diagnostic::new(code, severity, message)
            .at(script.locate(source.span.clone()))
            .in_script(&migration.id, Direction::Up)
            .with_label(label)
            .with_help("do this in a window without traffic, or in steps that each take a short lock")
            .with_evidence("category", RuleCategory::Lock.as_str())
            .with_evidence("table", name);
        let diagnostic = with_evidence(diagnostic, statement);
        found.push(Found {
            migration: index,
            statement: at,
            rule: None,
            tier: Tier::Measured,
            table: Some(vec![relation.schema.clone(), relation.name.clone()]),
            diagnostic,
            suppressed: None,
        });
    }
}

/// What the rows refuse, as a finding of the rule about it; `None` where a rule about failures has seen it.
fn refused(
    found: &[Found],
    index: usize,
    migration: &Migration,
    script: &Script,
    measured: &Measured,
    registry: &Registry,
) -> Option<Found> {
    let failed = measured.failure.as_ref()?;
    let at = failed.statement?;
    let sqlstate = failed.failure.sqlstate.as_deref()?;
    let outline = outline(&script.statements.get(at)?.sql);
    if matches!(outline.verb, Verb::Insert | Verb::Update | Verb::Delete | Verb::Merge) {
        return None;
    }
    let id = match sqlstate {
        "23505" => "unique-on-duplicate-data",
        "23514" | "23503" => "validate-on-bad-data",
        "23502" => "set-not-null-on-null-data",
        _ => return None,
    };
    let told = |found: &Found| {
        found.migration == index
            && found.statement == at
            && found.rule.is_some_and(|rule| rule.category == RuleCategory::Fails)
    };
    let rule = registry.rule(id).filter(|_| !found.iter().any(told))?.meta();
    let table = outline.on.as_ref().or(outline.name()).map(|name| name.parts.clone());
    let mut diagnostic =
        Diagnostic::new(rule.plugin.id, rule.severity, format!("rows refuse it: {}", failed.failure.message))
            .at(failed.location.clone())
            .in_script(&migration.id, Direction::Up)
            .with_label(format!(
                "SQLSTATE {sqlstate} on {}",
                match measured.ground {
                    Ground::Rows => "generated rows that the schema allows",
                    Ground::Chain => "the rows that setup and migrations leave",
                }
            ))
            .with_help("find and repair the rows in a migration before")
            .with_evidence("tier", Tier::Measured.as_str())
            .with_evidence("category", rule.category.as_str())
            .with_evidence("sqlstate", sqlstate);
    if let Some(detail) = failed.failure.detail.as_ref().filter(|_| measured.ground == Ground::Rows) {
        diagnostic = diagnostic.with_evidence("detail", detail.as_str());
    }
    if let Some(table) = &table {
        diagnostic = diagnostic.with_evidence("table", table.join("."));
    }
    Some(Found {
        migration: index,
        statement: at,
        rule: Some(rule),
        tier: Tier::Measured,
        table,
        diagnostic,
        suppressed: None,
    })
}

/// Constraints that a query of the running application was refused by, as findings of the rule about them.
pub(crate) fn rejected(
    report: &RunReport,
    loaded: &Loaded,
    found: &[Found],
    registry: &Registry,
) -> Vec<Found> {
    let Some(rule) = registry.rule("new-constraint-rejects-old-writer").map(|rule| rule.meta()) else {
        return Vec::new();
    };
    let mut all: Vec<Found> = Vec::new();
    for broken in report.findings.iter().filter(|finding| finding.code == "query-breaks") {
        let sqlstate = broken.evidence.get("sqlstate").and_then(|code| code.as_str()).unwrap_or_default();
        let wanted: &[ClauseKind] = match sqlstate {
            "23514" => &[ClauseKind::Check],
            "23505" => &[ClauseKind::Unique, ClauseKind::PrimaryKey],
            "23503" => &[ClauseKind::ForeignKey],
            "23P01" => &[ClauseKind::Exclude],
            _ => continue,
        };
        let named = |migration: &&Migration| broken.migration.as_deref() == Some(migration.id.as_str());
        let Some(index) = loaded.migrations.iter().position(|migration| named(&migration)) else { continue };
        let Some(script) = loaded.migrations[index].up.script() else { continue };
        let told = |found: &Found| {
            found.migration == index && found.rule.is_some_and(|known| known.plugin.id == rule.plugin.id)
        };
        if found.iter().chain(&all).any(told) {
            continue;
        }
        let added = script.statements.iter().enumerate().find_map(|(at, statement)| {
            let outline = outline(&statement.sql);
            let clauses = outline.actions().iter().filter_map(|action| action.constraint.as_ref());
            let adds = clauses.into_iter().any(|clause| wanted.contains(&clause.kind));
            let table = outline.name().filter(|_| adds)?.parts.clone();
            Some((at, statement, table))
        });
        let Some((at, statement, table)) = added else { continue };
        let message =
            format!("the constraint refuses what the running application writes to {}", table.join("."));
        let diagnostic = Diagnostic::new(rule.plugin.id, rule.severity, message)
            .at(script.locate(statement.span.clone()))
            .in_script(&loaded.migrations[index].id, Direction::Up)
            .with_label(format!("a query that worked before fails with SQLSTATE {sqlstate}"))
            .with_help("release an application that writes such rows no more, then add the constraint")
            .with_evidence("tier", Tier::Measured.as_str())
            .with_evidence("category", rule.category.as_str())
            .with_evidence("sqlstate", sqlstate)
            .with_evidence("table", table.join("."));
        all.push(Found {
            migration: index,
            statement: at,
            rule: Some(rule),
            tier: Tier::Measured,
            table: Some(table),
            diagnostic,
            suppressed: None,
        });
    }
    all
}

fn judge(found: &mut Found, measured: &Measured) {
    let Some(rule) = found.rule else { return };
    let failed = measured.failure.as_ref().filter(|failure| failure.statement == Some(found.statement));
    if let (RuleCategory::Fails, Some(failed)) = (rule.category, failed) {
        let sqlstate = failed.failure.sqlstate.clone().unwrap_or_default();
        let diagnostic = std::mem::replace(&mut found.diagnostic, Diagnostic::new("", Severity::Info, ""));
        found.tier = Tier::Measured;
        found.diagnostic =
            diagnostic.with_evidence("tier", Tier::Measured.as_str()).with_evidence("sqlstate", sqlstate);
        return;
    }
    let Some(statement) = measured.statements.get(&found.statement).filter(|s| s.complete) else { return };
    let rewritten = statement.rewritten().next().is_some();
    let scanned = statement.scanned().next().is_some();
    let (seen, sure) = match rule.withdrawal {
        Withdrawal::Never if rule.category == RuleCategory::Lock => (locked(found, statement), false),
        Withdrawal::Never => return,
        Withdrawal::NoRewrite => (rewritten, true),
        Withdrawal::NoScan => (rewritten || scanned, has_rows(found, measured)),
    };
    if !seen && !sure {
        return;
    }
    let diagnostic = std::mem::replace(&mut found.diagnostic, Diagnostic::new("", Severity::Info, ""));
    found.diagnostic = with_evidence(diagnostic, statement);
    found.tier = Tier::Measured;
    if !seen {
        let what = match rule.withdrawal {
            Withdrawal::NoRewrite => "no rewrite was measured",
            _ => "neither a rewrite nor a scan was measured",
        };
        found.diagnostic.severity = Severity::Info;
        found.diagnostic.message = format!("withdrawn, {what}: {}", found.diagnostic.message);
        found.diagnostic.evidence.insert("withdrawn".to_owned(), what.into());
    }
}

/// Whether the statement took a lock on the table of the finding.
fn locked(found: &Found, statement: &StatementMeasure) -> bool {
    let Some(table) = &found.table else { return false };
    statement
        .relations
        .iter()
        .any(|relation| relation.lock.is_some() && named(table, &relation.schema, &relation.name))
}

/// Whether the one table that the finding can be about had rows: nothing reads an empty one.
fn has_rows(found: &Found, measured: &Measured) -> bool {
    let Some(table) = &found.table else { return false };
    let mut known = measured.rows.iter().filter(|((schema, name), _)| named(table, schema, name));
    matches!((known.next(), known.next()), (Some((_, rows)), None) if *rows > 0)
}

fn named(parts: &[String], schema: &str, name: &str) -> bool {
    match parts {
        [.., of, table] => of == schema && table == name,
        [table] => table == name,
        [] => false,
    }
}

/// A rewrite, or a scan while others wait.
fn unseen<'a>(
    sql: &str,
    statement: &'a StatementMeasure,
) -> Option<(&'static str, &'a RelationMeasure, String, &'static str)> {
    if let Some(relation) = statement.rewritten().find(|relation| !relation.index) {
        let message = format!("{} is written anew", relation.name);
        return Some(("rewrite-measured", relation, message, "the table has another file afterwards"));
    }
    if matches!(classify(sql).verb, Verb::Insert | Verb::Update | Verb::Delete | Verb::Merge | Verb::Select) {
        return None;
    }
    // Nobody but another REFRESH writes to a materialized view: only what keeps readers out is waited for.
    let least = if classify(sql).verb == Verb::Refresh { LockMode::AccessExclusive } else { LockMode::Share };
    let waits = |relation: &&RelationMeasure| relation.lock >= Some(least);
    let relation = statement.scanned().find(waits)?;
    let lock = relation.lock.map_or("", LockMode::as_str);
    let message = format!("{} is read from end to end under {lock}", relation.name);
    Some(("scan-measured", relation, message, "as many rows are read as the table has"))
}

/// Adds what was measured of the statement.
fn with_evidence(diagnostic: Diagnostic, statement: &StatementMeasure) -> Diagnostic {
    let full = |relation: &RelationMeasure| format!("{}.{}", relation.schema, relation.name);
    let mut diagnostic = diagnostic.with_evidence("tier", Tier::Measured.as_str());
    let locks: serde_json::Map<String, serde_json::Value> = statement
        .relations
        .iter()
        .filter_map(|relation| Some((full(relation), relation.lock?.as_str().into())))
        .collect();
    if !locks.is_empty() {
        diagnostic = diagnostic.with_evidence("locks", locks);
    }
    let rewritten: Vec<String> = statement.rewritten().map(full).collect();
    let scanned: Vec<String> = statement.scanned().map(full).collect();
    diagnostic.with_evidence("rewritten", rewritten).with_evidence("scanned", scanned)
}
