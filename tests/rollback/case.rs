//! `Case`: one migration on a prepared database, with a down that works and one that does not.

use std::sync::{PoisonError, RwLock};

use confiture_core::report::{Finding, RunReport};
use confiture_tests::{Scenario, summary};

/// Roles belong to the server all tests share: who makes one runs alone.
static ROLES: RwLock<()> = RwLock::new(());

/// Migration `1` prepares the database and has no down; `2` is the one that is tested.
pub(crate) struct Case<'a> {
    pub base: &'a str,
    pub up: &'a str,
    /// Restores what was there before `up`.
    pub good: &'a str,
    /// The same with a defect.
    pub bad: &'a str,
}

impl Case<'_> {
    /// What is reported of `bad`, after a look at its twins: nothing is reported of `good`, and nothing
    /// of `bad` followed by the statements that the findings propose.
    pub(crate) fn told(&self) -> String {
        let (text, undo) = self.bad();
        assert!(!undo.is_empty(), "no statement is proposed:\n{text}");
        let repaired = format!("{};\n{}", self.bad, undo.join("\n"));
        assert_eq!(step(self.base, self.up, &repaired), PASSED, "of the repaired down:\n{repaired}");
        text
    }

    /// Like [`told`](Self::told) where no statement can repair it: none may be proposed.
    pub(crate) fn told_without_repair(&self) -> String {
        let (text, undo) = self.bad();
        assert_eq!(undo, Vec::<String>::new(), "proposed for:\n{text}");
        text
    }

    /// Like [`told`](Self::told) without the proposed statements, which are other ones on newer servers.
    pub(crate) fn told_on_any_server(&self) -> String {
        without_undo(&self.told())
    }

    /// Like [`told`](Self::told) where what is proposed, if anything, is not the point.
    pub(crate) fn reported(&self) -> String {
        without_undo(&self.bad().0)
    }

    fn bad(&self) -> (String, Vec<String>) {
        assert_eq!(step(self.base, self.up, self.good), PASSED, "of the good down");
        let report = scenario(self.base, self.up, self.bad).shared(Scenario::run);
        let undo = in_order(&report).filter(|f| f.check.as_deref() == Some("down")).filter_map(undo_of);
        (only_step(&detailed(&report)), undo.map(str::to_owned).collect())
    }
}

/// What is said of a migration when everything is well.
pub(crate) const PASSED: &str = "down+ re-up+";

/// What is reported of a migration on a prepared database, without the checks that passed before.
pub(crate) fn step(base: &str, up: &str, down: &str) -> String {
    only_step(&detailed(&scenario(base, up, down).shared(Scenario::run)))
}

/// Files of a base without a down and one migration with a down.
pub(crate) fn scenario(base: &str, up: &str, down: &str) -> Scenario {
    Scenario::new(&[("1.sql", base), ("2.sql", up), ("2.down.sql", down)]).layout("plain")
}

/// What is reported on numbered `files`, with the evidence; runs beside other tests.
pub(crate) fn told(files: &[(&str, &str)]) -> String {
    detailed(&Scenario::new(files).layout("plain").shared(Scenario::run))
}

/// How a scenario gets along with others on the same server.
pub(crate) trait Together {
    /// Runs beside other tests.
    fn shared<T>(&self, run: impl Fn(&Self) -> T) -> T;
    /// Runs while no other test does.
    fn alone<T>(&self, run: impl Fn(&Self) -> T) -> T;
}

impl Together for Scenario {
    fn shared<T>(&self, run: impl Fn(&Self) -> T) -> T {
        let _roles = ROLES.read().unwrap_or_else(PoisonError::into_inner);
        run(self)
    }

    fn alone<T>(&self, run: impl Fn(&Self) -> T) -> T {
        let _roles = ROLES.write().unwrap_or_else(PoisonError::into_inner);
        run(self)
    }
}

/// The summary with the changed property and the proposed statement below each finding.
pub(crate) fn detailed(report: &RunReport) -> String {
    let mut findings = in_order(report);
    let mut lines = Vec::new();
    for line in summary(report).lines() {
        lines.push(line.to_owned());
        let is_migration = report.migrations.iter().any(|m| line.starts_with(&format!("{}: ", m.id)));
        if is_migration {
            continue;
        }
        let Some(finding) = findings.next() else { panic!("a line too many: {line}") };
        let text = |key: &str| finding.evidence.get(key).and_then(|value| value.as_str());
        if let Some(property) = text("property") {
            let value = |key: &str| text(key).unwrap_or("none").replace('\n', " ");
            lines.push(format!("    {property}: {} -> {}", value("before"), value("after")));
        }
        if let Some(properties) = finding.evidence.get("properties") {
            lines.push(format!("    properties: {properties}"));
        }
        if let Some(undo) = undo_of(finding) {
            lines.push(format!("    undo: {}", undo.replace('\n', " ")));
        }
    }
    lines.join("\n")
}

/// Findings in the order of the summary.
fn in_order(report: &RunReport) -> impl Iterator<Item = &Finding> {
    let general = report.findings.iter().filter(|finding| finding.migration.is_none());
    let of = |id| report.findings.iter().filter(move |f| f.migration.as_ref() == Some(id));
    general.chain(report.migrations.iter().flat_map(move |migration| of(&migration.id)))
}

fn without_undo(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("    undo: "));
    lines.collect::<Vec<_>>().join("\n")
}

fn undo_of(finding: &Finding) -> Option<&str> {
    finding.evidence.get("undo")?.as_str()
}

/// The part about migration `2`, when all is well before its down.
fn only_step(text: &str) -> String {
    const BEFORE: &str = "1: order+ up+ atomic+ down- re-up-\n2: order+ up+ atomic+ ";
    match text.strip_prefix(BEFORE) {
        Some(rest) => rest.to_owned(),
        None => panic!("not only the rollback is reported:\n{text}"),
    }
}
