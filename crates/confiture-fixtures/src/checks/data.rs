//! `data`: rows and values survive up, and up and down.

use async_trait::async_trait;
use confiture_core::catalog::{Catalog, Kind, ObjectId};
use confiture_core::migration::{Direction, Script, Step};
use confiture_core::plugin::{
    Check, CheckContext, CheckError, DataRecord, PluginMeta, RowChange, RowChangeKind, Verdict,
};
use confiture_core::sql::{Verb, classify};
use confiture_core::{Diagnostic, Severity};

use super::blame::blame;
use super::up::failure;
use super::up_data::observed;
use crate::ladder::mentions;

/// Judges what became of rows.
#[derive(Debug, Default)]
struct Data;

confiture_core::register!(check Data);

#[async_trait]
impl Check for Data {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "data",
            summary: "rows and values survive up, and up and down",
            docs: include_str!("data.md"),
        };
        &META
    }

    fn rank(&self) -> u32 {
        60
    }

    async fn judge(&self, cx: &CheckContext<'_>) -> Result<Verdict, CheckError> {
        let record = match observed(cx) {
            Ok(record) => record,
            Err(verdict) => return Ok(verdict),
        };
        let Step::Sql(up) = &cx.migration.up else { return Ok(Verdict::passed()) };
        if record.up.failure.is_some() {
            return Ok(Verdict::skipped("up fails on rows"));
        }
        let id = &cx.migration.id;
        let mut findings: Vec<Diagnostic> =
            after_up(cx, up, record).into_iter().map(|f| f.in_script(id, Direction::Up)).collect();
        if let (Step::Sql(down), Some(run)) = (&cx.migration.down, &record.down) {
            let empty_ones_pass =
                cx.record.round_trip.as_ref().is_some_and(|trip| trip.down.failure.is_none());
            let mut down_findings = Vec::new();
            match &run.failure {
                Some(failed) if empty_ones_pass => down_findings.push(
                    failure(
                        "down-fails-with-rows",
                        "down fails on rows",
                        failed,
                        Direction::Down,
                        down.transaction,
                    )
                    .with_evidence("rows", record.rows),
                ),
                Some(_) => {}
                None => down_findings.extend(after_down(cx, down, record)),
            }
            findings.extend(down_findings.into_iter().map(|f| f.in_script(id, Direction::Down)));
        }
        Ok(Verdict::of(findings))
    }
}

/// What the up did to rows it does not name, and what it does not do for those it does.
fn after_up(cx: &CheckContext<'_>, up: &Script, record: &DataRecord) -> Vec<Diagnostic> {
    let calls = up.statements.iter().any(|statement| {
        matches!(classify(&statement.sql).verb, Verb::Select | Verb::Call | Verb::Do | Verb::Execute)
    });
    let irreversible = !matches!(cx.migration.down, Step::Sql(_));
    let mut findings = Vec::new();
    for change in &record.up_changes {
        let table = &change.table;
        let named = named(up, &cx.record.before, table);
        let column = |name: &String| table.member(Kind::Column, name);
        let finding = match &change.kind {
            RowChangeKind::TableDropped | RowChangeKind::RowsLost if !named && !calls => {
                Diagnostic::new("rows-lost", Severity::High, format!("up loses {} of {table}, which it does not name", counted(change)))
                    .with_label("a cascade or a trigger of this takes them along")
                    .with_help("keep the rows: change what cascades first, or delete them in a statement of their own")
                    .at(up.locate(blame(up, table)))
            }
            RowChangeKind::TableDropped if irreversible => {
                info("data-dropped", format!("{} of {table} are dropped for good", counted(change)))
                    .at(up.locate(blame(up, table)))
            }
            RowChangeKind::ColumnDropped { column: name } if irreversible => {
                info("data-dropped", format!("{} are dropped for good with {}", values(change), column(name)))
                    .at(up.locate(blame(up, &column(name))))
            }
            RowChangeKind::ValuesChanged { column: name } if !calls && !(named && mentions(up, name)) => {
                Diagnostic::new(
                    "values-changed",
                    Severity::Low,
                    format!("up changes {} of {}, which it does not name", values(change), column(name)),
                )
                .with_label("a trigger or a cascade of this changes them")
                .with_help("disable the trigger for the migration if the change is not wanted, or name the column to show that it is")
                .at(up.locate(blame(up, table)))
            }
            RowChangeKind::Narrowed { column: name, from, to } => Diagnostic::new(
                "values-narrowed",
                Severity::Medium,
                format!("{} of {} lose something on the way from {from} to {to}", values(change), column(name)),
            )
            .with_label("cast back they are others")
            .with_help("keep the old column until nobody needs the full values, or choose a type that holds them")
            .at(up.locate(blame(up, &column(name)))),
            RowChangeKind::LeftNull { column: name } => Diagnostic::new(
                "backfill-incomplete",
                Severity::Low,
                format!("{} of {table} have no value in the new column {name} though it is filled", counted(change)),
            )
            .with_label("this fills the other rows")
            .with_help("widen the condition, or set the others to what they should be")
            .at(up.locate(blame(up, &column(name)))),
            _ => continue,
        };
        findings.push(with_example(finding, change));
    }
    for behind in &record.sequences_behind {
        let column = behind.table.member(Kind::Column, &behind.column);
        findings.push(
            Diagnostic::new(
                "sequence-behind",
                Severity::High,
                format!(
                    "the sequence of {column} gives {} next, and the column holds {} already",
                    behind.next, behind.reached
                ),
            )
            .with_label("after this the next INSERT fails or repeats a value")
            .with_evidence("sequence", behind.sequence.clone())
            .with_help(format!(
                "add  SELECT setval({}, (SELECT max({}) FROM {}));",
                behind.sequence,
                confiture_core::sql::Quoted::ident(&behind.column),
                behind.table.sql_name()
            ))
            .at(up.locate(blame(up, &behind.table))),
        );
    }
    findings
}

