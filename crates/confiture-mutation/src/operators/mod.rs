//! The mutation operators, one file each, by category.

mod actions;
mod assignment;
mod cascade_add;
mod constraints;
pub mod data;
mod expression;
mod family;
mod if_exists_drop;
mod known;
pub mod locking;
mod logic;
mod page;
pub mod performance;
mod query;
pub mod rollback;
mod routines;
pub mod schema;
pub mod security;
mod seeds;
mod statement_delete;
mod statement_swap;
mod tables;
#[cfg(test)]
mod tests;
mod words;

pub use cascade_add::CascadeAdd;
pub use if_exists_drop::IfExistsDrop;
pub use page::{document, page};
pub use seeds::SEEDS;
pub use statement_delete::StatementDelete;
pub use statement_swap::StatementSwap;

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
