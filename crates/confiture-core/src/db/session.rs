//! One connection: notices kept, failures in full, deadlines kept.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connect::{Endpoint, tls};
use super::error::DbError;
use super::failure::DbFailure;
use super::reader::text_rows;

/// How long a cancelled statement may take to end before its backend is terminated.
const GRACE: Duration = Duration::from_secs(2);

/// A message the server sent besides results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// `NOTICE`, `WARNING`, `INFO`, …
    pub severity: String,
    /// SQLSTATE of the notice.
    pub sqlstate: String,
    /// Its text.
    pub message: String,
}

/// What one statement did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Execution {
    /// Rows of the command tag; 0 where it has none.
    pub rows: u64,
    /// Time until the server answered.
    pub elapsed: Duration,
    /// Notices that arrived meanwhile.
    pub notices: Vec<Notice>,
}

/// Whether `sql` is one that may end the session's prepared statements, ours among them.
fn throws_prepared_away(sql: &str) -> bool {
    let head = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    head.eq_ignore_ascii_case("deallocate") || head.eq_ignore_ascii_case("discard")
}

/// Rows as text, the way psql would show them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextRows {
    /// Column names, in order; those of the last result set.
    pub columns: Vec<String>,
    /// One value per column; `None` is NULL.
    pub rows: Vec<Vec<Option<String>>>,
}

/// One connection to one database. Never pooled: it runs the user's SQL.
///
/// With a deadline ([`Session::set_deadline`]) a statement that takes longer is cancelled; when it
/// does not end within two seconds of that, its backend is terminated. Dropping a future of this type
/// before it is ready cancels its statement too. After a termination, a lost connection or a dropped
/// future the session is discarded: [`Session::is_usable`] is false and every call fails.
#[derive(Debug)]
pub struct Session {
    client: tokio_postgres::Client,
    notices: Arc<Mutex<Vec<Notice>>>,
    prepared: Mutex<HashMap<String, tokio_postgres::Statement>>,
    /// `None` for an adopted client, whose connection its owner drives.
    driver: Option<tokio::task::JoinHandle<()>>,
    /// `None` for an adopted client: nobody told us where it is connected.
    endpoint: Option<Endpoint>,
    backend_pid: i32,
    deadline: Option<Duration>,
    usable: AtomicBool,
}

impl Session {
    /// Connects. Nothing checks what may be written there: scratch databases have
    /// [`ScratchDb::session`](super::ScratchDb::session).
    ///
    /// # Errors
    /// [`DbError::Connect`].
    pub(crate) async fn open(endpoint: &Endpoint) -> Result<Self, DbError> {
        let connected = endpoint.config().connect(endpoint.tls().clone()).await;
        let refused = |error| endpoint.refused(DbFailure::from_driver(&error, ""));
        let (client, connection) = connected.map_err(refused)?;
        let notices = Arc::new(Mutex::new(Vec::new()));
        let driver = tokio::spawn(drive(connection, Arc::clone(&notices)));
        let row = client.query_one("SELECT pg_backend_pid()", &[]).await.map_err(refused)?;
        Ok(Self {
            notices,
            driver: Some(driver),
            endpoint: Some(endpoint.clone()),
            ..Self::over(client, row.get(0))
        })
    }

    /// A session over a client whose connection is driven elsewhere. Checks nothing; see
    /// [`Session::adopt`](Self::adopt).
    pub(super) fn over(client: tokio_postgres::Client, backend_pid: i32) -> Self {
        Self {
            client,
            notices: Arc::default(),
            prepared: Mutex::default(),
            driver: None,
            endpoint: None,
            backend_pid,
            deadline: None,
            usable: AtomicBool::new(true),
        }
    }

    /// The client beneath, for typed queries. What it runs is under no deadline.
    pub fn client(&self) -> &tokio_postgres::Client {
        &self.client
    }

    /// Gives the client back; the connection of a session of ours is driven on in the background.
    pub fn into_client(self) -> tokio_postgres::Client {
        self.client
    }

    /// Connects to any database to look at it: the session refuses to write
    /// (`default_transaction_read_only`).
    ///
    /// # Errors
    /// [`DbError::Connect`].
    pub async fn read_only(endpoint: &Endpoint) -> Result<Self, DbError> {
        let settings = [("default_transaction_read_only".to_owned(), "on".to_owned())];
        Self::open(&endpoint.clone().settle().await?.with_session_settings(&settings)).await
    }

    /// Process id of the backend that serves it.
    pub fn backend_pid(&self) -> i32 {
        self.backend_pid
    }

    /// Where it is connected; `None` for an adopted client.
    pub fn endpoint(&self) -> Option<&Endpoint> {
        self.endpoint.as_ref()
    }

    /// How long each following statement may take; `None`, the default, waits for ever.
    pub fn set_deadline(&mut self, deadline: Option<Duration>) {
        self.deadline = deadline;
    }

    /// Whether it still takes statements.
    pub fn is_usable(&self) -> bool {
        self.usable.load(Ordering::Relaxed) && !self.client.is_closed()
    }

