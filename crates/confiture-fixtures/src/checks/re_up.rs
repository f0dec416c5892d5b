//! `re-up`: up after down gives the same catalog as the first up.

use async_trait::async_trait;
use confiture_core::migration::{Direction, Step};
use confiture_core::plugin::{Check, CheckContext, CheckError, PluginMeta, Verdict};
use confiture_core::{Diagnostic, Severity};

use super::blame::blame;
use super::down::severity;
use super::up::failure;

/// Judges the second up.
#[derive(Debug, Default)]
struct ReUp;

confiture_core::register!(check ReUp);

#[async_trait]
impl Check for ReUp {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "re-up",
            summary: "up after down gives the same catalog as the first up",
            docs: include_str!("re_up.md"),
        };
        &META
    }

    fn rank(&self) -> u32 {
        50
    }

    async fn judge(&self, cx: &CheckContext<'_>) -> Result<Verdict, CheckError> {
        if matches!(cx.migration.down, Step::Absent) {
            return Ok(Verdict::not_applicable("no down script"));
        }
        let (Some(trip), Step::Sql(up)) = (&cx.record.round_trip, &cx.migration.up) else {
            return Ok(Verdict::skipped("the migration was not rolled back"));
        };
        let Some(run) = &trip.re_up else { return Ok(Verdict::skipped("down failed")) };
        let id = &cx.migration.id;
        let inexact_down = trip.down_differences.iter().any(|d| severity(d) > Severity::Info);
        if let Some(failed) = &run.failure {
            let mut finding =
                failure("re-up-fails", "up after down fails", failed, Direction::Up, up.transaction)
                    .in_script(id, Direction::Up);
            if inexact_down {
                finding.help =
                    Some("repair the down script: it does not restore the state before".to_owned());
            }
            return Ok(Verdict::of(vec![finding]));
        }
        let mut findings = Vec::new();
        for difference in &trip.re_up_differences {
            // What the rollback left is reported there; the second up only carries it on.
            let carried = trip.down_differences.iter().any(|d| d.object == difference.object);
            if carried || severity(difference) == Severity::Info {
                continue;
            }
            let finding = Diagnostic::new(
                "re-up-differs",
                severity(difference),
                format!("up after down gives another {}", difference.object),
            )
            .at(up.locate(blame(up, &difference.object)))
            .with_label(difference.to_string())
            .with_evidence("object", difference.object.to_string())
            .with_help("make down undo everything up does, or up not depend on what was there before");
            findings.push(finding.in_script(id, Direction::Up));
        }
        Ok(Verdict::of(findings))
    }
}
