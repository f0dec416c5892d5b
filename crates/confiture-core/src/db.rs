//! Servers, scratch databases and sessions: the only module that names `tokio_postgres` and `bb8`.
//!
//! [`Server::open`] uses the server the user named, or finds, acquires and starts a private one.
//! [`Server::create_database`] and [`Server::template`] give databases that carry our mark; in no other
//! is anything written, and no other is ever dropped. [`ScratchDb::session`] opens one connection with
//! deadlines, notices and failures in full.
//!
//! # Example
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use confiture_core::db::{ScratchDb, Server, ServerOptions};
//!
//! let options = ServerOptions { env: std::env::vars_os().collect(), ..ServerOptions::default() };
//! let server = Server::open(&options).await?;
//! let migrated = async |database: &ScratchDb| -> Result<(), Box<dyn std::error::Error>> {
//!     let session = database.session().await?;
//!     session.execute("CREATE TABLE users (name text)").await?;
//!     session.close().await;
//!     Ok(())
//! };
//! let template = server.template("a hash of all that matters", migrated).await?;
//! let database = template.clone_database("mutant-17").await?;
//! database.session().await?.execute("DROP TABLE users").await?;
//! database.close().await?;
//! server.close().await;
//! # Ok(())
//! # }
//! ```

mod acquire;
mod adopt;
mod cluster;
mod connect;
mod discovery;
mod env;
mod error;
mod failure;
mod locks;
mod marker;
mod options;
mod quote;
mod reader;
mod scratch;
mod seeded;
mod server;
mod session;
mod template;
mod token;
mod version;

pub use cluster::{Cluster, ClusterOptions};
pub use connect::Endpoint;
pub use discovery::{FoundServer, Origin, find, install, installed};
pub use env::Env;
pub use error::DbError;
pub use failure::DbFailure;
pub use locks::{LockMode, RelationLock, relation_locks};
pub use options::{Acquire, ServerOptions};
pub use reader::Reader;
pub use scratch::{CloneSource, ScratchDb};
pub use server::{Server, ServerKind};
pub use session::{CancelHandle, Execution, Notice, Session, TextRows};
pub use template::Template;
pub use tokio_postgres::types::ToSql;
pub use tokio_postgres::{self, Row};
pub use version::ServerVersion;

#[cfg(test)]
mod tests;
