//! Servers, scratch databases and sessions: the only module that names `tokio_postgres` and `bb8`.

mod failure;
mod session;

pub use failure::DbFailure;
pub use session::{Execution, Notice, Session};
pub use tokio_postgres::Row;
pub use tokio_postgres::types::ToSql;
