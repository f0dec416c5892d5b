//! Servers, scratch databases and sessions: the only module that names `tokio_postgres` and `bb8`.

mod acquire;
mod cluster;
mod connect;
mod discovery;
mod env;
mod error;
mod failure;
mod marker;
mod options;
mod quote;
mod scratch;
mod server;
mod session;
mod template;
mod token;
mod version;

pub use cluster::{Cluster, ClusterOptions};
pub use connect::Endpoint;
pub use discovery::{FoundServer, Origin, install, installed};
pub use env::Env;
pub use error::DbError;
pub use failure::DbFailure;
pub use options::{Acquire, ServerOptions};
pub use scratch::{CloneSource, ScratchDb};
pub use server::{Server, ServerKind};
pub use session::{CancelHandle, Execution, Notice, Prepared, Session, TextRows};
pub use template::Template;
pub use tokio_postgres::Row;
pub use tokio_postgres::types::ToSql;
pub use version::ServerVersion;

#[cfg(test)]
mod tests;
