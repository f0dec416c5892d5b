//! The passes besides counting: who waits, at size, against a base, six operations.

use std::time::Duration;

use confiture_core::report::{RunReport, RunStatus};
use confiture_perf::predict::{HoldBudget, ScaleOptions};
use confiture_perf::probe::ProbeOptions;
use confiture_perf::{Limits, PassOptions, StageOptions, TimeOptions, operations};
use confiture_tests::{Scenario, block_on};

use crate::{Profile, findings, server};

const USERS: &str = "CREATE TABLE users (id int PRIMARY KEY, email text);";

fn of(change: &str) -> Scenario {
    Scenario::new(&[("0001_users.sql", USERS), ("0002_change.sql", change)])
}

/// The report of the last migration after further passes.
fn report(scenario: &Scenario, limits: Limits, options: PassOptions) -> RunReport {
    Profile { rows: 1000, limits, ..Profile::default() }.with(scenario, &server(), None, options)
}

fn stalls(change: &str, reader: Option<Duration>) -> RunReport {
    let probe = ProbeOptions { reader, ..ProbeOptions::default() };
    let limits = Limits { stall: Duration::from_millis(200), ..Limits::default() };
    report(&of(change), limits, PassOptions { probes: vec![probe], ..PassOptions::default() })
}

#[test]
fn statement_that_others_wait_for_is_named_and_its_safer_form_is_recommended() {
    let held = stalls(
        "SET lock_timeout = '2s';\nALTER TABLE users ADD CONSTRAINT small CHECK (id > -2147483648);\nSELECT pg_sleep(0.6);",
        None,
    );
    assert_eq!(findings(&held, "stalls"), ["low profile-stall"]);
    let finding = held.findings.iter().find(|finding| finding.code == "profile-stall").expect("a finding");
    assert_eq!((finding.line, finding.evidence["statement"].as_str()), (Some(2), Some("0002_change/up/2")));
    let profile = held.profile.expect("a profile");
    let advice = profile.recommendations.iter().find(|advice| advice.evidence.contains("waited"));
    let advice = advice.or(profile.recommendations.first()).expect("a recommendation");
    assert_eq!(advice.rule.as_deref(), Some("add-check-not-valid-missing"));
    assert!(advice.evidence.contains("ACCESS EXCLUSIVE held for"), "{}", advice.evidence);
    assert!(!profile.stalls[0].locks.is_empty() && profile.stalls[0].stalls.len() == 4);

    let short = stalls(
        "SET lock_timeout = '2s';\nSELECT pg_sleep(0.6);\nALTER TABLE users ADD COLUMN age int;",
        None,
    );
    assert_eq!(findings(&short, "stalls"), Vec::<String>::new());
    let checks = &short.migrations[1].checks;
    assert!(checks.iter().any(|check| check.id == "stalls"), "{checks:?}");
}

#[test]
fn instant_change_behind_a_reader_makes_all_wait_unless_it_has_a_timeout() {
    let reader = Some(Duration::from_millis(800));
    let queued = stalls("ALTER TABLE users ADD COLUMN age int;", reader);
    assert_eq!(findings(&queued, "stalls"), ["low profile-stall"]);
    let timed = stalls("SET lock_timeout = '50ms';\nALTER TABLE users ADD COLUMN age int;", reader);
    assert_eq!(findings(&timed, "stalls"), Vec::<String>::new());
    let failed = timed.profile.and_then(|profile| profile.stalls[0].failed.clone());
    assert!(failed.is_some_and(|why| why.contains("lock timeout")));
}

#[test]
fn hold_at_the_rows_of_production_is_held_against_the_budget() {
    let change = "SET lock_timeout = '2s';\nALTER TABLE users ALTER COLUMN id TYPE bigint;";
    let judged = |rows: Option<u64>, hold: HoldBudget| {
        let production = rows.map(|rows| ("users".to_owned(), rows)).into_iter().collect();
        let limits = Limits { hold, ..Limits::default() };
        let scale = ScaleOptions { sizes: vec![1000, 3000, 10_000], ..ScaleOptions::default() };
        let options = PassOptions { scale: Some((scale, production, hold)), ..PassOptions::default() };
        let report = report(&of(change), limits, options);
        let status = report.migrations[1].checks.iter().find(|check| check.id == "prediction");
        (findings(&report, "prediction"), status.map(|check| check.status))
    };
    use confiture_core::report::CheckStatus::{Failed, Passed, Skipped};
    let (second, hour) = (Duration::from_secs(1), Duration::from_secs(3600));
    let strict = HoldBudget { warns: Duration::from_micros(1), fails: Duration::from_micros(2) };
    let warning = HoldBudget { warns: Duration::from_micros(1), fails: hour };
    let lax = HoldBudget { warns: hour, fails: hour };
    assert_eq!(judged(Some(50_000), strict), (vec!["high profile-hold-predicted".to_owned()], Some(Failed)));
    assert_eq!(judged(Some(50_000), warning), (vec!["low profile-hold-predicted".to_owned()], Some(Passed)));
    assert_eq!(judged(Some(50_000), lax), (vec![], Some(Passed)));
    let unknown = vec!["info profile-prediction-refused".to_owned()];
    let budget = HoldBudget { warns: second, fails: second };
    assert_eq!(judged(None, budget), (unknown.clone(), Some(Skipped)));
    // Beyond 100 times the largest size.
    assert_eq!(judged(Some(2_000_000), budget), (unknown, Some(Skipped)));
}

