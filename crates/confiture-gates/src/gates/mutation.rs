//! `mutation`: the tests notice broken migrations.

use super::prelude::*;

/// The gate `mutation`.
#[derive(Debug, Default)]
pub struct Mutation;

confiture_core::register!(gate Mutation);

#[async_trait]
impl Gate for Mutation {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "mutation",
            summary: "the tests notice broken migrations",
            docs: "Asks for the score of `confiture mutate`. Its report cannot be given to this command yet, so the gate is not run; it is \
                   optional unless `optional` in `[gate]` of confiture.toml says otherwise.",
        };
        &META
    }

    fn rank(&self) -> u32 {
        90
    }

    async fn check(&self, _: &GateContext<'_>) -> GateVerdict {
        GateVerdict::not_run("the report of confiture mutate cannot be given to this command yet")
    }
}
