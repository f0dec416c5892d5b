//! `order`: versions parse, are unique, and no new file sorts before a released one.

use async_trait::async_trait;
use confiture_core::plugin::{Check, CheckContext, CheckError, PluginMeta, Verdict};
use confiture_core::{Diagnostic, Location, Severity};

/// Judges the directory's order from its files alone.
#[derive(Debug, Default)]
struct Order;

confiture_core::register!(check Order);

#[async_trait]
impl Check for Order {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "order",
            summary: "versions parse, are unique, and no new file sorts before a released one",
            docs: include_str!("order.md"),
        };
        &META
    }

    fn rank(&self) -> u32 {
        10
    }

    async fn judge(&self, cx: &CheckContext<'_>) -> Result<Verdict, CheckError> {
        let id = &cx.migration.id;
        let mut findings: Vec<Diagnostic> =
            cx.loaded.problems.iter().filter(|p| p.migration.as_ref() == Some(id)).cloned().collect();
        if let Some(released) = cx.released
            && !released.contains(id)
            && let Some(later) =
                cx.loaded.migrations[cx.index + 1..].iter().find(|m| released.contains(&m.id))
        {
            let mut finding = Diagnostic::new(
                "out-of-order",
                Severity::High,
                format!("new migration sorts before {}, which the base already holds", later.id),
            )
            .with_help(format!("give it a version after {}", last_released(cx, released)))
            .with_evidence("released_after", later.id.clone());
            finding.migration = Some(id.clone());
            if let Some(script) = cx.migration.up.script() {
                finding = finding.at(Location::new(&script.source.path, &script.source.text, 0..0));
            }
            findings.push(finding);
        }
        Ok(Verdict::of(findings))
    }
}

fn last_released(cx: &CheckContext<'_>, released: &[String]) -> String {
    let last = cx.loaded.migrations.iter().rev().find(|m| released.contains(&m.id));
    last.map(|m| if m.version.is_empty() { m.id.clone() } else { m.version.clone() }).unwrap_or_default()
}
