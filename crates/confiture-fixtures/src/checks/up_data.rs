//! `up-data`: the migration applies to tables that have rows.

use async_trait::async_trait;
use confiture_core::migration::{Direction, Script, Step};
use confiture_core::plugin::{
    Check, CheckContext, CheckError, DataRecord, Observation, PluginMeta, StatementFailure, Verdict,
};
use confiture_core::sql::{Verb, classify};
use confiture_core::{Diagnostic, Severity};

use super::blame::sqlstate_name;
use super::up::failure;
use crate::ladder::NO_ROWS;

/// Judges the up on rows.
#[derive(Debug, Default)]
struct UpData;

confiture_core::register!(check UpData);

#[async_trait]
impl Check for UpData {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "up-data",
            summary: "applies to tables filled with rows that the schema before allows",
            docs: include_str!("up_data.md"),
        };
        &META
    }

    fn rank(&self) -> u32 {
        25
    }

    async fn judge(&self, cx: &CheckContext<'_>) -> Result<Verdict, CheckError> {
        let record = match observed(cx) {
            Ok(record) => record,
            Err(verdict) => return Ok(verdict),
        };
        let (Some(failed), Step::Sql(script)) = (&record.up.failure, &cx.migration.up) else {
            return Ok(Verdict::passed());
        };
        let finding =
            failed_on_rows("up-fails-with-rows", "up fails on rows", failed, script, Direction::Up, record);
        Ok(Verdict::of(vec![finding.in_script(&cx.migration.id, Direction::Up)]))
    }
}

/// The finding about a seed file that the server refuses. Where earlier migrations are missing, they may be
/// the reason, and are told of themselves.
pub(crate) fn seed_fails(failed: &StatementFailure, missing: bool) -> Diagnostic {
    let said = &failed.failure;
    let severity = if missing { Severity::Info } else { Severity::High };
    let file = failed.location.file.display().to_string();
    let sqlstate = said.sqlstate.clone().unwrap_or_default();
    let message = format!("the seed file {file} fails: {sqlstate} {}", sqlstate_name(&sqlstate));
    Diagnostic::new("seed-fails", severity, message.trim_end())
        .at(failed.location.clone())
        .with_label(said.message.lines().next().unwrap_or_default())
        .with_help(
            "correct the file, or name it after the version whose schema it fits; where the statement may fail, write  \
             -- confiture: catch SQLSTATE  above it",
        )
        .with_evidence("sqlstate", sqlstate)
        .with_evidence("error", said.message.clone())
        .with_evidence("seed", file)
}

/// A script that rows make fail.
pub(super) fn failed_on_rows(
    code: &'static str,
    what: &str,
    failed: &StatementFailure,
    script: &Script,
    direction: Direction,
    record: &DataRecord,
) -> Diagnostic {
    let mut finding = failure(code, what, failed, direction, script.transaction);
    let said = &failed.failure;
    let statement = failed.statement.and_then(|at| script.statements.get(at));
    let adds = statement.is_some_and(|s| adds_column(&s.sql));
    finding.severity = match said.sqlstate.as_deref() {
        // The migration looks at the rows and stops by itself.
        Some("P0001") if raised_here(failed) => Severity::Low,
        _ if direction == Direction::Down => Severity::High,
        Some("23502") if adds => Severity::High,
        Some("P0001") => Severity::Medium,
        Some(code) if code.starts_with("22") || code.starts_with("23") => Severity::Medium,
        _ => Severity::High,
    };
    if let Some(help) = help(failed, adds) {
        finding = finding.with_help(help);
    }
    if let Some(detail) = &said.detail {
        finding = finding.with_evidence("detail", detail.clone());
    }
    finding.with_evidence("rows", record.rows)
}

/// Whether a `DO` block of the script raised the error, and no function or trigger that it runs into.
fn raised_here(failed: &StatementFailure) -> bool {
    let context = failed.failure.context.as_deref().unwrap_or_default();
    context.starts_with("PL/pgSQL function inline_code_block") && context.lines().count() == 1
}

