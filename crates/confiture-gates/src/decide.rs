//! Asks every gate about a run on one server.

use std::collections::{BTreeMap, BTreeSet};

use confiture_core::plugin::{GateContext, Outcome, Registry};
use confiture_core::report::{GateResult, GateStatus, RunReport};
use confiture_fixtures::{Evidence, TestSource, Tested};

use crate::lint::{LintOptions, Surroundings, enter, find};
use crate::measured::weigh;

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct GateOptions {
    /// For the rules; `majors` should be those of the server.
    pub lint: LintOptions,
    /// Ids of gates that need not be run.
    pub optional: BTreeSet<String>,
}

/// The report of a run (with [`TestOptions::evidence`](confiture_fixtures::TestOptions::evidence)) completed by
/// the rules, which know the catalogs and what was measured, and by the answer of every gate.
pub async fn decide(
    registry: &Registry,
    source: &TestSource,
    options: &GateOptions,
    tested: Tested,
) -> RunReport {
    let Tested { mut report, evidence, .. } = tested;
    let loaded = &source.loaded;
    let evidence: BTreeMap<usize, Evidence> = evidence.into_iter().map(|one| (one.index, one)).collect();
    let mut found = find(registry, loaded, &options.lint, |index| match evidence.get(&index) {
        Some(known) => Surroundings { before: Some(&known.before), after: known.after.as_ref() },
        None => Surroundings::default(),
    });
    for (&index, known) in &evidence {
        if let (Ok(measured), Some(migration)) = (&known.measured, loaded.migrations.get(index)) {
            weigh(&mut found, index, migration, measured, &options.lint.rows);
        }
    }
    enter(&mut report, source, &options.lint, found, &[]);
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
        let verdict = gate.check(&GateContext::new(loaded, &report)).await;
        let (status, reason) = match verdict.outcome {
            Outcome::Passed => (GateStatus::Passed, verdict.note),
            // Findings say why by themselves.
            Outcome::Failed => (GateStatus::Failed, verdict.note.filter(|_| verdict.codes.is_empty())),
            Outcome::Skipped(reason) => (GateStatus::NotRun, Some(reason)),
            Outcome::NotApplicable(reason) => (GateStatus::Passed, Some(reason)),
        };
        let optional = options.optional.contains(id);
        results.push(GateResult { id: id.to_owned(), status, findings: verdict.codes, reason, optional });
    }
    report.gates = results;
    report.command = "gate".to_owned();
    report.conclude();
    report
}
