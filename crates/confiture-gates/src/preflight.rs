//! A look at production before a deployment, which writes nothing there.

mod facts;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use confiture_core::db::{Endpoint, Session};
use confiture_core::migration::layout::Loaded;
use confiture_core::migration::{Direction, Migration};
use confiture_core::report::Finding;
use confiture_core::sql::{Tokens, Verb, classify};
use confiture_core::{Diagnostic, Severity};
use confiture_fixtures::{FixtureError, History, MigrationRunner, Statistics};

use facts::Touched;

/// The check of what was seen in production.
pub(crate) const LIVE: &str = "live";

/// What was seen of production.
#[derive(Debug, Clone, Default)]
pub struct Preflight {
    /// What speaks against a deployment now, and what is worth knowing.
    pub findings: Vec<Finding>,
    /// Rows of tables, by `schema.table` and, where it is the only one, by `table`.
    pub rows: BTreeMap<String, u64>,
    /// Places in the chain of the migrations that are not applied there; `None` where its history cannot be read.
    pub pending: Option<BTreeSet<usize>>,
}

/// Looks at the database at `endpoint` for what stands in the way of the migrations that are not applied there.
///
/// Sessions are `default_transaction_read_only`, each question has five seconds and waits one second for a lock.
/// A transaction counts as old after `oldest`.
///
/// # Errors
/// When it cannot be reached, or refuses a question.
pub async fn preflight(
    endpoint: &Endpoint,
    loaded: &Loaded,
    oldest: Duration,
) -> Result<Preflight, FixtureError> {
    let limits =
        [("statement_timeout", "5s"), ("lock_timeout", "1s"), ("application_name", "confiture gate")];
    let limits = limits.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let session = Session::read_only(&endpoint.with_session_settings(&limits)).await?;
    let seen = look(&session, loaded, oldest).await;
    session.close().await;
    seen
}

async fn look(session: &Session, loaded: &Loaded, oldest: Duration) -> Result<Preflight, FixtureError> {
    let statistics = Statistics::read(session).await?;
    let mut seen = Preflight { rows: rows(&statistics), ..Preflight::default() };
    let mut live = Live { loaded, findings: Vec::new(), pending: (0..loaded.migrations.len()).collect() };
    match MigrationRunner::history_of(session, loaded).await {
        Ok(history) => {
            live.history(
                &history,
                loaded.tracking.as_ref().is_some_and(|tracking| {
                    // golang-migrate keeps the last version only.
                    tracking.insert.contains("dirty")
                }),
            );
            seen.pending = Some(live.pending.clone());
        }
        Err(FixtureError::Tracking(failure)) => {
            let sqlstate = failure.sqlstate.unwrap_or_default();
            let message = format!("which migrations are applied cannot be read: {}", failure.message);
            live.push(
                Diagnostic::new("live-history-missing", Severity::Medium, message)
                    .with_help(
                        "name the database the migrations are for, and let this role read the tool's table",
                    )
                    .with_evidence("sqlstate", sqlstate),
                None,
            );
        }
        Err(error) => return Err(error),
    }
    facts::unfinished(session, loaded, &mut live).await?;
    let touched = facts::touched(session, &live).await?;
    facts::ask(session, &touched, oldest, &mut live).await?;
    for table in &touched {
        let name = format!("{}.{}", table.schema, table.name);
        let rows = seen.rows.get(&name).copied().unwrap_or_default();
        if rows >= LARGE {
            let message = format!("{name} has about {rows} rows");
            let diagnostic = Diagnostic::new("live-large-table", Severity::Info, message);
            live.push(diagnostic.with_evidence("table", name).with_evidence("rows", rows), Some(table));
        }
    }
    seen.findings = live.findings;
    Ok(seen)
}

/// From so many rows on a table is mentioned.
const LARGE: u64 = 1_000_000;

