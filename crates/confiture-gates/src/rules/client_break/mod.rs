//! What the application of the previous version does not survive.

mod rename_column;

pub use rename_column::RenameColumn;
