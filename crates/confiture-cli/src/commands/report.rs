//! `confiture report merge`: the shards of one run.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use confiture_core::plugin::{Registry, ReportStyle};
use confiture_core::report::RunReport;
use confiture_mutation::merge_runs;

use crate::exit::ExitStatus;
use crate::report::{self, Output};

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
            None => "it is no JSON; reports of --format json or --report json=FILE can be merged",
            Some(value) if value.get("schemaVersion").is_some() && value.get("files").is_some() => {
                "it is a report of --format stryker; merge those of --report json=FILE, and ask that for stryker"
            }
            Some(_) => "it is no JSON report of confiture; those of --report json=FILE can be merged",
        };
        format!("failed to read {}: {what}", file.display())
    })
}
