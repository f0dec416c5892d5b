//! An assertion that would notice a mutant, made from what was observed and tried on both.

mod counted;
mod facts;
mod inserts;
mod probe;
mod refused;
mod scenes;
mod values;

use confiture_core::catalog::{Catalog, Kind, ObjectId};
use confiture_core::db::LockMode;
use confiture_core::migration::Direction;
use confiture_core::plugin::Channels;
use confiture_core::sql::quote_literal;
use confiture_fixtures::sqltest::UserTest;
use confiture_fixtures::{Ground, TableRows, Trial};

use crate::error::MutationError;
use crate::state::Divergence;
use crate::worker::{Group, Subject, Worker};

/// Most assertions tried for one mutant.
const TRIED: usize = 24;

impl Worker<'_> {
    /// A test that passes on the original and fails on the mutant; `None` when none was found.
    ///
    /// With the mutant in its place in the worker's migrations.
    pub(crate) async fn suggest(
        &mut self,
        subject: &Subject<'_>,
        group: &Group,
        trial: &Trial,
        divergence: &Divergence,
    ) -> Result<Option<String>, MutationError> {
        let original = group.original();
        // What rows tell reads better than what the catalog says.
        let mut candidates = Vec::new();
        if divergence.rows {
            candidates.extend(self.rows(subject, group, trial));
        }
        if !divergence.schema.is_none() || !divergence.lost.is_empty() {
            let facts = facts::about(&original.record.after, &trial.record.after);
            candidates.extend(self.facts(subject, false, facts).await?);
        }
        if divergence.rollback {
            candidates.extend(self.rollback(subject, original, trial).await?);
        }
        if divergence.locks || subject.meta.channels.has(Channels::LOCK) {
            candidates.extend(self.locks(subject, original, trial));
        }
        if subject.direction == Direction::Up && subject.meta.channels.has(Channels::ABORT) {
            candidates.extend(self.rerun(subject));
            candidates.extend(self.dependents(subject, original));
        }
        if divergence.same_state() && subject.meta.channels.has(Channels::PLAN) {
            candidates.extend(self.counted(subject, original).await?);
        }
        for candidate in candidates.into_iter().take(TRIED) {
            if self.tells(subject, &candidate).await? {
                return Ok(Some(candidate));
            }
        }
        let rolled_back = subject.direction == Direction::Down;
        if let Some(test) = self.probe(subject, group, original, trial, rolled_back).await? {
            return Ok(Some(test));
        }
        match divergence.rollback && !rolled_back {
            true => self.probe(subject, group, original, trial, true).await,
            false => Ok(None),
        }
    }

    /// Assertions about what the catalog says, where it says something else of the mutant.
    async fn facts(
        &mut self,
        subject: &Subject<'_>,
        rolled_back: bool,
        facts: Vec<String>,
    ) -> Result<Vec<String>, MutationError> {
        let queries: Vec<String> = facts.iter().map(|fact| format!("SELECT {fact}")).collect();
        let (original, mutant) = self.both(subject.migration);
        let undone = rolled_back.then_some("");
        let expected = self.ladder().answers("", &original, undone, &queries).await?;
        let found = self.ladder().answers("", &mutant, undone, &queries).await?;
        let mut head = self.to(subject.migration);
        if rolled_back {
            let Some(before) = subject.migration.checked_sub(1) else { return Ok(Vec::new()) };
            head.push_str(&self.back_to(before));
        }
        let mut tests = Vec::new();
        for ((fact, expected), found) in facts.iter().zip(expected).zip(found) {
            if expected != found {
                let condition = match expected {
                    Some(value) => format!("({fact}) IS NOT DISTINCT FROM {}", quote_literal(&value)),
                    None => format!("({fact}) IS NULL"),
                };
                tests.push(format!("{head}-- confiture: assert\nSELECT {condition};\n"));
            }
        }
        Ok(tests)
    }

    /// A row that comes out otherwise, with what it needs to be there.
    fn rows(&self, subject: &Subject<'_>, group: &Group, trial: &Trial) -> Vec<String> {
        let mut tests = Vec::new();
        let original = group.original();
        for (was, is) in group.mask().differing(&original.rows, &trial.rows) {
            let Some(shape) = was.or(is) else { continue };
            let table = shape.table.sql_name();
            let count = |rows: Option<&TableRows>| rows.map_or(0, |rows| rows.rows.len());
            if group.ground() == Ground::Chain || !self.ladder_ref().has_rows_of(&shape.table) {
                // What migrations themselves put there.
                let head = self.to(subject.migration);
                tests.push(format!(
                    "{head}-- confiture: assert\nSELECT count(*) = {} FROM {table};\n",
                    count(was)
                ));
                for row in differing_rows(was, is).take(3) {
                    let condition = inserts::is_row(shape, row, group.mask());
                    tests.push(format!(
                        "{head}-- confiture: assert\nSELECT EXISTS (SELECT FROM {table} WHERE {condition});\n"
                    ));
                }
                for row in differing_rows(is, was).take(3) {
                    let condition = inserts::is_row(shape, row, group.mask());
                    tests.push(format!(
                        "{head}-- confiture: assert\nSELECT NOT EXISTS (SELECT FROM {table} WHERE {condition});\n"
                    ));
                }
                continue;
            }
            // The migration may have put it there from nothing.
            for row in differing_rows(was, is).take(2) {
                let condition = inserts::is_row(shape, row, group.mask());
                let head = self.to(subject.migration);
                tests.push(format!(
                    "{head}-- confiture: assert\nSELECT EXISTS (SELECT FROM {table} WHERE {condition});\n"
                ));
            }
            let Some(before) = subject.migration.checked_sub(1) else { continue };
            let catalog = &original.record.before;
            for (row, is_there) in differing_rows(was, is)
                .map(|row| (row, true))
                .take(2)
                .chain(differing_rows(is, was).map(|row| (row, false)).take(2))
            {
                let Some(inserts) = self.inserts(catalog, shape, row) else { continue };
                let not = if is_there { "" } else { "NOT " };
                let condition = inserts::is_row(shape, row, group.mask());
                tests.push(format!(
                    "-- confiture: migrate to {}\n{inserts}-- confiture: migrate to {}\n\
                     -- confiture: assert\nSELECT {not}EXISTS (SELECT FROM {table} WHERE {condition});\n",
                    self.version(before),
                    self.version(subject.migration),
                ));
            }
        }
        tests
    }

    fn inserts(&self, before: &Catalog, shape: &TableRows, row: &[Option<String>]) -> Option<String> {
        let known = self.ladder_ref().known_rows();
        inserts::with_parents(before, &known, shape, row)
    }

    /// What the rollback leaves.
    async fn rollback(
        &mut self,
        subject: &Subject<'_>,
        original: &Trial,
        trial: &Trial,
    ) -> Result<Vec<String>, MutationError> {
        let (Some(one), Some(other)) = (&original.record.round_trip, &trial.record.round_trip) else {
            return Ok(Vec::new());
        };
        let Some(before) = subject.migration.checked_sub(1) else { return Ok(Vec::new()) };
        if other.down.failure.is_some() || one.re_up.is_some() {
            // Going there and back again is the assertion.
            let head = self.to(subject.migration);
            let back = self.version(before);
            let again = self.version(subject.migration);
            let test = format!(
                "{head}-- confiture: rollback to {back}\n-- confiture: migrate to {again}\n\
                 -- confiture: assert\nSELECT true;\n"
            );
            if other.down.failure.is_some() {
                return Ok(vec![test]);
            }
            let mut tests =
                self.facts(subject, true, facts::about(&one.after_down, &other.after_down)).await?;
            tests.push(test);
            return Ok(tests);
        }
        self.facts(subject, true, facts::about(&one.after_down, &other.after_down)).await
    }

    /// A bound on the locks: the mode the original takes.
    fn locks(&self, subject: &Subject<'_>, original: &Trial, trial: &Trial) -> Vec<String> {
        let head = self.to(subject.migration);
        let at_most =
            |table: &str, mode: LockMode| format!("{head}-- confiture: at-most {mode} on {table}\n");
        let held = |trial: &Trial| trial.locks.clone().unwrap_or_default();
        let before = held(original);
        let mut tests: Vec<String> = held(trial)
            .iter()
            .filter_map(|(table, mode)| {
                let allowed = before.get(table).copied().unwrap_or(LockMode::AccessShare);
                (allowed < *mode).then(|| at_most(table, allowed))
            })
            .collect();
        // What runs outside of a transaction was not measured: the weakest mode that a table's owner would
        // ask for.
        if tests.is_empty()
            && let Some(script) = self.original(subject.migration).up.script()
            && let Some(statement) = script.statements.get(subject.mutant.statement)
        {
            let outline = confiture_core::sql::outline(&statement.sql);
            let named = outline.on.as_ref().or(outline.name());
            // DROP INDEX does not say of which table.
            let indexed = named.and_then(|index| {
                let before = original.record.before.iter().map(|(id, _)| id);
                let mut indexes = before.filter(|id| id.kind() == Kind::Index);
                indexes.find(|id| id.name() == index.name()).map(ObjectId::owner_sql)
            });
            if let Some(table) = indexed.or_else(|| named.map(ToString::to_string)) {
                tests.extend(
                    [
                        LockMode::RowExclusive,
                        LockMode::ShareUpdateExclusive,
                        LockMode::Share,
                        LockMode::ShareRowExclusive,
                    ]
                    .map(|mode| at_most(&table, mode)),
                );
            }
        }
        tests
    }

    /// Whether the test passes on the original and fails on the mutant.
    async fn tells(&mut self, subject: &Subject<'_>, text: &str) -> Result<bool, MutationError> {
        let test = UserTest::parse("suggestion", "suggestion.sql".as_ref(), text.to_owned());
        if !test.problems().is_empty() {
            return Ok(false);
        }
        self.passes_on_original_only(subject.migration, test).await
    }

    /// The head of a test of the state after a migration.
    fn to(&self, migration: usize) -> String {
        format!("-- confiture: migrate to {}\n", self.version(migration))
    }

    /// The step back to the state after a migration.
    fn back_to(&self, migration: usize) -> String {
        format!("-- confiture: rollback to {}\n", self.version(migration))
    }
}

/// Rows of the first that the second does not have.
fn differing_rows<'a>(
    one: Option<&'a TableRows>,
    other: Option<&'a TableRows>,
) -> impl Iterator<Item = &'a Vec<Option<String>>> {
    let rows = one.map_or(&[][..], |rows| &rows.rows);
    rows.iter().filter(move |row| other.is_none_or(|other| !other.rows.contains(row)))
}
