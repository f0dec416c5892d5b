//! The mutation operators, one file each.

mod statement_delete;

pub use statement_delete::StatementDelete;
