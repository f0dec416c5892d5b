//! `gitlab`: the code quality report of GitLab.

use std::io;

use confiture_core::Severity;
use confiture_core::plugin::{PluginMeta, ReportStyle, Reporter};
use confiture_core::report::RunReport;
use serde_json::{Value, json};

use super::findings::{Fingerprints, loud, notices, text};

/// Writes a code quality report.
#[derive(Debug, Default)]
struct Gitlab;

confiture_core::register!(reporter Gitlab);

impl Reporter for Gitlab {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "gitlab",
            summary: "the code quality report of GitLab",
            docs: "A JSON array as GitLab's `artifacts:reports:codequality` takes it: findings at their file and \
                   line, worst first. A finding without a file stands at the migrations directory. The fingerprint \
                   of a finding does not change when lines are added above it.",
        };
        &META
    }

    fn write(&self, report: &RunReport, _: &ReportStyle, out: &mut dyn io::Write) -> io::Result<()> {
        let dir = report.source.as_ref().map_or(".", |source| source.dir.as_str());
        let mut fingerprints = Fingerprints::default();
        let entry = |name: &str, text: &str, severity: &str, fingerprint: &str, file: &str, line: usize| {
            json!({
                "description": text,
                "check_name": name,
                "fingerprint": fingerprint,
                "severity": severity,
                "location": { "path": file, "lines": { "begin": line } },
            })
        };
        let mut entries: Vec<Value> = Vec::new();
        for finding in loud(report) {
            let fingerprint = fingerprints.of(&finding);
            let file = finding.file.as_deref().unwrap_or(dir);
            let line = finding.line.unwrap_or(1);
            let severity = severity(finding.severity);
            entries.push(entry(&finding.code, &text(&finding), severity, &fingerprint, file, line));
        }
        for notice in notices(report) {
            let fingerprint = fingerprints.of_text(&notice);
            entries.push(entry("not-run", &notice, "critical", &fingerprint, dir, 1));
        }
        serde_json::to_writer_pretty(&mut *out, &entries)?;
        writeln!(out)
    }
}

/// GitLab's own words, least first: info, minor, major, critical, blocker.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Low => "minor",
        Severity::Medium => "major",
        Severity::High => "critical",
        Severity::Critical => "blocker",
    }
}
