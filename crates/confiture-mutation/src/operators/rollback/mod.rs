//! Operators that make the rollback wrong.

mod down_column_skip;
mod down_constraint_wrong;
mod down_drop_skip;
mod down_empty;
mod down_grant_lost;
mod down_index_skip;
mod down_lossy;
mod down_restore_skip;
mod down_swap;
mod steps;
#[cfg(test)]
mod tests;
mod transaction_unwrap;

pub use down_column_skip::DownColumnSkip;
pub use down_constraint_wrong::DownConstraintWrong;
pub use down_drop_skip::DownDropSkip;
pub use down_empty::DownEmpty;
pub use down_grant_lost::DownGrantLost;
pub use down_index_skip::DownIndexSkip;
pub use down_lossy::DownLossy;
pub use down_restore_skip::DownRestoreSkip;
pub use down_swap::DownSwap;
pub use transaction_unwrap::TransactionUnwrap;
