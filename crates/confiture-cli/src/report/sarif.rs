//! `sarif`: SARIF 2.1.0, which code scanning services take.

use std::collections::BTreeMap;
use std::io;

use confiture_core::Severity;
use confiture_core::plugin::{PluginMeta, Registry, ReportStyle, Reporter};
use confiture_core::report::{Finding, RunReport};
use serde_json::{Map, Value, json};

use super::findings::{Fingerprints, all, notices, text};

/// Where the schema of the format is published.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Writes SARIF.
#[derive(Debug, Default)]
struct Sarif;

confiture_core::register!(reporter Sarif);

impl Reporter for Sarif {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "sarif",
            summary: "SARIF 2.1.0, for code scanning",
            docs: "One run with a result for each finding, notes included: level `error` fails a check, `warning` is \
                   of low severity, `note` is information. Rules carry the page of `confiture explain`. Gates are in \
                   the properties of the run; one that was not run, and an error of the run, are notifications.",
        };
        &META
    }

    fn write(&self, report: &RunReport, _: &ReportStyle, out: &mut dyn io::Write) -> io::Result<()> {
        let registry = Registry::linked().map_err(io::Error::other)?;
        let mut rules = Rules::default();
        let mut fingerprints = Fingerprints::default();
        let mut results = Vec::new();
        for finding in all(report) {
            let index = rules.index(&registry, &finding);
            results.push(result(&finding, index, &fingerprints.of(&finding)));
        }
        let notification = |text: &str| json!({ "level": "error", "message": { "text": text } });
        let notifications: Vec<Value> = notices(report).map(|text| notification(&text)).collect();
        let log = json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": report.tool.name,
                    "version": report.tool.version,
                    "rules": rules.descriptors,
                } },
                "automationDetails": { "id": format!("{}/{}/", report.tool.name, report.command) },
                "invocations": [{
                    "executionSuccessful": report.error.is_none(),
                    "toolExecutionNotifications": notifications,
                }],
                "columnKind": "unicodeCodePoints",
                "results": results,
                "properties": { "status": report.status, "gates": report.gates },
            }],
        });
        serde_json::to_writer_pretty(&mut *out, &log)?;
        writeln!(out)
    }
}

/// The rules that results refer to by their place.
#[derive(Default)]
struct Rules {
    places: BTreeMap<String, usize>,
    descriptors: Vec<Value>,
}

impl Rules {
    fn index(&mut self, registry: &Registry, finding: &Finding) -> usize {
        if let Some(place) = self.places.get(&finding.code) {
            return *place;
        }
        let place = self.descriptors.len();
        self.places.insert(finding.code.clone(), place);
        self.descriptors.push(descriptor(registry, finding));
        place
    }
}

fn descriptor(registry: &Registry, finding: &Finding) -> Value {
    let code = finding.code.as_str();
    let mut rule = json!({ "id": code });
    let (summary, page, tags) = if let Some(rule) = registry.rule(code) {
        let meta = rule.meta();
        let tags = vec![meta.category.as_str()];
        (meta.plugin.summary.to_owned(), confiture_gates::page(meta), tags)
    } else if let Some(known) = registry.explanation(code) {
        (known.title.to_owned(), known.page.to_owned(), Vec::new())
    } else if let Some((kind, meta, _)) = registry.list().into_iter().find(|(_, meta, _)| meta.id == code) {
        (meta.summary.to_owned(), meta.docs.trim().to_owned(), vec![kind.as_str()])
    } else {
        return rule;
    };
    if let Some(fields) = rule.as_object_mut() {
        fields.insert("shortDescription".to_owned(), json!({ "text": summary }));
        fields.insert("help".to_owned(), json!({ "text": page, "markdown": page }));
        fields.insert("defaultConfiguration".to_owned(), json!({ "level": level(finding.severity) }));
        fields.insert("properties".to_owned(), json!({ "tags": tags }));
    }
    rule
}

fn result(finding: &Finding, rule: usize, fingerprint: &str) -> Value {
    let mut location = Map::new();
    if let Some(file) = &finding.file {
        let mut place = json!({ "artifactLocation": { "uri": uri(file) } });
        if let (Some(line), Some(fields)) = (finding.line, place.as_object_mut()) {
            let column = finding.column.unwrap_or(1);
            fields.insert("region".to_owned(), json!({ "startLine": line, "startColumn": column }));
        }
        location.insert("physicalLocation".to_owned(), place);
    }
    if let Some(migration) = &finding.migration {
        let name = json!([{ "name": migration, "kind": "migration" }]);
        location.insert("logicalLocations".to_owned(), name);
    }
    let mut properties = Map::new();
    properties.insert("severity".to_owned(), finding.severity.as_str().into());
    for (name, value) in [("check", &finding.check), ("test", &finding.test), ("help", &finding.help)] {
        if let Some(value) = value {
            properties.insert(name.to_owned(), value.as_str().into());
        }
    }
    if let Some(direction) = finding.direction {
        properties.insert("direction".to_owned(), direction.as_str().into());
    }
    if !finding.evidence.is_empty() {
        properties.insert("evidence".to_owned(), finding.evidence.clone().into());
    }
    json!({
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": level(finding.severity),
        "message": { "text": text(finding) },
        "locations": if location.is_empty() { json!([]) } else { json!([location]) },
        "partialFingerprints": { "confiture/v1": fingerprint },
        "properties": properties,
    })
}

/// `error` for what fails a check.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "note",
        Severity::Low => "warning",
        Severity::Medium | Severity::High | Severity::Critical => "error",
    }
}

/// A path as a URI (RFC 3986): relative to the repository where the path is, else of the scheme `file`.
fn uri(path: &str) -> String {
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    let relative = path.strip_prefix("./").unwrap_or(path);
    for byte in relative.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                uri.push(char::from(byte))
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("./m/1 ü#%:x.sql"), "m/1%20%C3%BC%23%25%3Ax.sql");
        assert_eq!(uri("/tmp/1.sql"), "file:///tmp/1.sql");
    }
}
