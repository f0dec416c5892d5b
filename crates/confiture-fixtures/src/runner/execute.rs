//! Running one script the way its tool does: statement by statement, with the tool's transactions.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use confiture_core::db::{DbFailure, Execution, Session};
use confiture_core::migration::{Direction, Script, ScriptStatement, StatementKind, TransactionMode};
use confiture_core::plugin::{Isolation, ScriptRun, StatementFailure};
use confiture_core::sql::{
    ObjectKind, Reach, SessionEffect, TransactionControl, TransactionSafety, Verb, classify,
};

use crate::error::FixtureError;

/// What a script's statements allow, worked out from their text alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScriptTraits {
    /// No statement is refused in a transaction block, and the script does not end its transaction
    /// before its last statement: it can be tried in a transaction that is rolled back.
    pub transaction_safe: bool,
    /// It commits (or rolls back) and goes on.
    pub commits_midway: bool,
    /// All of it stands between one `BEGIN` and one `COMMIT` of its own.
    pub own_transaction: bool,
    /// It changes what all databases of the server share, roles apart: databases, tablespaces, settings
    /// of the system, subscriptions.
    pub cluster_wide: bool,
    /// Its statements that are not transaction control.
    pub statements: usize,
}

impl ScriptTraits {
    /// Reads the traits off the head of every statement.
    pub fn of(script: &Script) -> Self {
        let mut traits = Self {
            transaction_safe: true,
            commits_midway: false,
            own_transaction: false,
            cluster_wide: false,
            statements: 0,
        };
        let controls = script.statements.iter().filter_map(|statement| classify(&statement.sql).control);
        let controls: Vec<TransactionControl> = controls.collect();
        let edge = |statement: Option<&ScriptStatement>| statement.and_then(|s| classify(&s.sql).control);
        traits.own_transaction = controls == [TransactionControl::Begin, TransactionControl::Commit]
            && edge(script.statements.first()) == Some(TransactionControl::Begin)
            && edge(script.statements.last()) == Some(TransactionControl::Commit);
        // What a transaction wrote to is told by its counters.
        traits.transaction_safe &= !crate::mention::mentions(script, "track_counts");
        let mut ended = false;
        for statement in &script.statements {
            let class = classify(&statement.sql);
            match class.control {
                // A transaction of ours would not have its isolation level or access mode.
                Some(TransactionControl::Begin) => traits.transaction_safe &= begins_plainly(&statement.sql),
                Some(TransactionControl::Commit) => ended = true,
                // It would end the transaction the script is tried in.
                Some(TransactionControl::Rollback) => {
                    ended = true;
                    traits.transaction_safe = false;
                }
                Some(
                    TransactionControl::Savepoint
                    | TransactionControl::Release
                    | TransactionControl::RollbackTo,
                ) => traits.transaction_safe &= script.transaction != TransactionMode::Batch,
                Some(_) => traits.transaction_safe = false,
                None => {
                    traits.statements += 1;
                    // Its prepared statements can only be thrown away together with our own.
                    traits.transaction_safe &= !is_prepare(&statement.sql);
                    traits.commits_midway |= ended;
                    traits.transaction_safe &= !ended;
                    traits.transaction_safe &= match class.transaction {
                        TransactionSafety::Allowed | TransactionSafety::Required => true,
                        TransactionSafety::Refused | TransactionSafety::Depends => false,
                    };
                    traits.cluster_wide |=
                        class.reach == Reach::Cluster && class.object != Some(ObjectKind::Role);
                }
            }
        }
        traits
    }
}

/// Whether a transaction is open, and who opened it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    No,
    /// By the tool (wrapped) or by the protocol (batch).
    ByTool,
    /// By the script's own BEGIN.
    ByScript,
}

