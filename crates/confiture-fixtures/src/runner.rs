//! `MigrationRunner`: applies and rolls back migrations as their own tool would.

mod execute;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use confiture_core::db::{DbFailure, Session};
use confiture_core::migration::layout::{Loaded, Tracking};
use confiture_core::migration::{Direction, Migration, Step, TransactionMode};
use confiture_core::plugin::ScriptRun;

use crate::error::FixtureError;

pub use execute::{ScriptObserver, ScriptTraits, Sending, Sent, Standing, run_observed, run_script};
pub(crate) use execute::{
    failing_span, reset_session, run_first, run_in_transaction, run_query, run_query_within, send,
};

/// How far to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// To the end: everything pending, or everything applied.
    All,
    /// So many migrations.
    Steps(usize),
    /// Up to and including this version (forward), or down to but not including it (rollback).
    Version(String),
}

/// One migration that a run would apply or roll back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Id of the migration.
    pub migration: String,
    /// Up or down.
    pub direction: Direction,
    /// How its statements would be sent.
    pub transaction: TransactionMode,
    /// Its statements, in order.
    pub statements: Vec<String>,
}

/// One migration that was run.
#[derive(Debug, Clone)]
pub struct Ran {
    /// Id of the migration.
    pub migration: String,
    /// What happened.
    pub run: ScriptRun,
}

/// Applies and rolls back the migrations of one directory on one database, under the transaction rules
/// of the tool they were written for, and records them in that tool's own table.
///
/// The database must be one that confiture created: sessions of [`ScratchDb`](confiture_core::db::ScratchDb)
/// are the only ones there are.
///
/// # Example
/// ```no_run
/// # async fn example(session: confiture_core::db::Session, loaded: confiture_core::migration::layout::Loaded)
/// # -> Result<(), confiture_fixtures::FixtureError> {
/// use confiture_fixtures::{MigrationRunner, Target};
///
/// let runner = MigrationRunner::new(&session, &loaded).await?;
/// for ran in runner.run(&Target::All).await? {
///     println!("{} in {:?}", ran.migration, ran.run.elapsed);
/// }
/// assert!(runner.pending().await?.is_empty());
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct MigrationRunner<'a> {
    session: &'a Session,
    loaded: &'a Loaded,
    tracking: Tracking,
}

/// What a tracking table lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Places in the chain of the migrations it lists, ascending.
    pub applied: BTreeSet<usize>,
    /// What it lists that no migration is called, in its order.
    pub unknown: Vec<String>,
}

impl<'a> MigrationRunner<'a> {
    /// A runner on the database of `session`; creates the tool's tracking table where it is missing.
    ///
    /// # Errors
    /// [`FixtureError::Tracking`] when the server refuses the table.
    pub async fn new(session: &'a Session, loaded: &'a Loaded) -> Result<Self, FixtureError> {
        let runner = Self::attached(session, loaded);
        for statement in &runner.tracking.create {
            session.execute(statement).await.map_err(FixtureError::Tracking)?;
        }
        Ok(runner)
    }

    /// A runner on a database that has the tracking table already.
    pub(crate) fn attached(session: &'a Session, loaded: &'a Loaded) -> Self {
        Self { session, loaded, tracking: loaded.tracking.clone().unwrap_or_else(own_tracking) }
    }

