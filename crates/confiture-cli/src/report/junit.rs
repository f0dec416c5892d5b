//! `junit`: one test suite a migration, one test case a check; one suite for the user's tests.

use std::io;
use std::time::Duration;

use confiture_core::plugin::{PluginMeta, ReportStyle, Reporter};
use confiture_core::report::{CheckStatus, RunReport, TestResult};
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
                   the suite `tests` has one per test of the user's own. A check that is not applicable is skipped with its reason.",
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
