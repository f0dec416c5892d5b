//! What a PostgreSQL migration, a catalog and a database *are*, and the traits plugins implement.
//!
//! The crate holds no policy: it never decides whether a migration is good. It reads the migration
//! directories of many tools ([`migration`]), splits SQL without losing a byte ([`sql`]), reads
//! everything a migration can change out of a server ([`catalog`]), provides servers and scratch
//! databases ([`db`]) and defines the plugin traits and their registry ([`plugin`]).

mod after_death;
pub mod catalog;
pub mod config;
pub mod db;
mod diagnostic;
pub mod migration;
pub mod plugin;
pub mod report;
pub mod sql;

pub use after_death::AfterDeath;
pub use diagnostic::{Diagnostic, Location, Severity};
