//! Rows and values that are gone.

mod alter_column_type_lossy;
mod disable_trigger_all;
mod drop_cascade;
mod drop_column;
mod drop_column_drops_constraint;
mod drop_table;
mod sequence_restart;
mod truncate;
mod truncate_cascade;

pub use alter_column_type_lossy::AlterColumnTypeLossy;
pub use disable_trigger_all::DisableTriggerAll;
pub use drop_cascade::DropCascade;
pub use drop_column::DropColumn;
pub use drop_column_drops_constraint::DropColumnDropsConstraint;
pub use drop_table::DropTable;
pub use sequence_restart::SequenceRestart;
pub use truncate::Truncate;
pub use truncate_cascade::TruncateCascade;
