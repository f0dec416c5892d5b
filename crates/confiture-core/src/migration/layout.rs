//! How each tool lays out its migrations: one file per convention, registered as plugins.

mod assemble;
mod choose;
mod dir;
mod directories;
mod gather;
mod manifest;
mod naming;
mod problems;
mod sections;
mod template;

mod atlas;
mod dbmate;
mod diesel;
mod drizzle;
mod flyway;
mod golang_migrate;
mod goose;
mod graphile_migrate;
mod hasura;
mod liquibase;
mod maragudk_migrate;
mod morph;
mod node_pg_migrate;
mod numbered;
mod plain;
mod pop;
mod postgrator;
mod postgres_migrations;
mod prisma;
mod rambler;
mod refinery;
mod river;
mod sqitch;
mod sql_migrate;
mod sqlx;
mod supabase;
mod tern;

#[cfg(test)]
mod testing;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::PathBuf;

use super::Migration;
use crate::diagnostic::Diagnostic;
use crate::plugin::PluginMeta;

pub use atlas::Atlas;
pub use choose::{detect, load};
pub use dbmate::Dbmate;
pub use diesel::Diesel;
pub use dir::{Dir, DirFile, Nearby};
pub use drizzle::Drizzle;
pub use flyway::Flyway;
pub use golang_migrate::GolangMigrate;
pub use goose::Goose;
pub use graphile_migrate::GraphileMigrate;
pub use hasura::Hasura;
pub use liquibase::Liquibase;
pub use maragudk_migrate::MaragudkMigrate;
pub use morph::Morph;
pub use node_pg_migrate::NodePgMigrate;
pub use numbered::Numbered;
pub use plain::Plain;
pub use pop::{Pop, Popx};
pub use postgrator::Postgrator;
pub use postgres_migrations::PostgresMigrations;
pub use prisma::Prisma;
pub use rambler::Rambler;
pub use refinery::Refinery;
pub use river::River;
pub use sqitch::Sqitch;
pub use sql_migrate::SqlMigrate;
pub use sqlx::Sqlx;
pub use supabase::Supabase;
pub use tern::Tern;

/// How sure a layout is that a directory is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Nothing of it fits.
    No,
    /// File names fit, as they fit other tools too.
    Names,
    /// The directory's shape fits.
    Shape,
    /// Names or shape fit, and a project manifest beside or above it depends on the tool.
    Manifest,
    /// Markers inside the files fit.
    Markers,
    /// A configuration file of the tool names or accompanies the directory.
    Config,
}

/// What a layout says of a directory.
#[derive(Debug, Clone)]
pub struct Detection {
    /// How sure it is.
    pub confidence: Confidence,
    /// Why, in words for the user (`-- +goose Up in 12 files`).
    pub reasons: Vec<String>,
}

impl Detection {
    /// Nothing of it fits.
    pub fn no() -> Self {
        Self { confidence: Confidence::No, reasons: Vec::new() }
    }

    /// With one reason.
    pub fn new(confidence: Confidence, reason: impl Into<String>) -> Self {
        Self { confidence, reasons: vec![reason.into()] }
    }
}

/// What loading needs besides the directory.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// Template values (`--var NAME=VALUE`).
    pub vars: BTreeMap<String, String>,
}

/// A file of the directory that is not a migration, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredFile {
    /// Path as the user would write it.
    pub path: PathBuf,
    /// Why it is not a migration.
    pub reason: String,
    /// Whether the layout knows the file (a journal, a readme, a config) or does not understand it.
    pub understood: bool,
}

/// The table in which the tool remembers what it applied.
///
/// In `insert` and `delete` `$VERSION`, `$NAME` and `$FILE` stand for quoted literals of the migration; see
/// [`insert_for`](Self::insert_for).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracking {
    /// Statements that create it the way the tool does, each safe to repeat (`IF NOT EXISTS`).
    pub create: Vec<String>,
    /// Records one migration as applied.
    pub insert: String,
    /// Forgets one migration.
    pub delete: String,
    /// One text column: the applied versions.
    pub select: String,
}

