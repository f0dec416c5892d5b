//! `junit`: one test suite a migration, one test case a check; one suite for the user's tests, one for gates.

use std::io;
use std::time::Duration;

use confiture_core::Severity;
use confiture_core::plugin::{PluginMeta, ReportStyle, Reporter};
use confiture_core::report::{
    CheckStatus, Finding, GateResult, GateStatus, MutantResult, MutantStatus, RunReport, TestResult,
};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// Writes JUnit XML.
#[derive(Debug, Default)]
struct Junit;

confiture_core::register!(reporter Junit);

impl Reporter for Junit {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "junit",
            summary: "JUnit XML: one suite a migration, one case a check or test",
            docs: "JUnit XML as CI systems read it: one test suite per migration, one test case per check; \
                   the suite `tests` has one per test of the user's own, the suite `gates` one per gate, the suite \
                   `directory` what is wrong with no single migration; a mutant is a case that fails when no test \
                   noticed it. A check that is not applicable is skipped with its reason.",
        };
        &META
    }

    fn write(&self, report: &RunReport, _: &ReportStyle, out: &mut dyn io::Write) -> io::Result<()> {
        let mut junit = Report::new(format!("confiture {}", report.command));
        for migration in &report.migrations {
            let mut suite = TestSuite::new(migration.id.clone());
            for check in &migration.checks {
                let mut status = match check.status {
                    CheckStatus::Passed => TestCaseStatus::success(),
                    CheckStatus::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
                    CheckStatus::Skipped | CheckStatus::NotApplicable => TestCaseStatus::skipped(),
                };
                if check.status == CheckStatus::Failed {
                    let findings = report.findings.iter().filter(|f| {
                        f.migration.as_ref() == Some(&migration.id) && f.check.as_ref() == Some(&check.id)
                    });
                    let texts: Vec<String> = findings.map(super::human::one_line).collect();
                    status.set_message(texts.first().cloned().unwrap_or_default());
                    status.set_type(check.id.clone());
                    status.set_description(texts.join("\n"));
                } else if let Some(reason) = &check.reason {
                    status.set_message(reason.clone());
                }
                let mut case = TestCase::new(check.id.clone(), status);
                case.set_classname(migration.id.clone());
                case.set_time(Duration::from_secs_f64(check.duration_ms.max(0.0) / 1000.0));
                suite.add_test_case(case);
            }
            junit.add_test_suite(suite);
        }
        if !report.tests.is_empty() {
            let mut suite = TestSuite::new("tests");
            for test in &report.tests {
                suite.add_test_case(user_test(report, test));
            }
            junit.add_test_suite(suite);
        }
        let general = report.findings.iter().filter(|f| f.check.is_none() && f.test.is_none());
        // What a run of mutants says of them all, its cases say one by one.
        let general = general.filter(|_| report.mutation.is_none());
        let mut suite = TestSuite::new("directory");
        suite.add_test_cases(general.filter(|f| f.severity > Severity::Low).map(of_directory));
        if suite.tests > 0 {
            junit.add_test_suite(suite);
        }
        if !report.gates.is_empty() {
            let mut suite = TestSuite::new("gates");
            suite.add_test_cases(report.gates.iter().map(|found| gate(report, found)));
            junit.add_test_suite(suite);
        }
        for (migration, mutants) in report.mutation.iter().flat_map(super::mutants::by_migration) {
            let mut suite = TestSuite::new(format!("mutants of {migration}"));
            suite.add_test_cases(mutants.into_iter().map(mutant));
            junit.add_test_suite(suite);
        }
        if let Some(error) = &report.error {
            let mut suite = TestSuite::new("confiture");
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(error.clone());
            suite.add_test_case(TestCase::new("run", status));
            junit.add_test_suite(suite);
        }
        junit.serialize(out).map_err(io::Error::other)
    }
}

