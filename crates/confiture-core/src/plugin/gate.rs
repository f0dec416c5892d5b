//! The `Gate` trait: one question of a deployment, answered with evidence.

use std::fmt::Debug;

use async_trait::async_trait;

use super::{Outcome, PluginMeta};
use crate::migration::layout::Loaded;
use crate::report::{Finding, RunReport};

/// What a gate may look at.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct GateContext<'a> {
    /// The migrations that are to be deployed, with the rest of their directory.
    pub loaded: &'a Loaded,
    /// What the checks, rules and measurements of one server say.
    pub report: &'a RunReport,
}

impl<'a> GateContext<'a> {
    /// A context of a directory and what was found in it.
    pub fn new(loaded: &'a Loaded, report: &'a RunReport) -> Self {
        Self { loaded, report }
    }
}

/// How a gate ends.
#[derive(Debug, Clone, PartialEq)]
pub struct GateVerdict {
    /// Passed or failed; skipped where it lacks its input, which is not a pass; not applicable where there is
    /// nothing that could go wrong, which is one.
    pub outcome: Outcome,
    /// Codes of the findings it stands on.
    pub codes: Vec<String>,
    /// What a pass does not cover; why it failed, where no finding says so.
    pub note: Option<String>,
}

impl GateVerdict {
    /// It lacks its input.
    pub fn not_run(reason: impl Into<String>) -> Self {
        Self { outcome: Outcome::Skipped(reason.into()), codes: Vec::new(), note: None }
    }

    /// Failed when one of `findings` is above [`Low`](crate::Severity::Low), else passed.
    pub fn of<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Self {
        let mut outcome = Outcome::Passed;
        let mut codes = Vec::new();
        for finding in findings {
            if finding.severity > crate::Severity::Low {
                outcome = Outcome::Failed;
            }
            codes.push(finding.code.clone());
        }
        codes.sort();
        codes.dedup();
        Self { outcome, codes, note: None }
    }
}

/// A gate. One that lacks its input answers [`Outcome::Skipped`] with the reason, which is not a pass.
#[async_trait]
pub trait Gate: Send + Sync + Debug {
    /// Id, summary and documentation.
    fn meta(&self) -> &'static PluginMeta;

    /// Place among the gates, ascending; the built-in ones use 10, 20, ….
    fn rank(&self) -> u32 {
        1000
    }

    /// Answers its question.
    async fn check(&self, cx: &GateContext<'_>) -> GateVerdict;
}
