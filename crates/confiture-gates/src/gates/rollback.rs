//! `rollback`: every rollback returns to the catalog and the rows before.

use super::prelude::*;

/// The gate `rollback`.
#[derive(Debug, Default)]
pub struct Rollback;

confiture_core::register!(gate Rollback);

#[async_trait]
impl Gate for Rollback {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "rollback",
            summary: "every rollback returns to the catalog and the rows before",
            docs: "Fails when `down` or `re-up` of a migration fails, or its rollback loses rows that the up left. A migration without a \
                   rollback is named, and where none has one the gate is not run.",
        };
        &META
    }

    fn rank(&self) -> u32 {
        20
    }

    async fn check(&self, cx: &GateContext<'_>) -> GateVerdict {
        let findings = about(cx, |finding| match finding.check.as_deref() {
            Some("down" | "re-up") => true,
            Some("data") => finding.direction == Some(Direction::Down),
            _ => false,
        });
        let mut verdict = of_checks(cx, &["down", "re-up"], &findings);
        if let Outcome::NotApplicable(reason) = verdict.outcome {
            verdict.outcome = Outcome::Skipped(format!("no migration can be rolled back: {reason}"));
            return verdict;
        }
        let none = judged(cx, &["down"]).filter(|(_, check)| check.status == CheckStatus::NotApplicable);
        let none: Vec<&str> = none.map(|(migration, _)| migration.id.as_str()).collect();
        if !none.is_empty() {
            verdict.note = Some(format!("without a rollback: {}", none.join(", ")));
        }
        verdict
    }
}
