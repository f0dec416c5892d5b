//! Rows and values that are gone.

mod drop_column;
mod truncate;

pub use drop_column::DropColumn;
pub use truncate::Truncate;