impl Tracking {
    /// The statement that records `migration` as applied.
    pub fn insert_for(&self, migration: &Migration) -> String {
        filled(&self.insert, migration)
    }

    /// The statement that forgets `migration`.
    pub fn delete_for(&self, migration: &Migration) -> String {
        filled(&self.delete, migration)
    }
}

/// Puts literals in the place of `$VERSION`, `$NAME` and `$FILE` (the file's name without directories).
fn filled(statement: &str, migration: &Migration) -> String {
    let file = migration.file().and_then(|file| file.file_name()).map(|name| name.to_string_lossy());
    let values = [
        ("$VERSION", migration.version.as_str()),
        ("$NAME", &migration.name),
        ("$FILE", file.as_deref().unwrap_or("")),
    ];
    let mut out = String::with_capacity(statement.len() + 32);
    let mut rest = statement;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let found = values.iter().find_map(|(name, value)| Some((rest.strip_prefix(name)?, value)));
        match found {
            Some((after, value)) => {
                out.push_str(&format!("'{}'", value.replace('\'', "''")));
                rest = after;
            }
            None => {
                out.push('$');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// A loaded directory.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// In the order the tool applies them.
    pub migrations: Vec<Migration>,
    /// Files that are not migrations.
    pub ignored: Vec<IgnoredFile>,
    /// Duplicate versions, stale journals and the like.
    pub problems: Vec<Diagnostic>,
    /// The tool's own table.
    pub tracking: Option<Tracking>,
}

/// A tool's convention for migration directories.
pub trait Layout: Send + Sync + Debug {
    /// Id, summary and documentation.
    fn meta(&self) -> &'static PluginMeta;
    /// Whether `dir` is laid out this way.
    fn detect(&self, dir: &Dir) -> Detection;
    /// Reads the migrations of `dir` in the order the tool applies them.
    ///
    /// # Errors
    /// When the directory cannot be read as this layout at all; a single bad file is a problem or a
    /// step that is not runnable, not an error.
    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError>;
}

/// Why a directory could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The directory is missing or cannot be read.
    #[error("read {path}: {source}", path = path.display())]
    Io {
        /// What was read.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The directory holds no migrations.
    #[error("find migrations in {path}: {reason}", path = path.display())]
    Empty {
        /// The directory.
        path: PathBuf,
        /// What was seen instead.
        reason: String,
    },
    /// A file that the layout depends on is broken.
    #[error("read {path}: {reason}", path = path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// No layout, or more than one, fits.
    #[error("recognise the layout of {path}: {reason}", path = path.display())]
    Unrecognised {
        /// The directory.
        path: PathBuf,
        /// What was looked for, what fits, and the flag that settles it.
        reason: String,
    },
    /// No layout has the name asked for.
    #[error("find the layout {name}: {reason}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are, and the nearest.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::Step;

    #[test]
    fn tracking_statements_hold_quoted_literals() {
        let migration = Migration {
            id: "1_it's".to_owned(),
            version: "1".to_owned(),
            name: "it's $VERSION".to_owned(),
            up: Step::NotRunnable { file: "m/1_it's.sql".into(), reason: String::new() },
            down: Step::Absent,
            verify: None,
        };
        let tracking = Tracking {
            create: Vec::new(),
            insert: "INSERT INTO t VALUES ($VERSION, $NAME, $FILE, $$x$$)".to_owned(),
            delete: "DELETE FROM t WHERE version = $VERSION".to_owned(),
            select: String::new(),
        };
        assert_eq!(
            tracking.insert_for(&migration),
            "INSERT INTO t VALUES ('1', 'it''s $VERSION', '1_it''s.sql', $$x$$)"
        );
        assert_eq!(tracking.delete_for(&migration), "DELETE FROM t WHERE version = '1'");
    }
}
