//! What may not happen whatever it was before: absolute verdicts.

use std::collections::BTreeMap;
use std::time::Duration;

use confiture_core::plugin::Registry;
use confiture_core::report::{PerformanceProfile, StatementProfile};
use confiture_core::sql::{ActionKind, ClauseKind, Modifier, ObjectKind, Outline, Verb, outline};
use confiture_core::{Diagnostic, Severity};

use crate::predict::{HoldBudget, rows_in};

/// What may not happen: rewrites and full scans by rows, stalls and holds by time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Rows from which on it fails.
    pub rows: u64,
    /// Rows of tables in production, by `schema.table` or `table`.
    pub production: BTreeMap<String, u64>,
    /// Longer stalls of a probe are warned of.
    pub stall: Duration,
    /// Predicted holds of locks that others wait for.
    pub hold: HoldBudget,
    /// From how many runs of each side on a slower script fails; with fewer it is warned of.
    pub gating_runs: usize,
}

impl Default for Limits {
    /// 100 000 rows, and nothing known of production; stalls of 500 ms, holds of 1 s and 5 s, ten runs.
    fn default() -> Self {
        Self {
            rows: 100_000,
            production: BTreeMap::new(),
            stall: Duration::from_millis(500),
            hold: HoldBudget::default(),
            gating_runs: 10,
        }
    }
}

impl Limits {
    /// What one statement of `profile`, whose text is `sql`, does beyond the limits.
    pub(crate) fn judge(
        &self,
        registry: &Registry,
        profile: &PerformanceProfile,
        statement: &StatementProfile,
        sql: &str,
    ) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let exclusive = |relation: &str| held_exclusively(profile, statement, relation);
        let rows_of = |relation: &str| {
            let of = profile.migrations.iter().find(|migration| migration.id == statement.migration);
            of.and_then(|migration| migration.tables.get(relation)).copied()
        };
        let safer = safer(registry, sql);
        for relation in &statement.rewrites {
            // Of an index without its table nobody waits for the rows.
            let Some(rows) = rows_of(relation).filter(|rows| *rows > 0 && exclusive(relation)) else {
                continue;
            };
            let message = format!("{relation} is written anew under ACCESS EXCLUSIVE");
            found.push(self.scaled("profile-rewrite", message, relation, rows, statement, safer.as_ref()));
        }
        for scan in
            statement.scans.iter().filter(|scan| scan.full && !statement.rewrites.contains(&scan.relation))
        {
            let Some(rows) = rows_of(&scan.relation).filter(|_| exclusive(&scan.relation)) else { continue };
            let message = format!("{} is read from end to end under ACCESS EXCLUSIVE", scan.relation);
            let tuples = scan.tuples;
            let finding =
                self.scaled("profile-scan", message, &scan.relation, rows, statement, safer.as_ref());
            found.push(finding.with_evidence("tuples", tuples));
        }
        found
    }

    fn scaled(
        &self,
        code: &'static str,
        message: String,
        relation: &str,
        rows: u64,
        statement: &StatementProfile,
        safer: Option<&(&'static str, String)>,
    ) -> Diagnostic {
        let production = rows_in(&self.production, relation);
        let (severity, label) = match production {
            Some(rows) if rows >= self.rows => (Severity::High, format!("{rows} rows in production")),
            Some(rows) => (Severity::Info, format!("{rows} rows in production")),
            None if rows >= self.rows => (Severity::High, format!("measured on {rows} rows")),
            None => (Severity::Low, format!("measured on {rows} rows; those of production are not known")),
        };
        let help = match safer {
            Some((rule, good)) => format!("a safer form (confiture explain {rule}):\n{}", good.trim_end()),
            None => "do this in a window without traffic, or in steps that each take a short lock".to_owned(),
        };
        let mut finding = Diagnostic::new(code, severity, message)
            .with_label(label)
            .with_help(help)
            .with_evidence("relation", relation)
            .with_evidence("rows", rows)
            .with_evidence("wall_ms", statement.wall_ms);
        if let Some(wal) = statement.wal {
            finding = finding.with_evidence("wal_bytes", wal.bytes);
        }
        if let Some(rows) = production {
            finding = finding.with_evidence("production_rows", rows);
        }
        if let Some((rule, _)) = safer {
            finding = finding.with_evidence("rule", *rule);
        }
        finding
    }
}

