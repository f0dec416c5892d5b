//! What a mutant costs without anything clever.

use std::collections::BTreeSet;

use confiture_core::catalog::Catalog;
use confiture_core::db::{Server, Session};
use confiture_core::migration::{Direction, Migration, Script, Step};
use confiture_core::plugin::{CheckContext, Observation, Outcome, Registry, RoundTrip, RungRecord};
use confiture_fixtures::{TestSource, run_script};
use confiture_mutation::Planned;

use crate::process::{Clock, Spent};

/// Judges mutants the plain way: (a) each on a database of its own, (b) each on a clone.
pub(crate) struct Naive<'a> {
    pub(crate) server: &'a Server,
    pub(crate) registry: &'a Registry,
    pub(crate) source: &'a TestSource,
}

/// What mutants took, and which of them were noticed.
#[derive(Default)]
pub(crate) struct Judged {
    pub(crate) spent: Spent,
    pub(crate) noticed: BTreeSet<String>,
}

impl Judged {
    fn note(&mut self, planned: &Planned, noticed: bool) {
        if noticed {
            self.noticed.insert(planned.id.clone());
        }
    }
}

impl Naive<'_> {
    /// A new database for each mutant, with all migrations and, at the mutant, the checks.
    pub(crate) async fn anew(&self, mutants: &[&Planned]) -> Judged {
        let clock = Clock::start();
        let mut judged = Judged::default();
        for planned in mutants {
            let database = self.server.create_database("naive").await.expect("a database");
            let session = database.session().await.expect("a session");
            self.apply(&session, 0, planned.migration).await;
            let before = Catalog::read(&session).await.expect("a catalog");
            judged.note(planned, self.notices(&session, before, planned).await);
            session.close().await;
            database.close().await.expect("closed");
        }
        judged.spent = clock.read();
        judged
    }

    /// A clone of the state before its migration for each mutant; what that state costs is not counted, and its
    /// catalog is read once.
    pub(crate) async fn cloned(&self, mutants: &[&Planned]) -> Judged {
        let mut judged = Judged::default();
        for group in mutants.chunk_by(|one, next| one.migration == next.migration) {
            let template = self.server.create_database("template").await.expect("a database");
            let session = template.session().await.expect("a session");
            self.apply(&session, 0, group[0].migration).await;
            let before = Catalog::read(&session).await.expect("a catalog");
            session.close().await;
            let clock = Clock::start();
            for planned in group {
                let clone = self.server.clone_database(&template, "clone").await.expect("a clone");
                let session = clone.session().await.expect("a session");
                judged.note(planned, self.notices(&session, before.clone(), planned).await);
                session.close().await;
                clone.close().await.expect("closed");
            }
            judged.spent += clock.read();
            template.close().await.expect("closed");
        }
        judged
    }

    /// Applies the migrations from one place to another, each file as one message, as its tool does.
    pub(crate) async fn apply(&self, session: &Session, from: usize, until: usize) {
        for migration in &self.source.loaded.migrations[from..until] {
            if let Step::Sql(up) = &migration.up {
                session.execute(&text(up)).await.expect("a migration that applies");
            }
        }
    }

    /// Up, down, up again, with the catalog after each; the checks; then, where none noticed, all later migrations.
    async fn notices(&self, session: &Session, before: Catalog, planned: &Planned) -> bool {
        let changed = planned.mutated(&self.source.loaded).expect("edits that fit");
        let Some(record) = self.record(session, before, &changed).await else { return true };
        let mut loaded = self.source.loaded.clone();
        loaded.migrations[planned.migration] = changed;
        let cx = CheckContext::new(&loaded, planned.migration, &record);
        for check in self.registry.checks() {
            if check.judge(&cx).await.expect("a verdict").outcome == Outcome::Failed {
                return true;
            }
        }
        for migration in &loaded.migrations[planned.migration + 1..] {
            if let Step::Sql(up) = &migration.up
                && session.execute(&text(up)).await.is_err()
            {
                return true;
            }
        }
        false
    }

    /// `None` when the up is refused.
    async fn record(&self, session: &Session, before: Catalog, changed: &Migration) -> Option<RungRecord> {
        let Step::Sql(up) = &changed.up else { return None };
        let up_run = run_script(session, up, Direction::Up).await;
        if up_run.failure.is_some() {
            return None;
        }
        let after = Catalog::read(session).await.expect("a catalog");
        let mut record = RungRecord {
            before,
            after,
            up: Some(up_run),
            round_trip: None,
            interruption: None,
            data: Observation::Nothing("there are no rows"),
            refused: None,
            missing_before: Vec::new(),
            queries: Some(Vec::new()),
        };
        let Step::Sql(down) = &changed.down else { return Some(record) };
        let mut trip = RoundTrip {
            down: run_script(session, down, Direction::Down).await,
            after_down: record.after.clone(),
            down_differences: Vec::new(),
            down_unstable: Vec::new(),
            re_up: None,
            re_up_differences: Vec::new(),
            re_up_unstable: Vec::new(),
        };
        if trip.down.failure.is_none() {
            trip.after_down = Catalog::read(session).await.expect("a catalog");
            trip.down_differences = record.before.diff(&trip.after_down);
            let again = run_script(session, up, Direction::Up).await;
            if again.failure.is_none() {
                let catalog = Catalog::read(session).await.expect("a catalog");
                trip.re_up_differences = record.after.diff(&catalog);
            }
            trip.re_up = Some(again);
        }
        record.round_trip = Some(trip);
        Some(record)
    }
}

/// A script as one message.
pub(crate) fn text(script: &Script) -> String {
    script.statements.iter().map(|statement| format!("{};\n", statement.sql)).collect()
}