/// Rows of tables by `schema.table` and, where it is the only one of that name, by `table`.
pub fn rows(statistics: &Statistics) -> BTreeMap<String, u64> {
    let mut rows = BTreeMap::new();
    for table in &statistics.tables {
        rows.insert(format!("{}.{}", table.schema, table.name), table.rows);
        // Migrations often leave the schema out.
        if statistics.tables.iter().filter(|other| other.name == table.name).count() == 1 {
            rows.insert(table.name.clone(), table.rows);
        }
    }
    rows
}

/// What is found, and for which migrations.
struct Live<'a> {
    loaded: &'a Loaded,
    findings: Vec<Finding>,
    pending: BTreeSet<usize>,
}

impl Live<'_> {
    fn pending(&self) -> impl Iterator<Item = &Migration> {
        self.pending.iter().filter_map(|&index| self.loaded.migrations.get(index))
    }

    /// Enters a finding, about the first pending migration that mentions the table.
    fn push(&mut self, mut diagnostic: Diagnostic, table: Option<&Touched>) {
        let first = table.and_then(|table| self.pending().find(|migration| mentions(migration, table)));
        if let Some(migration) = first.map(|migration| migration.id.clone()) {
            diagnostic = diagnostic.in_script(migration, Direction::Up);
        }
        self.findings.push(Finding::new(diagnostic, Some(LIVE)));
    }

    /// Works out what is pending from what the tool's table lists; `last_only` where it keeps the last version.
    fn history(&mut self, history: &History, last_only: bool) {
        let last = history.applied.last().copied();
        let applied = |index: usize| match last_only {
            true => last.is_some_and(|last| index <= last),
            false => history.applied.contains(&index),
        };
        self.pending.retain(|&index| !applied(index));
        for unknown in &history.unknown {
            let message = format!("{unknown} is applied there and is none of these migrations");
            let diagnostic = Diagnostic::new("live-unknown-migration", Severity::High, message)
                .with_help("deploy from a checkout that holds it, or find out who applied it")
                .with_evidence("version", unknown.clone());
            self.push(diagnostic, None);
        }
        let late: Vec<String> = self
            .pending()
            .zip(&self.pending)
            .filter(|(migration, index)| !migration.version.is_empty() && Some(**index) < last)
            .map(|(migration, _)| migration.id.clone())
            .collect();
        for id in late {
            let message = format!("{id} is not applied there, and a later one is");
            let diagnostic = Diagnostic::new("live-out-of-order", Severity::Medium, message)
                .in_script(id, Direction::Up)
                .with_help("many tools skip it or refuse: give it a version after the last one applied");
            self.push(diagnostic, None);
        }
    }
}

/// Whether the forward script of a migration names a table or one of its indexes.
fn mentions(migration: &Migration, table: &Touched) -> bool {
    statements(migration).any(|sql| named(sql, table))
}

/// Whether it changes rows of a table.
fn changes_rows(migration: &Migration, table: &Touched) -> bool {
    let changes = |sql: &str| {
        matches!(classify(sql).verb, Verb::Update | Verb::Delete | Verb::Merge | Verb::Insert | Verb::Do)
    };
    statements(migration).any(|sql| changes(sql) && named(sql, table))
}

fn statements(migration: &Migration) -> impl Iterator<Item = &str> {
    migration.up.script().into_iter().flat_map(|script| &script.statements).map(|statement| &*statement.sql)
}

fn named(sql: &str, table: &Touched) -> bool {
    Tokens::new(sql).filter(|token| token.kind.is_name() || token.kind.is_string()).any(|token| {
        let text = token.text(sql);
        // Bodies of DO blocks and functions are strings.
        if token.kind.is_string() {
            let body = text.trim_start_matches(|c| c != '$').trim_matches('$');
            return text.starts_with('$') && named(body, table);
        }
        let name = match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\"\"", "\""),
            None => text.to_ascii_lowercase(),
        };
        table.name == name || table.indexes.contains(&name)
    })
}
