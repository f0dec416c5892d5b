//! proptest strategies over the same generators.

use proptest::collection::vec;
use proptest::strategy::Strategy;

use super::chain::Chain;
use super::choices::Choices;
use super::identifier::identifier;
use super::model::SchemaModel;

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
