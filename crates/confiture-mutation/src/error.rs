//! What can go wrong while mutants are judged.

use confiture_core::report::RunReport;
use confiture_fixtures::FixtureError;

use crate::log::LogError;
use crate::plan::PlanError;

/// Errors of a run; a mutant that fails is not one of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MutationError {
    /// A database could not be brought into a state.
    #[error(transparent)]
    Fixture(#[from] FixtureError),
    /// The migrations as they are do not pass: nothing can be said about their mutants.
    #[error("judge mutants of {migration}: {what}")]
    Baseline {
        /// Its id.
        migration: String,
        /// What is wrong.
        what: String,
    },
    /// A control of the run itself failed: its results would be worth nothing.
    #[error("judge mutants of {migration}: {what}; this is a bug in confiture")]
    Control {
        /// Its id.
        migration: String,
        /// Which control.
        what: &'static str,
    },
    /// Tests or checks fail on the migrations as they are: what mutants do says nothing. The report of the run
    /// on the originals.
    #[error("judge mutants: the tests fail on the migrations as they are")]
    Red(Box<RunReport>),
    /// No server was given.
    #[error("judge mutants: no server was given")]
    NoServer,
    /// There is no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The log cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
}
