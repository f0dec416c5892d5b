//! Asks every gate about a run.

use std::collections::{BTreeMap, BTreeSet};

use confiture_core::Severity;
use confiture_core::config::ApproveSettings;
use confiture_core::plugin::{GateContext, GateInputs, Outcome, Registry};
use confiture_core::report::{CheckStatus, Finding, GateResult, GateStatus, RunReport};
use confiture_fixtures::{Evidence, TestSource, Tested};

use crate::application;
use crate::approvals::{self, Date};
use crate::blame::blamed;
use crate::lint::{LintOptions, Surroundings, enter, find};
use crate::measured::weigh;
use crate::saved;

/// What is asked.
#[derive(Debug, Clone)]
pub struct GateOptions {
    /// For the rules; `majors` should be those of the server.
    pub lint: LintOptions,
    /// Ids of gates that need not be run.
    pub optional: BTreeSet<String>,
    /// Approvals besides those in the migrations.
    pub approve: Vec<ApproveSettings>,
    /// The day on which approvals have to hold.
    pub today: Date,
    /// What gates are told besides.
    pub inputs: GateInputs,
    /// Findings about production.
    pub live: Vec<Finding>,
}

impl GateOptions {
    /// Nothing configured, judged as of `today`.
    pub fn new(today: Date) -> Self {
        Self {
            lint: LintOptions::default(),
            optional: BTreeSet::new(),
            approve: Vec::new(),
            today,
            inputs: GateInputs::default(),
            live: Vec::new(),
        }
    }
}

/// The report of a run (with [`TestOptions::evidence`](confiture_fixtures::TestOptions::evidence)) completed by
/// the rules, which know the catalogs and what was measured.
pub fn judge(registry: &Registry, source: &TestSource, lint: &LintOptions, tested: Tested) -> RunReport {
    let Tested { mut report, evidence, .. } = tested;
    let loaded = &source.loaded;
    let evidence: BTreeMap<usize, Evidence> = evidence.into_iter().map(|one| (one.index, one)).collect();
    let mut found = find(registry, loaded, lint, |index| match evidence.get(&index) {
        Some(known) => Surroundings { before: Some(&known.before), after: known.after.as_ref() },
        None => Surroundings::default(),
    });
    for (&index, known) in &evidence {
        if let (Ok(measured), Some(migration)) = (&known.measured, loaded.migrations.get(index)) {
            weigh(&mut found, index, migration, measured, &lint.rows, registry);
        }
    }
    interruptions(&mut report);
    for (index, known) in &evidence {
        if let (Ok(asked), Some(migration)) = (&known.asked, loaded.migrations.get(*index)) {
            application::enter(&mut report, migration, asked, &lint.rows);
        }
    }
    let told = blamed(&report, loaded, &found, registry);
    found.extend(told);
    enter(&mut report, source, lint, found, &[]);
    report.command = "gate".to_owned();
    report
}

/// How a script that runs without a transaction is run again, should it stop midway, is a remark to a gate: where one
/// has to, every list of two steps is such a script.
fn interruptions(report: &mut RunReport) {
    let midway = |finding: &Finding| finding.code == "partial-apply" && finding.severity == Severity::Medium;
    report
        .findings
        .iter_mut()
        .filter(|finding| midway(finding))
        .for_each(|finding| finding.severity = Severity::Info);
    let findings = &report.findings;
    for migration in &mut report.migrations {
        let objected = findings.iter().any(|finding| {
            finding.migration.as_ref() == Some(&migration.id)
                && finding.check.as_deref() == Some("atomic")
                && finding.objects()
        });
        let failed = migration.checks.iter_mut().filter(|check| check.id == "atomic");
        for check in failed.filter(|check| check.status == CheckStatus::Failed && !objected) {
            check.status = CheckStatus::Passed;
        }
    }
}

/// The answer of every gate to `report`, which [`judge`] made, merged where there were several servers.
pub async fn decide(
    registry: &Registry,
    source: &TestSource,
    options: &GateOptions,
    mut report: RunReport,
) -> RunReport {
    let loaded = &source.loaded;
    report.findings.extend(options.live.iter().cloned());
    let mut inputs = options.inputs.clone();
    saved::enter(&mut report, &inputs);
    let judged = options.lint.judged.as_ref();
    let migrations = &loaded.migrations;
    inputs.approvals =
        approvals::apply(registry, migrations, judged, &options.approve, options.today, &mut report);
    crate::release::enter(&mut report, migrations, judged, &inputs);
    let place: BTreeMap<String, usize> =
        report.migrations.iter().enumerate().map(|(at, migration)| (migration.id.clone(), at)).collect();
    report.findings.sort_by_key(|finding| {
        let at = finding.migration.as_ref().and_then(|id| place.get(id).copied());
        (at, std::cmp::Reverse(finding.severity))
    });
    let mut gates: Vec<_> = registry.gates().collect();
    gates.sort_by_key(|gate| (gate.rank(), gate.meta().id));
    let mut results = Vec::with_capacity(gates.len());
    for gate in gates {
        let id = gate.meta().id;
        let verdict = gate.check(&GateContext::new(loaded, &report).with_inputs(&inputs)).await;
        let (status, reason) = match verdict.outcome {
            Outcome::Passed if verdict.approvals.is_empty() => (GateStatus::Passed, verdict.note),
            Outcome::Passed => (GateStatus::Waived, Some(verdict.approvals.join("; "))),
            // Findings say why by themselves.
            Outcome::Failed => (GateStatus::Failed, verdict.note.filter(|_| verdict.codes.is_empty())),
            Outcome::Skipped(reason) => (GateStatus::NotRun, Some(reason)),
            Outcome::NotApplicable(reason) => (GateStatus::Passed, Some(reason)),
        };
        let optional = options.optional.contains(id);
        results.push(GateResult { id: id.to_owned(), status, findings: verdict.codes, reason, optional });
    }
    report.gates = results;
    report.conclude();
    report
}
