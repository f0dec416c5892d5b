//! Deployment gates for PostgreSQL migrations: each a question, answered with evidence.
//!
//! A gate is a [`Gate`](confiture_core::plugin::Gate), a rule a [`Rule`](confiture_core::plugin::Rule): one hazard
//! of a migration's statements. [`lint()`] asks the rules without a database, [`find`] with whatever is known.
//! Nothing here decides about a deployment yet; the first gate can be asked through the registry.

mod explain;
mod gates;
mod lint;
pub mod rules;

pub use gates::Naming;
pub use lint::{Found, LintOptions, Surroundings, find, lint, page};
