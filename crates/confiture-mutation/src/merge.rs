//! Shards put together.

use std::collections::BTreeSet;

use confiture_core::db::ServerVersion;
use confiture_core::report::{Finding, MutationReport, RunReport, ServerInfo};

use crate::options::Shard;
use crate::score;

/// Why reports are not parts of one plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// There is nothing to merge.
    #[error("merge reports: there are none")]
    Nothing,
    /// A report is not one of mutants.
    #[error("merge reports: number {number} holds no mutants; give the JSON reports of `confiture mutate`")]
    NoMutants {
        /// Its place among them, from 1.
        number: usize,
    },
    /// They were made of other migrations, tests or options.
    #[error(
        "merge reports: number {number} is part of another plan than number 1; every shard needs the same \
         migrations, tests, options and release of confiture"
    )]
    OtherPlan {
        /// The place of the one that differs, from 1.
        number: usize,
    },
    /// They were made on servers that may behave differently.
    #[error("merge reports: they were made on PostgreSQL {first} and {other}")]
    OtherServer {
        /// The major of the first.
        first: String,
        /// That of another.
        other: String,
    },
    /// A shard or a mutant is in two of them.
    #[error("merge reports: {what} is in more than one; each shard is given once")]
    Overlap {
        /// Which one.
        what: String,
    },
    /// Shards are missing.
    #[error("merge reports: shard {} is missing", shards.join(", "))]
    Gap {
        /// Those that are not there.
        shards: Vec<String>,
    },
    /// The shards are all there, and mutants are missing: a report was changed.
    #[error("merge reports: {missing} of {planned} mutants are missing")]
    Incomplete {
        /// How many.
        missing: usize,
        /// Mutants of the whole plan.
        planned: usize,
    },
}

/// The report of a whole plan from those of its shards, in any order.
///
/// Equal to the report of one run of the plan, where no mutant is redundant with one of another shard.
///
/// # Errors
/// [`MergeError`]: only parts of one plan are merged, and only when none is missing and none given twice.
pub fn merge(reports: Vec<MutationReport>) -> Result<MutationReport, MergeError> {
    let mut given = BTreeSet::new();
    for shard in reports.iter().filter_map(|report| report.shard.clone()) {
        if let Some(twice) = given.replace(shard) {
            return Err(MergeError::Overlap { what: format!("shard {twice}") });
        }
    }
    let mut reports = reports.into_iter().enumerate();
    let (_, mut merged) = reports.next().ok_or(MergeError::Nothing)?;
    for (at, report) in reports {
        if report.plan_hash != merged.plan_hash || report.operators_version != merged.operators_version {
            return Err(MergeError::OtherPlan { number: at + 1 });
        }
        merged.mutants.extend(report.mutants);
        merged.tests.extend(report.tests);
    }
    merged.mutants.sort_by_key(|mutant| mutant.place);
    if let Some(pair) = merged.mutants.windows(2).find(|pair| pair[0].place == pair[1].place) {
        return Err(MergeError::Overlap { what: format!("the mutant {}", pair[1].id) });
    }
    let count = given.iter().filter_map(|shard| shard.parse::<Shard>().ok()).map(Shard::count).max();
    let all = (1..=count.unwrap_or(0)).filter_map(|index| Shard::new(index, count?));
    let missing: Vec<String> =
        all.map(|shard| shard.to_string()).filter(|shard| !given.contains(shard)).collect();
    if !missing.is_empty() {
        return Err(MergeError::Gap { shards: missing });
    }
    if merged.mutants.len() != merged.planned {
        let missing = merged.planned.saturating_sub(merged.mutants.len());
        return Err(MergeError::Incomplete { missing, planned: merged.planned });
    }
    merged.shard = None;
    let own = merged.tests.iter().filter(|test| test.own).map(|test| test.name.clone()).collect();
    score::fill(&mut merged, &own);
    Ok(merged)
}

/// The report of a whole run from those of its shards, in any order, judged by its thresholds.
///
/// # Errors
/// Those of [`merge`], [`MergeError::NoMutants`] for a report of another command, and
/// [`MergeError::OtherServer`] for shards on different majors of PostgreSQL.
pub fn merge_runs(runs: Vec<RunReport>) -> Result<RunReport, MergeError> {
    let mut mutations = Vec::new();
    let mut merged: Option<RunReport> = None;
    for (at, mut run) in runs.into_iter().enumerate() {
        mutations.push(run.mutation.take().ok_or(MergeError::NoMutants { number: at + 1 })?);
        run.findings.retain(|finding| !score::CODES.contains(&finding.code.as_str()));
        match &mut merged {
            None => {
                run.servers = run.server.iter().cloned().collect();
                merged = Some(run);
            }
            Some(merged) => add(merged, run)?,
        }
    }
    let mut merged = merged.ok_or(MergeError::Nothing)?;
    if merged.servers.len() == 1 {
        merged.servers.clear();
    }
    let mutation = merge(mutations)?;
    merged.findings.extend(score::judge(&mutation).into_iter().map(|finding| Finding::new(finding, None)));
    merged.mutation = Some(mutation);
    merged.conclude();
    Ok(merged)
}

/// Adds what is told beside the mutants.
fn add(merged: &mut RunReport, run: RunReport) -> Result<(), MergeError> {
    let major = |server: &ServerInfo| {
        let version = ServerVersion::parse(&server.version);
        version.map_or_else(|| server.version.clone(), |version| version.major().to_string())
    };
    if let Some(server) = run.server {
        if let Some(first) = merged.servers.first()
            && major(first) != major(&server)
        {
            return Err(MergeError::OtherServer { first: major(first), other: major(&server) });
        }
        if !merged.servers.contains(&server) {
            merged.servers.push(server);
        }
    }
    for (into, from) in merged.migrations.iter_mut().zip(run.migrations) {
        for (known, check) in into.checks.iter_mut().zip(from.checks) {
            if known.id == check.id && known.status < check.status {
                *known = check;
            }
        }
    }
    for (known, test) in merged.tests.iter_mut().zip(run.tests) {
        if known.name == test.name && known.status < test.status {
            *known = test;
        }
    }
    for finding in run.findings {
        if !merged.findings.contains(&finding) {
            merged.findings.push(finding);
        }
    }
    merged.error = merged.error.take().or(run.error);
    merged.duration_ms = merged.duration_ms.max(run.duration_ms);
    Ok(())
}