    /// Ids of the migrations the tracking table lists, in chain order.
    ///
    /// # Errors
    /// [`FixtureError::Tracking`] when the table cannot be read (a migration may have dropped it).
    pub async fn applied(&self) -> Result<Vec<&'a str>, FixtureError> {
        let history = self.history().await?;
        Ok(history.applied.into_iter().map(|index| self.loaded.migrations[index].id.as_str()).collect())
    }

    /// What the tracking table of a database lists, which need not be ours and is only read.
    ///
    /// # Errors
    /// [`FixtureError::Tracking`] when the table cannot be read (`42P01`: there is none).
    pub async fn history_of(session: &'a Session, loaded: &'a Loaded) -> Result<History, FixtureError> {
        Self::attached(session, loaded).history().await
    }

    async fn history(&self) -> Result<History, FixtureError> {
        let rows = self.session.query(&self.tracking.select, &[]).await.map_err(FixtureError::Tracking)?;
        let recorded = rows.iter().filter_map(|row| row.try_get::<_, Option<String>>(0).ok().flatten());
        let migrations = &self.loaded.migrations;
        let mut exact: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut numeric: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, migration) in migrations.iter().enumerate() {
            for spelling in spellings(migration) {
                exact.entry(spelling).or_default().push(index);
            }
            if let Some(number) = number(&migration.version) {
                numeric.entry(number).or_default().push(index);
            }
        }
        let mut history = History::default();
        for recorded in recorded {
            match exact.get(&recorded).or_else(|| numeric.get(&number(&recorded)?)) {
                Some(found) => history.applied.extend(found),
                None => history.unknown.push(recorded),
            }
        }
        Ok(history)
    }

    /// Migrations that are not applied, in chain order.
    ///
    /// # Errors
    /// As [`applied`](Self::applied).
    pub async fn pending(&self) -> Result<Vec<&'a Migration>, FixtureError> {
        let applied = self.applied().await?;
        Ok(self.loaded.migrations.iter().filter(|m| !applied.contains(&m.id.as_str())).collect())
    }

    /// What [`run`](Self::run) would do: migrations and their statements, nothing sent.
    ///
    /// # Errors
    /// As [`run`](Self::run), except that nothing can fail on the server.
    pub async fn dry_run(&self, target: &Target) -> Result<Vec<Planned>, FixtureError> {
        let pending = self.pending().await?;
        let chosen = self.forward(pending, target)?;
        Ok(chosen.into_iter().filter_map(|migration| planned(migration, Direction::Up)).collect())
    }

    /// Applies pending migrations in order, as far as `target` says, stopping at the first failure,
    /// which is the last element then. Steps that are not SQL are passed over.
    ///
    /// # Errors
    /// [`FixtureError::UnknownVersion`] for a target that is not in the directory, and
    /// [`FixtureError::Tracking`]; a statement the server refuses is in the returned [`ScriptRun`].
    pub async fn run(&self, target: &Target) -> Result<Vec<Ran>, FixtureError> {
        let pending = self.pending().await?;
        let mut done = Vec::new();
        for migration in self.forward(pending, target)? {
            if !self.step(migration, Direction::Up, &mut done).await? {
                break;
            }
        }
        Ok(done)
    }

    /// Rolls applied migrations back, newest first, as far as `target` says, stopping at the first
    /// failure, which is the last element then.
    ///
    /// # Errors
    /// [`FixtureError::UnknownVersion`], [`FixtureError::Irreversible`] for a migration without a
    /// rollback, [`FixtureError::Tracking`].
    pub async fn rollback(&self, target: &Target) -> Result<Vec<Ran>, FixtureError> {
        let applied = self.applied().await?;
        let newest_first = self.loaded.migrations.iter().rev().filter(|m| applied.contains(&m.id.as_str()));
        let mut done = Vec::new();
        let stop = match target {
            Target::Version(version) => Some(self.find(version)?.id.clone()),
            Target::All | Target::Steps(_) => None,
        };
        let most = if let Target::Steps(count) = target { *count } else { usize::MAX };
        for migration in newest_first.take(most) {
            if stop.as_ref() == Some(&migration.id) {
                break;
            }
            if migration.down.script().is_none() {
                return Err(FixtureError::Irreversible { migration: migration.id.clone() });
            }
            if !self.step(migration, Direction::Down, &mut done).await? {
                break;
            }
        }
        Ok(done)
    }

    /// Runs one step and records it; `false` when it failed.
    async fn step(
        &self,
        migration: &Migration,
        direction: Direction,
        done: &mut Vec<Ran>,
    ) -> Result<bool, FixtureError> {
        let Step::Sql(script) = migration.step(direction) else { return Ok(true) };
        let run = run_script(self.session, script, direction).await;
        let succeeded = run.failure.is_none();
        if succeeded {
            self.record(migration, direction).await.map_err(FixtureError::Tracking)?;
        }
        done.push(Ran { migration: migration.id.clone(), run });
        Ok(succeeded)
    }

    /// Writes into the tool's table that `migration` was applied or rolled back.
    ///
    /// # Errors
    /// What the server refused; a migration may have dropped or changed the table.
    pub(crate) async fn record(&self, migration: &Migration, direction: Direction) -> Result<(), DbFailure> {
        let sql = match direction {
            Direction::Up => self.tracking.insert_for(migration),
            Direction::Down => self.tracking.delete_for(migration),
        };
        self.session.execute(&sql).await.map(|_| ())
    }

    fn find(&self, version: &str) -> Result<&'a Migration, FixtureError> {
        find_version(self.loaded, version).map(|at| &self.loaded.migrations[at])
    }

    fn forward(
        &self,
        pending: Vec<&'a Migration>,
        target: &Target,
    ) -> Result<Vec<&'a Migration>, FixtureError> {
        Ok(match target {
            Target::All => pending,
            Target::Steps(count) => pending.into_iter().take(*count).collect(),
            Target::Version(version) => {
                let last = find_version(self.loaded, version)?;
                let within: Vec<&str> =
                    self.loaded.migrations[..=last].iter().map(|m| m.id.as_str()).collect();
                pending.into_iter().filter(|m| within.contains(&m.id.as_str())).collect()
            }
        })
    }
}

