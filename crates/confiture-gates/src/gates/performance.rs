//! `performance`: counters equal their baseline.

use super::prelude::*;

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
            docs: "Compares what statements cost with a committed baseline. No command makes baselines yet, so the gate is not run; it is optional \
                   unless `optional` in `[gate]` of confiture.toml says otherwise.",
        };
        &META
    }

    fn rank(&self) -> u32 {
        80
    }

    async fn check(&self, _: &GateContext<'_>) -> GateVerdict {
        GateVerdict::not_run("there is no baseline of counters: no command writes one yet")
    }
}
