//! A gate: every migration names its ticket.

use async_trait::async_trait;
use confiture_core::plugin::{Gate, GateContext, GateVerdict, Outcome, PluginMeta};

const DOCS: &str = "Fails when a migration has no comment `-- ticket: …`.";

#[derive(Debug, Default)]
struct Tickets;
confiture_core::register!(gate Tickets);

#[async_trait]
impl Gate for Tickets {
    fn meta(&self) -> &'static PluginMeta {
        &PluginMeta { id: "acme/tickets", summary: "every migration names its ticket", docs: DOCS }
    }

    async fn check(&self, cx: &GateContext<'_>) -> GateVerdict {
        let scripts = cx.loaded.migrations.iter().filter_map(|m| Some((&m.id, m.up.script()?)));
        let bare = scripts.filter(|(_, script)| !script.source.text.contains("-- ticket: "));
        let bare: Vec<&str> = bare.map(|(id, _)| id.as_str()).collect();
        let mut verdict = GateVerdict::of([]);
        if !bare.is_empty() {
            verdict.outcome = Outcome::Failed;
            verdict.note = Some(format!("no ticket in {}", bare.join(", ")));
        }
        verdict
    }
}
