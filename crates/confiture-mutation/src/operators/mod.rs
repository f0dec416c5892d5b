//! The mutation operators, one file each, by category.

mod constraints;
pub mod data;
mod expression;
pub mod locking;
pub mod performance;
pub mod rollback;
pub mod schema;
pub mod security;
mod statement_delete;
#[cfg(test)]
mod tests;

pub use statement_delete::StatementDelete;

/// What every operator needs.
mod prelude {
    pub(super) use confiture_core::Severity;
    pub(super) use confiture_core::migration::Direction;
    pub(super) use confiture_core::plugin::{
        Channels, Killer, Mutant, MutationCategory, MutationContext, MutationExample, MutationOperator,
        OperatorMeta, PluginMeta, Site,
    };
    pub(super) use confiture_core::sql::Edit;
}