/// What was observed with rows, or the verdict where nothing was.
pub(super) fn observed<'a>(cx: &CheckContext<'a>) -> Result<&'a DataRecord, Verdict> {
    if let Observation::Not(why) = &cx.record.data
        && why == NO_ROWS
    {
        return Err(Verdict::skipped(NO_ROWS));
    }
    match &cx.migration.up {
        Step::Sql(_) => {}
        Step::Absent => return Err(Verdict::not_applicable("no forward script")),
        Step::NotRunnable { reason, .. } => return Err(Verdict::skipped(reason.clone())),
    }
    let Some(run) = &cx.record.up else {
        return Err(Verdict::skipped(cx.record.refused.as_deref().unwrap_or("not run")));
    };
    match &cx.record.data {
        _ if run.failure.is_some() => Err(Verdict::skipped("up fails without rows as well")),
        Observation::Made(record) if record.rows == 0 => {
            Err(Verdict::not_applicable(match record.unfilled.first() {
                Some((table, why)) => format!("no table has rows: {table}: {why}"),
                None => "no table has rows".to_owned(),
            }))
        }
        Observation::Made(record) => Ok(record),
        Observation::Not(why) => Err(Verdict::skipped(why.clone())),
        Observation::Nothing(why) => Err(Verdict::not_applicable(*why)),
    }
}

/// Whether a statement is an `ALTER TABLE … ADD COLUMN`.
fn adds_column(sql: &str) -> bool {
    let words: Vec<&str> = confiture_core::sql::Tokens::new(sql)
        .filter(|token| !token.kind.is_trivia())
        .map(|token| token.text(sql))
        .collect();
    let is = |word: &str, expected: &str| word.eq_ignore_ascii_case(expected);
    let adds = |pair: &[&str]| {
        is(pair[0], "add")
            && !["constraint", "check", "unique", "primary", "foreign", "exclude"]
                .iter()
                .any(|w| is(pair[1], w))
    };
    classify(sql).verb == Verb::Alter && words.windows(2).any(adds)
}

fn help(failed: &StatementFailure, adds: bool) -> Option<&'static str> {
    Some(match failed.failure.sqlstate.as_deref()? {
        "23502" if adds => {
            "add the column with a DEFAULT, or without NOT NULL, fill it, and only then SET NOT NULL"
        }
        "23502" => "give rows without a value one first:  UPDATE … SET … WHERE … IS NULL",
        "23505" => {
            "decide which of the duplicates stays and remove the others before the constraint or index is made"
        }
        "23514" => {
            "repair the rows first, or ADD CONSTRAINT … NOT VALID now and VALIDATE CONSTRAINT after they are repaired"
        }
        "23503" => {
            "remove or adopt the rows without a parent first, or ADD CONSTRAINT … NOT VALID now and VALIDATE CONSTRAINT later"
        }
        "P0001" if raised_here(failed) => {
            "the migration refuses such rows on purpose: say in its notes how they are repaired beforehand"
        }
        "42704" if failed.failure.message.contains("configuration parameter") => {
            "the setting is read only where there are rows: give it a value with  --set NAME=VALUE"
        }
        "23P01" => "remove the rows that exclude each other before the constraint is made",
        "22001" | "22003" => {
            "shorten or move the values that do not fit first, or choose a type that holds them"
        }
        "22P02" | "22007" | "22008" | "2202E" => {
            "convert values that are not of the new type first, or with USING, and say what becomes of the others"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::adds_column;

    #[test]
    fn adding_a_column_is_told_from_adding_a_constraint() {
        assert!(adds_column("ALTER TABLE t ADD a int NOT NULL"));
        assert!(adds_column("ALTER TABLE t ADD COLUMN IF NOT EXISTS a int NOT NULL"));
        assert!(!adds_column("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)"));
        assert!(!adds_column("ALTER TABLE t ALTER a SET NOT NULL"));
    }
}
