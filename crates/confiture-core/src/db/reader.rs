//! `Reader`: any connection that queries of ours can be sent through.

use async_trait::async_trait;
use tokio_postgres::types::ToSql;
use tokio_postgres::{GenericClient, Row, SimpleQueryMessage};

use super::failure::DbFailure;
use super::session::{Session, TextRows};

/// A connection to read through: a [`Session`], a `tokio_postgres::Client` or a `Transaction` of one.
///
/// What takes a `&dyn Reader` sends queries only and changes no setting of the connection beyond the
/// query. Nothing here checks that a query does not write: a [`Session::read_only`], or a transaction
/// begun `READ ONLY`, lets the server refuse it.
#[async_trait]
pub trait Reader: Send + Sync {
    /// Runs a query with parameters.
    ///
    /// # Errors
    /// What the server refused.
    async fn read(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, DbFailure>;

    /// Runs a query without parameters that is worth preparing once per connection.
    ///
    /// # Errors
    /// What the server refused.
    async fn read_prepared(&self, sql: &str) -> Result<Vec<Row>, DbFailure> {
        self.read(sql, &[]).await
    }

    /// Runs one statement in one round trip and returns its rows as text.
    ///
    /// # Errors
    /// What the server refused.
    async fn read_text(&self, sql: &str) -> Result<TextRows, DbFailure>;
}

#[async_trait]
impl Reader for Session {
    async fn read(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, DbFailure> {
        self.query(sql, params).await
    }

    async fn read_prepared(&self, sql: &str) -> Result<Vec<Row>, DbFailure> {
        self.query_prepared(sql, &[]).await
    }

    async fn read_text(&self, sql: &str) -> Result<TextRows, DbFailure> {
        self.query_simple(sql).await
    }
}

#[async_trait]
impl Reader for tokio_postgres::Client {
    async fn read(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, DbFailure> {
        through(self, sql, params).await
    }

    async fn read_text(&self, sql: &str) -> Result<TextRows, DbFailure> {
        text_through(self, sql).await
    }
}

#[async_trait]
impl Reader for tokio_postgres::Transaction<'_> {
    async fn read(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, DbFailure> {
        through(self, sql, params).await
    }

    async fn read_text(&self, sql: &str) -> Result<TextRows, DbFailure> {
        text_through(self, sql).await
    }
}

async fn through(
    client: &impl GenericClient,
    sql: &str,
    params: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, DbFailure> {
    client.query(sql, params).await.map_err(|error| DbFailure::from_driver(&error, sql))
}

async fn text_through(client: &impl GenericClient, sql: &str) -> Result<TextRows, DbFailure> {
    let messages = client.simple_query(sql).await;
    Ok(text_rows(messages.map_err(|error| DbFailure::from_driver(&error, sql))?))
}

/// The last result set among the messages of a simple query.
pub(super) fn text_rows(messages: Vec<SimpleQueryMessage>) -> TextRows {
    let mut result = TextRows::default();
    for message in messages {
        match message {
            SimpleQueryMessage::RowDescription(columns) => {
                result.columns = columns.iter().map(|column| column.name().to_owned()).collect();
                result.rows.clear();
            }
            SimpleQueryMessage::Row(row) => {
                let values = (0..row.len()).map(|at| row.get(at).map(str::to_owned));
                result.rows.push(values.collect());
            }
            _ => {}
        }
    }
    result
}