#[test]
fn slower_script_than_at_the_base_is_told_and_fails_from_enough_runs_on() {
    let quick = "ALTER TABLE users ADD COLUMN age int;";
    let slow = format!("{quick}\nSELECT count(*) FROM generate_series(1, 2000000);");
    let judged = |head: &str, gating_runs: usize| {
        let base = of(quick);
        let limits = Limits { gating_runs, ..Limits::default() };
        let time = TimeOptions { unchanged: true, ..TimeOptions::default() };
        let options = PassOptions { time: Some(time), ..PassOptions::default() };
        let profile = Profile { rows: 100, limits, ..Profile::default() };
        let report = profile.with(&of(head), &server(), Some(&base), options);
        let timed = report.profile.as_ref().map(|profile| profile.timings.len());
        assert_eq!(timed, Some(1));
        findings(&report, "timing")
    };
    assert_eq!(judged(&slow, 10), ["low timing-slower"]);
    assert_eq!(judged(&slow, 5), ["medium timing-slower"]);
    assert_eq!(judged(quick, 5), Vec::<String>::new());
}

#[test]
fn migration_that_fails_at_the_head_is_inconclusive_and_not_faster() {
    let options = PassOptions { time: Some(TimeOptions::default()), ..PassOptions::default() };
    let base = of("ALTER TABLE users ADD COLUMN age int;");
    let profile = Profile { rows: 10, ..Profile::default() };
    let report = profile.with(&of("SELECT 1/0;"), &server(), Some(&base), options);
    let timings = &report.profile.as_ref().expect("a profile").timings[0].timings;
    assert_eq!(timings.verdict, "inconclusive");
    assert!(timings.reason.as_ref().is_some_and(|why| why.contains("division by zero")), "{timings:?}");
}

#[test]
fn six_operations_are_timed_and_what_a_chain_does_not_have_says_so() {
    let orders = "CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users);";
    let both = "ALTER TABLE users ADD COLUMN age int;\nALTER TABLE orders ADD COLUMN note text;";
    let down = "ALTER TABLE orders DROP COLUMN note;\nALTER TABLE users DROP COLUMN age;";
    let whole = Scenario::new(&[
        ("0001_users.sql", &format!("{USERS}\n{orders}")),
        ("0002_change.sql", both),
        ("0002_change.down.sql", down),
    ]);
    let measured = |scenario: &Scenario| {
        let report = report(scenario, Limits::default(), PassOptions::default());
        let profile = report.profile.expect("a profile");
        let source = scenario.load().unwrap_or_else(|error| panic!("{error}"));
        let (stage, time) = (StageOptions::rows(100), TimeOptions { runs: 2, ..TimeOptions::default() });
        let server = server();
        let mut doing = |_: &str| {};
        let all = operations(&server, &source, None, &stage, &time, &profile, &mut doing);
        block_on(all).unwrap_or_else(|error| panic!("{error}"))
    };
    let all = measured(&whole);
    assert_eq!(all.len(), 6);
    for operation in &all {
        let timings = operation.timings.as_ref().unwrap_or_else(|| panic!("{operation:?}"));
        assert_eq!((timings.head_ms.len(), timings.metric.as_str()), (2, "cpu"), "{operation:?}");
    }
    let few = measured(&of("SELECT 1;"));
    let skipped: Vec<&str> = few
        .iter()
        .filter(|operation| operation.skipped.is_some())
        .map(|operation| operation.name.as_str())
        .collect();
    assert_eq!(skipped, ["rollback", "multi-table"]);
}

#[test]
fn passes_that_are_not_asked_for_leave_no_check() {
    let report =
        report(&of("ALTER TABLE users ADD COLUMN age int;"), Limits::default(), PassOptions::default());
    let checks: Vec<&str> = report.migrations[1].checks.iter().map(|check| check.id.as_str()).collect();
    assert_eq!(checks, ["up", "down", "limits", "baseline"]);
    assert_eq!(report.status, RunStatus::Passed);
}
