//! Others wait: strong locks, rewrites, scans under a lock.

mod add_column_volatile_default;
mod add_fk_not_valid_missing;
mod index_not_concurrent;
mod missing_lock_timeout;
mod set_not_null_without_check;
mod unbounded_dml;

pub use add_column_volatile_default::AddColumnVolatileDefault;
pub use add_fk_not_valid_missing::AddFkNotValidMissing;
pub use index_not_concurrent::IndexNotConcurrent;
pub use missing_lock_timeout::MissingLockTimeout;
pub use set_not_null_without_check::SetNotNullWithoutCheck;
pub use unbounded_dml::UnboundedDml;
