//! What a template is made of: migrations up to a version, after setup files.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use confiture_core::catalog::{Catalog, ObjectId};
use confiture_core::db::{ScratchDb, Server, ServerKind, Session};
use confiture_core::migration::layout::{self, Loaded};
use confiture_core::migration::{ScriptStatement, StatementKind, Step};
use confiture_core::plugin::Registry;

use super::{TestDbBuilder, succeeded};
use crate::error::FixtureError;
use crate::generate::{RowCounts, RowGenerator};
use crate::runner::{MigrationRunner, Target, find_version};
use crate::setup::SetupFile;
use crate::wanted::Wanted;

/// A directory that was read, and how far its migrations are to be applied.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) loaded: Arc<Loaded>,
    setup: Vec<SetupFile>,
    target: Target,
    rows: Option<(u64, u64)>,
    /// Everything the content of the template depends on, besides the server.
    pub(super) key: String,
}

impl Source {
    pub(super) fn read(builder: &TestDbBuilder) -> Result<Self, FixtureError> {
        let (layout, loaded) = loaded(&builder.wanted)?;
        let target = builder.at.clone().map_or(Target::All, Target::Version);
        let count = last(&loaded, &target)?;
        let mut key = format!("test-db {} {layout}\n", env!("CARGO_PKG_VERSION"));
        let mut setup = Vec::new();
        for file in &builder.wanted.setup {
            let text = std::fs::read_to_string(file)
                .map_err(|source| FixtureError::Io { path: file.clone(), source })?;
            let _ = writeln!(key, "setup {text:?}");
            setup.push(SetupFile::parse(file, text)?);
        }
        if let Some(tracking) = &loaded.tracking {
            let _ = writeln!(key, "{:?} {}", tracking.create, tracking.insert);
        }
        for migration in &loaded.migrations[..count] {
            let _ = writeln!(key, "{:?} {:?} {:?}", migration.id, migration.version, migration.name);
            if let Step::Sql(script) = &migration.up {
                let _ = writeln!(key, "{:?}", script.transaction);
                for ScriptStatement { sql, kind, .. } in &script.statements {
                    let data = match kind {
                        StatementKind::Copy { data } => script.source.text.get(data.clone()),
                        StatementKind::Sql => None,
                    };
                    let _ = writeln!(key, "{sql:?} {data:?}");
                }
            }
        }
        let rows = builder.rows.map(|rows| (rows, builder.seed));
        let _ = writeln!(key, "rows {rows:?}");
        Ok(Self { loaded, setup, target, rows, key })
    }

    /// Brings a fresh database into the state.
    pub(super) async fn fill(&self, database: &ScratchDb, server: &Server) -> Result<(), FixtureError> {
        let filled = async {
            let session = database.session().await?;
            for file in &self.setup {
                file.run(&session).await?;
            }
            refuse_steps_without_sql(&self.loaded, &self.target)?;
            let before = catalog(&session).await?;
            let runner = MigrationRunner::new(&session, &self.loaded).await?;
            let tracked = catalog(&session).await?;
            succeeded("apply", &runner.run(&self.target).await?)?;
            if let Some((rows, seed)) = self.rows {
                let theirs = |id: &ObjectId| before.contains(id) || !tracked.contains(id);
                put_rows(&session, server.kind(), rows, seed, theirs).await?;
            }
            session.close().await;
            Ok(())
        };
        filled.await.map_err(|error: FixtureError| error.explained(server))
    }
}

async fn catalog(session: &Session) -> Result<Catalog, FixtureError> {
    let read = Catalog::read(session).await;
    read.map_err(|source| FixtureError::Query { doing: "read the catalog", source })
}

/// Fills the tables that `wanted` says. One that takes fewer rows than asked for (a key of two values) has
/// those it takes; one that takes none is an error.
async fn put_rows(
    session: &Session,
    kind: ServerKind,
    rows: u64,
    seed: u64,
    wanted: impl Fn(&ObjectId) -> bool,
) -> Result<(), FixtureError> {
    let catalog = catalog(session).await?;
    let tables: Vec<ObjectId> = catalog.tables().map(|(id, _)| id.clone()).filter(wanted).collect();
    let generator =
        RowGenerator::new(session, &catalog).seed(seed).rows(RowCounts::uniform(rows)).server(kind);
    let filled = generator.fill(&tables).await?;
    let empty = filled.short().find(|table| table.existing + table.inserted == 0 && table.skipped.is_none());
    match empty {
        Some(table) if rows > 0 => Err(FixtureError::Rows {
            table: table.table.sql_name(),
            reason: table.refused.first().map(ToString::to_string).unwrap_or_default(),
        }),
        _ => Ok(()),
    }
}

/// How many migrations `target` means at most.
fn last(loaded: &Loaded, target: &Target) -> Result<usize, FixtureError> {
    match target {
        Target::Version(version) => Ok(find_version(loaded, version)? + 1),
        Target::All | Target::Steps(_) => Ok(loaded.migrations.len()),
    }
}

/// A test on a schema that lacks what a step in another language would have made proves nothing.
pub(super) fn refuse_steps_without_sql(loaded: &Loaded, target: &Target) -> Result<(), FixtureError> {
    for migration in &loaded.migrations[..last(loaded, target)?] {
        if let Step::NotRunnable { file, reason } = &migration.up {
            let (migration, reason) = (migration.id.clone(), format!("{}: {reason}", file.display()));
            return Err(FixtureError::Migration { doing: "apply", migration, reason });
        }
    }
    Ok(())
}

type Stamp = Vec<(PathBuf, u64, Option<SystemTime>)>;
/// A directory as it was read last: the state of its files, its layout, its migrations.
type Read = (Stamp, &'static str, Arc<Loaded>);

/// The migrations of a directory, read again when one of its files changed.
///
/// Splitting a few hundred files costs an unoptimised program more than cloning a database.
fn loaded(wanted: &Wanted) -> Result<(&'static str, Arc<Loaded>), FixtureError> {
    static KNOWN: Mutex<BTreeMap<String, Read>> = Mutex::new(BTreeMap::new());
    let name = format!("{:?} {:?} {:?}", wanted.dir, wanted.layout, wanted.load.vars);
    let mut stamp = Stamp::new();
    files(&wanted.dir, &mut stamp);
    stamp.sort();
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, layout, loaded)) = known.get(&name).filter(|(seen, ..)| *seen == stamp) {
        return Ok((layout, Arc::clone(loaded)));
    }
    let registry = Registry::linked()?;
    let (layout, _, loaded) = layout::load(&registry, &wanted.dir, wanted.layout.as_deref(), &wanted.load)?;
    let loaded = Arc::new(loaded);
    known.insert(name, (stamp, layout, Arc::clone(&loaded)));
    Ok((layout, loaded))
}

/// Length and time of every file under `dir`. What cannot be read is left to the layout to complain of.
fn files(dir: &Path, into: &mut Stamp) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_dir() {
            files(&entry.path(), into);
        } else {
            into.push((entry.path(), meta.len(), meta.modified().ok()));
        }
    }
}
