//! `breaking-change`: the application of the previous version goes on working.

use super::prelude::*;

/// The gate `breaking-change`.
#[derive(Debug, Default)]
pub struct BreakingChange;

confiture_core::register!(gate BreakingChange);

#[async_trait]
impl Gate for BreakingChange {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "breaking-change",
            summary: "the application of the previous version goes on working",
            docs: "Fails when a rule about broken clients or lost data finds something, or a query file that worked before does not after (check \
                   `queries`). Without query files it is judged by the rules alone, and says so.",
        };
        &META
    }

    fn rank(&self) -> u32 {
        50
    }

    async fn check(&self, cx: &GateContext<'_>) -> GateVerdict {
        let findings = about(cx, |finding| {
            finding.check.as_deref() == Some("queries")
                || finding.code == "query-never-works"
                || ["live-published", "live-rls-hides-rows", "live-sequence-low"]
                    .contains(&finding.code.as_str())
                || of_rules(finding, &["client-break", "data-loss"])
        });
        let mut verdict = of_checks(cx, &["queries", "lint"], &findings);
        if !judged(cx, &["queries"]).any(|(_, check)| check.status != CheckStatus::NotApplicable) {
            verdict.note = Some("no query files: judged by the rules alone".to_owned());
        }
        verdict
    }
}
