//! `up`: the migration applies to the state the previous ones left, as its tool would run it.

use async_trait::async_trait;
use confiture_core::db::DbFailure;
use confiture_core::migration::{Direction, Step, TransactionMode};
use confiture_core::plugin::{Check, CheckContext, CheckError, PluginMeta, StatementFailure, Verdict};
use confiture_core::{Diagnostic, Severity, sql};

use super::blame::{extension_of, sqlstate_help, sqlstate_name};

/// Judges the first run of the forward step.
#[derive(Debug, Default)]
struct Up;

confiture_core::register!(check Up);

#[async_trait]
impl Check for Up {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "up",
            summary: "applies to the state the previous migrations left, under its tool's transaction rules",
            docs: include_str!("up.md"),
        };
        &META
    }

    fn rank(&self) -> u32 {
        20
    }

    async fn judge(&self, cx: &CheckContext<'_>) -> Result<Verdict, CheckError> {
        let script = match &cx.migration.up {
            Step::Sql(script) => script,
            Step::Absent => return Ok(Verdict::not_applicable("no forward script")),
            Step::NotRunnable { reason, .. } => return Ok(Verdict::skipped(reason.clone())),
        };
        let Some(run) = &cx.record.up else {
            return Ok(Verdict::skipped(cx.record.refused.as_deref().unwrap_or("not run")));
        };
        let Some(failed) = &run.failure else { return Ok(Verdict::passed()) };
        if let Some(missing) = missed(cx, failed) {
            return Ok(Verdict::skipped(format!(
                "needs {missing}, which was not applied: {}",
                failed.failure
            )));
        }
        let finding = failure("up-fails", "up fails", failed, Direction::Up, script.transaction)
            .in_script(&cx.migration.id, Direction::Up);
        Ok(Verdict::of(vec![finding]))
    }
}

/// The earlier migration that was not applied and would have made what `failed` misses.
///
/// Only a refusal that names something missing is excused, and only by a migration that mentions the
/// name, one that creates an extension (which may have held it), or one whose text is not known (a step in
/// another language).
fn missed<'a>(cx: &CheckContext<'a>, failed: &StatementFailure) -> Option<&'a str> {
    // undefined_table, _column, _object, _function, invalid_schema_name, invalid_foreign_key
    const MISSING: [&str; 6] = ["42P01", "42703", "42704", "42883", "3F000", "42830"];
    let sqlstate = failed.failure.sqlstate.as_deref()?;
    if !MISSING.contains(&sqlstate) {
        return None;
    }
    let names = names_in(&failed.failure.message);
    let mut unapplied = cx.record.missing_before.iter().rev().map(|at| &cx.loaded.migrations[*at]);
    let culprit = unapplied.find(|migration| match &migration.up {
        Step::Sql(script) => {
            let text = script.source.text.get(script.span.clone()).unwrap_or_default();
            let tokens = sql::lex(text);
            script.statements.iter().any(|statement| may_hold(&statement.sql, &failed.failure))
                || names.iter().any(|name| tokens.iter().any(|token| is_name(token.text(text), name)))
        }
        Step::NotRunnable { .. } => true,
        Step::Absent => false,
    })?;
    Some(&culprit.id)
}

/// Whether `statement` creates an extension that may hold the function, type or the like that `failure`
/// misses: the one known to, or any where that is not known.
fn may_hold(statement: &str, failure: &DbFailure) -> bool {
    let class = sql::classify(statement);
    if (class.verb, class.object) != (sql::Verb::Create, Some(sql::ObjectKind::Extension)) {
        return false;
    }
    match (failure.sqlstate.as_deref(), extension_of(&failure.message)) {
        (Some("42704" | "42883"), Some(extension)) => statement.contains(extension.trim_matches('"')),
        (Some("42704" | "42883"), None) => !failure.message.starts_with("role "),
        _ => false,
    }
}

/// Whether `token` is the name the server calls `name`: it cuts names at 63 bytes.
fn is_name(token: &str, name: &str) -> bool {
    const NAME_BYTES: usize = 63;
    let token = token.trim_matches('"');
    token[..token.floor_char_boundary(NAME_BYTES)].eq_ignore_ascii_case(name)
}

/// The words of a server message that may be names: quoted ones, and `f` of `function f(integer)`.
fn names_in(message: &str) -> Vec<&str> {
    let quoted = message.split('"').skip(1).step_by(2);
    let called = message.split_whitespace().filter_map(|word| word.split_once('(')).map(|(name, _)| name);
    let columns = message.strip_prefix("column ").and_then(|rest| rest.split(' ').next());
    quoted
        .chain(called)
        .chain(columns)
        .filter_map(|name| name.rsplit('.').next())
        .filter(|n| !n.is_empty())
        .collect()
}

/// A finding for a statement the server refused.
pub(super) fn failure(
    code: &'static str,
    what: &str,
    failed: &StatementFailure,
    direction: Direction,
    transaction: TransactionMode,
) -> Diagnostic {
    let said = &failed.failure;
    let name = said.sqlstate.as_deref().map(sqlstate_name).unwrap_or_default();
    let sqlstate = said.sqlstate.clone().unwrap_or_default();
    let at = match failed.statement {
        Some(index) => format!("statement {}", index + 1),
        None => "the commit".to_owned(),
    };
    // What follows the first line is the rest of the file, where the server quotes an unterminated string.
    let mut label = said.message.lines().next().unwrap_or_default().to_owned();
    if let Some(detail) = &said.detail {
        label.push_str(&format!(" ({})", detail.lines().next().unwrap_or_default()));
    }
    let message = if name.is_empty() {
        format!("{what} at {at}: {sqlstate}")
    } else {
        format!("{what} at {at}: {sqlstate} {name}")
    };
    let mut finding = Diagnostic::new(code, Severity::High, message)
        .at(failed.location.clone())
        .with_label(label)
        .with_evidence("sqlstate", sqlstate)
        .with_evidence("error", said.message.clone());
    if let Some(index) = failed.statement {
        finding = finding.with_evidence("statement", index + 1);
    }
    if let Some(context) = &said.context {
        finding = finding.with_evidence("context", context.clone());
    }
    // A misspelt name is the server's to correct; its advice elsewhere (DROP … CASCADE) is not always good.
    let spelling = said.hint.clone().filter(|_| {
        let named = said.sqlstate.as_deref().is_some_and(|code| code.starts_with("42"));
        named && extension_of(&said.message).is_none()
    });
    let help = spelling.or_else(|| sqlstate_help(said, direction, transaction)).or_else(|| said.hint.clone());
    match help {
        Some(help) => finding.with_help(help),
        None => finding,
    }
}
