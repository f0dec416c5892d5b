//! `confiture plugins`: what is linked into this binary.

use confiture_core::plugin::Registry;

use super::print;
use crate::exit::ExitStatus;

/// Lists every plugin with its origin.
pub(super) fn run(registry: &Registry, format: &str) -> anyhow::Result<ExitStatus> {
    let plugins = registry.list();
    if format == "json" {
        let entries: Vec<_> = plugins
            .iter()
            .map(|(kind, meta, origin)| {
                serde_json::json!({
                    "kind": kind.as_str(),
                    "id": meta.id,
                    "summary": meta.summary,
                    "package": origin.map(|o| o.package),
                    "version": origin.map(|o| o.version),
                    "file": origin.map(|o| o.file),
                    "line": origin.map(|o| o.line),
                })
            })
            .collect();
        return print(&format!("{}\n", serde_json::to_string_pretty(&entries)?));
    }
    let widest = plugins.iter().map(|(_, meta, _)| meta.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (kind, meta, origin) in &plugins {
        let from =
            origin.map(|o| format!("{} {} {}:{}", o.package, o.version, o.file, o.line)).unwrap_or_default();
        text.push_str(&format!("{:8}  {:widest$}  {}\n", kind.as_str(), meta.id, meta.summary));
        text.push_str(&format!("{:8}  {:widest$}  {from}\n", "", ""));
    }
    print(&text)
}
