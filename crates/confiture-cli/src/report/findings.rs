//! What formats that list findings show of a report.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use confiture_core::Severity;
use confiture_core::report::{Finding, GateStatus, RunReport};
use sha2::{Digest as _, Sha256};

/// The findings and the mutants nobody noticed, worst first; notes are left out.
pub(super) fn loud(report: &RunReport) -> Vec<Cow<'_, Finding>> {
    let mut all = all(report);
    all.retain(|finding| finding.severity > Severity::Info);
    all
}

/// The same with notes.
pub(super) fn all(report: &RunReport) -> Vec<Cow<'_, Finding>> {
    let mutants = report.mutation.iter().flat_map(super::mutants::unnoticed);
    let mutants = mutants.map(|mutant| Cow::Owned(super::mutants::finding(mutant)));
    let mut all: Vec<Cow<'_, Finding>> = report.findings.iter().map(Cow::Borrowed).chain(mutants).collect();
    all.sort_by_key(|finding| Reverse(finding.severity));
    all
}

/// What no finding says: that the run broke, and which gates stop the deployment without one.
pub(super) fn notices(report: &RunReport) -> impl Iterator<Item = String> {
    let gates = report.gates.iter().filter(|gate| gate.stops() && gate.findings.is_empty());
    let gates = gates.map(|gate| {
        let reason = gate.reason.as_deref().unwrap_or("no reason is given");
        let ended = if gate.status == GateStatus::NotRun { "was not run" } else { "fails" };
        format!("the gate {} {ended}: {reason}", gate.id)
    });
    report.error.iter().cloned().chain(gates)
}

/// The message with what is marked in the source and what to do, a line each.
pub(super) fn text(finding: &Finding) -> String {
    let mut text = finding.message.clone();
    for more in [&finding.label, &finding.help].into_iter().flatten() {
        text.push('\n');
        text.push_str(more);
    }
    text
}

/// Names findings so that they are found again in the next run: line numbers are no part of it.
#[derive(Default)]
pub(super) struct Fingerprints(BTreeMap<[u8; 16], u128>);

impl Fingerprints {
    /// 32 hexadecimal digits; equal findings of one report are told apart by their order.
    pub(super) fn of(&mut self, finding: &Finding) -> String {
        let place = [&finding.migration, &finding.test, &finding.file, &finding.check];
        let place = place.map(|part| part.as_deref().unwrap_or_default());
        let direction = finding.direction.map_or("", |direction| direction.as_str());
        self.of_text(&[&place[..], &[&finding.code, direction, &finding.message]].concat().join("\0"))
    }

    /// The same of a text.
    pub(super) fn of_text(&mut self, text: &str) -> String {
        let hash = Sha256::digest(text.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&hash[..16]);
        let seen = self.0.entry(key).or_default();
        *seen += 1;
        format!("{:032x}", u128::from_be_bytes(key).wrapping_add(*seen - 1))
    }
}
