//! `SchemaSnapshotter`: the schema of a database as a value that can be kept and compared.

use confiture_core::catalog::{Catalog, Difference, Observed};
use confiture_core::db::Session;

use crate::error::FixtureError;

/// Captures the schema of a database and compares it with another state.
///
/// # Example
/// ```no_run
/// # async fn example(session: confiture_core::db::Session) -> Result<(), confiture_fixtures::FixtureError> {
/// use confiture_fixtures::SchemaSnapshotter;
///
/// let before = SchemaSnapshotter::capture(&session).await?;
/// // … run a migration …
/// for difference in SchemaSnapshotter::capture(&session).await?.changes_since(&before) {
///     println!("{difference}");
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaSnapshotter {
    catalog: Catalog,
}

impl SchemaSnapshotter {
    /// Reads the whole catalog: one query, one round trip.
    ///
    /// # Errors
    /// [`FixtureError::Query`] when the server refuses it.
    pub async fn capture(session: &Session) -> Result<Self, FixtureError> {
        let observed = Observed::full(session).await;
        let observed =
            observed.map_err(|source| FixtureError::Query { doing: "read the catalog", source })?;
        Ok(Self { catalog: observed.catalog().clone() })
    }

    /// What was captured.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// What is different now from `earlier`, in the order of the objects.
    pub fn changes_since(&self, earlier: &Self) -> Vec<Difference> {
        earlier.catalog.diff(&self.catalog)
    }
}
