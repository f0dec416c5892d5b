//! The `Gate` trait: one question of a deployment, answered with evidence.

use std::fmt::Debug;

use async_trait::async_trait;

use super::{PluginMeta, Verdict};
use crate::diagnostic::Diagnostic;
use crate::migration::layout::Loaded;

/// What a gate may look at.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct GateContext<'a> {
    /// The migrations that are to be deployed, with the rest of their directory.
    pub loaded: &'a Loaded,
    /// What the checks and rules found before.
    pub findings: &'a [Diagnostic],
}

impl<'a> GateContext<'a> {
    /// A context of a directory and what was found in it.
    pub fn new(loaded: &'a Loaded, findings: &'a [Diagnostic]) -> Self {
        Self { loaded, findings }
    }
}

/// A gate. One that lacks its input answers [`Outcome::Skipped`](super::Outcome::Skipped) with the reason,
/// which is not a pass.
#[async_trait]
pub trait Gate: Send + Sync + Debug {
    /// Id, summary and documentation.
    fn meta(&self) -> &'static PluginMeta;

    /// Answers its question.
    async fn check(&self, cx: &GateContext<'_>) -> Verdict;
}
