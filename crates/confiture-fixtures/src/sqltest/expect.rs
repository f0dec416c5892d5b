//! What a directive expects of a statement, asked of the server.

use confiture_core::db::{DbFailure, Session, TextRows};
use confiture_core::migration::{ScriptStatement, StatementKind};
use confiture_core::sql::{self, ObjectKind, Verb};

use super::bench::said;
use super::test::{Action, UserTest};
use crate::checks::blame::sqlstate_name;
use crate::runner::send;

/// Whether an expectation is met.
pub(super) enum Met {
    Yes,
    /// It is not.
    No {
        code: &'static str,
        message: String,
        label: String,
        help: Option<String>,
    },
    /// The server refuses the statement.
    Refused(DbFailure),
}

impl Met {
    fn no(code: &'static str, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self::No { code, message: message.into(), label: label.into(), help: None }
    }

    fn help(self, text: &str) -> Self {
        match self {
            Self::No { code, message, label, .. } => {
                Self::No { code, message, label, help: Some(text.to_owned()) }
            }
            other => other,
        }
    }
}

/// At least one row, every column of every row boolean and true.
pub(super) async fn assert(session: &Session, statement: &ScriptStatement) -> Met {
    const CODE: &str = "test-assertion-fails";
    let columns = match session.describe(&statement.sql).await {
        Ok(columns) => columns,
        Err(failure) => return Met::Refused(failure),
    };
    if columns.is_empty() {
        return Met::no(CODE, "the assertion returns no rows", "this statement never returns rows")
            .help("assert takes a query; use  RETURNING  or a query after the statement");
    }
    if let Some((name, kind)) = columns.iter().find(|(_, kind)| kind != "bool") {
        let label = format!("column {name} is {kind}");
        return Met::no(CODE, "the assertion is not boolean", label)
            .help("compare it with what it has to be: assert takes true, nothing else");
    }
    let result = match session.query_simple(&statement.sql).await {
        Ok(result) => result,
        Err(failure) => return Met::Refused(failure),
    };
    if result.rows.is_empty() {
        return Met::no(CODE, "the assertion returns no row", "0 rows: nothing was judged")
            .help("a row that is not there is not true; compare a count, or use  SELECT EXISTS (…)");
    }
    match untrue(&result, |_| true) {
        Some(label) => Met::no(CODE, "the assertion does not hold", label),
        None => Met::Yes,
    }
}

/// The first row with a value that is not true, of the columns that are `judged`.
fn untrue(result: &TextRows, judged: impl Fn(usize) -> bool) -> Option<String> {
    let wrong = |row: &Vec<Option<String>>| {
        row.iter().enumerate().any(|(at, value)| judged(at) && value.as_deref() != Some("t"))
    };
    let place = result.rows.iter().position(wrong)?;
    let values = result.columns.iter().zip(&result.rows[place]);
    let shown: Vec<String> = values
        .map(|(name, value)| {
            let value = match value.as_deref() {
                Some("t") => "true",
                Some("f") => "false",
                Some(other) => other,
                None => "NULL",
            };
            format!("{name} = {value}")
        })
        .collect();
    Some(format!("row {} of {}: {}", place + 1, result.rows.len(), shown.join(", ")))
}

/// It succeeds; with `rows`, a query also returns a row, and no boolean that is not true.
pub(super) async fn verify(session: &Session, statement: &ScriptStatement, rows: bool) -> Met {
    const CODE: &str = "verify-fails";
    if let StatementKind::Copy { .. } = statement.kind {
        return Met::no(CODE, "a verify script changes rows", "COPY … FROM STDIN is not run here");
    }
    let booleans = match session.describe(&statement.sql).await {
        Ok(columns) => columns.into_iter().map(|(_, kind)| kind == "bool").collect::<Vec<_>>(),
        Err(failure) => return Met::Refused(failure),
    };
    let result = match session.query_simple(&statement.sql).await {
        Ok(result) => result,
        Err(failure) => return Met::Refused(failure),
    };
    if !rows || booleans.is_empty() {
        return Met::Yes;
    }
    if result.rows.is_empty() {
        return Met::no(CODE, "the query returns no row", "0 rows: what it looks for is not there");
    }
    match untrue(&result, |at| booleans.get(at).copied().unwrap_or(false)) {
        Some(label) => Met::no(CODE, "the query returns a value that is not true", label),
        None => Met::Yes,
    }
}

/// It fails with the SQLSTATE `code`.
pub(super) async fn catch(session: &Session, statement: &ScriptStatement, text: &str, code: &str) -> Met {
    const CODE: &str = "test-error-expected";
    let expected = format!("{code} {}", sqlstate_name(code));
    let expected = expected.trim_end();
    match send(session, statement, text).await {
        Ok(_) => Met::no(CODE, format!("the statement has to fail with {expected}"), "it succeeds"),
        Err(failure) if failure.sqlstate.as_deref() == Some(code) && !failure.is_timeout() => Met::Yes,
        Err(failure) => {
            let state = failure.sqlstate.clone().unwrap_or_default();
            let label = format!("it fails with {} {}: {}", state, sqlstate_name(&state), said(&failure));
            Met::no(CODE, format!("the statement has to fail with {expected}"), label)
        }
    }
}

