//! `performance`: counters equal their baseline.

use super::prelude::*;
use confiture_core::Severity;
use confiture_core::report::RunStatus;

use crate::saved::{PROFILE, useless};

/// The gate `performance`.
#[derive(Debug, Default)]
pub struct Performance;

confiture_core::register!(gate Performance);

#[async_trait]
impl Gate for Performance {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "performance",
            summary: "counters equal their baseline",
            docs: "Reads a saved report of `confiture profile` (`--performance-report`, or `performance-report` in `[gate]` of confiture.toml). Fails \
                   when that run failed. Not run without a report and with one about other files.",
        };
        &META
    }

    fn rank(&self) -> u32 {
        80
    }

    async fn check(&self, cx: &GateContext<'_>) -> GateVerdict {
        let Some(saved) = cx.inputs.and_then(|inputs| inputs.performance.as_ref()) else {
            return GateVerdict::not_run(
                "no report of confiture profile was given (--performance-report FILE)",
            );
        };
        if let Some(reason) = useless(saved, PROFILE, cx.report) {
            return GateVerdict::not_run(reason);
        }
        let findings = about(cx, |finding| finding.check.as_deref() == Some(PROFILE));
        let mut verdict = GateVerdict::of(findings.iter().copied());
        // It may have failed for something that is no finding.
        if saved.status == RunStatus::Failed
            && !findings.iter().any(|finding| finding.severity > Severity::Low)
        {
            verdict.outcome = Outcome::Failed;
        }
        verdict
    }
}
