//! `release-readiness`: approvals hold, and what the project demands of a release is there.

use super::prelude::*;
use crate::release::RELEASE;

/// What the history of production says (`--against`).
const HISTORY: [&str; 4] =
    ["live-history-missing", "live-migration-unfinished", "live-out-of-order", "live-unknown-migration"];

/// The gate `release-readiness`.
#[derive(Debug, Default)]
pub struct ReleaseReadiness;

confiture_core::register!(gate ReleaseReadiness);

#[async_trait]
impl Gate for ReleaseReadiness {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "release-readiness",
            summary: "approvals hold, and what the project demands of a release is there",
            docs: "Fails when an approval is unknown, unused, incomplete or past its last day, or something is missing that `[gate.release]` of \
                   confiture.toml demands: `changelog`, `owner`, `down`, `snapshot`, `pg`. Not run where nothing is demanded and nothing approved.",
        };
        &META
    }

    fn rank(&self) -> u32 {
        60
    }

    async fn check(&self, cx: &GateContext<'_>) -> GateVerdict {
        let inputs = cx.inputs.filter(|inputs| inputs.approvals > 0 || !inputs.release.is_empty());
        let findings = about(cx, |finding| {
            finding.check.as_deref() == Some(RELEASE)
                || finding.code.starts_with("approval-")
                || HISTORY.contains(&finding.code.as_str())
                || inputs.is_some_and(|inputs| inputs.release.snapshot)
                    && finding.check.as_deref() == Some("schema")
        });
        match inputs {
            None if findings.is_empty() => GateVerdict::not_run(
                "nothing is demanded ([gate.release] of confiture.toml) and nothing approved",
            ),
            _ => GateVerdict::of(findings),
        }
    }
}
