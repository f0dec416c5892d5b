//! `atomic`: when a statement fails midway, nothing remains.

use async_trait::async_trait;
use confiture_core::catalog::{Catalog, Detail, Difference, Kind, ObjectId, undo_script};
use confiture_core::migration::{Direction, Script, Step, TransactionMode};
use confiture_core::plugin::{Check, CheckContext, CheckError, Interruption, PluginMeta, Verdict};
use confiture_core::{Diagnostic, Severity};

use super::blame::blame;
use super::down::{listing, semicolons, severity};

/// Judges what a failed or interrupted up leaves.
#[derive(Debug, Default)]
struct Atomic;

confiture_core::register!(check Atomic);

#[async_trait]
impl Check for Atomic {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "atomic",
            summary: "when a statement fails midway nothing remains; no invalid index is left",
            docs: include_str!("atomic.md"),
        };
        &META
    }

    fn rank(&self) -> u32 {
        30
    }

    async fn judge(&self, cx: &CheckContext<'_>) -> Result<Verdict, CheckError> {
        let Step::Sql(script) = &cx.migration.up else {
            return Ok(Verdict::not_applicable("no forward script that can be run"));
        };
        let Some(run) = &cx.record.up else { return Ok(Verdict::skipped("not run")) };
        if script.statements.is_empty() {
            return Ok(Verdict::not_applicable("no statement in the file"));
        }
        let id = &cx.migration.id;
        let mut findings = Vec::new();
        if run.failure.is_some() {
            findings.extend(remains(script, &cx.record.before, &cx.record.after));
        } else if let Some(interruption) = &cx.record.interruption {
            findings.extend(not_resumable(script, interruption));
        }
        findings.extend(invalid_indexes(script, &cx.record.before, &cx.record.after));
        Ok(Verdict::of(findings.into_iter().map(|f| f.in_script(id, Direction::Up)).collect()))
    }
}

/// What a failed up left in the catalog.
fn remains(script: &Script, before: &Catalog, after: &Catalog) -> Option<Diagnostic> {
    let left = before.diff(after);
    let left: Vec<Difference> = left.into_iter().filter(|d| severity(d) > Severity::Info).collect();
    let first = left.first()?;
    let objects: Vec<String> = left.iter().map(|d| d.object.to_string()).collect();
    let undo = undo_script(&left);
    let finding = Diagnostic::new(
        "failed-up-leaves-object",
        Severity::High,
        format!("the failed up leaves a change behind: {}", listing(&objects)),
    )
    .at(script.locate(blame(script, &first.object)))
    .with_label(first.after_rollback())
    .with_evidence("objects", objects);
    Some(match undo.is_empty() {
        true => finding,
        false => finding.with_help(format!("before a retry run  {}", semicolons(&undo))),
    })
}

/// An interrupted up that cannot simply be run again.
fn not_resumable(script: &Script, interruption: &Interruption) -> Option<Diagnostic> {
    let failed = interruption.rerun.as_ref()?;
    let objects: Vec<String> = interruption.left.iter().map(|d| d.object.to_string()).collect();
    let (severity, why) = match script.transaction {
        TransactionMode::Autocommit => (Severity::Medium, "each statement commits on its own"),
        TransactionMode::Wrapped | TransactionMode::Batch => (Severity::High, "the script commits midway"),
    };
    let finding = Diagnostic::new(
        "partial-apply",
        severity,
        format!(
            "interrupted before its last statement, up leaves {} and cannot be run again",
            listing(&objects)
        ),
    )
    .at(failed.location.clone())
    .with_label(format!("second attempt: {}", failed.failure))
    .with_help(format!(
        "{why}: put one statement in a migration, or make each repeatable (IF NOT EXISTS, IF EXISTS, ON CONFLICT)"
    ))
    .with_evidence("objects", objects)
    .with_evidence("sqlstate", failed.failure.sqlstate.clone().unwrap_or_default());
    Some(finding)
}

/// Indexes the up left unusable.
///
/// The index of a partitioned table may stay invalid over several migrations, until each partition's index
/// is attached; that is information.
fn invalid_indexes(script: &Script, before: &Catalog, after: &Catalog) -> Vec<Diagnostic> {
    let invalid = |catalog: &Catalog| -> Vec<ObjectId> {
        let indexes = catalog.of_kind(Kind::Index);
        let invalid = indexes.filter(|(_, object)| matches!(&object.detail, Detail::Index(i) if !i.valid));
        invalid.map(|(id, _)| id.clone()).collect()
    };
    let known = invalid(before);
    let new = invalid(after).into_iter().filter(|index| !known.contains(index));
    new.map(|index| {
        let partitioned = index
            .owner_path()
            .and_then(|(schema, table)| after.get(&ObjectId::new(Kind::Table, [schema, table])))
            .is_some_and(|table| matches!(&table.detail, Detail::Table(t) if t.partition_by.is_some()));
        let (severity, label, help) = match partitioned {
            true => (
                Severity::Info,
                "invalid until the index of every partition is attached".to_owned(),
                "create the index on each partition and  ALTER INDEX … ATTACH PARTITION".to_owned(),
            ),
            false => (
                Severity::High,
                "INVALID: writes maintain it, queries never use it".to_owned(),
                format!("DROP INDEX CONCURRENTLY IF EXISTS {};  then create it again", index.sql_name()),
            ),
        };
        Diagnostic::new("invalid-index-left", severity, format!("up leaves an invalid index: {index}"))
            .at(script.locate(blame(script, &index)))
            .with_label(label)
            .with_help(help)
            .with_evidence("object", index.to_string())
    })
    .collect()
}
