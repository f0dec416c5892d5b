//! `data-integrity`: migrations apply to tables with rows and keep them.

use super::prelude::*;

/// The gate `data-integrity`.
#[derive(Debug, Default)]
pub struct DataIntegrity;

confiture_core::register!(gate DataIntegrity);

#[async_trait]
impl Gate for DataIntegrity {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "data-integrity",
            summary: "migrations apply to tables with rows and keep them",
            docs: "Fails when `up-data` fails, the up loses or changes rows that the migration does not name, a seed file is refused, or a test \
                   of the project fails.",
        };
        &META
    }

    fn rank(&self) -> u32 {
        40
    }

    async fn check(&self, cx: &GateContext<'_>) -> GateVerdict {
        let findings = about(cx, |finding| match finding.check.as_deref() {
            Some("up-data") => true,
            Some("data") => finding.direction != Some(Direction::Down),
            Some(_) => false,
            None => finding.test.is_some() || finding.code == "seed-fails",
        });
        let mut verdict = of_checks(cx, &["up-data", "data"], &findings);
        if cx.report.tests.iter().any(|test| test.failed()) {
            verdict.outcome = Outcome::Failed;
        }
        verdict
    }
}
