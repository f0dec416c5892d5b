//! Deployment gates for PostgreSQL migrations: verdicts with evidence.
//!
//! Nothing is implemented yet.