/// Runs `script` under its tool's own transaction rules and leaves no transaction open.
///
/// Stops at the first statement the server refuses and rolls back what is open. A script that is one
/// message for its tool ([`TransactionMode::Batch`]) is sent statement by statement inside an explicit
/// transaction block, which behaves the same but tells where it failed; after a `COMMIT` of its own the
/// next statement opens a new one, as the protocol does (manual 17, 53.2.2.1).
pub async fn run_script(session: &Session, script: &Script, direction: Direction) -> ScriptRun {
    run_first(session, script, direction, script.statements.len()).await
}

/// Like [`run_script`], but behaves as if the tool had been stopped after `limit` statements.
pub(crate) async fn run_first(
    session: &Session,
    script: &Script,
    direction: Direction,
    limit: usize,
) -> ScriptRun {
    run_until(session, script, direction, limit, None).await
}

/// How a statement stands to transactions when it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// One is open, the tool's or the script's.
    InTransaction,
    /// It would run in autocommit, and is given a transaction of its own that is committed behind it.
    Own,
    /// It refuses a transaction, or may.
    Alone,
    /// It begins, ends or divides one.
    Control,
}

/// A statement about to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Sending<'a> {
    /// Its index in the script.
    pub index: usize,
    /// The statement.
    pub statement: &'a ScriptStatement,
    /// Its transaction.
    pub standing: Standing,
}

/// A statement on its way to the server; to be awaited exactly once.
pub type Sent<'a> = Pin<Box<dyn Future<Output = Result<Execution, DbFailure>> + Send + 'a>>;

/// Looks on while a script runs under its tool's transaction rules.
#[async_trait]
pub trait ScriptObserver: Send {
    /// Awaits `sent` and returns what came of it; the session's transaction is open afterwards, unless the
    /// statement stands [alone](Standing::Alone) or failed.
    async fn statement(&mut self, sending: Sending<'_>, sent: Sent<'_>) -> Result<Execution, DbFailure> {
        let _ = sending;
        sent.await
    }

    /// The transaction is about to be committed.
    async fn before_commit(&mut self) {}

    /// It was, in this time.
    async fn after_commit(&mut self, took: Duration) {
        let _ = took;
    }
}

/// Like [`run_script`], while `observer` looks on.
pub async fn run_observed(
    session: &Session,
    script: &Script,
    direction: Direction,
    observer: &mut dyn ScriptObserver,
) -> ScriptRun {
    run_until(session, script, direction, script.statements.len(), Some(observer)).await
}

async fn run_until(
    session: &Session,
    script: &Script,
    direction: Direction,
    limit: usize,
    mut observer: Option<&mut dyn ScriptObserver>,
) -> ScriptRun {
    let started = Instant::now();
    let mut run = Recording::new(script, direction, Isolation::Chain);
    let implicit = match script.transaction {
        TransactionMode::Wrapped => true,
        TransactionMode::Batch => script.statements.len() > 1,
        TransactionMode::Autocommit => false,
    };
    let mut open = Open::No;
    let mut reopen = implicit;
    for (index, statement) in script.statements.iter().enumerate().take(limit) {
        let control = classify(&statement.sql).control;
        if open == Open::No && reopen && control != Some(TransactionControl::Begin) {
            if let Err(failure) = session.execute("BEGIN").await {
                run.failed(Some(index), failure);
                break;
            }
            open = Open::ByTool;
            reopen = script.transaction == TransactionMode::Batch;
        }
        if open == Open::ByTool && control == Some(TransactionControl::Begin) {
            open = Open::ByScript; // the server only warns: a transaction is already in progress
            run.statements_run += 1;
            continue;
        }
        let chains = ends_and_chains(control, &statement.sql);
        if open == Open::ByTool
            && script.transaction == TransactionMode::Batch
            && (chains || is_savepoint(control))
        {
            // An implicit transaction takes neither (25P01). Outside any block the server says the same.
            if let Err(failure) = session.execute("ROLLBACK").await {
                run.failed(Some(index), failure);
                break;
            }
            open = Open::No;
        }
        let sent = match &mut observer {
            Some(observer) => {
                // Boxed: few scripts are observed.
                let within = open != Open::No;
                Box::pin(run.send_observed(session, index, statement, within, &mut **observer)).await
            }
            None => run.send(session, index, statement).await,
        };
        if !sent {
            break;
        }
        match control {
            Some(TransactionControl::Begin) => open = Open::ByScript,
            Some(TransactionControl::Commit | TransactionControl::Rollback) if chains => {
                open = Open::ByScript
            }
            Some(TransactionControl::Commit | TransactionControl::Rollback) => {
                open = Open::No;
                reopen = script.transaction == TransactionMode::Batch;
            }
            _ => {}
        }
    }
    let interrupted = limit < script.statements.len();
    let end = if run.failure.is_some() || interrupted { "ROLLBACK" } else { "COMMIT" };
    let mut observer = observer.filter(|_| open != Open::No && run.failure.is_none());
    if let Some(observer) = &mut observer {
        observer.before_commit().await;
    }
    if open != Open::No || run.failure.is_some() {
        match session.execute(end).await {
            Err(failure) if run.failure.is_none() => run.failed(None, failure),
            Err(failure) => tracing::debug!(%failure, "rollback after a failure"),
            Ok(ended) => {
                if let Some(observer) = &mut observer {
                    observer.after_commit(ended.elapsed).await;
                }
            }
        }
    }
    reset_session(session, script).await;
    run.finish(started)
}

