//! Operators that change who may do what.
