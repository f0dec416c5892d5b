//! `data`: rows and values survive up, and up and down.

use async_trait::async_trait;
use confiture_core::catalog::{Catalog, Kind, ObjectId};
use confiture_core::migration::{Direction, Script, Step};
use confiture_core::plugin::{
    Check, CheckContext, CheckError, DataRecord, PluginMeta, RowChange, RowChangeKind, Verdict,
};
use confiture_core::sql::{Tokens, Verb, classify};
use confiture_core::{Diagnostic, Severity};

use super::blame::blame;
use super::up_data::{failed_on_rows, observed};
use crate::mention::mentions;

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
                Some(failed) if empty_ones_pass => {
                    let (code, what) = ("down-fails-with-rows", "down fails on rows");
                    down_findings.push(failed_on_rows(code, what, failed, down, Direction::Down, record));
                }
                Some(_) => {}
                None => down_findings.extend(after_down(cx, up, down, record)),
            }
            findings.extend(down_findings.into_iter().map(|f| f.in_script(id, Direction::Down)));
        }
        Ok(Verdict::of(findings))
    }
}

/// Whether the up changes rows or values by a way that it does not name: a cascade, a trigger.
fn unnamed(cx: &CheckContext<'_>, up: &Script, change: &RowChange) -> bool {
    let calls = up.statements.iter().any(|statement| {
        matches!(classify(&statement.sql).verb, Verb::Select | Verb::Call | Verb::Do | Verb::Execute)
    });
    let named = named(up, &cx.record.before, &change.table);
    !calls
        && match &change.kind {
            RowChangeKind::TableDropped | RowChangeKind::RowsLost | RowChangeKind::RowsAdded => !named,
            RowChangeKind::ValuesChanged { column }
            | RowChangeKind::NullsFilled { column }
            | RowChangeKind::Stamped { column } => !(named && mentions(up, column)),
            _ => false,
        }
}

/// What is told of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    RowsLost,
    RowsAdded,
    TableDropped,
    ColumnDropped,
    Values,
    Filled,
    Stamped,
    Narrowed,
    LeftNull,
}

/// What is told of a change by itself.
fn told(change: &RowChange) -> Told {
    match &change.kind {
        RowChangeKind::TableDropped => Told::TableDropped,
        RowChangeKind::RowsLost => Told::RowsLost,
        RowChangeKind::RowsAdded => Told::RowsAdded,
        RowChangeKind::ColumnDropped { .. } => Told::ColumnDropped,
        RowChangeKind::ValuesChanged { .. } => Told::Values,
        RowChangeKind::NullsFilled { .. } => Told::Filled,
        RowChangeKind::Stamped { .. } => Told::Stamped,
        RowChangeKind::Narrowed { .. } => Told::Narrowed,
        RowChangeKind::LeftNull { .. } => Told::LeftNull,
    }
}

/// Changes that make one finding: losses of rows, or values of one table.
fn group<'a>(changes: impl Iterator<Item = (Told, &'a RowChange)>) -> Vec<(Told, Vec<&'a RowChange>)> {
    let mut groups: Vec<(Told, Vec<&RowChange>)> = Vec::new();
    for (told, change) in changes {
        let alike = groups
            .iter_mut()
            .find(|(other, group)| *other == told && (!is_value(change) || group[0].table == change.table));
        match alike {
            Some((_, group)) => group.push(change),
            None => groups.push((told, vec![change])),
        }
    }
    groups
}

/// `3 of 20 rows of table public.a`, or `rows of 4 tables`.
fn rows_of(group: &[&RowChange]) -> String {
    match group {
        [one] => format!("{} of {}", counted(one), one.table),
        _ => format!("rows of {} tables", group.len()),
    }
}

/// `3 values (of 20 rows) of column public.a.b`, or `values of table public.a (b, c)`.
fn values_of(group: &[&RowChange]) -> String {
    let columns: Vec<&str> = group.iter().filter_map(|change| column_of(change)).collect();
    match (group, columns.as_slice()) {
        ([one], [column]) => format!("{} of {}", values(one), one.table.member(Kind::Column, column)),
        ([first, ..], _) => format!("values of {} ({})", first.table, columns.join(", ")),
        ([], _) => String::new(),
    }
}

/// Whether the rollback gave a column's values back.
fn restored(record: &DataRecord, change: &RowChange) -> bool {
    let ran = record.down.as_ref().is_some_and(|run| run.failure.is_none());
    ran && !record
        .down_changes
        .iter()
        .any(|one| one.table == change.table && column_of(one) == column_of(change))
}