/// Whether a `BEGIN` chooses neither isolation level nor access mode.
fn begins_plainly(sql: &str) -> bool {
    let plain = ["begin", "start", "transaction", "work"];
    let mut tokens = confiture_core::sql::Tokens::new(sql).filter(|token| !token.kind.is_trivia());
    tokens.all(|token| plain.iter().any(|word| token.is_word(sql, word)))
}

/// Whether the statement works on savepoints.
fn is_savepoint(control: Option<TransactionControl>) -> bool {
    use TransactionControl::{Release, RollbackTo, Savepoint};
    matches!(control, Some(Savepoint | Release | RollbackTo))
}

/// Whether the statement ends a transaction and begins the next: `COMMIT AND CHAIN`.
fn ends_and_chains(control: Option<TransactionControl>, sql: &str) -> bool {
    if !matches!(control, Some(TransactionControl::Commit | TransactionControl::Rollback)) {
        return false;
    }
    let tokens = confiture_core::sql::Tokens::new(sql).filter(|token| !token.kind.is_trivia());
    let words: Vec<&str> = tokens.map(|token| token.text(sql)).collect();
    words.windows(2).any(|pair| pair[0].eq_ignore_ascii_case("and") && pair[1].eq_ignore_ascii_case("chain"))
}

/// Runs `script` inside the transaction the caller has open; the caller rolls it back.
///
/// The script's own BEGIN and final COMMIT are left out; deferred constraints are checked at its end,
/// as the commit would. What it set in its session is undone then, as between two runs of a tool.
pub(crate) async fn run_in_transaction(
    session: &Session,
    script: &Script,
    direction: Direction,
) -> ScriptRun {
    let started = Instant::now();
    let mut run = Recording::new(script, direction, Isolation::Transaction);
    for (index, statement) in script.statements.iter().enumerate() {
        if matches!(
            classify(&statement.sql).control,
            Some(TransactionControl::Begin | TransactionControl::Commit)
        ) {
            run.statements_run += 1;
        } else if !run.send(session, index, statement).await {
            break;
        }
    }
    if run.failure.is_none()
        && let Err(failure) = session.execute("SET CONSTRAINTS ALL IMMEDIATE").await
    {
        run.failed(None, failure);
    }
    if run.failure.is_none() {
        reset_session(session, script).await;
    }
    run.finish(started)
}

