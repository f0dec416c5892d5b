//! Deployments in several steps, each judged as `confiture gate` judges it: rules, locks measured on a server, rows,
//! rollbacks, the queries of the old and the new application; and the same with a mistake that has to be found.

mod expand;
mod hazards;
mod indexes;
mod moves;
mod safe;
mod swaps;

use std::collections::BTreeSet;

use confiture_core::Severity;
use confiture_core::plugin::Registry;
use confiture_core::report::{GateStatus, RunReport};
use confiture_fixtures::TestRun;
use confiture_gates::{Date, GateOptions, LintOptions, OPTIONAL, decide, judge};
use confiture_tests::{Scenario, block_on, server};

/// One migration: its name, its up and, where it can be undone, its down. An up that is wrapped in a transaction
/// waits for no lock longer than two seconds.
type Step<'a> = (&'a str, &'a str, &'a str);

/// The first line of an up that runs without a transaction.
const ALONE: &str = "-- confiture: no-transaction\n";

/// A chain with rows in its tables; the first step is what is there, the others are judged.
fn chain(steps: &[Step<'_>]) -> Scenario {
    let mut scenario = Scenario::new(&[]).layout("plain").with_rows();
    for (at, (name, up, down)) in steps.iter().enumerate() {
        let head = if up.starts_with(ALONE) || at == 0 { "" } else { "SET lock_timeout = '2s';\n" };
        scenario.write(&format!("{:04}_{name}.up.sql", at + 1), format!("{head}{up}").as_bytes());
        if !down.is_empty() {
            scenario.write(&format!("{:04}_{name}.down.sql", at + 1), down.as_bytes());
        }
    }
    scenario.options.judged = Some((1..steps.len()).collect());
    scenario
}

/// The report of every gate, on the shared server.
fn decided(scenario: &Scenario) -> RunReport {
    let source = scenario.load().unwrap_or_else(|error| panic!("{error}"));
    let registry = Registry::linked().unwrap_or_else(|error| panic!("{error}"));
    let server = server();
    let mut options = scenario.options.clone();
    options.evidence = true;
    let lint = LintOptions {
        judged: options.judged.clone(),
        majors: vec![server.version().major()],
        ..LintOptions::default()
    };
    let optional: BTreeSet<String> = OPTIONAL.iter().map(|&id| id.to_owned()).collect();
    let run = TestRun { server: &server, registry: &registry, source: &source, options };
    block_on(async {
        let tested = run.run(&mut |_| {}).await.unwrap_or_else(|error| panic!("{error}"));
        let options = GateOptions { optional, ..GateOptions::new(Date::of(std::time::SystemTime::now())) };
        let report = judge(&registry, &source, &lint, tested);
        decide(&registry, &source, &options, report).await
    })
}

/// What keeps a deployment back: a line per finding that is more than a note (`0002 code object`), then one per
/// gate that has not passed. Empty when it may go ahead.
fn objections(scenario: &Scenario) -> String {
    let report = decided(scenario);
    let mut lines: Vec<String> = Vec::new();
    for finding in report.findings.iter().filter(|finding| finding.severity > Severity::Info) {
        let number = finding.migration.as_deref().and_then(|id| id.split('_').next()).unwrap_or("-");
        let line = format!("{number} {}", finding.code);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let asked = |id: &str| !OPTIONAL.contains(&id);
    for gate in report.gates.iter().filter(|gate| asked(&gate.id) && gate.status != GateStatus::Passed) {
        let why = if gate.status == GateStatus::Failed { "failed".to_owned() } else { format!("{gate:?}") };
        lines.push(format!("gate {} {why}", gate.id));
    }
    lines.join("\n")
}

/// The deployment may go ahead.
#[track_caller]
fn goes(scenario: &Scenario) {
    assert_eq!(objections(scenario), "");
}

/// The deployment is kept back, by these findings among others: `0002 drop-column`, `gate locks failed`.
#[track_caller]
fn is_kept_back(scenario: &Scenario, by: &[&str]) {
    let found = objections(scenario);
    for line in by {
        assert!(found.lines().any(|known| known == *line), "{line} is not among:\n{found}");
    }
}
