//! Operators that make the rollback wrong.

mod down_empty;

pub use down_empty::DownEmpty;
