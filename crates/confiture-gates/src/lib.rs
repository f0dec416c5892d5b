//! Deployment gates for PostgreSQL migrations: each a question, answered with evidence.
//!
//! A gate is a [`Gate`](confiture_core::plugin::Gate). Nothing here decides about a deployment yet; the
//! first gate can be asked through the registry.

mod gates;

pub use gates::Naming;
