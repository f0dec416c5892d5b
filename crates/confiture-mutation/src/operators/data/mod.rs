//! Operators that make rows come out otherwise.

mod arithmetic;
mod assign_column;
mod assign_omit;
mod batch_bound;
mod between;
mod case_branch;
mod cast_change;
mod coalesce_drop;
mod conflict_action;
mod delete_skip;
mod insert_skip;
mod join_type;
mod like;
mod merge;
mod null_flip;
mod null_include;
mod sequence_reset_drop;
mod set_operation;
mod update_skip;
mod update_value;
mod using_drop;
mod using_expression;
mod values_row_drop;
mod where_drop;
mod where_logic;
mod where_partial;
mod where_relop;

pub use arithmetic::Arithmetic;
pub use assign_column::AssignColumn;
pub use assign_omit::AssignOmit;
pub use batch_bound::BatchBound;
pub use between::Between;
pub use case_branch::CaseBranch;
pub use cast_change::CastChange;
pub use coalesce_drop::CoalesceDrop;
pub use conflict_action::ConflictAction;
pub use delete_skip::DeleteSkip;
pub use insert_skip::InsertSkip;
pub use join_type::JoinType;
pub use like::Like;
pub use null_flip::NullFlip;
pub use null_include::NullInclude;
pub use sequence_reset_drop::SequenceResetDrop;
pub use set_operation::SetOperation;
pub use update_skip::UpdateSkip;
pub use update_value::UpdateValue;
pub use using_drop::UsingDrop;
pub use using_expression::UsingExpression;
pub use values_row_drop::ValuesRowDrop;
pub use where_drop::WhereDrop;
pub use where_logic::WhereLogic;
pub use where_partial::WherePartial;
pub use where_relop::WhereRelop;

#[cfg(test)]
pub(super) mod tests;
