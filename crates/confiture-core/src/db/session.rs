//! One connection: notices kept, failures in full.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::SinkExt as _;
use tokio_postgres::{AsyncMessage, SimpleQueryMessage};

use super::connect::Endpoint;
use super::error::DbError;
use super::failure::DbFailure;

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

/// One connection to one database. Never pooled: it runs the user's SQL.
#[derive(Debug)]
pub struct Session {
    client: tokio_postgres::Client,
    notices: Arc<Mutex<Vec<Notice>>>,
    prepared: Mutex<HashMap<String, tokio_postgres::Statement>>,
    driver: tokio::task::JoinHandle<()>,
}

impl Session {
    /// Connects.
    ///
    /// # Errors
    /// [`DbError::Connect`].
    pub async fn open(endpoint: &Endpoint) -> Result<Self, DbError> {
        let connected = endpoint.config.connect(endpoint.tls.clone()).await;
        let (client, connection) =
            connected.map_err(|error| endpoint.refused(DbFailure::from_driver(&error, "")))?;
        Ok(Self::drive(client, connection))
    }

    /// Takes over a connected client and drives its connection, keeping notices.
    pub(crate) fn drive<S, T>(
        client: tokio_postgres::Client,
        mut connection: tokio_postgres::Connection<S, T>,
    ) -> Self
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
        T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let notices = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&notices);
        let driver = tokio::spawn(async move {
            loop {
                match std::future::poll_fn(|cx| connection.poll_message(cx)).await {
                    Some(Ok(AsyncMessage::Notice(notice))) => {
                        let notice = Notice {
                            severity: notice.severity().to_owned(),
                            sqlstate: notice.code().code().to_owned(),
                            message: notice.message().to_owned(),
                        };
                        if let Ok(mut kept) = kept.lock() {
                            kept.push(notice);
                        }
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => {
                        tracing::debug!(%error, "connection ended");
                        break;
                    }
                    None => break,
                }
            }
        });
        Self { client, notices, prepared: Mutex::default(), driver }
    }

    /// Runs one statement with the simple protocol and discards its rows.
    ///
    /// # Errors
    /// What the server refused; `position` counts bytes of `sql`.
    pub async fn execute(&self, sql: &str) -> Result<Execution, DbFailure> {
        let started = Instant::now();
        let messages =
            self.client.simple_query(sql).await.map_err(|error| DbFailure::from_driver(&error, sql))?;
        let rows = messages
            .iter()
            .filter_map(
                |m| if let SimpleQueryMessage::CommandComplete(rows) = m { Some(*rows) } else { None },
            )
            .sum();
        Ok(Execution { rows, elapsed: started.elapsed(), notices: self.take_notices() })
    }

    /// Runs `COPY … FROM STDIN` and sends `data` as its input.
    ///
    /// # Errors
    /// What the server refused, of the statement or of a data line.
    pub async fn copy_in(&self, sql: &str, data: &[u8]) -> Result<Execution, DbFailure> {
        let started = Instant::now();
        let fail = |error: tokio_postgres::Error| DbFailure::from_driver(&error, sql);
        let sink = self.client.copy_in::<_, bytes::Bytes>(sql).await.map_err(fail)?;
        tokio::pin!(sink);
        for chunk in data.chunks(64 * 1024) {
            sink.send(bytes::Bytes::copy_from_slice(chunk)).await.map_err(fail)?;
        }
        let rows = sink.finish().await.map_err(fail)?;
        Ok(Execution { rows, elapsed: started.elapsed(), notices: self.take_notices() })
    }

    /// Runs a query of our own with parameters.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn query(
        &self,
        sql: &str,
        params: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, DbFailure> {
        self.client.query(sql, params).await.map_err(|error| DbFailure::from_driver(&error, sql))
    }

    /// Runs a query of our own that is prepared once per session, for texts that cost more to plan than
    /// to run.
    ///
    /// A statement the script threw away (`DEALLOCATE ALL`, `DISCARD ALL`) is prepared again; inside a
    /// transaction block that is too late, and the failure (`26000`) is returned.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn query_prepared(
        &self,
        sql: &str,
        params: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, DbFailure> {
        let fail = |error: tokio_postgres::Error| DbFailure::from_driver(&error, sql);
        let known = self.prepared.lock().ok().and_then(|known| known.get(sql).cloned());
        if let Some(statement) = known {
            match self.client.query(&statement, params).await {
                Err(error) if error.code().is_some_and(|code| code.code() == "26000") => {
                    if let Ok(mut known) = self.prepared.lock() {
                        known.clear();
                    }
                }
                result => return result.map_err(fail),
            }
        }
        let statement = self.client.prepare(sql).await.map_err(fail)?;
        let rows = self.client.query(&statement, params).await.map_err(fail)?;
        if let Ok(mut known) = self.prepared.lock() {
            known.insert(sql.to_owned(), statement);
        }
        Ok(rows)
    }

    /// Notices since the last call.
    pub fn take_notices(&self) -> Vec<Notice> {
        self.notices.lock().map(|mut kept| std::mem::take(&mut *kept)).unwrap_or_default()
    }

    /// Ends the connection and waits until it is gone.
    pub async fn close(self) {
        let Self { client, driver, .. } = self;
        drop(client);
        if let Err(error) = driver.await {
            tracing::debug!(%error, "connection task ended");
        }
    }
}
