//! Breaks PostgreSQL migrations on purpose and says who would notice.
//!
//! Nothing is implemented yet.
