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

#[cfg(test)]
mod tests {
    use super::*;

    /// `CONFITURE_WRITE_SCHEMA=1 cargo test -p confiture-cli schema` writes it anew.
    #[test]
    fn checked_in_schema_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../confiture.schema.json");
        let schema = serde_json::to_string_pretty(&schemars::schema_for!(RunReport)).unwrap() + "\n";
        if std::env::var_os("CONFITURE_WRITE_SCHEMA").is_some() {
            std::fs::write(path, &schema).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept == schema, "run CONFITURE_WRITE_SCHEMA=1 cargo test -p confiture-cli schema");
    }

    #[test]
    fn report_reads_back_as_it_was_written() {
        let mut report = RunReport::new("test", "0.0.0");
        report.error = Some("nothing".to_owned());
        report.conclude();
        let mut text = Vec::new();
        Json.write(&report, &ReportStyle::plain(), &mut text).unwrap();
        assert_eq!(serde_json::from_slice::<RunReport>(&text).unwrap(), report);
    }
}
