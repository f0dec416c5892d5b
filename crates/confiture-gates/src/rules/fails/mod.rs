//! Migrations that fail, stop half-way or do something else in silence.

mod add_column_not_null_no_default;
mod blocked_by_dependent_view;
mod concurrently_in_transaction;
mod concurrently_on_partitioned;
mod enum_value_used_in_same_tx;
mod fk_not_valid_on_partitioned;
mod identifier_too_long;
mod if_not_exists_hides_drift;
mod if_not_exists_hides_invalid_index;
mod refresh_concurrently_needs_unique_index;
mod set_not_null_on_null_data;
mod transaction_control_in_migration;
mod unique_on_duplicate_data;
mod validate_on_bad_data;

pub use add_column_not_null_no_default::AddColumnNotNullNoDefault;
pub use blocked_by_dependent_view::BlockedByDependentView;
pub use concurrently_in_transaction::ConcurrentlyInTransaction;
pub use concurrently_on_partitioned::ConcurrentlyOnPartitioned;
pub use enum_value_used_in_same_tx::EnumValueUsedInSameTx;
pub use fk_not_valid_on_partitioned::FkNotValidOnPartitioned;
pub use identifier_too_long::IdentifierTooLong;
pub use if_not_exists_hides_drift::IfNotExistsHidesDrift;
pub use if_not_exists_hides_invalid_index::IfNotExistsHidesInvalidIndex;
pub use refresh_concurrently_needs_unique_index::RefreshConcurrentlyNeedsUniqueIndex;
pub use set_not_null_on_null_data::SetNotNullOnNullData;
pub use transaction_control_in_migration::TransactionControlInMigration;
pub use unique_on_duplicate_data::UniqueOnDuplicateData;
pub use validate_on_bad_data::ValidateOnBadData;
