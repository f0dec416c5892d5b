//! Asking the user's tests, and the migrations that come later.

use std::collections::BTreeSet;
use std::sync::Arc;

use confiture_core::Severity;
use confiture_core::migration::{Direction, Step};
use confiture_core::plugin::{CheckContext, CheckScope, Outcome, ScriptRun};
use confiture_core::report::CheckStatus;
use confiture_fixtures::sqltest::{self, Bench, NOT_REACHED, TestOutcome, UserTest};
use confiture_fixtures::{FixtureError, Trial, run_script};

use super::{Group, Sentence, Subject, Worker, names_of};
use crate::audience::Listener;
use crate::error::MutationError;
use crate::state::{self, Divergence, Refusal};

/// How a test is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// In a transaction that is rolled back.
    Within,
    /// On a clone.
    OnClone,
    /// Not at all: it fails on the original.
    Not,
}

impl Worker<'_> {
    /// Asks the tests that may notice, until one does; none when something of the project's own has already.
    pub(super) async fn ask(
        &mut self,
        subject: &Subject<'_>,
        group: &mut Group,
        trial: &Trial,
        divergence: &Divergence,
        sentence: &mut Sentence,
    ) -> Result<(), MutationError> {
        if sentence.own_kill && !self.brief.matrix {
            return Ok(());
        }
        let reaching: Vec<usize> = self
            .order
            .iter()
            .copied()
            .filter(|&at| self.brief.listeners[at].reaches(subject.migration, subject.direction))
            .collect();
        if reaching.is_empty() {
            return Ok(());
        }
        let names = group.ties.closure(self.touched(subject, group, trial, divergence));
        for at in reaching {
            let listener = &self.brief.listeners[at];
            if self.brief.select && !listener.is_about(subject.migration) && !listener.mentions(&names) {
                continue;
            }
            let manner = match group.manners.get(&at) {
                Some(manner) => *manner,
                None => {
                    let manner = self.manner(at, subject.migration).await?;
                    group.manners.insert(at, manner);
                    manner
                }
            };
            if manner == Manner::Not {
                continue;
            }
            let name = listener.test.name().to_owned();
            sentence.reached.push(name.clone());
            let brief = self.brief;
            let outcome = self.put(&brief.listeners[at], subject.migration, manner).await?;
            // The server's trouble says nothing about the mutant.
            if outcome.status == CheckStatus::Failed && !outcome.is_trouble() {
                let own = is_own(&outcome, &self.original(subject.migration).id);
                if sentence.reason.is_none() {
                    sentence.reason = outcome.findings.first().map(|finding| finding.message.clone());
                }
                sentence.killed_by.push(name);
                sentence.own_kill |= own;
                self.order.retain(|other| *other != at);
                self.order.insert(0, at);
                if !self.brief.matrix && sentence.own_kill {
                    break;
                }
            }
        }
        Ok(())
    }

    /// How a test can be asked about mutants of this migration: as it passes on the original.
    async fn manner(&mut self, at: usize, migration: usize) -> Result<Manner, MutationError> {
        let mutant = self.loaded.migrations[migration].clone();
        let original = self.brief.loaded.migrations[migration].clone();
        self.exchange(migration, original);
        let brief = self.brief;
        let manner = self.passes(&brief.listeners[at], migration).await;
        self.exchange(migration, mutant);
        manner
    }

    /// The cheapest way in which a test passes on the migrations as they stand in [`loaded`](Worker::loaded).
    async fn passes(&mut self, listener: &Listener, migration: usize) -> Result<Manner, MutationError> {
        let candidates = match listener.test.runs_within() {
            true => &[Manner::Within, Manner::OnClone][..],
            false => &[Manner::OnClone],
        };
        for candidate in candidates {
            if self.put(listener, migration, *candidate).await?.status == CheckStatus::Passed {
                return Ok(*candidate);
            }
        }
        Ok(Manner::Not)
    }

    /// Whether a test passes on the original and fails on what stands in the chain now.
    pub(crate) async fn passes_on_original_only(
        &mut self,
        migration: usize,
        test: UserTest,
    ) -> Result<bool, MutationError> {
        let Some(listener) = Listener::new(&Arc::new(test), self.brief.loaded) else { return Ok(false) };
        // One that starts earlier than the migration before is never made.
        let (original, mutant) = self.both(migration);
        self.exchange(migration, original);
        let manner = self.passes(&listener, migration).await;
        self.exchange(migration, mutant);
        let manner = manner?;
        if manner == Manner::Not {
            return Ok(false);
        }
        let outcome = self.put(&listener, migration, manner).await?;
        Ok(outcome.status == CheckStatus::Failed && !outcome.is_trouble())
    }

    /// Runs a test on the migrations as they stand in [`loaded`](Worker::loaded).
    async fn put(
        &mut self,
        listener: &Listener,
        migration: usize,
        manner: Manner,
    ) -> Result<TestOutcome, MutationError> {
        let brief = self.brief;
        let start = listener.needs.start;
        let here = migration.checked_sub(1);
        // From where the chain stands, unless the test itself goes through more than this migration.
        let early = start < here;
        let bench = Bench { loaded: &self.loaded, deadline: brief.ladder.deadline, fail_fast: true };
        if manner == Manner::Within {
            if early {
                let Some((state, sequences)) = self.starts.get(&start) else {
                    return Err(FixtureError::Interrupted.into());
                };
                let mut session = state.session().await.map_err(FixtureError::from)?;
                session.set_deadline(brief.ladder.deadline);
                sequences.restore(&session).await?;
                let outcome = sqltest::run_within(&listener.test, &session, start, &bench).await;
                session.close().await;
                return Ok(outcome?);
            }
            self.ladder.sequences().restore(self.ladder.session()?).await?;
            let outcome = sqltest::run_within(&listener.test, self.ladder.session()?, here, &bench).await;
            self.ladder.revive().await?;
            return Ok(outcome?);
        }
        let clone = if early {
            let Some((state, _)) = self.starts.get(&start) else {
                return Err(FixtureError::Interrupted.into());
            };
            state.server().clone_database(state, "test").await.map_err(FixtureError::from)?
        } else {
            self.ladder.clone_here("test").await?
        };
        let outcome = self.put_on(&clone, listener, migration).await;
        clone.close().await.map_err(FixtureError::from)?;
        outcome
    }

    async fn put_on(
        &self,
        clone: &confiture_core::db::ScratchDb,
        listener: &Listener,
        migration: usize,
    ) -> Result<TestOutcome, MutationError> {
        let bench = Bench { loaded: &self.loaded, deadline: self.brief.ladder.deadline, fail_fast: true };
        let start = listener.needs.start;
        if start >= Some(migration) {
            let mut session = clone.session().await.map_err(FixtureError::from)?;
            session.set_deadline(self.brief.ladder.deadline);
            for place in migration..=start.unwrap_or(migration) {
                let Step::Sql(up) = &self.loaded.migrations[place].up else { continue };
                let run = run_script(&session, up, Direction::Up).await;
                if let Some(failed) = run.failure {
                    session.close().await;
                    return Ok(TestOutcome::not_reached(&self.loaded.migrations[place].id, &failed.failure));
                }
            }
            session.close().await;
        }
        Ok(sqltest::run(&listener.test, clone, start, &bench).await?)
    }

    /// Names of the relations and other objects a mutant may have changed.
    fn touched(
        &self,
        subject: &Subject<'_>,
        group: &Group,
        trial: &Trial,
        divergence: &Divergence,
    ) -> BTreeSet<String> {
        let original = &group.baseline.trial;
        let mut names = names_of(&original.record.after, &trial.record.after);
        if divergence.rows {
            let differing = group.baseline.mask.differing(&original.rows, &trial.rows);
            let tables = differing.filter_map(|(one, other)| one.or(other));
            names.extend(tables.map(|rows| rows.table.name().to_lowercase()));
        }
        if let Some(script) = self.brief.loaded.migrations[subject.migration].step(subject.direction).script()
        {
            for (at, _) in &subject.mutant.edits {
                if let Some(statement) = script.statements.get(*at) {
                    let outline = confiture_core::sql::outline(&statement.sql);
                    names.extend(
                        outline.names.iter().chain(&outline.on).map(|name| name.name().to_lowercase()),
                    );
                }
            }
        }
        names
    }

    /// Asks the migrations that come later, where they mention what a mutant changed, and the committed
    /// schema.
    pub(super) async fn later(
        &mut self,
        subject: &Subject<'_>,
        group: &mut Group,
        trial: &Trial,
        divergence: &Divergence,
        sentence: &mut Sentence,
    ) -> Result<(), MutationError> {
        let same = divergence.schema.is_none() && divergence.lost.is_empty() && !divergence.rows;
        if subject.direction == Direction::Down || same {
            return Ok(());
        }
        let names = self.touched(subject, group, trial, divergence);
        let count = self.brief.loaded.migrations.len();
        let mentions = |at: &usize| {
            let up = self.brief.loaded.migrations[*at].up.script();
            up.is_some_and(|script| {
                script.statements.iter().any(|statement| {
                    crate::audience::words(&statement.sql).iter().any(|word| names.contains(word))
                })
            })
        };
        let mut end = (subject.migration + 1..count).rfind(mentions);
        let checks_schema = self.brief.committed.is_some()
            && self.brief.checks.iter().any(|check| check.scope() == CheckScope::Chain);
        if checks_schema {
            end = count.checked_sub(1);
            sentence.reached.push("schema".to_owned());
        }
        let Some(end) = end else { return Ok(()) };
        let (mask, down_mask) = (&group.baseline.mask, &group.baseline.down_mask);
        let applied = trial.record.up.as_ref().is_some_and(|run| run.failure.is_none());
        // What rows refused left nothing to know it by.
        let state = match applied {
            // Later scripts may use names that the digest does not keep.
            true => {
                state::digest(&group.baseline.trial, trial, mask, down_mask)
                    + &format!("{:?}", divergence.lost)
            }
            false => subject.id.to_owned(),
        };
        let key = (state, end);
        let verdict = match group.foreseen.get(&key) {
            Some(verdict) => verdict.clone(),
            None => {
                let verdict = self.foresee(subject.migration, end, trial).await?;
                group.foreseen.insert(key, verdict.clone());
                verdict
            }
        };
        if let Some((killer, reason)) = verdict {
            sentence.own_kill |= killer == "schema";
            sentence.killed_by.push(killer);
            sentence.reason.get_or_insert(reason);
        }
        Ok(())
    }

    /// What later migrations, up to the one at `end`, or the committed schema say: who, and what.
    async fn foresee(
        &mut self,
        index: usize,
        end: usize,
        trial: &Trial,
    ) -> Result<Option<(String, String)>, MutationError> {
        let changed = self.loaded.migrations[index].clone();
        let calibrated = self.ladder.deadline();
        self.ladder.set_deadline(self.brief.ladder.deadline);
        let outcome = self.ladder.foresee(&changed, end).await;
        self.ladder.set_deadline(calibrated);
        let outcome = outcome?;
        let catalog = match outcome {
            Ok(catalog) => catalog,
            Err((at, run)) => {
                let Some(failed) = run.failure else { return Ok(None) };
                if matches!(Refusal::of(&failed.failure), Refusal::Timeout | Refusal::Trouble) {
                    return Ok(None);
                }
                let said = failed.failure.to_string();
                let id = &self.loaded.migrations[at].id;
                return Ok(
                    (at > index).then(|| (format!("up of {id}"), format!("{id} no longer applies: {said}")))
                );
            }
        };
        if end + 1 < self.loaded.migrations.len() {
            return Ok(None);
        }
        let Some(committed) = &self.brief.committed else { return Ok(None) };
        let mut record = self.ladder.record();
        // On the generated rows it may have failed; here it went through.
        let up = trial.record.up.clone();
        record.up = up.map(|run| ScriptRun { failure: None, ..run });
        record.after = catalog;
        let cx = CheckContext::new(&self.loaded, end, &record).with_committed(Some(committed));
        for check in self.brief.checks.iter().filter(|check| check.scope() == CheckScope::Chain) {
            let verdict = check.judge(&cx).await.map_err(FixtureError::from)?;
            if verdict.outcome == Outcome::Failed {
                let said =
                    verdict.findings.first().map_or_else(String::new, |finding| finding.message.clone());
                return Ok(Some((check.meta().id.to_owned(), said)));
            }
        }
        Ok(None)
    }
}

/// Whether a test failed by what it asks itself, not because a migration other than `mutated` no longer applies.
fn is_own(outcome: &TestOutcome, mutated: &str) -> bool {
    let mut failures = outcome.findings.iter().filter(|finding| finding.severity > Severity::Info).peekable();
    failures.peek().is_none()
        || failures.any(|finding| {
            let of = finding.evidence.get("migration").and_then(|id| id.as_str());
            finding.code != NOT_REACHED && (finding.code != "test-migration-fails" || of == Some(mutated))
        })
}