/// The test case of what is wrong with the directory as a whole.
fn of_directory(finding: &Finding) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(super::human::one_line(finding));
    status.set_type(finding.code.clone());
    let mut case = TestCase::new(finding.code.clone(), status);
    case.set_classname("directory");
    case
}

/// The test case of a gate: one that was not run fails, unless it is optional.
fn gate(report: &RunReport, gate: &GateResult) -> TestCase {
    let mut status = match gate.status {
        _ if gate.stops() => TestCaseStatus::non_success(NonSuccessKind::Failure),
        GateStatus::NotRun => TestCaseStatus::skipped(),
        _ => TestCaseStatus::success(),
    };
    if gate.status == GateStatus::NotRun {
        let reason = gate.reason.as_deref().unwrap_or_default();
        status.set_message(format!("not run: {reason}"));
    } else if gate.stops() {
        status.set_message(gate.findings.join(", "));
        let findings = report.findings.iter().filter(|f| gate.findings.contains(&f.code));
        status.set_description(findings.map(super::human::one_line).collect::<Vec<_>>().join("\n"));
    }
    let mut case = TestCase::new(gate.id.clone(), status);
    case.set_classname("gates");
    case
}

/// The test case of a mutant: one nobody noticed is a failure, one nobody could notice is skipped.
fn mutant(mutant: &MutantResult) -> TestCase {
    let mut status = match mutant.status {
        MutantStatus::Killed | MutantStatus::Rejected => TestCaseStatus::success(),
        MutantStatus::Survived | MutantStatus::Indistinct => {
            TestCaseStatus::non_success(NonSuccessKind::Failure)
        }
        MutantStatus::Error => TestCaseStatus::non_success(NonSuccessKind::Error),
        MutantStatus::Equivalent
        | MutantStatus::Redundant
        | MutantStatus::Stillborn
        | MutantStatus::Timeout => TestCaseStatus::skipped(),
    };
    if mutant.status.unnoticed() {
        let finding = super::mutants::finding(mutant);
        let mut text = super::mutants::diff(mutant);
        text.extend(mutant.reason.clone());
        text.extend(mutant.suggestion.clone());
        status.set_message(super::human::one_line(&finding));
        status.set_type(mutant.status.as_str());
        status.set_description(text.join("\n"));
    } else if !matches!(mutant.status, MutantStatus::Killed | MutantStatus::Rejected) {
        let why = mutant.same_as.as_ref().or(mutant.reason.as_ref());
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        status.set_message(format!("{}{why}", mutant.status.as_str()));
    }
    let mut case = TestCase::new(mutant.id.clone(), status);
    case.set_classname(format!("{}.{}", mutant.migration, mutant.operator));
    case.set_time(Duration::from_secs_f64(mutant.duration_ms.max(0.0) / 1000.0));
    case
}

/// The test case of one of the user's own tests.
fn user_test(report: &RunReport, test: &TestResult) -> TestCase {
    let mut status = match test.status {
        CheckStatus::Passed => TestCaseStatus::success(),
        CheckStatus::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        CheckStatus::Skipped | CheckStatus::NotApplicable => TestCaseStatus::skipped(),
    };
    if test.failed() {
        let findings: Vec<_> =
            report.findings.iter().filter(|f| f.test.as_ref() == Some(&test.name)).collect();
        let texts: Vec<String> = findings.iter().map(|finding| super::human::one_line(finding)).collect();
        status.set_message(texts.first().cloned().unwrap_or_default());
        status.set_type(findings.first().map(|finding| finding.code.clone()).unwrap_or_default());
        status.set_description(texts.join("\n"));
    } else if let Some(reason) = &test.reason {
        status.set_message(reason.clone());
    }
    let mut case = TestCase::new(test.name.clone(), status);
    case.set_classname(format!("tests.{}", test.kind));
    case.set_time(Duration::from_secs_f64(test.duration_ms.max(0.0) / 1000.0));
    case
}