/// What up and down together did to rows that were there before.
fn after_down(cx: &CheckContext<'_>, down: &Script, record: &DataRecord) -> Vec<Diagnostic> {
    let after = cx.record.round_trip.as_ref().map(|trip| &trip.after_down);
    // An object that does not come back is reported by `down`; its rows went with it.
    let missing = |change: &&RowChange| match &change.kind {
        RowChangeKind::TableDropped => true,
        RowChangeKind::ColumnDropped { column } => {
            after.is_none_or(|after| after.column(&change.table, column).is_none())
        }
        _ => false,
    };
    let changes: Vec<&RowChange> = record.down_changes.iter().filter(|change| !missing(change)).collect();
    let mut findings = Vec::new();
    for group in changes.chunk_by(|a, b| a.table == b.table && is_value(a) && is_value(b)) {
        let change = group[0];
        let table = &change.table;
        let finding = match &change.kind {
            RowChangeKind::RowsAdded => Diagnostic::new(
                "rollback-leaves-rows",
                Severity::Low,
                format!("down leaves {} in {table} that the up put there", rows(change.count)),
            )
            .with_help("delete them in the down script"),
            RowChangeKind::RowsLost => Diagnostic::new(
                "rollback-loses-data",
                Severity::Medium,
                format!("up and down lose {} of {table}", counted(change)),
            )
            .with_help(KEEP),
            _ => {
                let columns: Vec<String> =
                    group.iter().filter_map(|change| column_of(change)).map(str::to_owned).collect();
                let what = match group {
                    [one] => format!("{} of {}", values(one), table.member(Kind::Column, &columns[0])),
                    _ => format!("values of {table} ({})", columns.join(", ")),
                };
                Diagnostic::new(
                    "rollback-loses-data",
                    Severity::Medium,
                    format!("up and down do not give back {what}"),
                )
                .with_evidence("columns", columns)
                .with_help(KEEP)
            }
        };
        let about = column_of(change).map_or_else(|| table.clone(), |name| table.member(Kind::Column, name));
        let label = match &change.example {
            Some(example) if example.before.is_some() || example.after.is_some() => {
                "after this they are others"
            }
            _ => "after this they are missing or too many",
        };
        findings.push(with_example(finding.with_label(label).at(down.locate(blame(down, &about))), change));
    }
    findings
}

const KEEP: &str = "keep what the up removes until the rollback is no longer needed (rename instead of drop, or copy it \
                    aside and back), or remove the down script to declare the migration irreversible";

fn is_value(change: &RowChange) -> bool {
    column_of(change).is_some()
}

fn column_of(change: &RowChange) -> Option<&str> {
    match &change.kind {
        RowChangeKind::ColumnDropped { column }
        | RowChangeKind::ValuesChanged { column }
        | RowChangeKind::Narrowed { column, .. }
        | RowChangeKind::LeftNull { column } => Some(column),
        RowChangeKind::TableDropped | RowChangeKind::RowsLost | RowChangeKind::RowsAdded => None,
    }
}

/// Whether a script names a table or one of its partitions.
fn named(script: &Script, catalog: &Catalog, table: &ObjectId) -> bool {
    mentions(script, table.name())
        || catalog
            .tables()
            .filter(|(_, one)| one.partition_of.as_ref() == Some(table))
            .any(|(id, _)| mentions(script, id.name()))
}

fn info(code: &'static str, message: String) -> Diagnostic {
    Diagnostic::new(code, Severity::Info, message)
}

fn rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

fn counted(change: &RowChange) -> String {
    format!("{} of {}", change.count, rows(change.of))
}

fn values(change: &RowChange) -> String {
    let noun = if change.count == 1 { "value" } else { "values" };
    format!("{} {noun} (of {})", change.count, rows(change.of))
}

fn with_example(finding: Diagnostic, change: &RowChange) -> Diagnostic {
    let finding = finding
        .with_evidence("table", change.table.to_string())
        .with_evidence("count", change.count)
        .with_evidence("rows", change.of);
    let finding = match column_of(change) {
        Some(column) => finding.with_evidence("column", column),
        None => finding,
    };
    let Some(example) = &change.example else { return finding };
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "NULL".to_owned());
    let mut finding = finding.with_evidence("key", example.key.clone());
    if is_value(change) && (example.before.is_some() || example.after.is_some()) {
        let shown = format!("{}: {} became {}", example.key, text(&example.before), text(&example.after));
        finding = finding
            .with_evidence("before", text(&example.before))
            .with_evidence("after", text(&example.after));
        finding.label = Some(match finding.label.take() {
            Some(label) => format!("{label} ({shown})"),
            None => shown,
        });
    } else {
        finding.label = Some(match finding.label.take() {
            Some(label) => format!("{label} ({})", example.key),
            None => example.key.clone(),
        });
    }
    finding
}
