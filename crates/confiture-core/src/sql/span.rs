//! A byte range of a script, small enough to copy.

use std::ops::Range;

/// A range of bytes of a script: `start` up to, not including, `end`.
///
/// # Example
/// ```
/// use confiture_core::sql::Span;
///
/// let span = Span::new(7, 8);
/// assert_eq!(span.text("select 1"), "1");
/// assert_eq!(span.range(), 7..8);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

impl Span {
    /// The bytes `start..end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The empty range at `at`.
    pub const fn empty(at: usize) -> Self {
        Self { start: at, end: at }
    }

    /// From the start of `self` to the end of `last`.
    pub const fn to(self, last: Self) -> Self {
        Self { start: self.start, end: last.end }
    }

    /// Number of bytes.
    pub const fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether there are no bytes in it.
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// Whether every byte of `other` lies in `self`.
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The same bytes counted from a place `by` bytes earlier: from inside a statement to its file.
    pub const fn shifted(self, by: usize) -> Self {
        Self { start: self.start + by, end: self.end + by }
    }

    /// As the standard library's range.
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// The text it covers; empty when it does not fit `sql`.
    pub fn text(self, sql: &str) -> &str {
        sql.get(self.range()).unwrap_or_default()
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self { start: range.start, end: range.end }
    }
}

impl From<Span> for Range<usize> {
    fn from(span: Span) -> Self {
        span.range()
    }
}
