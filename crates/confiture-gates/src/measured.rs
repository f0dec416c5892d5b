//! What a measurement says about findings: it confirms them, takes them back, and makes some of its own.

use std::collections::BTreeMap;

use confiture_core::db::LockMode;
use confiture_core::migration::{Direction, Migration, Script};
use confiture_core::plugin::{Registry, RuleCategory, Tier, Withdrawal};
use confiture_core::sql::{ActionKind, ClauseKind, ObjectKind, Outline, Verb, classify, outline};
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
        // A block that commits by itself goes in steps.
        if statement.complete
            && let Some(more) = touched(found, index, at, migration, script, statement, registry)
        {
            found.push(more);
        }
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
        let rule = expected(&source.sql, code, &relation.name).and_then(|id| registry.rule(id));
        let rule = rule.map(|rule| rule.meta());
        let code = rule.map_or(code, |rule| rule.plugin.id);
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
            rule,
            tier: Tier::Measured,
            table: Some(vec![relation.schema.clone(), relation.name.clone()]),
            diagnostic,
            suppressed: None,
        });
    }
}

/// A table has to have so many rows that what a statement does to most of them is told: generated rows are few, and
/// whichever they are, a condition fits many of them by chance.
const MANY_ROWS: u64 = 1000;

/// Half or more of the rows of a table changed by one statement, as a finding of the rule about it; `None` where a
/// rule about locks has seen it.
fn touched(
    found: &[Found],
    index: usize,
    at: usize,
    migration: &Migration,
    script: &Script,
    statement: &StatementMeasure,
    registry: &Registry,
) -> Option<Found> {
    let most = |relation: &&RelationMeasure| {
        relation.rows >= MANY_ROWS && relation.changed.saturating_mul(2) >= relation.rows
    };
    let relation = statement.relations.iter().find(most)?;
    let told = |found: &Found| {
        found.migration == index
            && found.statement == at
            && found.diagnostic.severity > Severity::Info
            && found.rule.is_some_and(|rule| rule.category == RuleCategory::Lock)
    };
    let rule = registry.rule("unbounded-dml").filter(|_| !found.iter().any(told))?.meta();
    let source = script.statements.get(at)?;
    let (changed, rows) = (relation.changed, relation.rows);
    let name = format!("{}.{}", relation.schema, relation.name);
    let diagnostic = Diagnostic::new(
        rule.plugin.id,
        rule.severity,
        format!(
            "{changed} of {rows} rows of {} are changed at once and stay locked until the transaction ends",
            relation.name
        ),
    )
    .at(script.locate(source.span.clone()))
    .in_script(&migration.id, Direction::Up)
    .with_label("half of the table or more")
    .with_help("go through the table in batches by key, each in a transaction of its own")
    .with_evidence("category", rule.category.as_str())
    .with_evidence("table", name)
    .with_evidence("changed", changed);
    Some(Found {
        migration: index,
        statement: at,
        rule: Some(rule),
        tier: Tier::Measured,
        table: Some(vec![relation.schema.clone(), relation.name.clone()]),
        diagnostic: with_evidence(diagnostic, statement),
        suppressed: None,
    })
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
        "2BP01" => "blocked-by-dependent-view",
        // A view loses columns, or one of its columns would change its type.
        "42P16" if outline.object == Some(ObjectKind::View) => "blocked-by-dependent-view",
        "0A000" if does(&outline, ActionKind::AlterType) => "blocked-by-dependent-view",
        "42P13" => "drop-or-replace-routine",
        "55P04" => "enum-value-used-in-same-tx",
        "25001" => "concurrently-in-transaction",
        _ => return None,
    };
    let rows = sqlstate.starts_with("23");
    let told = |found: &Found| {
        found.migration == index
            && found.statement == at
            && found.rule.is_some_and(|rule| rule.category == RuleCategory::Fails)
    };
    let rule = registry.rule(id).filter(|_| !found.iter().any(told))?.meta();
    let table = outline.on.as_ref().or(outline.name()).map(|name| name.parts.clone());
    let mut diagnostic = Diagnostic::new(
        rule.plugin.id,
        rule.severity,
        format!("{} it: {}", if rows { "rows refuse" } else { "PostgreSQL refuses" }, failed.failure.message),
    )
    .at(failed.location.clone())
    .in_script(&migration.id, Direction::Up)
    .with_label(format!(
        "SQLSTATE {sqlstate} on {}",
        match measured.ground {
            Ground::Rows => "generated rows that the schema allows",
            Ground::Chain => "the rows that setup and migrations leave",
        }
    ))
    .with_help(if rows {
        "find and repair the rows in a migration before"
    } else {
        "change what depends on it in the same migration, or move the statement to a migration of its own"
    })
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
        Withdrawal::NoScan => (rewritten || scanned, has_rows(found, measured, statement)),
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
fn has_rows(found: &Found, measured: &Measured, statement: &StatementMeasure) -> bool {
    let Some(table) = &found.table else { return false };
    let mut known = measured.rows.iter().filter(|((schema, name), _)| named(table, schema, name));
    matches!((known.next(), known.next()), (Some((name, rows)), None) if *statement.rows.get(name).unwrap_or(rows) > 0)
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

/// The rule about what a statement was measured to do to `relation`, which did not know it from the text.
fn expected(sql: &str, code: &str, relation: &str) -> Option<&'static str> {
    let outline = outline(sql);
    if code == "rewrite-measured" {
        let mut actions = outline.actions().iter();
        return actions.find_map(|action| match (action.kind, &action.column) {
            (ActionKind::AlterType, _) => Some("alter-column-type-rewrite"),
            (ActionKind::AddColumn, Some(column)) => {
                let has = |kind| column.clause(kind).is_some();
                Some(match () {
                    () if has(ClauseKind::Identity) => "add-column-identity",
                    () if has(ClauseKind::Generated) => "add-column-generated-stored",
                    () if has(ClauseKind::Default) => "add-column-volatile-default",
                    () => "add-column-constrained-domain",
                })
            }
            _ => None,
        });
    }
    if outline.object == Some(ObjectKind::Domain) {
        return Some("domain-constraint-not-valid-missing");
    }
    outline.actions().iter().find_map(|action| match (action.kind, &action.constraint) {
        (ActionKind::AttachPartition, _) => {
            let own = action.name.as_ref().is_some_and(|partition| partition.name() == relation);
            Some(if own { "attach-partition-without-check" } else { "attach-partition-default-scan" })
        }
        (ActionKind::SetNotNull, _) => Some("set-not-null-without-check"),
        (ActionKind::AddConstraint, Some(clause)) => match clause.kind {
            ClauseKind::Check => Some("add-check-not-valid-missing"),
            ClauseKind::ForeignKey => Some("add-fk-not-valid-missing"),
            ClauseKind::Unique => Some("add-unique-not-using-index"),
            ClauseKind::PrimaryKey => Some("add-pk-not-using-index"),
            ClauseKind::Exclude => Some("add-exclusion-constraint"),
            _ => None,
        },
        _ => None,
    })
}

fn does(outline: &Outline, kind: ActionKind) -> bool {
    outline.actions().iter().any(|action| action.kind == kind)
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
