//! Operators that take a stronger lock for the same result.
