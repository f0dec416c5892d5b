//! `mutation`: the tests notice broken migrations.

use super::prelude::*;
use crate::saved::{MUTATE, useless};

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
            docs: "Reads a saved report of `confiture mutate --report json=FILE` (`--mutation-report`, or `mutation-report` in `[gate]` of \
                   confiture.toml). Fails when a critical mutant goes unnoticed or a score is below the least one that run was given. Not run without a report, with one \
                   about other files, and with one of a single shard.",
        };
        &META
    }

    fn rank(&self) -> u32 {
        90
    }

    async fn check(&self, cx: &GateContext<'_>) -> GateVerdict {
        let Some(saved) = cx.inputs.and_then(|inputs| inputs.mutation.as_ref()) else {
            return GateVerdict::not_run("no report of confiture mutate was given (--mutation-report FILE)");
        };
        if let Some(reason) = useless(saved, MUTATE, cx.report) {
            return GateVerdict::not_run(reason);
        }
        GateVerdict::of(about(cx, |finding| finding.check.as_deref() == Some(MUTATE)))
    }
}