/// Whether the transaction holds `ACCESS EXCLUSIVE` on a relation that was there before while `statement` runs.
fn held_exclusively(profile: &PerformanceProfile, statement: &StatementProfile, relation: &str) -> bool {
    profile.script(&statement.migration, statement.direction).any(|earlier| {
        // Times are rounded to a microsecond.
        let held = |until: f64| earlier.number == statement.number || until > statement.started_ms + 0.002;
        earlier.number <= statement.number
            && earlier.locks.iter().any(|lock| {
                lock.relation == relation
                    && lock.existing
                    && lock.mode == "ACCESS EXCLUSIVE"
                    && held(lock.taken_ms + lock.held_ms)
            })
    })
}

/// The first statement of a script that waits for `ACCESS EXCLUSIVE` without an end.
pub(crate) fn without_timeout(statements: &[&StatementProfile]) -> Option<(usize, Diagnostic)> {
    let (at, relation) = statements.iter().enumerate().find_map(|(at, statement)| {
        let mut locks = statement.locks.iter();
        let lock = locks.find(|lock| lock.existing && !lock.index && lock.mode == "ACCESS EXCLUSIVE")?;
        (!statement.lock_timeout).then(|| (at, lock.relation.clone()))
    })?;
    let message = format!("ACCESS EXCLUSIVE on {relation} is waited for without lock_timeout");
    let finding = Diagnostic::new("profile-no-lock-timeout", Severity::Low, message)
        .with_label("behind one long query, every later one waits too")
        .with_help("SET lock_timeout = '2s'; before it, and try again when it fails")
        .with_evidence("relation", relation);
    Some((at, finding))
}

/// The rule about what `sql` does, and its good form, where a rule is registered.
pub(crate) fn safer(registry: &Registry, sql: &str) -> Option<(&'static str, String)> {
    let rule = registry.rule(rule(&outline(sql))?)?;
    let good: Vec<&str> =
        rule.meta().example.good.iter().map(|sql| sql.trim().trim_end_matches(';')).collect();
    Some((rule.meta().plugin.id, good.join(";\n") + ";"))
}

fn rule(outline: &Outline) -> Option<&'static str> {
    match (outline.verb, outline.object) {
        (Verb::Alter, Some(ObjectKind::Table)) => {}
        (Verb::Create, Some(ObjectKind::Index)) if outline.modifier(Modifier::Concurrently).is_none() => {
            return Some("index-not-concurrent");
        }
        (Verb::Cluster | Verb::Vacuum, _) => return Some("cluster-or-vacuum-full"),
        _ => return None,
    }
    outline.actions().iter().find_map(|action| match action.kind {
        ActionKind::AddColumn => {
            let clause = |kind| action.column.as_ref().is_some_and(|column| column.clause(kind).is_some());
            Some(match (clause(ClauseKind::Generated), clause(ClauseKind::Identity)) {
                (true, _) => "add-column-generated-stored",
                (_, true) => "add-column-identity",
                _ => "add-column-volatile-default",
            })
        }
        ActionKind::AlterType => Some("alter-column-type-rewrite"),
        ActionKind::SetNotNull => Some("set-not-null-without-check"),
        ActionKind::AddConstraint => {
            let clause = action.constraint.as_ref().map(|clause| clause.kind);
            match clause {
                Some(ClauseKind::ForeignKey) => Some("add-fk-not-valid-missing"),
                Some(ClauseKind::PrimaryKey) => Some("add-pk-not-using-index"),
                Some(ClauseKind::Unique) => Some("add-unique-not-using-index"),
                Some(ClauseKind::Check) => Some("add-check-not-valid-missing"),
                _ => None,
            }
        }
        ActionKind::SetLogged | ActionKind::SetUnlogged => Some("set-logged-unlogged"),
        ActionKind::SetTablespace => Some("set-tablespace"),
        ActionKind::AttachPartition => Some("attach-partition-without-check"),
        _ => None,
    })
}