/// The SQLSTATE of a condition name, from the server's own table: PL/pgSQL raises it.
///
/// # Errors
/// What the server says of a name it does not know.
pub(super) async fn condition(session: &Session, name: &str) -> Result<String, String> {
    let raised = session.execute(&format!("DO $$ BEGIN RAISE {name}; END $$")).await;
    match raised {
        Err(failure) if failure.message.starts_with("unrecognized exception condition") => {
            Err(format!("{name} is not the name of a SQLSTATE"))
        }
        Err(failure) => failure.sqlstate.ok_or(failure.message),
        Ok(_) => Err(format!("{name} is not the name of an error")),
    }
}

/// Its plan uses the index `name`, or one of its partitions.
///
/// On the few rows of a test the planner prefers to read the whole table; sequential scans are therefore
/// made expensive (`enable_seqscan = off`, manual 18, 19.7.1) while the plan is asked for. That tells whether
/// the index *can* serve the query, not whether it is worth it on the rows of production.
pub(super) async fn uses_index(session: &Session, statement: &ScriptStatement, name: &str) -> Met {
    const CODE: &str = "test-index-not-used";
    match planned(session, &statement.sql, name).await {
        Err(failure) => Met::Refused(failure),
        Ok(Plan { indexes, .. }) if indexes.is_empty() => {
            Met::no(CODE, format!("there is no index {name}"), format!("{name} names no index"))
        }
        Ok(Plan { indexes, used, .. }) if used.iter().any(|used| indexes.contains(used)) => Met::Yes,
        Ok(Plan { nodes, .. }) => {
            let label = format!("planned: {}", nodes.join(", "));
            Met::no(CODE, format!("the query does not use {name}"), label).help(
                "an index serves a query when the condition compares its first columns, in the form they are \
                 indexed in",
            )
        }
    }
}

/// What the planner chose.
struct Plan {
    /// The index that was asked for and its partitions; empty when there is none.
    indexes: Vec<String>,
    /// Names of the indexes the plan uses.
    used: Vec<String>,
    /// Its nodes, for a person.
    nodes: Vec<String>,
}

async fn planned(session: &Session, sql: &str, name: &str) -> Result<Plan, DbFailure> {
    let family = "SELECT c.relname::text FROM pg_catalog.pg_class c \
                  WHERE c.relkind IN ('i', 'I') AND (c.oid = pg_catalog.to_regclass($1) \
                  OR c.oid IN (SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1))))";
    let rows = session.query(family, &[&name]).await?;
    let indexes = rows.iter().map(|row| row.get(0)).collect();
    let setting = "SELECT pg_catalog.current_setting('enable_seqscan')";
    let before = session.query(setting, &[]).await?;
    let before: &str = before.first().map_or("on", |row| row.get(0));
    session.execute("SET enable_seqscan = off").await?;
    let explained = session.query_simple(&format!("EXPLAIN (FORMAT JSON, COSTS off) {sql}")).await;
    let restored = session.execute(&format!("SET enable_seqscan = {before}")).await;
    let explained = explained?;
    restored?;
    let text: Vec<&str> = explained.rows.iter().flatten().flatten().map(String::as_str).collect();
    let plan: serde_json::Value = serde_json::from_str(&text.join("\n")).map_err(|error| DbFailure {
        message: format!("the plan is not JSON: {error}"),
        ..DbFailure::default()
    })?;
    let mut found = Plan { indexes, used: Vec::new(), nodes: Vec::new() };
    found.walk(&plan);
    Ok(found)
}

impl Plan {
    fn walk(&mut self, value: &serde_json::Value) {
        match value {
            serde_json::Value::Array(values) => values.iter().for_each(|value| self.walk(value)),
            serde_json::Value::Object(fields) => {
                let text = |key: &str| fields.get(key).and_then(serde_json::Value::as_str);
                if let Some(node) = text("Node Type") {
                    let index = text("Index Name").map(|index| format!(" with {index}")).unwrap_or_default();
                    let table = text("Relation Name").map(|table| format!(" on {table}")).unwrap_or_default();
                    self.nodes.push(format!("{node}{index}{table}"));
                }
                self.used.extend(text("Index Name").map(str::to_owned));
                fields.values().for_each(|value| self.walk(value));
            }
            _ => {}
        }
    }
}

/// Makes pgTAP's functions available in the database; returns why they cannot be.
///
/// A project may have put them there itself, or create the extension in the test.
///
/// # Errors
/// What the server refused.
pub(super) async fn provide_pgtap(session: &Session, test: &UserTest) -> Result<Option<String>, DbFailure> {
    let asked = "SELECT EXISTS (SELECT FROM pg_catalog.pg_proc WHERE proname IN ('plan', 'no_plan', 'runtests')), \
                 EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'pgtap')";
    let rows = session.query(asked, &[]).await?;
    let (present, available) = rows.first().map_or((false, false), |row| (row.get(0), row.get(1)));
    if present {
        return Ok(None);
    }
    if !available {
        return Ok(Some("extension pgtap is not available on this server".to_owned()));
    }
    let creates = test.actions.iter().any(|action| match action {
        Action::Statement { statement, .. } => {
            let class = sql::classify(&statement.sql);
            (class.verb, class.object) == (Verb::Create, Some(ObjectKind::Extension))
        }
        _ => false,
    });
    if !creates {
        session.execute("CREATE EXTENSION IF NOT EXISTS pgtap").await?;
    }
    Ok(None)
}
