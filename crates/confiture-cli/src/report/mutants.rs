//! Mutants for a person: those nobody noticed as diffs of the user's files, then the figures.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;

use confiture_core::Severity;
use confiture_core::plugin::ReportStyle;
use confiture_core::report::{
    Finding, MutantResult, MutantStatus, MutationReport, MutationScore, MutationTotals, RunReport,
};

use super::human::{Paint, plural};

/// Most survivors and recommendations that are printed without `-v`.
const MOST: usize = 25;

/// Writes what `confiture mutate` found.
pub(super) fn write(
    report: &MutationReport,
    style: &ReportStyle,
    paint: Paint,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let unnoticed = unnoticed(report);
    let most = if style.verbose { usize::MAX } else { MOST };
    for mutant in unnoticed.iter().take(most) {
        write_mutant(mutant, report.suggestions, paint, out)?;
    }
    if unnoticed.len() > most {
        let more = plural(unnoticed.len() - most, "more mutant", "more mutants");
        writeln!(out, " {more} went unnoticed: -v shows all\n")?;
    }
    for mutant in report.mutants.iter().filter(|m| m.status == MutantStatus::Error) {
        let reason = mutant.reason.as_deref().unwrap_or_default();
        writeln!(out, " {}  {}  {reason}", paint.red("ERROR"), mutant.id)?;
    }
    if style.verbose {
        for mutant in &report.mutants {
            writeln!(out, " {}", paint.faint(&ended(mutant)))?;
        }
    }
    if style.quiet {
        return Ok(());
    }
    table(report, out)?;
    tests(report, paint, out)?;
    if !report.recommendations.is_empty() {
        writeln!(out, " untested, worst first:")?;
        for line in report.recommendations.iter().take(most) {
            writeln!(out, "   {line}")?;
        }
        if report.recommendations.len() > most {
            writeln!(out, "   and {} more: -v shows all", report.recommendations.len() - most)?;
        }
    }
    Ok(())
}

/// The mutants nobody noticed, worst first.
pub(super) fn unnoticed(report: &MutationReport) -> Vec<&MutantResult> {
    let mut found: Vec<&MutantResult> = report.mutants.iter().filter(|m| m.status.unnoticed()).collect();
    found.sort_by_key(|mutant| (Reverse(mutant.severity), mutant.place));
    found
}

/// A mutant nobody noticed as a finding at its place, for formats that show findings.
pub(super) fn finding(mutant: &MutantResult) -> Finding {
    let mut message = format!("no test notices when {}", mutant.description);
    if mutant.status == MutantStatus::Indistinct {
        message.push_str(" (no row shows it)");
    }
    Finding {
        approval: None,
        code: mutant.operator.clone(),
        severity: mutant.severity,
        migration: Some(mutant.migration.clone()),
        direction: Some(mutant.direction),
        file: Some(mutant.file.clone()),
        line: Some(mutant.line),
        column: Some(mutant.column),
        message,
        help: mutant.suggestion.clone(),
        check: None,
        test: None,
        evidence: serde_json::Map::new(),
        span: None,
        label: None,
    }
}

/// The lines a mutant changes as a diff, those it leaves as they are left out, and what is left of a statement
/// that is gone.
pub(super) fn diff(mutant: &MutantResult) -> Vec<String> {
    let old: Vec<&str> = mutant.original.lines().collect();
    let new: Vec<&str> = mutant.replacement.lines().collect();
    let same = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| pairs.take_while(|(a, b)| a == b).count();
    let start = same(&mut old.iter().zip(&new));
    let end = same(&mut old[start..].iter().rev().zip(new[start..].iter().rev()));
    let removed = old[start..old.len() - end].iter().map(|line| format!("- {line}"));
    let added = new[start..new.len() - end].iter().filter(|line| !matches!(line.trim(), "" | ";"));
    removed.chain(added.map(|line| format!("+ {line}"))).collect()
}

/// `sought`: whether an assertion was looked for.
fn write_mutant(
    mutant: &MutantResult,
    sought: bool,
    paint: Paint,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let word = mutant.status.as_str().to_uppercase();
    let word = if mutant.severity >= Severity::High { paint.red(&word) } else { paint.yellow(&word) };
    writeln!(out, " {word}  {}: {}", mutant.severity.as_str(), mutant.description)?;
    let at = format!("--> {}:{}:{}", mutant.file, mutant.line, mutant.column);
    writeln!(out, "   {}", paint.faint(&format!("{at}  {}", mutant.id)))?;
    for line in diff(mutant) {
        let line = if line.starts_with('-') { paint.red(&line) } else { paint.green(&line) };
        writeln!(out, "   {line}")?;
    }
    if let Some(reason) = &mutant.reason {
        writeln!(out, "   = {reason}")?;
    }
    match &mutant.suggestion {
        Some(suggestion) => {
            writeln!(out, "   = a test that notices it:")?;
            for line in suggestion.lines() {
                writeln!(out, "       {line}")?;
            }
        }
        None if sought => writeln!(out, "   = no assertion was found that would notice it")?,
        None => {}
    }
    writeln!(out)
}

