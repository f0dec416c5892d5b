//! `locks`: no statement makes others wait, or fails half-way.

use super::prelude::*;

/// What is seen in production (`--against`) and makes statements wait.
const LIVE: [&str; 8] = [
    "live-idle-in-transaction",
    "live-invalid-index",
    "live-large-table",
    "live-not-visible",
    "live-old-transaction",
    "live-replication-lag",
    "live-slot-inactive",
    "live-vacuum-running",
];

/// The gate `locks`.
#[derive(Debug, Default)]
pub struct Locks;

confiture_core::register!(gate Locks);

#[async_trait]
impl Gate for Locks {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "locks",
            summary: "no statement makes others wait, or fails half-way",
            docs: "Fails when a rule about locks or failures finds something that no measurement takes back, when a measurement shows a rewrite or \
                   a scan that no rule saw, or when SQL runs that no rule can read; with \
                   `--against` also for transactions, vacuums, INVALID indexes and standbys in the way.",
        };
        &META
    }

    fn rank(&self) -> u32 {
        70
    }

    async fn check(&self, cx: &GateContext<'_>) -> GateVerdict {
        let findings = about(cx, |finding| {
            of_rules(finding, &["lock", "fails"])
                || LIVE.contains(&finding.code.as_str())
                || finding.check.as_deref() == Some("lint") && !finding.evidence.contains_key("category")
        });
        of_checks(cx, &["lint"], &findings)
    }
}
