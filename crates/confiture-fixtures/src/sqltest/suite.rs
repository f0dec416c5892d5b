//! The tests of a run, each on its own clone of the state it needs, as the ladder passes it.

use std::sync::Arc;

use confiture_core::db::ServerKind;
use confiture_core::migration::Migration;
use confiture_core::report::{Finding, RunReport, TestResult};

use super::bench::{Bench, TestOutcome, run, run_verify};
use super::test::{Needs, TestKind, UserTest};
use crate::error::FixtureError;
use crate::ladder::{Ladder, REACHES_OUT};

/// Tests that wait for their state, and the results of the others.
#[derive(Debug)]
pub(crate) struct Suite<'a> {
    bench: Bench<'a>,
    waiting: Vec<(Arc<UserTest>, Needs)>,
    done: Vec<(Arc<UserTest>, TestOutcome)>,
}

impl<'a> Suite<'a> {
    /// Gets `tests` ready for a chain that ends with the migration at `end`, where commands are run.
    pub(crate) fn new(
        tests: &[Arc<UserTest>],
        bench: Bench<'a>,
        end: Option<usize>,
        kind: ServerKind,
    ) -> Self {
        let mut suite = Self { bench, waiting: Vec::new(), done: Vec::new() };
        for test in tests {
            let needs = match test.kind() {
                TestKind::Command => Ok(Needs::at(end)),
                _ => test.needs(bench.loaded),
            };
            let outcome = match needs {
                _ if !test.problems().is_empty() => TestOutcome::unusable(test.problems().to_vec()),
                Err(problem) => TestOutcome::unusable(vec![*problem]),
                Ok(needs) if needs.last() > end => {
                    let at = needs.last().and_then(|at| bench.loaded.migrations.get(at));
                    TestOutcome::skipped(format!("it needs {}, where this run does not get", id(at)))
                }
                Ok(_) if kind == ServerKind::Given && test.reaches_out() => TestOutcome::skipped(REACHES_OUT),
                Ok(needs) => {
                    suite.waiting.push((Arc::clone(test), needs));
                    continue;
                }
            };
            suite.done.push((Arc::clone(test), outcome));
        }
        suite
    }

    /// Runs the tests that start where the ladder is: after the migration at `at`, which was `applied`.
    ///
    /// # Errors
    /// When a database cannot be cloned or the server is lost.
    pub(crate) async fn at(
        &mut self,
        ladder: &mut Ladder<'_>,
        at: Option<usize>,
        applied: bool,
    ) -> Result<(), FixtureError> {
        let (now, later) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(_, needs)| needs.start == at);
        self.waiting = later;
        for (test, _) in now {
            let outcome = if !applied {
                let migration = at.and_then(|at| self.bench.loaded.migrations.get(at));
                TestOutcome::skipped(format!("{} was not applied", id(migration)))
            } else if test.kind() == TestKind::Verify {
                let outcome = run_verify(&test, ladder.session()?, &self.bench).await?;
                ladder.revive().await?;
                outcome
            } else {
                let clone = ladder.clone_here("test").await?;
                let outcome = run(&test, &clone, at, &self.bench).await;
                if let Err(error) = clone.close().await {
                    tracing::warn!(test = test.name(), %error, "a scratch database could not be dropped");
                }
                outcome?
            };
            self.done.push((test, outcome));
        }
        Ok(())
    }

    /// Puts the results into the report, by name.
    pub(crate) fn report(mut self, report: &mut RunReport) {
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        self.done.extend(waiting.map(|(test, _)| (test, TestOutcome::skipped("the chain ended before"))));
        self.done.sort_by(|(a, _), (b, _)| a.name().cmp(b.name()));
        for (test, outcome) in self.done {
            let findings = outcome.findings.into_iter();
            report.findings.extend(findings.map(|finding| Finding::of_test(finding, test.name())));
            report.tests.push(TestResult {
                name: test.name().to_owned(),
                kind: test.kind().as_str().to_owned(),
                file: test.file().map(|file| file.display().to_string()),
                status: outcome.status,
                reason: outcome.reason,
                assertions: outcome.assertions,
                duration_ms: crate::test_run::milliseconds(outcome.elapsed),
            });
        }
    }
}

fn id(migration: Option<&Migration>) -> &str {
    migration.map_or("the fresh database", |migration| &migration.id)
}
