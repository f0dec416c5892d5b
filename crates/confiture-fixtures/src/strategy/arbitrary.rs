//! proptest strategies over the same generators.

use confiture_core::catalog::{Catalog, ObjectId};
use confiture_core::db::Session;
use proptest::collection::vec;
use proptest::strategy::Strategy;

use super::chain::Chain;
use super::choices::Choices;
use super::identifier::identifier;
use super::model::SchemaModel;
use crate::error::FixtureError;
use crate::generate::{Filled, RowCounts, RowGenerator};

/// Numbers for up to `most` items. Small ones: a smaller number is a simpler choice.
fn numbers(least: usize, most: usize) -> impl Strategy<Value = Vec<Vec<u32>>> {
    vec(vec(0_u32..5040, 0..40), least..=most)
}

/// Identifiers of at most 63 bytes: plain, reserved, with spaces, quotes, dots and non-Latin letters, and
/// such that use all 63 bytes. To be quoted ([`Quoted`](confiture_core::sql::Quoted)).
pub fn arb_identifier() -> impl Strategy<Value = String> {
    vec(0_u32..5040, 2).prop_map(|numbers| identifier(&mut Choices::new(&numbers)))
}

/// Schemas of up to 14 objects of all kinds, which an empty database accepts. Shrinks by leaving objects
/// out and making them simpler; prints as SQL.
///
/// # Example
/// ```
/// use confiture_fixtures::strategy::arb_schema;
/// use proptest::prelude::*;
///
/// proptest!(ProptestConfig::with_cases(8), |(schema in arb_schema())| {
///     prop_assert_eq!(schema.statements().is_empty(), false);
/// });
/// ```
pub fn arb_schema() -> impl Strategy<Value = SchemaModel> {
    numbers(1, 14).prop_map(|numbers| SchemaModel::from_numbers(&numbers))
}

/// Chains of up to 14 migrations, each with its true way back. Shrinks by leaving steps out and making them
/// simpler; prints as SQL.
pub fn arb_migration_chain() -> impl Strategy<Value = Chain> {
    numbers(1, 14).prop_map(|numbers| Chain::from_numbers(&numbers))
}

/// Chains of up to 14 migrations that keep rows: they succeed on tables with any rows, and up and down
/// together change no value. Otherwise as [`arb_migration_chain`].
pub fn arb_data_safe_chain() -> impl Strategy<Value = Chain> {
    numbers(1, 14).prop_map(|numbers| Chain::data_safe_from_numbers(&numbers))
}

/// Rows for the tables of a catalog: how many each gets, and the seed of their values.
///
/// The rows themselves come into being in [`insert`](Self::insert): only a server can say whether they
/// satisfy what is asked of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArbRows {
    /// Rows of each table, as far as its keys allow.
    pub tables: Vec<(ObjectId, u64)>,
    /// Decides about the values.
    pub seed: u64,
}

impl ArbRows {
    /// Puts the rows into the session's database, whose catalog `catalog` must be.
    ///
    /// # Errors
    /// Those of [`RowGenerator::fill`].
    pub async fn insert(&self, session: &Session, catalog: &Catalog) -> Result<Filled, FixtureError> {
        let counts = RowCounts::uniform(0);
        let counts =
            self.tables.iter().fold(counts, |counts, (id, rows)| counts.with_rows(id.clone(), *rows));
        let tables: Vec<ObjectId> = self.tables.iter().map(|(id, _)| id.clone()).collect();
        RowGenerator::new(session, catalog).seed(self.seed).rows(counts).fill(&tables).await
    }
}

/// Rows that satisfy the tables of `catalog`: up to 40 in each. Shrinks to fewer rows.
///
/// # Example
/// ```
/// use confiture_fixtures::strategy::{SchemaModel, arb_rows};
/// use proptest::prelude::*;
///
/// let catalog = SchemaModel::seeded(7, 12).catalog();
/// proptest!(ProptestConfig::with_cases(8), |(rows in arb_rows(&catalog))| {
///     prop_assert!(rows.tables.iter().all(|(_, count)| *count <= 40));
///     // rows.insert(&session, &catalog).await puts them into a database
/// });
/// ```
pub fn arb_rows(catalog: &Catalog) -> impl Strategy<Value = ArbRows> + use<> {
    let tables: Vec<ObjectId> = catalog
        .tables()
        .filter(|(_, table)| table.partition_of.is_none())
        .map(|(id, _)| id.clone())
        .collect();
    (vec(0_u64..=40, tables.len()), 0_u64..1 << 32).prop_map(move |(counts, seed)| ArbRows {
        tables: tables.iter().cloned().zip(counts).collect(),
        seed,
    })
}
