//! What a PostgreSQL migration locks, rewrites, writes and costs.
//!
//! Nothing is implemented yet.
