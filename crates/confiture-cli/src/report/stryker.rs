//! `stryker`: the report of the Stryker family of mutation testing tools.
//!
//! The schema is that of the package `mutation-testing-report-schema`, version 2; its viewers (the element
//! `mutation-test-report-app`, the Stryker dashboard) read it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use confiture_core::plugin::{PluginMeta, ReportStyle, Reporter};
use confiture_core::report::{MutantResult, MutantStatus, MutationReport, RunReport};
use serde_json::{Map, Value, json};

/// Writes mutation-testing-report-schema JSON.
#[derive(Debug, Default)]
struct Stryker;

confiture_core::register!(reporter Stryker);

impl Reporter for Stryker {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "stryker",
            summary: "mutants as the JSON that Stryker's viewers and dashboard read",
            docs: "The mutants of `confiture mutate` in the JSON schema of the Stryker family, for its viewers. \
                   Rejected is Killed, indistinct is NoCoverage (no row exercises it), stillborn is CompileError, \
                   equivalent and redundant are Ignored with their reason; timeout and error are RuntimeError, as \
                   they count neither for nor against the score. Ignored mutants of confiture.toml are left out.",
        };
        &META
    }

    fn write(&self, report: &RunReport, _: &ReportStyle, out: &mut dyn io::Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, &document(report))?;
        writeln!(out)
    }
}

fn document(report: &RunReport) -> Value {
    let empty = MutationReport::new(0, String::new(), Vec::new());
    let mutation = report.mutation.as_ref().unwrap_or(&empty);
    let mut files: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for mutant in &mutation.mutants {
        files.entry(&mutant.file).or_default().push(of(mutant));
    }
    let files: Map<String, Value> = files
        .into_iter()
        .map(|(file, mutants)| {
            // The report may be looked at where the files are not.
            let source = std::fs::read_to_string(file).unwrap_or_default();
            (file.to_owned(), json!({ "language": "sql", "source": source, "mutants": mutants }))
        })
        .collect();
    let high = mutation.thresholds.and_then(|thresholds| thresholds.min_score).unwrap_or(80);
    json!({
        "schemaVersion": "2",
        "thresholds": { "high": high, "low": high.min(60) },
        "files": files,
        "testFiles": test_files(report, mutation),
        "framework": { "name": report.tool.name, "version": report.tool.version },
    })
}

fn of(mutant: &MutantResult) -> Value {
    let last = mutant.original.lines().last().unwrap_or_default();
    let lines = mutant.original.lines().count().max(1);
    let mut value = json!({
        "id": mutant.id,
        "mutatorName": mutant.operator,
        "description": mutant.description,
        "replacement": mutant.replacement,
        "location": {
            "start": { "line": mutant.line, "column": 1 },
            "end": { "line": mutant.line + lines - 1, "column": last.chars().count() + 1 },
        },
        "status": status(mutant),
        "coveredBy": mutant.reached.iter().collect::<BTreeSet<_>>(),
        "killedBy": mutant.killed_by.iter().collect::<BTreeSet<_>>(),
        "duration": mutant.duration_ms,
    });
    if let (Some(reason), Some(fields)) = (reason(mutant), value.as_object_mut()) {
        fields.insert("statusReason".to_owned(), reason.into());
    }
    value
}

fn status(mutant: &MutantResult) -> &'static str {
    match mutant.status {
        MutantStatus::Killed | MutantStatus::Rejected => "Killed",
        MutantStatus::Survived if mutant.reached.is_empty() => "NoCoverage",
        MutantStatus::Survived => "Survived",
        MutantStatus::Indistinct => "NoCoverage",
        MutantStatus::Equivalent | MutantStatus::Redundant => "Ignored",
        MutantStatus::Stillborn => "CompileError",
        MutantStatus::Timeout | MutantStatus::Error => "RuntimeError",
    }
}

/// The word of the status where Stryker's says less, and why it ended so.
fn reason(mutant: &MutantResult) -> Option<String> {
    let word = mutant.status.as_str();
    let plain = matches!(mutant.status, MutantStatus::Killed | MutantStatus::Survived);
    let why = match (&mutant.same_as, &mutant.reason) {
        (Some(same_as), _) => Some(format!("same as {same_as}")),
        (None, reason) => reason.clone(),
    };
    match (plain, why) {
        (true, why) => why,
        (false, Some(why)) => Some(format!("{word}: {why}")),
        (false, None) => Some(word.to_owned()),
    }
}

/// Every test a mutant names, below its file; built-in checks below the name of the program.
fn test_files(report: &RunReport, mutation: &MutationReport) -> Value {
    let file = |name: &str| {
        let test = report.tests.iter().find(|test| test.name == name);
        test.and_then(|test| test.file.clone()).unwrap_or_else(|| "confiture".to_owned())
    };
    let mut names: BTreeSet<&str> = mutation.tests.iter().map(|test| test.name.as_str()).collect();
    for mutant in &mutation.mutants {
        names.extend(mutant.reached.iter().chain(&mutant.killed_by).map(String::as_str));
    }
    let mut files: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for name in names {
        files.entry(file(name)).or_default().push(json!({ "id": name, "name": name }));
    }
    files.into_iter().map(|(file, tests)| (file, json!({ "tests": tests }))).collect::<Map<_, _>>().into()
}
