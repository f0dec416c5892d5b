//! Migrations that fail, stop half-way or do something else in silence.

mod concurrently_in_transaction;
mod enum_value_used_in_same_tx;

pub use concurrently_in_transaction::ConcurrentlyInTransaction;
pub use enum_value_used_in_same_tx::EnumValueUsedInSameTx;
