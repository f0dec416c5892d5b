//! Random schemas, migration chains and names that PostgreSQL accepts, for property tests and demonstrations.
//!
//! [`SchemaModel::seeded`] and [`Chain::seeded`] need no crate: a number gives the same schema everywhere.
//! With the feature `proptest` there are strategies, which shrink to short SQL: `arb_identifier`,
//! `arb_schema`,
//! `arb_rows`, `arb_migration_chain` and `arb_data_safe_chain`.
//!
//! A model is not only SQL: it knows what the catalog will show ([`SchemaModel::catalog`]), and each step of
//! a chain the statements that undo it exactly.

mod alter;
#[cfg(any(test, feature = "proptest"))]
mod arbitrary;
mod chain;
mod choices;
mod create;
mod extend;
mod identifier;
#[cfg(test)]
mod laws;
mod model;
mod step;
mod types;

#[cfg(any(test, feature = "proptest"))]
pub use arbitrary::{
    ArbRows, arb_data_safe_chain, arb_identifier, arb_migration_chain, arb_rows, arb_schema,
};
pub use chain::{Chain, ChainLayout};
pub use model::SchemaModel;
pub use step::{ChainStep, RowEffect};
