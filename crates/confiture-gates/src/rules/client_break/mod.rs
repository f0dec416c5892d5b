//! What the application of the previous version does not survive.

mod alter_column_type_client_break;
mod drop_default_of_required_column;
mod drop_or_replace_routine;
mod drop_replica_identity;
mod enum_rename_value;
mod index_replaced_in_wrong_order;
mod new_constraint_rejects_old_writer;
mod published_table_without_pk;
mod rename_column;
mod rename_table;
mod revoke_privilege;
mod rls_without_policy;
mod set_schema;

pub use alter_column_type_client_break::AlterColumnTypeClientBreak;
pub use drop_default_of_required_column::DropDefaultOfRequiredColumn;
pub use drop_or_replace_routine::DropOrReplaceRoutine;
pub use drop_replica_identity::DropReplicaIdentity;
pub use enum_rename_value::EnumRenameValue;
pub use index_replaced_in_wrong_order::IndexReplacedInWrongOrder;
pub use new_constraint_rejects_old_writer::NewConstraintRejectsOldWriter;
pub use published_table_without_pk::PublishedTableWithoutPk;
pub use rename_column::RenameColumn;
pub use rename_table::RenameTable;
pub use revoke_privilege::RevokePrivilege;
pub use rls_without_policy::RlsWithoutPolicy;
pub use set_schema::SetSchema;
