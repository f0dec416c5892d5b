//! What a server refused, in full.

use std::time::Duration;

use serde::Serialize;

/// A failure reported by the server or the connection to it.
///
/// Never carries a password. `position` is a byte offset from 0 into the statement that was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DbFailure {
    /// Five-character SQLSTATE; `None` when the connection itself failed.
    pub sqlstate: Option<String>,
    /// The server's primary message, or what happened to the connection.
    pub message: String,
    /// DETAIL.
    pub detail: Option<String>,
    /// HINT.
    pub hint: Option<String>,
    /// Byte offset from 0 into the statement, when the server gave a position.
    pub position: Option<usize>,
    /// CONTEXT (call stack of PL/pgSQL and the like).
    pub context: Option<String>,
    /// The deadline, when the statement was ended because it passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Duration>,
}

impl DbFailure {
    /// Converts what the driver reports for `sql`, turning the character position into bytes.
    pub(crate) fn from_driver(error: &tokio_postgres::Error, sql: &str) -> Self {
        let Some(db) = error.as_db_error() else {
            let mut message = error.to_string();
            let mut source = std::error::Error::source(error);
            while let Some(cause) = source {
                message.push_str(": ");
                message.push_str(&cause.to_string());
                source = cause.source();
            }
            return Self { message, ..Self::default() };
        };
        let position = match db.position() {
            Some(tokio_postgres::error::ErrorPosition::Original(at)) => {
                let characters = (*at as usize).saturating_sub(1);
                Some(sql.char_indices().nth(characters).map_or(sql.len(), |(byte, _)| byte))
            }
            Some(tokio_postgres::error::ErrorPosition::Internal { .. }) | None => None,
        };
        Self {
            sqlstate: Some(db.code().code().to_owned()),
            message: db.message().to_owned(),
            detail: db.detail().map(str::to_owned),
            hint: db.hint().map(str::to_owned),
            position,
            context: db.where_().map(str::to_owned),
            deadline: None,
        }
    }

    /// What a session that can no longer be used answers.
    pub(crate) fn discarded() -> Self {
        Self { message: "the session was discarded".to_owned(), ..Self::default() }
    }

    /// The statement did not end within `limit`.
    pub(crate) fn overrun(limit: Duration) -> Self {
        Self {
            sqlstate: Some("57014".to_owned()),
            message: format!("took longer than {}s and was cancelled", limit.as_secs_f32()),
            deadline: Some(limit),
            ..Self::default()
        }
    }

    /// Whether the statement was ended because its deadline passed.
    pub fn is_timeout(&self) -> bool {
        self.deadline.is_some()
    }

    /// Whether the connection or the server is gone, as opposed to a statement being refused
    /// (no SQLSTATE, class 08, or 57P01–57P03). A passed deadline is not a lost connection.
    pub fn is_connection_lost(&self) -> bool {
        if self.is_timeout() {
            return false;
        }
        match self.sqlstate.as_deref() {
            None => true,
            Some(code) => code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P03"),
        }
    }
}

impl std::fmt::Display for DbFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.sqlstate {
            Some(code) => write!(f, "{} ({code})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for DbFailure {}
