//! `json`: the report itself.

use std::io;

use confiture_core::plugin::{PluginMeta, ReportStyle, Reporter};
use confiture_core::report::RunReport;

/// Writes the report as one JSON document.
#[derive(Debug, Default)]
struct Json;

confiture_core::register!(reporter Json);

impl Reporter for Json {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "json",
            summary: "the complete report; confiture.schema.json describes it",
            docs: "The complete report as one JSON document. Fields are only ever added.",
        };
        &META
    }

    fn write(&self, report: &RunReport, _: &ReportStyle, out: &mut dyn io::Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, report)?;
        writeln!(out)
    }
}