/// Runs a query file in a transaction of its own that is rolled back; returns what it failed with.
///
/// Statements with parameters are only prepared.
///
/// # Errors
/// [`FixtureError::Query`] when the transaction itself cannot be begun or rolled back.
pub(crate) async fn run_query(
    session: &Session,
    script: &Script,
) -> Result<Option<StatementFailure>, FixtureError> {
    let begun = session.execute("BEGIN").await;
    begun.map_err(|source| FixtureError::Query { doing: "begin a transaction", source })?;
    let failure = ask(session, script).await;
    if session.is_usable() {
        // Settings, temporary tables, cursors and channels are rolled back with it.
        let ended = session.execute("ROLLBACK; SELECT pg_catalog.pg_advisory_unlock_all()").await;
        ended.map_err(|source| FixtureError::Query { doing: "roll back a transaction", source })?;
        forget_prepared(session, script).await;
    }
    Ok(failure)
}

/// Like [`run_query`], inside the transaction the caller has open.
pub(crate) async fn run_query_within(
    session: &Session,
    script: &Script,
) -> Result<Option<StatementFailure>, FixtureError> {
    let set = session.execute("SAVEPOINT confiture_query").await;
    set.map_err(|source| FixtureError::Query { doing: "set a savepoint", source })?;
    let failure = ask(session, script).await;
    if session.is_usable() {
        let ended = session.execute("ROLLBACK TO SAVEPOINT confiture_query").await;
        ended.map_err(|source| FixtureError::Query { doing: "roll back to a savepoint", source })?;
        forget_prepared(session, script).await;
    }
    Ok(failure)
}

/// Sends a query file; returns what it failed with.
async fn ask(session: &Session, script: &Script) -> Option<StatementFailure> {
    let mut run = Recording::new(script, Direction::Up, Isolation::Transaction);
    let mut modified = false;
    for (index, statement) in script.statements.iter().enumerate() {
        let parameters = || {
            let mut tokens = confiture_core::sql::Tokens::new(&statement.sql);
            tokens.any(|token| token.kind == confiture_core::sql::TokenKind::Param)
        };
        if parameters() {
            if let Err(failure) = session.describe(&statement.sql).await {
                run.failed(Some(index), failure);
            }
        } else {
            modified |= classify(&statement.sql).modifies_data;
            run.send(session, index, statement).await;
        }
        if run.failure.is_some() {
            break;
        }
    }
    // As the commit would.
    if modified
        && run.failure.is_none()
        && let Err(failure) = session.execute("SET CONSTRAINTS ALL IMMEDIATE").await
    {
        run.failed(None, failure);
    }
    run.failure
}

/// Prepared statements are not rolled back.
async fn forget_prepared(session: &Session, script: &Script) {
    if script.statements.iter().any(|statement| is_prepare(&statement.sql))
        && let Err(failure) = session.execute("DEALLOCATE ALL").await
    {
        tracing::debug!(%failure, "reset the session");
    }
}

/// Undoes what a script may have changed in its session, so that the next script starts as in a new
/// connection: settings, role, cursors, temporary tables, channels, advisory locks, prepared statements.
///
/// Nothing is sent where no statement can have changed it.
pub(crate) async fn reset_session(session: &Session, script: &Script) {
    if !script.statements.iter().any(|statement| may_change_session(&statement.sql)) {
        return;
    }
    const RESET: &str = "RESET ALL; SET SESSION AUTHORIZATION DEFAULT; CLOSE ALL; DISCARD TEMP; UNLISTEN *; \
                         SELECT pg_catalog.pg_advisory_unlock_all()";
    let mut resets = vec![RESET];
    // Not always: it costs our own prepared queries as well.
    if script.statements.iter().any(|statement| is_prepare(&statement.sql)) {
        resets.push("DEALLOCATE ALL");
    }
    for reset in resets {
        if let Err(failure) = session.execute(reset).await {
            tracing::debug!(%failure, "reset the session");
        }
    }
}

