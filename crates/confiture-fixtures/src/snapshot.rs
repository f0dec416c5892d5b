//! `SchemaSnapshotter`: the schema of a database as a value that can be kept and compared.

mod file;

use std::path::{Path, PathBuf};

use confiture_core::catalog::{Catalog, CreateScript, Difference, ObjectId};
use confiture_core::db::{Reader, Server};
use confiture_core::migration::layout::Loaded;

use crate::error::FixtureError;
use crate::ladder::{Depth, Ladder, LadderOptions};

/// Captures the schema of a database, compares it with another, and keeps it in files.
///
/// A snapshot holds what a database holds: not the roles of the server (owners and grants name them), not
/// the versions of extensions, not confiture's own table. The same migrations give the same snapshot on
/// PostgreSQL 14 to 18. Neither rows nor the values of sequences are part of it.
///
/// # Example
/// ```no_run
/// # async fn example(client: tokio_postgres::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use confiture_fixtures::SchemaSnapshotter;
///
/// let now = SchemaSnapshotter::capture(&client).await?;
/// let committed = SchemaSnapshotter::load("confiture".as_ref())?;
/// for difference in now.changes_since(&committed) {
///     println!("{difference}");
/// }
/// now.accept("confiture".as_ref())?; // schema.json and schema.sql
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaSnapshotter {
    catalog: Catalog,
}

impl SchemaSnapshotter {
    /// Name of the file that comparisons read.
    pub const JSON: &str = "schema.json";
    /// Name of the file for people and for psql.
    pub const SQL: &str = "schema.sql";

    /// Reads the whole catalog through any connection: one query, which changes nothing.
    ///
    /// # Errors
    /// [`FixtureError::Query`] when the server refuses it.
    pub async fn capture(reader: &dyn Reader) -> Result<Self, FixtureError> {
        let catalog = Catalog::read(reader).await;
        let catalog = catalog.map_err(|source| FixtureError::Query { doing: "read the catalog", source })?;
        Ok(Self::of(&catalog))
    }

    /// A snapshot of a catalog that was read already.
    pub fn of(catalog: &Catalog) -> Self {
        Self { catalog: catalog.portable().filtered(|id| !is_ours(id)) }
    }

    /// Applies a chain of migrations to a scratch database, up to and including the one at `last` (`None`:
    /// all of them), and captures the end. Rollbacks are not run.
    ///
    /// # Errors
    /// [`FixtureError::Migration`] when a migration fails or cannot be run; [`FixtureError::Setup`];
    /// [`FixtureError::Database`].
    pub async fn of_chain(
        server: &Server,
        loaded: &Loaded,
        options: LadderOptions,
        last: Option<usize>,
    ) -> Result<Self, FixtureError> {
        let mut ladder =
            Ladder::start(server, loaded, options).await.map_err(|error| error.explained(server))?;
        let climbed = climb(&mut ladder, loaded, last).await;
        let snapshot = climbed.map(|()| Self::of(ladder.catalog()));
        ladder.close().await?;
        snapshot.map_err(|error| error.explained(server))
    }

    /// What was captured.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// What is different now from `earlier`, in the order of the objects.
    pub fn changes_since(&self, earlier: &Self) -> Vec<Difference> {
        earlier.catalog.diff(&self.catalog)
    }

    /// The SQL that makes the schema on an empty database; what `schema.sql` holds.
    pub fn create_script(&self) -> CreateScript {
        self.catalog.create_script()
    }

    /// Where the snapshot of a migrations directory is kept unless the project says otherwise: the
    /// directory `confiture` beside it.
    pub fn default_dir(migrations: &Path) -> PathBuf {
        match (migrations.file_name(), migrations.parent()) {
            (Some(_), Some(parent)) => parent.join("confiture"),
            _ => migrations.join("..").join("confiture"),
        }
    }
}

async fn climb(ladder: &mut Ladder<'_>, loaded: &Loaded, last: Option<usize>) -> Result<(), FixtureError> {
    let end = last.map_or(loaded.migrations.len(), |last| (last + 1).min(loaded.migrations.len()));
    for migration in &loaded.migrations[..end] {
        let Some(record) = Box::pin(ladder.climb(Depth::Apply)).await? else { break };
        let failure = record.up.as_ref().and_then(|run| run.failure.as_ref());
        let reason = match (failure, &record.refused, &record.up) {
            (Some(failed), ..) => {
                format!("{}:{}: {}", failed.location.file.display(), failed.location.line, failed.failure)
            }
            (None, Some(refused), _) => refused.clone(),
            (None, None, None) => "it holds no SQL that can be run".to_owned(),
            (None, None, Some(_)) => continue,
        };
        return Err(FixtureError::Migration { doing: "apply", migration: migration.id.clone(), reason });
    }
    Ok(())
}

/// Whether it is the table in which confiture notes migrations of tools that have none.
fn is_ours(id: &ObjectId) -> bool {
    id.schema() == Some("public") && id.part(1) == "tb_confiture"
}