    /// A handle that cancels whatever the session is doing, for Ctrl-C.
    pub fn cancel_handle(&self) -> CancelHandle {
        let tls = self.endpoint.as_ref().map_or_else(tls::none, |endpoint| endpoint.tls().clone());
        CancelHandle { token: self.client.cancel_token(), tls }
    }

    /// Runs one statement with the simple protocol and discards its rows.
    ///
    /// `COPY … FROM STDIN` and `COPY … TO STDOUT` go through [`Session::copy_in`] and
    /// [`Session::copy_out`]; here they fail and cost the session.
    ///
    /// # Errors
    /// What the server refused; `position` counts bytes of `sql`.
    pub async fn execute(&self, sql: &str) -> Result<Execution, DbFailure> {
        let work = async {
            let stream = self.client.simple_query_raw(sql).await?;
            tokio::pin!(stream);
            let mut rows = 0;
            while let Some(message) = stream.next().await {
                if let SimpleQueryMessage::CommandComplete(count) = message? {
                    rows += count;
                }
            }
            Ok(rows)
        };
        let (rows, elapsed) = self.limited(sql, work).await?;
        if throws_prepared_away(sql)
            && let Ok(mut known) = self.prepared.lock()
        {
            known.clear();
        }
        Ok(Execution { rows, elapsed, notices: self.take_notices() })
    }

    /// Runs `COPY … FROM STDIN` and sends `data` as its input.
    ///
    /// # Errors
    /// What the server refused, of the statement or of a data line.
    pub async fn copy_in(&self, sql: &str, data: &[u8]) -> Result<Execution, DbFailure> {
        let work = async {
            let sink = self.client.copy_in::<_, bytes::Bytes>(sql).await?;
            tokio::pin!(sink);
            for chunk in data.chunks(64 * 1024) {
                sink.send(bytes::Bytes::copy_from_slice(chunk)).await?;
            }
            sink.finish().await
        };
        let (rows, elapsed) = self.limited(sql, work).await?;
        Ok(Execution { rows, elapsed, notices: self.take_notices() })
    }

    /// Runs `COPY … FROM STDIN` and sends the pieces `next` gives until it gives none.
    ///
    /// The server works on one piece while the next is made.
    ///
    /// # Errors
    /// What the server refused; pieces not asked for by then are never made.
    pub async fn copy_in_pieces(
        &self,
        sql: &str,
        next: &mut (dyn FnMut() -> Option<Vec<u8>> + Send),
    ) -> Result<Execution, DbFailure> {
        let work = async {
            let sink = self.client.copy_in::<_, bytes::Bytes>(sql).await?;
            tokio::pin!(sink);
            while let Some(piece) = next() {
                sink.send(bytes::Bytes::from(piece)).await?;
            }
            sink.finish().await
        };
        let (rows, elapsed) = self.limited(sql, work).await?;
        Ok(Execution { rows, elapsed, notices: self.take_notices() })
    }

