//! `schema`: migrations apply, leave nothing half-made, and lead to the committed schema.

use super::prelude::*;

/// The gate `schema`.
#[derive(Debug, Default)]
pub struct Schema;

confiture_core::register!(gate Schema);

#[async_trait]
impl Gate for Schema {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "schema",
            summary: "migrations apply, leave nothing half-made, and lead to the committed schema",
            docs: "Fails when `up`, `atomic` or `schema` fails, or a rule about the design of the schema finds something. Judged on every \
                   server of the run.",
        };
        &META
    }

    fn rank(&self) -> u32 {
        30
    }

    async fn check(&self, cx: &GateContext<'_>) -> GateVerdict {
        let checks = ["up", "atomic", "schema"];
        let findings = about(cx, |finding| {
            finding.check.as_deref().is_some_and(|check| checks.contains(&check))
                || of_rules(finding, &["design"])
        });
        let mut verdict = of_checks(cx, &checks, &findings);
        let uncommitted =
            judged(cx, &["schema"]).find(|(_, check)| check.status == CheckStatus::NotApplicable);
        verdict.note = uncommitted.and_then(|(_, check)| check.reason.clone());
        verdict
    }
}
