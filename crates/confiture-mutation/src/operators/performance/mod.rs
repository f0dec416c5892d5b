//! Operators that cost more for the same result.

mod analyze_drop;
mod full_scan;
mod join_inefficient;
mod rewrite_default;
mod row_by_row;

pub use analyze_drop::AnalyzeDrop;
pub use full_scan::FullScan;
pub use join_inefficient::JoinInefficient;
pub use rewrite_default::RewriteDefault;
pub use row_by_row::RowByRow;

#[cfg(test)]
mod tests;
