//! `release-readiness`: changelog, owner and approvals are there.

use super::prelude::*;

/// The gate `release-readiness`.
#[derive(Debug, Default)]
pub struct ReleaseReadiness;

confiture_core::register!(gate ReleaseReadiness);

#[async_trait]
impl Gate for ReleaseReadiness {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "release-readiness",
            summary: "changelog, owner and approvals are there",
            docs: "What a project demands of a release besides its SQL. Nothing of it can be demanded yet, so the gate is not run; it is optional \
                   unless `optional` in `[gate]` of confiture.toml says otherwise.",
        };
        &META
    }

    fn rank(&self) -> u32 {
        60
    }

    async fn check(&self, _: &GateContext<'_>) -> GateVerdict {
        GateVerdict::not_run("no changelog, owner or approval can be demanded yet")
    }
}