    /// Runs `COPY … TO STDOUT` and returns what came out.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn copy_out(&self, sql: &str) -> Result<Vec<u8>, DbFailure> {
        let work = async {
            let stream = self.client.copy_out(sql).await?;
            tokio::pin!(stream);
            let mut data = Vec::new();
            while let Some(chunk) = stream.next().await {
                data.extend_from_slice(&chunk?);
            }
            Ok(data)
        };
        Ok(self.limited(sql, work).await?.0)
    }

    /// Runs a query of our own with parameters.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn query(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, DbFailure> {
        Ok(self.limited(sql, self.client.query(sql, params)).await?.0)
    }

    /// Runs a query of our own that is prepared once per session, for texts that cost more to plan than
    /// to run.
    ///
    /// A statement the script threw away (`DEALLOCATE ALL`, `DISCARD ALL`) is prepared again. Where
    /// [`execute`](Self::execute) could not see that (in a function), it is too late inside a transaction
    /// block, and the failure (`26000`) is returned.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn query_prepared(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, DbFailure> {
        let known = self.prepared.lock().ok().and_then(|known| known.get(sql).cloned());
        if let Some(statement) = known {
            match self.limited(sql, self.client.query(&statement, params)).await {
                Err(failure) if failure.sqlstate.as_deref() == Some("26000") => {
                    if let Ok(mut known) = self.prepared.lock() {
                        known.clear();
                    }
                }
                result => return Ok(result?.0),
            }
        }
        let (statement, _) = self.limited(sql, self.client.prepare(sql)).await?;
        let (rows, _) = self.limited(sql, self.client.query(&statement, params)).await?;
        if let Ok(mut known) = self.prepared.lock() {
            known.insert(sql.to_owned(), statement);
        }
        Ok(rows)
    }

    /// Runs a statement with the simple protocol and returns its rows as text, whatever their types.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn query_simple(&self, sql: &str) -> Result<TextRows, DbFailure> {
        let (messages, _) = self.limited(sql, self.client.simple_query(sql)).await?;
        Ok(text_rows(messages))
    }

    /// Has the server parse and analyse a statement, which may hold parameters (`$1`), without running it.
    ///
    /// Returns the name and the type of every column it would give; none where it gives no rows.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn describe(&self, sql: &str) -> Result<Vec<(String, String)>, DbFailure> {
        let (statement, _) = self.limited(sql, self.client.prepare(sql)).await?;
        let columns = statement.columns().iter();
        Ok(columns.map(|column| (column.name().to_owned(), column.type_().name().to_owned())).collect())
    }

    /// Notices since the last call.
    pub fn take_notices(&self) -> Vec<Notice> {
        self.notices.lock().map(|mut kept| std::mem::take(&mut *kept)).unwrap_or_default()
    }

    /// Ends the connection and waits until our side of it is closed; the backend follows shortly.
    pub async fn close(self) {
        let Self { client, driver, .. } = self;
        drop(client);
        if let Some(driver) = driver
            && let Err(error) = driver.await
        {
            tracing::debug!(%error, "connection task ended");
        }
    }

    /// Runs `work` within the deadline and measures it.
    async fn limited<T>(
        &self,
        sql: &str,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<(T, Duration), DbFailure> {
        if !self.is_usable() {
            return Err(DbFailure::discarded());
        }
        let started = Instant::now();
        let running = Running { session: self, ended: false };
        tokio::pin!(work);
        let mut overrun = None;
        let result = match self.deadline {
            None => work.await,
            Some(limit) => match timeout(limit, &mut work).await {
                Ok(result) => result,
                Err(_) => {
                    overrun = Some(limit);
                    self.cancel_handle().cancel().await.ok();
                    let Ok(result) = timeout(GRACE, &mut work).await else {
                        running.end();
                        self.terminate().await;
                        return Err(DbFailure::overrun(limit));
                    };
                    result
                }
            },
        };
        running.end();
        match result {
            Ok(value) => {
                let elapsed = started.elapsed();
                tracing::trace!(?elapsed, sql = sql.get(..60).unwrap_or(sql), "answered");
                Ok((value, elapsed))
            }
            Err(error) => {
                let failure = DbFailure::from_driver(&error, sql);
                if failure.is_connection_lost() {
                    self.usable.store(false, Ordering::Relaxed);
                }
                let cancelled = failure.sqlstate.as_deref() == Some("57014");
                Err(overrun.filter(|_| cancelled).map_or(failure, DbFailure::overrun))
            }
        }
    }

    /// Ends a backend that does not listen to a cancel request.
    async fn terminate(&self) {
        self.usable.store(false, Ordering::Relaxed);
        let ended = async {
            let other = Self::open(self.endpoint.as_ref()?).await.ok()?;
            let row = other.client.query_one("SELECT pg_terminate_backend($1)", &[&self.backend_pid]).await;
            other.close().await;
            row.ok()
        };
        // Boxed: it opens a session, whose own calls could end up here.
        if !matches!(timeout(GRACE, Box::pin(ended)).await, Ok(Some(_))) {
            tracing::warn!(backend = self.backend_pid, "could not terminate a backend past its deadline");
        }
    }
}

/// Cancels what a session is doing; the session's call then fails with `57014`.
#[derive(Clone)]
pub struct CancelHandle {
    token: tokio_postgres::CancelToken,
    tls: MakeRustlsConnect,
}

impl CancelHandle {
    /// Asks the server to cancel. The server does not say whether there was anything to cancel.
    ///
    /// # Errors
    /// What happened to the connection the request was sent over.
    pub async fn cancel(&self) -> Result<(), DbFailure> {
        let sent = self.token.cancel_query(self.tls.clone()).await;
        sent.map_err(|error| DbFailure::from_driver(&error, ""))
    }
}

impl std::fmt::Debug for CancelHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CancelHandle").finish_non_exhaustive()
    }
}

/// A statement the server is busy with; dropped before its end, it is cancelled.
struct Running<'a> {
    session: &'a Session,
    ended: bool,
}

impl Running<'_> {
    fn end(mut self) {
        self.ended = true;
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        self.session.usable.store(false, Ordering::Relaxed);
        let handle = self.session.cancel_handle();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { handle.cancel().await.ok() });
        }
    }
}

async fn drive<S, T>(mut connection: tokio_postgres::Connection<S, T>, notices: Arc<Mutex<Vec<Notice>>>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    loop {
        match std::future::poll_fn(|cx| connection.poll_message(cx)).await {
            Some(Ok(AsyncMessage::Notice(notice))) => {
                let notice = Notice {
                    severity: notice.severity().to_owned(),
                    sqlstate: notice.code().code().to_owned(),
                    message: notice.message().to_owned(),
                };
                if let Ok(mut kept) = notices.lock() {
                    kept.push(notice);
                }
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                let failure = DbFailure::from_driver(&error, "");
                tracing::debug!(%failure, "connection ended");
                break;
            }
            None => break,
        }
    }
}