/// `killed  pk-drop/0001_users/users.id/1  by constraints`
fn ended(mutant: &MutantResult) -> String {
    let mut text = format!("{:10}  {}", mutant.status.as_str(), mutant.id);
    if !mutant.killed_by.is_empty() {
        text.push_str(&format!("  by {}", mutant.killed_by.join(", ")));
    } else if let Some(same_as) = &mutant.same_as {
        text.push_str(&format!("  same as {same_as}"));
    } else if let Some(reason) = &mutant.reason {
        text.push_str(&format!("  {}", reason.lines().next().unwrap_or_default()));
    }
    text
}

fn table(report: &MutationReport, out: &mut dyn io::Write) -> io::Result<()> {
    let mut rows =
        vec![["", "mutants", "effective", "noticed", "unnoticed", "score", "own tests"].map(str::to_owned)];
    let all = MutationScore::from(report.totals);
    let parts = report.by_category.iter().map(|(name, score)| (name.as_str(), score));
    for (name, score) in parts.chain([("all", &all)]) {
        let totals = &score.totals;
        rows.push([
            name.to_owned(),
            totals.generated.to_string(),
            totals.effective().to_string(),
            (totals.killed + totals.rejected).to_string(),
            (totals.survived + totals.indistinct).to_string(),
            percent(score.score),
            percent(score.own_score),
        ]);
    }
    for row in &rows {
        let [name, cells @ ..] = row;
        let cells: Vec<String> = cells.iter().map(|cell| format!("{cell:>9}")).collect();
        writeln!(out, " {name:12}{}", cells.join("  "))?;
    }
    let left_out = left_out(&report.totals);
    if !left_out.is_empty() {
        writeln!(out, " not effective: {left_out}")?;
    }
    let unnoticed = unnoticed(report);
    let suggested = unnoticed.iter().filter(|mutant| mutant.suggestion.is_some()).count();
    if suggested > 0 {
        writeln!(out, " assertions found for {suggested} of {} unnoticed", unnoticed.len())?;
    }
    if !report.suppressed.is_empty() {
        writeln!(out, " ignored on request: {}", report.suppressed.len())?;
    }
    Ok(())
}

/// `12 equivalent, 3 stillborn`
pub(super) fn left_out(totals: &MutationTotals) -> String {
    let counts = [
        (totals.equivalent, "equivalent"),
        (totals.redundant, "redundant"),
        (totals.stillborn, "stillborn"),
        (totals.timeout, "timed out"),
        (totals.error, "in error"),
    ];
    let parts = counts.into_iter().filter(|(count, _)| *count > 0);
    parts.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
}

fn tests(report: &MutationReport, paint: Paint, out: &mut dyn io::Write) -> io::Result<()> {
    for test in report.weak_tests() {
        let reached = plural(test.reached, "mutant", "mutants");
        writeln!(out, " {}  {} saw {reached} and noticed none", paint.yellow("WEAK"), test.name)?;
    }
    Ok(())
}

/// `92.3%`, or `-` where nothing could be noticed.
pub(super) fn percent(score: Option<f64>) -> String {
    score.map_or_else(|| "-".to_owned(), |score| format!("{:.1}%", score * 100.0))
}

/// `120 mutants, 100 effective: 92 noticed, 8 not · score 92.0%, own tests 85.0%, by severity 94.1% · 6.2s`
pub(super) fn totals(report: &RunReport, mutation: &MutationReport) -> String {
    let totals = &mutation.totals;
    let noticed = totals.killed + totals.rejected;
    let mut text = plural(totals.generated, "mutant", "mutants");
    if let Some(shard) = &mutation.shard {
        text.push_str(&format!(" of {} (shard {shard})", mutation.planned));
    }
    text.push_str(&format!(
        ", {} effective: {noticed} noticed, {} not",
        totals.effective(),
        totals.survived + totals.indistinct
    ));
    text.push_str(&format!(
        " · score {}, own tests {}, by severity {}",
        percent(mutation.score),
        percent(mutation.own_score),
        percent(mutation.weighted_score)
    ));
    text.push_str(&format!(" · {:.1}s", report.duration_ms / 1000.0));
    text
}

/// Mutants by migration, in the order of the plan.
pub(super) fn by_migration(report: &MutationReport) -> Vec<(&str, Vec<&MutantResult>)> {
    let mut order: BTreeMap<&str, usize> = BTreeMap::new();
    let mut groups: Vec<(&str, Vec<&MutantResult>)> = Vec::new();
    for mutant in &report.mutants {
        let at = *order.entry(&mutant.migration).or_insert_with(|| {
            groups.push((&mutant.migration, Vec::new()));
            groups.len() - 1
        });
        groups[at].1.push(mutant);
    }
    groups
}
