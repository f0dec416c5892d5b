//! `locks`: no statement makes others wait, or fails half-way.

use super::prelude::*;

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
                   a scan that no rule saw, or when SQL runs that no rule can read.",
        };
        &META
    }

    fn rank(&self) -> u32 {
        70
    }

    async fn check(&self, cx: &GateContext<'_>) -> GateVerdict {
        let findings = about(cx, |finding| {
            of_rules(finding, &["lock", "fails"])
                || finding.check.as_deref() == Some("lint") && !finding.evidence.contains_key("category")
        });
        of_checks(cx, &["lint"], &findings)
    }
}
