//! Operators that cost more for the same result.
