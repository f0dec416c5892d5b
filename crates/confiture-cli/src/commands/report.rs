//! `confiture report`: saved runs in another format; `report merge`: the shards of one run.

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use confiture_core::plugin::{Registry, ReportStyle};
use confiture_core::report::{RunReport, RunStatus};
use confiture_mutation::merge_runs;

use crate::args::ReportArgs;
use crate::exit::ExitStatus;
use crate::report::{self, Output};
use crate::settings::suggestion;

/// Renders saved runs; the exit code is that of the run.
pub(super) fn view(
    args: &ReportArgs,
    registry: &Registry,
    style: &ReportStyle,
) -> anyhow::Result<ExitStatus> {
    let out = Output::of(&args.output, registry)?;
    let done = together(&args.files).and_then(|report| match &args.gate {
        Some(gate) => of_gate(report, gate),
        None => Ok(report),
    });
    report::deliver("report", done, &out, registry, style, || {
        "nothing ran in this report, which is not a pass".to_owned()
    })
}

/// The only report, or those of one command on several servers as one.
fn together(files: &[PathBuf]) -> anyhow::Result<RunReport> {
    if files.is_empty() {
        return piped();
    }
    let runs = files.iter().map(|file| read(file)).collect::<anyhow::Result<Vec<RunReport>>>()?;
    if let [first, others @ ..] = runs.as_slice() {
        let ids = |run: &RunReport| run.migrations.iter().map(|m| m.id.clone()).collect::<Vec<_>>();
        for (other, file) in others.iter().zip(&files[1..]) {
            if other.command != first.command || ids(other) != ids(first) {
                bail!(
                    "{} and {} are not runs of one command on the same migrations: render each by itself",
                    files[0].display(),
                    file.display()
                );
            }
            if other.mutation.is_some() {
                bail!("the shards of a run of mutants are put together by: confiture report merge");
            }
        }
    }
    RunReport::merge(runs).context("there is no report")
}

/// The report on standard input.
fn piped() -> anyhow::Result<RunReport> {
    let mut input = std::io::stdin().lock();
    if input.is_terminal() {
        bail!("name a JSON report, or pipe one in: confiture test --format json | confiture report");
    }
    let mut text = Vec::new();
    input.read_to_end(&mut text).context("failed to read standard input")?;
    serde_json::from_slice(&text).context("failed to read standard input: it is no JSON report of confiture")
}

/// One gate and the findings it stands on.
fn of_gate(mut report: RunReport, id: &str) -> anyhow::Result<RunReport> {
    let known: Vec<&str> = report.gates.iter().map(|gate| gate.id.as_str()).collect();
    if known.is_empty() && report.error.is_none() {
        bail!("this report of confiture {} has no gates: `confiture gate` writes them", report.command);
    }
    if report.error.is_none() && !known.contains(&id) {
        bail!("the report has no gate {id}{}", suggestion(id, &known));
    }
    report.gates.retain(|gate| gate.id == id);
    let codes: Vec<String> = report.gates.iter().flat_map(|gate| gate.findings.clone()).collect();
    report.findings.retain(|finding| codes.contains(&finding.code));
    let about = |migration: &str| report.findings.iter().any(|f| f.migration.as_deref() == Some(migration));
    report.migrations.retain(|migration| about(&migration.id));
    let about = |test: &str| report.findings.iter().any(|f| f.test.as_deref() == Some(test));
    report.tests.retain(|test| about(&test.name));
    let stops = report.gates.iter().any(|gate| gate.stops());
    report.command = format!("gate {id}");
    if report.error.is_none() {
        report.status = if stops { RunStatus::Failed } else { RunStatus::Passed };
    }
    Ok(report)
}

/// Merges the reports and writes the whole.
pub(super) fn merge(
    files: &[PathBuf],
    out: &Output,
    registry: &Registry,
    style: &ReportStyle,
) -> anyhow::Result<ExitStatus> {
    let runs: anyhow::Result<Vec<RunReport>> = files.iter().map(|file| read(file)).collect();
    let merged = runs.and_then(|runs| merge_runs(runs).context("failed to put the shards together"));
    report::deliver("mutate", merged, out, registry, style, || {
        "nothing ran, which is not a pass: the plan holds no mutant".to_owned()
    })
}

fn read(file: &Path) -> anyhow::Result<RunReport> {
    let text = std::fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
    serde_json::from_slice(&text).with_context(|| {
        let value: Option<serde_json::Value> = serde_json::from_slice(&text).ok();
        let what = match value {
            Some(value) if value.get("schemaVersion").is_some() && value.get("files").is_some() => {
                "it is a report of --format stryker; merge those of --report json=FILE, and ask that for stryker"
            }
            _ => "it is no JSON report of confiture; those of --report json=FILE can be merged",
        };
        format!("failed to read {}: {what}", file.display())
    })
}