/// Whether `sql` may leave its session changed: everything but schema changes, which run no code that
/// could.
fn may_change_session(sql: &str) -> bool {
    let class = classify(sql);
    let schema = matches!(
        class.verb,
        Verb::Create | Verb::Alter | Verb::Drop | Verb::Comment | Verb::Grant | Verb::Revoke
    );
    let transaction = class.control.is_some();
    let calls = || confiture_core::sql::Tokens::new(sql).any(|token| token.is_word(sql, "set_config"));
    class.session == SessionEffect::Session || !(schema || transaction) || calls()
}

/// Whether `sql` is a `PREPARE`.
fn is_prepare(sql: &str) -> bool {
    classify(sql).verb == Verb::Prepare
}

/// Sends one statement of a file whose text is `text`, by the protocol it needs.
pub(crate) async fn send(
    session: &Session,
    statement: &ScriptStatement,
    text: &str,
) -> Result<Execution, DbFailure> {
    match &statement.kind {
        StatementKind::Sql if copies_out(&statement.sql) => {
            session.copy_out(&statement.sql).await.map(|_| Execution::default())
        }
        StatementKind::Sql => session.execute(&statement.sql).await,
        StatementKind::Copy { data } => {
            let data = text.get(data.clone()).unwrap_or_default();
            session.copy_in(&statement.sql, data.as_bytes()).await
        }
    }
}

/// A script run being written down.
struct Recording<'a> {
    script: &'a Script,
    direction: Direction,
    isolation: Isolation,
    statements_run: usize,
    failure: Option<StatementFailure>,
    notices: Vec<(usize, confiture_core::db::Notice)>,
}

impl<'a> Recording<'a> {
    fn new(script: &'a Script, direction: Direction, isolation: Isolation) -> Self {
        Self { script, direction, isolation, statements_run: 0, failure: None, notices: Vec::new() }
    }

    /// Sends one statement; `false` when it failed.
    async fn send(&mut self, session: &Session, index: usize, statement: &ScriptStatement) -> bool {
        let span = tracing::debug_span!("statement", direction = self.direction.as_str(), statement = index);
        let sent = send(session, statement, &self.script.source.text);
        match tracing::Instrument::instrument(sent, span).await {
            Ok(execution) => {
                self.statements_run += 1;
                self.notices.extend(execution.notices.into_iter().map(|notice| (index, notice)));
                true
            }
            Err(failure) => {
                self.failed(Some(index), failure);
                false
            }
        }
    }

    /// The same while `observer` looks on; a statement without transaction is given one where it takes it,
    /// which is what autocommit does, with a moment before the commit.
    async fn send_observed(
        &mut self,
        session: &Session,
        index: usize,
        statement: &ScriptStatement,
        in_transaction: bool,
        observer: &mut dyn ScriptObserver,
    ) -> bool {
        let class = classify(&statement.sql);
        let standing = match (class.control, class.transaction) {
            (Some(_), _) => Standing::Control,
            (None, _) if in_transaction => Standing::InTransaction,
            (None, TransactionSafety::Allowed) => Standing::Own,
            (None, _) => Standing::Alone,
        };
        let commits = in_transaction && class.control == Some(TransactionControl::Commit);
        if commits {
            observer.before_commit().await;
        }
        if standing == Standing::Own
            && let Err(failure) = session.execute("BEGIN").await
        {
            self.failed(Some(index), failure);
            return false;
        }
        let sent = Box::pin(send(session, statement, &self.script.source.text));
        let took = match observer.statement(Sending { index, statement, standing }, sent).await {
            Ok(execution) => {
                self.statements_run += 1;
                self.notices.extend(execution.notices.into_iter().map(|notice| (index, notice)));
                execution.elapsed
            }
            Err(failure) => {
                self.failed(Some(index), failure);
                return false;
            }
        };
        if commits {
            observer.after_commit(took).await;
        }
        if standing == Standing::Own {
            observer.before_commit().await;
            match session.execute("COMMIT").await {
                Ok(ended) => observer.after_commit(ended.elapsed).await,
                Err(failure) => {
                    self.failed(Some(index), failure);
                    return false;
                }
            }
        }
        true
    }

