//! Operators that make rows come out otherwise.

mod where_relop;

pub use where_relop::WhereRelop;