/// The place in the chain of the migration whose version or id is `version`; leading zeros do not count.
///
/// # Errors
/// [`FixtureError::UnknownVersion`] with the versions there are.
pub fn find_version(loaded: &Loaded, version: &str) -> Result<usize, FixtureError> {
    let plain = |text: &str| text.trim_start_matches('0').to_owned();
    let migrations = &loaded.migrations;
    migrations
        .iter()
        .position(|m| m.id == version || m.version == version)
        .or_else(|| {
            migrations.iter().position(|m| !m.version.is_empty() && plain(&m.version) == plain(version))
        })
        .ok_or_else(|| FixtureError::UnknownVersion {
            version: version.to_owned(),
            first: migrations.first().map(|m| m.version.clone()).unwrap_or_default(),
            last: migrations.last().map(|m| m.version.clone()).unwrap_or_default(),
        })
}

/// How tools write `migration` into their tables: by version, with the name, by file or by id.
fn spellings(migration: &Migration) -> BTreeSet<String> {
    let Migration { id, version, name, .. } = migration;
    let file = migration.file().unwrap_or_else(|| Path::new(""));
    let file = [file.file_name(), file.file_stem()].into_iter().flatten();
    let mut spellings: BTreeSet<String> = file.map(|name| name.to_string_lossy().into_owned()).collect();
    spellings.insert(id.clone());
    // Liquibase: an id is unique for its author in its file only.
    if let Some(file) = migration.file().and_then(Path::file_name) {
        spellings.insert(format!("{}::{name}:{version}", file.to_string_lossy()));
    }
    match version.as_str() {
        "" => spellings.insert(name.clone()),
        version => {
            spellings.insert(format!("{version}.sql"));
            spellings.insert(format!("{version}_{name}"));
            spellings.insert(version.to_owned())
        }
    };
    spellings
}

/// A version as the tools that keep numbers write it: without leading zeros and, as diesel, without dashes.
fn number(version: &str) -> Option<String> {
    let digits = version.replace('-', "");
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.trim_start_matches('0').to_owned())
}

fn planned(migration: &Migration, direction: Direction) -> Option<Planned> {
    let script = migration.step(direction).script()?;
    Some(Planned {
        migration: migration.id.clone(),
        direction,
        transaction: script.transaction,
        statements: script.statements.iter().map(|statement| statement.sql.to_string()).collect(),
    })
}

/// The table used where the layout names none.
fn own_tracking() -> Tracking {
    Tracking {
        create: vec![
            "CREATE TABLE IF NOT EXISTS public.tb_confiture (version text PRIMARY KEY, name text NOT NULL, \
             applied_at timestamptz NOT NULL DEFAULT now())"
                .to_owned(),
        ],
        insert: "INSERT INTO public.tb_confiture (version, name) VALUES (coalesce(nullif($VERSION, ''), $NAME), $NAME)"
            .to_owned(),
        delete: "DELETE FROM public.tb_confiture WHERE version = coalesce(nullif($VERSION, ''), $NAME)".to_owned(),
        select: "SELECT version FROM public.tb_confiture".to_owned(),
    }
}
