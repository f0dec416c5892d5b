//! The `Gate` trait: one question of a deployment, answered with evidence.

use std::fmt::Debug;

use async_trait::async_trait;

use super::{Outcome, PluginMeta};
use crate::config::ReleaseSettings;
use crate::migration::layout::Loaded;
use crate::report::{Finding, RunReport};

/// What gates are told besides what one run finds.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct GateInputs {
    /// What the project demands of a release.
    pub release: ReleaseSettings,
    /// Text of the changelog, where one is demanded and can be read.
    pub changelog: Option<String>,
    /// A saved report of `confiture mutate`.
    pub mutation: Option<RunReport>,
    /// A saved report of `confiture profile`.
    pub performance: Option<RunReport>,
    /// How many approvals were read.
    pub approvals: usize,
}

/// What a gate may look at.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct GateContext<'a> {
    /// The migrations that are to be deployed, with the rest of their directory.
    pub loaded: &'a Loaded,
    /// What the checks, rules and measurements of all servers say.
    pub report: &'a RunReport,
    /// What was told besides; `None` where nothing was.
    pub inputs: Option<&'a GateInputs>,
}

impl<'a> GateContext<'a> {
    /// A context of a directory and what was found in it.
    pub fn new(loaded: &'a Loaded, report: &'a RunReport) -> Self {
        Self { loaded, report, inputs: None }
    }

    /// Adds what gates are told besides.
    #[must_use]
    pub fn with_inputs(mut self, inputs: &'a GateInputs) -> Self {
        self.inputs = Some(inputs);
        self
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
    /// The approvals without which it would fail.
    pub approvals: Vec<String>,
}

impl GateVerdict {
    /// It lacks its input.
    pub fn not_run(reason: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Skipped(reason.into()),
            codes: Vec::new(),
            note: None,
            approvals: Vec::new(),
        }
    }

    /// Failed when one of `findings` is above [`Low`](crate::Severity::Low) and not approved, else passed.
    pub fn of<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Self {
        let mut outcome = Outcome::Passed;
        let mut codes = Vec::new();
        let mut approvals = Vec::new();
        for finding in findings {
            match &finding.approval {
                _ if finding.objects() => outcome = Outcome::Failed,
                Some(approval) if finding.severity > crate::Severity::Low => {
                    approvals.push(approval.to_string());
                }
                _ => {}
            }
            codes.push(finding.code.clone());
        }
        codes.sort();
        codes.dedup();
        approvals.sort();
        approvals.dedup();
        Self { outcome, codes, note: None, approvals }
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
