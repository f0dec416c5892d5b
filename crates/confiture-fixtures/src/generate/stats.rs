//! Statistics of a real database that shape generated rows, without any of its values.

/// How the values of one column are spread.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    /// Share of NULLs, from 0 to 1.
    pub(super) null_fraction: f64,
    /// Different values; negative: as a share of the rows (`pg_stats.n_distinct`).
    pub(super) distinct: f64,
    /// Average bytes of a value.
    pub(super) width: usize,
}