    fn failed(&mut self, statement: Option<usize>, failure: DbFailure) {
        let span = match statement.and_then(|index| self.script.statements.get(index)) {
            None => self.script.statements.last().map_or(self.script.span.clone(), |s| s.span.clone()),
            Some(at) => failing_span(&self.script.source.text, at, &failure),
        };
        self.failure = Some(StatementFailure { statement, failure, location: self.script.locate(span) });
    }

    fn finish(self, started: Instant) -> ScriptRun {
        ScriptRun {
            direction: self.direction,
            isolation: self.isolation,
            elapsed: started.elapsed(),
            statements_run: self.statements_run,
            failure: self.failure,
            notices: self.notices,
        }
    }
}

/// Whether `sql` is a `COPY … TO STDOUT`, which speaks a protocol of its own.
fn copies_out(sql: &str) -> bool {
    let tokens = confiture_core::sql::Tokens::new(sql).filter(|token| !token.kind.is_trivia());
    let words: Vec<&str> = tokens.map(|token| token.text(sql)).collect();
    let is = |word: &str, expected: &str| word.eq_ignore_ascii_case(expected);
    words.first().is_some_and(|first| is(first, "copy"))
        && words.windows(2).any(|pair| is(pair[0], "to") && is(pair[1], "stdout"))
}

/// The bytes of the file a failure is about: from the server's position to the end of that line, the
/// COPY line or the line of a `DO` block it names, or the first line of the statement.
pub(crate) fn failing_span(
    text: &str,
    statement: &ScriptStatement,
    failure: &DbFailure,
) -> std::ops::Range<usize> {
    let line_end = |at: usize| text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |n| at + n);
    if let Some(position) = failure.position {
        let at = statement.file_offset(position);
        let end = token_end(text, at).min(line_end(at));
        return at..end.max(at);
    }
    if let StatementKind::Copy { data } = &statement.kind
        && let Some(line) = copy_line(failure)
        && let Some(rows) = text.get(data.clone())
    {
        let before: usize = rows.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let at = data.start + before;
        return at..line_end(at);
    }
    if let Some(line) = block_line(statement, failure) {
        let at = statement.file_offset(line);
        return at..line_end(at).min(statement.span.end).max(at);
    }
    statement.span.start..line_end(statement.span.start).min(statement.span.end)
}

/// Where in `statement.sql` the line of a `DO` block starts that the server's context names:
/// `PL/pgSQL function inline_code_block line 4 at SQL statement`, counted from the opening quote.
fn block_line(statement: &ScriptStatement, failure: &DbFailure) -> Option<usize> {
    let sql = statement.sql.as_ref();
    let mut tokens = confiture_core::sql::Tokens::new(sql).filter(|token| !token.kind.is_trivia());
    if !tokens.next()?.text(sql).eq_ignore_ascii_case("do") {
        return None;
    }
    // The outermost call stands last.
    let (_, rest) = failure.context.as_deref()?.rsplit_once("inline_code_block line ")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    let line: usize = digits.parse().ok()?;
    let body = tokens.find(|token| token.kind.is_string())?.span.start;
    let lines = sql.get(body..)?.split_inclusive('\n');
    let start = body + lines.take(line.checked_sub(1)?).map(str::len).sum::<usize>();
    let blank = sql.get(start..)?.chars().take_while(|c| *c == ' ' || *c == '\t').count();
    // The first line of the body is the statement's own.
    (line > 1).then_some(start + blank)
}

/// The end of the word or quoted text that starts at `at`.
fn token_end(text: &str, at: usize) -> usize {
    let Some(rest) = text.get(at..) else { return at };
    confiture_core::sql::Tokens::new(rest).next().map_or(at, |token| at + token.span.end)
}

/// The data line number in `COPY t, line 3, column a: …`.
fn copy_line(failure: &DbFailure) -> Option<usize> {
    let context = failure.context.as_deref()?;
    let rest = context.split_once(", line ")?.1;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|line| *line > 0)
}