/// Whether a conversion of the column calculates: `USING a * 100`.
fn calculates(up: &Script, change: &RowChange) -> bool {
    let Some(column) = column_of(change) else { return false };
    up.statements.iter().any(|statement| {
        let sql = statement.sql.as_ref();
        let tokens: Vec<_> = Tokens::new(sql).filter(|token| !token.kind.is_trivia()).collect();
        let using = tokens.iter().position(|token| token.is_word(sql, "using"));
        let names = tokens.iter().any(|token| token.text(sql).trim_matches('"').eq_ignore_ascii_case(column));
        names
            && using.is_some_and(|at| tokens[at..].iter().any(|token| ["*", "/"].contains(&token.text(sql))))
    })
}

/// What the up did to rows it does not name, and what it does not do for those it does.
fn after_up(cx: &CheckContext<'_>, up: &Script, record: &DataRecord) -> Vec<Diagnostic> {
    let irreversible = !matches!(cx.migration.down, Step::Sql(_));
    let changes = record.up_changes.iter().filter_map(|change| {
        let unnamed = unnamed(cx, up, change);
        match told(change) {
            Told::TableDropped | Told::RowsLost if unnamed => Some((Told::RowsLost, change)),
            told @ (Told::TableDropped | Told::ColumnDropped) if irreversible => Some((told, change)),
            // A value that is calculated anew (grams to kilograms) is no value cast back; the rollback shows
            // whether it can be had again.
            told @ Told::Narrowed => {
                (!restored(record, change) && !calculates(up, change)).then_some((told, change))
            }
            told @ Told::LeftNull => Some((told, change)),
            Told::Values | Told::Filled if unnamed => Some((Told::Values, change)),
            Told::Stamped if unnamed => Some((Told::Stamped, change)),
            _ => None,
        }
    });
    let mut findings = Vec::new();
    for (told, group) in group(changes) {
        let change = group[0];
        let table = &change.table;
        let finding = match told {
            Told::RowsLost => {
                let whose = if group.len() == 1 { "which it does not name" } else { "none of which it names" };
                Diagnostic::new("rows-lost", Severity::High, format!("up loses {}, {whose}", rows_of(&group)))
                    .with_label("a cascade or a trigger of this takes them along")
                    .with_help("keep the rows: change what cascades first, or delete them in a statement of their own")
            }
            Told::TableDropped => {
                info("data-dropped", format!("{} are dropped for good", rows_of(&group)))
            }
            Told::ColumnDropped => {
                info("data-dropped", format!("{} are dropped for good", values_of(&group)))
            }
            Told::Values | Told::Filled => Diagnostic::new(
                "values-changed",
                Severity::Low,
                format!("up changes {}, which it does not name", values_of(&group)),
            )
            .with_label("a trigger or a cascade of this changes them")
            .with_help("disable the trigger for the migration if the change is not wanted, or name the column to show that it is"),
            Told::Stamped => {
                info("values-changed", format!("up sets {} to the time it runs", values_of(&group)))
                    .with_label("a trigger or a default does this")
            }
            Told::Narrowed => {
                let message = match (group.as_slice(), &change.kind) {
                    ([_], RowChangeKind::Narrowed { from, to, .. }) => {
                        let verb = if change.count == 1 { "loses" } else { "lose" };
                        format!("{} {verb} something on the way from {from} to {to}", values_of(&group))
                    }
                    _ => format!("{} lose something in their new types", values_of(&group)),
                };
                Diagnostic::new("values-narrowed", Severity::Medium, message)
                    .with_label("cast back they are others")
                    .with_help("keep the old column until nobody needs the full values, or choose a type that holds them")
            }
            Told::LeftNull => Diagnostic::new(
                "backfill-incomplete",
                Severity::Low,
                match group.as_slice() {
                    [_] => {
                        let column = column_of(change).unwrap_or_default();
                        format!("the backfill leaves {} of {table} without a value in {column}", counted(change))
                    }
                    _ => format!("the backfill leaves some {} NULL", values_of(&group)),
                },
            )
            .with_label("this fills the other rows")
            .with_help("widen the condition, or set the others to what they should be"),
            Told::RowsAdded => continue,
        };
        let about = column_of(change).map_or_else(|| table.clone(), |name| table.member(Kind::Column, name));
        findings.push(with_example(finding.at(up.locate(blame(up, &about))), &group));
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
fn after_down(cx: &CheckContext<'_>, up: &Script, down: &Script, record: &DataRecord) -> Vec<Diagnostic> {
    let after = cx.record.round_trip.as_ref().map(|trip| &trip.after_down);
    let of_up = |change: &RowChange, told: &dyn Fn(&RowChange) -> bool| {
        record
            .up_changes
            .iter()
            .any(|one| one.table == change.table && column_of(one) == column_of(change) && told(one))
    };
    let changes = record.down_changes.iter().filter_map(|change| match &change.kind {
        // An object that does not come back is reported by `down`; its rows went with it.
        RowChangeKind::TableDropped => None,
        RowChangeKind::ColumnDropped { column } => {
            let back = after.is_some_and(|after| after.column(&change.table, column).is_some());
            back.then_some((Told::Values, change))
        }
        // The time of a change says nothing, where the column was not made anew.
        RowChangeKind::Stamped { .. } => {
            let anew = of_up(change, &|one| matches!(one.kind, RowChangeKind::ColumnDropped { .. }));
            anew.then_some((Told::Values, change))
        }
        // What a cascade or trigger did was told of the up.
        RowChangeKind::RowsLost | RowChangeKind::ValuesChanged { .. } | RowChangeKind::NullsFilled { .. } => {
            let already = of_up(change, &|one| {
                one.count >= change.count && one.kind != RowChangeKind::RowsAdded && unnamed(cx, up, one)
            });
            (!already).then_some((told(change), change))
        }
        // Logs that triggers keep grow with every statement.
        RowChangeKind::RowsAdded if unnamed(cx, up, change) => None,
        _ => Some((told(change), change)),
    });
    let mut findings = Vec::new();
    for (told, group) in group(changes) {
        let change = group[0];
        let table = &change.table;
        let finding = match told {
            Told::RowsAdded => Diagnostic::new(
                "rollback-leaves-rows",
                Severity::Low,
                match group.as_slice() {
                    [one] => format!("down leaves {} in {table} that the up put there", rows(one.count)),
                    _ => format!("down leaves rows in {} tables that the up put there", group.len()),
                },
            )
            .with_label("after this they are still there")
            .with_help("delete them in the down script"),
            Told::RowsLost => Diagnostic::new(
                "rollback-loses-data",
                Severity::Medium,
                format!("up and down lose {}", rows_of(&group)),
            )
            .with_label("after this they are missing")
            .with_help(KEEP),
            Told::Filled => {
                info("rollback-loses-data", format!("down does not make {} NULL again", values_of(&group)))
                    .with_label("after this they have a value")
            }
            _ => Diagnostic::new(
                "rollback-loses-data",
                Severity::Medium,
                format!("up and down do not give back {}", values_of(&group)),
            )
            .with_label("after this they are others")
            .with_help(KEEP),
        };
        let about = column_of(change).map_or_else(|| table.clone(), |name| table.member(Kind::Column, name));
        findings.push(with_example(finding.at(down.locate(blame(down, &about))), &group));
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
        | RowChangeKind::NullsFilled { column }
        | RowChangeKind::Stamped { column }
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

/// The numbers of a finding, and a row as an example: of the first change that has one.
fn with_example(finding: Diagnostic, group: &[&RowChange]) -> Diagnostic {
    let Some(change) = group.iter().find(|change| change.example.is_some()).or(group.first()) else {
        return finding;
    };
    let finding = finding
        .with_evidence("table", change.table.to_string())
        .with_evidence("count", change.count)
        .with_evidence("rows", change.of);
    let finding = match column_of(change) {
        Some(column) => {
            let columns: Vec<&str> = group.iter().filter_map(|change| column_of(change)).collect();
            finding.with_evidence("column", column).with_evidence("columns", columns)
        }
        None if group.len() > 1 => {
            let tables: Vec<String> =
                group.iter().map(|one| format!("{} of {}", counted(one), one.table)).collect();
            finding.with_evidence("tables", tables)
        }
        None => finding,
    };
    let Some(example) = &change.example else { return finding };
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "NULL".to_owned());
    let mut finding = finding.with_evidence("key", example.key.clone());
    if is_value(change) && (example.before.is_some() || example.after.is_some()) {
        let of = if group.len() > 1 {
            format!("{} of ", column_of(change).unwrap_or_default())
        } else {
            String::new()
        };
        let shown = format!("{of}{}: {} became {}", example.key, text(&example.before), text(&example.after));
        finding = finding
            .with_evidence("before", text(&example.before))
            .with_evidence("after", text(&example.after));
        finding.label = Some(match finding.label.take() {
            Some(label) => format!("{label} ({shown})"),
            None => shown,
        });
    } else {
        let shown = match group.len() {
            1 => example.key.clone(),
            _ => format!("{} of {}", example.key, change.table),
        };
        finding.label = Some(match finding.label.take() {
            Some(label) => format!("{label} ({shown})"),
            None => shown,
        });
    }
    finding
}
