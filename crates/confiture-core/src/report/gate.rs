//! What `confiture gate` reports of each gate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a gate ended, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GateStatus {
    /// Its question was asked and nothing speaks against the deployment.
    Passed,
    /// What speaks against the deployment was approved.
    Waived,
    /// It lacks its input; the reason says which. Not a pass.
    NotRun,
    /// Something speaks against the deployment.
    Failed,
}

impl GateStatus {
    /// The name used in every report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Waived => "waived",
            Self::NotRun => "not-run",
            Self::Failed => "failed",
        }
    }
}

/// Leave to deploy in spite of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approval {
    /// What is approved: the code of findings, or a category of rules.
    pub class: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day it holds (UTC), `YYYY-MM-DD`.
    pub until: String,
    /// Where it is written: `file:line`.
    pub written: String,
}

impl std::fmt::Display for Approval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} approved by {} until {}: {}", self.class, self.owner, self.until, self.reason)
    }
}

/// One gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GateResult {
    /// Its id.
    pub id: String,
    /// How it ended.
    pub status: GateStatus,
    /// Codes of the findings it stands on, each once, ascending.
    pub findings: Vec<String>,
    /// Why it was not run or waived, or what a pass does not cover.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether the run may pass although the gate was not run.
    #[serde(default)]
    pub optional: bool,
}

impl GateResult {
    /// Whether the deployment is to stop here.
    pub fn stops(&self) -> bool {
        match self.status {
            GateStatus::Passed | GateStatus::Waived => false,
            GateStatus::NotRun => !self.optional,
            GateStatus::Failed => true,
        }
    }

    /// Takes in the same gate of another server: the worse status counts, with its reason.
    pub(super) fn absorb(&mut self, other: Self) {
        if other.status > self.status {
            self.status = other.status;
            self.reason = other.reason;
        }
        self.findings.extend(other.findings);
        self.findings.sort();
        self.findings.dedup();
    }
}
