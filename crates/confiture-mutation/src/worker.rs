//! A worker: its own chain on its own server, and every mutant of the migrations it is given.

mod ask;
mod baseline;

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use confiture_core::catalog::Catalog;
use confiture_core::db::{ScratchDb, Server};
use confiture_core::migration::layout::Loaded;
use confiture_core::migration::{Direction, Migration};
use confiture_core::plugin::{
    Channels, Check, CheckContext, CheckScope, CommittedSchema, Mutant, OperatorMeta, Outcome, RungRecord,
};
use confiture_core::report::MutantStatus;
use confiture_fixtures::{Depth, FixtureError, Ground, Ladder, LadderOptions, Sequences, Trial, Want};

use crate::audience::{Listener, Ties};
use crate::error::MutationError;
use crate::mutated::mutated;
use crate::state::{self, Divergence, Refusal};
use baseline::{Baseline, Recheck};

/// Most times that the mutants of one migration are judged.
const ROUNDS: usize = 3;

/// What all workers of a run share.
pub(crate) struct Brief<'a> {
    pub(crate) loaded: &'a Loaded,
    pub(crate) ladder: LadderOptions,
    pub(crate) checks: Vec<&'a dyn Check>,
    pub(crate) committed: Option<CommittedSchema>,
    pub(crate) listeners: Vec<Listener>,
    /// Ask every test about every mutant.
    pub(crate) matrix: bool,
    /// Ask only tests that touch what a mutant changes.
    pub(crate) select: bool,
    /// Look for assertions.
    pub(crate) suggest: bool,
}

/// One mutant to be judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) id: &'a str,
    pub(crate) meta: &'static OperatorMeta,
    pub(crate) migration: usize,
    pub(crate) direction: Direction,
    pub(crate) mutant: &'a Mutant,
}

/// How it ended.
#[derive(Debug, Clone)]
pub(crate) struct Sentence {
    pub(crate) status: MutantStatus,
    pub(crate) killed_by: Vec<String>,
    pub(crate) own_kill: bool,
    pub(crate) same_as: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) suggestion: Option<String>,
    /// Tests and checks that were asked, by name.
    pub(crate) reached: Vec<String>,
    pub(crate) elapsed: Duration,
}

impl Sentence {
    pub(crate) fn new(status: MutantStatus) -> Self {
        Self {
            status,
            killed_by: Vec::new(),
            own_kill: false,
            same_as: None,
            reason: None,
            suggestion: None,
            reached: Vec::new(),
            elapsed: Duration::ZERO,
        }
    }

    fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

/// A chain of its own, climbed as far as the migration whose mutants are judged.
pub(crate) struct Worker<'a> {
    brief: &'a Brief<'a>,
    ladder: Ladder<'a>,
    /// The migrations, one of them exchanged for a mutant while that is judged.
    loaded: Loaded,
    /// States that tests start from and that the chain has left behind, by the last migration applied.
    starts: BTreeMap<Option<usize>, (ScratchDb, Sequences)>,
    /// The test that killed last, first.
    order: Vec<usize>,
}

/// What is known about the mutants of one migration.
pub(crate) struct Group {
    ground: Ground,
    baseline: Baseline,
    ties: Ties,
    /// Mutants by what they left.
    seen: HashMap<(Direction, String), String>,
    /// How tests fare on the original, by their place.
    manners: HashMap<usize, ask::Manner>,
    /// What later migrations say to a state, by that state.
    foreseen: HashMap<(String, usize), Option<(String, String)>>,
}

impl Group {
    /// What the original did.
    pub(crate) fn original(&self) -> &Trial {
        &self.baseline.trial
    }

    pub(crate) fn mask(&self) -> &crate::rows::Mask {
        &self.baseline.mask
    }

    /// What is left out after the rollback.
    pub(crate) fn down_mask(&self) -> &crate::rows::Mask {
        &self.baseline.down_mask
    }

    pub(crate) fn ground(&self) -> Ground {
        self.ground
    }
}

impl<'a> Worker<'a> {
    pub(crate) async fn start(server: &'a Server, brief: &'a Brief<'a>) -> Result<Self, MutationError> {
        let mut ladder = Ladder::start(server, brief.loaded, brief.ladder.clone()).await?;
        let mut starts = BTreeMap::new();
        if brief.listeners.iter().any(|listener| needs_start(listener, None)) {
            starts.insert(None, start(&mut ladder).await?);
        }
        let order = (0..brief.listeners.len()).collect();
        Ok(Self { brief, ladder, loaded: brief.loaded.clone(), starts, order })
    }

    /// Judges the mutants of one migration, in order; `done` is called with each, and again with all of them when
    /// rows of the original turn out to be decided by chance: the last call counts.
    ///
    /// Migrations have to come in the order of the chain.
    pub(crate) async fn group(
        &mut self,
        migration: usize,
        subjects: &[Subject<'_>],
        done: &mut dyn FnMut(&Subject<'_>, Sentence) -> Result<(), MutationError>,
    ) -> Result<(), MutationError> {
        while self.ladder.position() < migration {
            self.advance().await?;
        }
        self.ladder.set_deadline(self.brief.ladder.deadline);
        let mut group = Box::pin(self.baseline(migration)).await?;
        for round in 1..=ROUNDS {
            for subject in subjects {
                let started = Instant::now();
                let mut sentence = Box::pin(self.judge(subject, &mut group)).await?;
                sentence.elapsed = started.elapsed();
                done(subject, sentence)?;
            }
            let calibrated = self.ladder.deadline();
            self.ladder.set_deadline(self.brief.ladder.deadline);
            match Box::pin(self.recheck(migration, &group)).await? {
                Recheck::Same => break,
                Recheck::Wider { .. } if round == ROUNDS => {
                    return Err(MutationError::Baseline {
                        migration: self.original(migration).id.clone(),
                        what: "its rows come out otherwise in every run".to_owned(),
                    });
                }
                Recheck::Wider { mask, down_mask } => {
                    tracing::debug!(migration, round, "chance decides about rows: judged again without them");
                    group.baseline.widen(mask, down_mask);
                    group.seen.clear();
                    group.foreseen.clear();
                    self.ladder.set_deadline(calibrated);
                }
            }
        }
        self.ladder.set_deadline(self.brief.ladder.deadline);
        self.advance().await
    }

    /// Applies the next migration. Rows are made anew for each one, so that they are the same whichever worker
    /// or shard judges it.
    async fn advance(&mut self) -> Result<(), MutationError> {
        Box::pin(self.ladder.climb(Depth::Apply)).await?;
        let at = self.ladder.position().checked_sub(1);
        if self.brief.listeners.iter().any(|listener| needs_start(listener, at)) {
            let state = start(&mut self.ladder).await?;
            self.starts.insert(at, state);
        }
        Ok(())
    }

    pub(crate) async fn close(self) -> Result<(), MutationError> {
        for (clone, _) in self.starts.into_values() {
            clone.close().await.map_err(FixtureError::from)?;
        }
        Ok(self.ladder.close().await?)
    }

    pub(crate) fn ladder(&mut self) -> &mut Ladder<'a> {
        &mut self.ladder
    }

    pub(crate) fn ladder_ref(&self) -> &Ladder<'a> {
        &self.ladder
    }

    /// A migration as it is.
    pub(crate) fn original(&self, at: usize) -> &Migration {
        &self.brief.loaded.migrations[at]
    }

    /// A migration as it is, and as it stands in the chain now.
    pub(crate) fn both(&self, at: usize) -> (Migration, Migration) {
        (self.original(at).clone(), self.loaded.migrations[at].clone())
    }

    /// How a test calls a migration.
    pub(crate) fn version(&self, at: usize) -> &str {
        let migration = self.original(at);
        let same = self.brief.loaded.migrations.iter().filter(|other| other.version == migration.version);
        if migration.version.is_empty() || same.count() > 1 { &migration.id } else { &migration.version }
    }

    /// Puts `changed` into the chain and returns what stood there.
    fn exchange(&mut self, at: usize, changed: Migration) -> Migration {
        std::mem::replace(&mut self.loaded.migrations[at], changed)
    }

    async fn judge(&mut self, subject: &Subject<'_>, group: &mut Group) -> Result<Sentence, MutationError> {
        let original = &self.brief.loaded.migrations[subject.migration];
        let changed = match mutated(original, subject.direction, subject.mutant) {
            Ok(changed) => changed,
            Err(error) => {
                let operator = subject.meta.plugin.id;
                return Ok(Sentence::new(MutantStatus::Error)
                    .because(format!("a defect of the operator {operator}: {error}")));
            }
        };
        let scripts = [Direction::Up, Direction::Down].into_iter().filter_map(|direction| {
            let script = original.step(direction).script()?;
            Some((script, (direction == subject.direction).then_some(subject.mutant)))
        });
        let want = Want {
            locks: subject.meta.channels.has(Channels::LOCK),
            re_up: group.baseline.wants_re_up || subject.direction == Direction::Down,
            rerun: subject.meta.channels.has(Channels::ABORT),
            rows: !scripts.into_iter().all(|(script, mutant)| state::leaves_rows_alone(script, mutant)),
        };
        let trial = match self.attempt(&changed, group.ground, want).await? {
            Ok(trial) => trial,
            Err(sentence) => return Ok(sentence),
        };
        let original_migration = self.exchange(subject.migration, changed);
        let judged = self.sentence(subject, group, &trial, want).await;
        self.exchange(subject.migration, original_migration);
        judged
    }

    /// A trial, made again when it failed for a reason that says nothing about the mutant.
    async fn attempt(
        &mut self,
        changed: &Migration,
        ground: Ground,
        want: Want,
    ) -> Result<Result<Trial, Sentence>, MutationError> {
        const TRIES: u32 = 3;
        let mut last = String::new();
        for attempt in 1..=TRIES {
            match self.ladder.attempt(changed, ground, want).await {
                Ok(trial) => match trouble(&trial) {
                    None => return Ok(Ok(trial)),
                    Some(said) => last = said,
                },
                Err(error) if attempt == TRIES => return Err(error.into()),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
            self.ladder.revive().await?;
        }
        Ok(Err(Sentence::new(MutantStatus::Error).because(last)))
    }

    /// With the mutant in its place in [`loaded`](Self::loaded).
    async fn sentence(
        &mut self,
        subject: &Subject<'_>,
        group: &mut Group,
        trial: &Trial,
        want: Want,
    ) -> Result<Sentence, MutationError> {
        let index = subject.migration;
        let mut sentence = Sentence::new(MutantStatus::Survived);
        let refused = state::refusal(trial, subject.direction);
        if let Some(failure) = refused {
            let said = failure.to_string();
            match Refusal::by(failure, subject.direction) {
                Refusal::Stillborn => return Ok(Sentence::new(MutantStatus::Stillborn).because(said)),
                Refusal::Timeout => return Ok(Sentence::new(MutantStatus::Timeout).because(said)),
                Refusal::Trouble => return Ok(Sentence::new(MutantStatus::Error).because(said)),
                Refusal::Rejected => sentence.status = MutantStatus::Rejected,
                Refusal::Raised => {
                    let check = if subject.direction == Direction::Up { "up" } else { "down" };
                    if group.baseline.passed(check) {
                        sentence.killed_by.push(check.to_owned());
                    }
                }
            }
            sentence.reason = Some(said);
        }
        let Baseline { trial: original, mask, down_mask, .. } = &group.baseline;
        let mut divergence = Divergence::between(original, trial, mask, down_mask, want);
        let script = self.original(index).step(subject.direction).script();
        divergence.rerun |= want.rerun && script.is_some_and(state::leaves_a_part);
        if refused.is_none() {
            if let Some(ended) = self.same(subject, group, trial, &divergence) {
                return Ok(ended);
            }
            for (check, outcome) in self.verdicts(index, &trial.record).await? {
                if group.baseline.passed(check) {
                    sentence.reached.push(check.to_owned());
                    if outcome == Outcome::Failed {
                        sentence.killed_by.push(check.to_owned());
                        sentence.own_kill |= check == "queries";
                    }
                }
            }
        }
        // The committed schema is the project's own: it is asked also after a built-in check has noticed, and
        // first, as one answer serves all mutants that leave the same; for the matrix always.
        let schema_first = self.brief.committed.is_some() && !self.brief.matrix && !sentence.own_kill;
        if schema_first {
            self.later(subject, group, trial, &divergence, &mut sentence).await?;
        }
        self.ask(subject, group, trial, &divergence, &mut sentence).await?;
        let asked_for_matrix = self.brief.matrix && self.brief.committed.is_some();
        if !schema_first && (sentence.killed_by.is_empty() || asked_for_matrix) {
            self.later(subject, group, trial, &divergence, &mut sentence).await?;
        }
        if sentence.status != MutantStatus::Rejected {
            let same = divergence.same_on(subject.meta.channels);
            sentence.status = match sentence.killed_by.is_empty() {
                false => MutantStatus::Killed,
                true if same => MutantStatus::Indistinct,
                true => MutantStatus::Survived,
            };
        }
        if self.brief.suggest && sentence.status.unnoticed() {
            sentence.suggestion = Box::pin(self.suggest(subject, group, trial, &divergence)).await?;
        }
        if sentence.reason.is_none() {
            sentence.reason = self.reason(subject, &sentence, &divergence, group);
        }
        Ok(sentence)
    }

    /// Equivalent to the original, or redundant with an earlier mutant: nobody needs to be asked.
    fn same(
        &self,
        subject: &Subject<'_>,
        group: &mut Group,
        trial: &Trial,
        divergence: &Divergence,
    ) -> Option<Sentence> {
        let script = self.brief.loaded.migrations[subject.migration].step(subject.direction).script()?;
        let record = &group.baseline.trial.record;
        if !group.baseline.stable
            || !state::is_independent_of_rows(script, subject.mutant, record, &group.ties)
        {
            return None;
        }
        let names_matter = self.names_matter(subject, divergence);
        if divergence.same_without_rows(subject.meta.channels) && !names_matter {
            let names: Vec<&str> = subject.meta.channels.names().collect();
            let reason = format!("the same as the original in {}", names.join(", "));
            let masked: Vec<String> = group.baseline.mask.names().collect();
            let modulo = match masked.as_slice() {
                [] => String::new(),
                masked => format!("; values of {} differ in every run and were left out", masked.join(", ")),
            };
            return Some(Sentence::new(MutantStatus::Equivalent).because(reason + &modulo));
        }
        let told = Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK).and(Channels::ROLE);
        if !told.has(subject.meta.channels) {
            return None;
        }
        let (mask, down_mask) = (&group.baseline.mask, &group.baseline.down_mask);
        let mut digest = state::digest(&group.baseline.trial, trial, mask, down_mask);
        if names_matter {
            digest += &format!("{:?}", divergence.lost);
        }
        match group.seen.entry((subject.direction, digest)) {
            std::collections::hash_map::Entry::Occupied(first) => {
                let mut sentence = Sentence::new(MutantStatus::Redundant)
                    .because(format!("leaves the same schema, rows and rollback as {}", first.get()));
                sentence.same_as = Some(first.get().clone());
                Some(sentence)
            }
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(subject.id.to_owned());
                None
            }
        }
    }

    /// Whether a name that the normal form does not keep is used by another script or a test.
    fn names_matter(&self, subject: &Subject<'_>, divergence: &Divergence) -> bool {
        if divergence.lost.is_empty() {
            return false;
        }
        let names = divergence.lost.iter().map(|name| name.to_lowercase()).collect();
        let tests = self.brief.listeners.iter().any(|listener| listener.mentions(&names));
        let from = subject.migration;
        let scripts = self.brief.loaded.migrations.iter().enumerate().skip(from).any(|(at, migration)| {
            let up = migration.up.script().filter(|_| at > from);
            let statements =
                up.into_iter().chain(migration.down.script()).flat_map(|script| &script.statements);
            statements.into_iter().any(|statement| {
                crate::audience::words(&statement.sql).iter().any(|word| names.contains(word))
            })
        });
        tests || scripts
    }

    /// What every built-in check says of a record of the migration at `index`.
    async fn verdicts(
        &self,
        index: usize,
        record: &RungRecord,
    ) -> Result<Vec<(&'static str, Outcome)>, MutationError> {
        let cx = CheckContext::new(&self.loaded, index, record);
        let mut verdicts = Vec::new();
        for check in self.brief.checks.iter().filter(|check| check.scope() == CheckScope::Migration) {
            let verdict = check.judge(&cx).await.map_err(FixtureError::from)?;
            verdicts.push((check.meta().id, verdict.outcome));
        }
        Ok(verdicts)
    }

    fn reason(
        &self,
        subject: &Subject<'_>,
        sentence: &Sentence,
        divergence: &Divergence,
        group: &Group,
    ) -> Option<String> {
        match sentence.status {
            MutantStatus::Indistinct => Some(match group.ground {
                Ground::Rows => {
                    "because of the rows that are there: the same schema and rows on the generated rows"
                        .to_owned()
                }
                Ground::Chain => "because of the rows that are there: the same schema and rows on tables as \
                                  migrations leave them"
                    .to_owned(),
            }),
            MutantStatus::Survived if divergence.same_state() => {
                let names: Vec<&str> = subject.meta.channels.names().collect();
                Some(format!(
                    "the same schema and rows; it may differ in {}, and nothing looks",
                    names.join(", ")
                ))
            }
            MutantStatus::Survived => {
                let parts = [
                    (!divergence.schema.is_none(), "another schema"),
                    (divergence.rows, "other rows"),
                    (divergence.rollback, "another rollback"),
                ];
                let parts: Vec<&str> =
                    parts.into_iter().filter_map(|(differs, what)| differs.then_some(what)).collect();
                Some(format!("it leaves {}, and no test looks at that", parts.join(" and ")))
            }
            _ => None,
        }
    }
}

/// The state of the chain as a database of its own.
async fn start(ladder: &mut Ladder<'_>) -> Result<(ScratchDb, Sequences), FixtureError> {
    let sequences = Sequences::read(ladder.session()?).await?;
    Ok((ladder.clone_here("start").await?, sequences))
}

/// Whether the test starts from a state that the chain will have left when a migration it runs is judged.
fn needs_start(listener: &Listener, at: Option<usize>) -> bool {
    let next = at.map_or(0, |at| at + 1);
    listener.needs.start == at && listener.needs.steps.iter().any(|step| *step > next)
}

/// What a script failed with that says nothing about it.
fn trouble(trial: &Trial) -> Option<String> {
    let down = trial.record.round_trip.as_ref().map(|trip| &trip.down);
    let runs = trial.record.up.iter().chain(down);
    let mut failures = runs.filter_map(|run| run.failure.as_ref()).map(|failed| &failed.failure);
    failures.find(|failure| Refusal::of(failure) == Refusal::Trouble).map(ToString::to_string)
}

/// The names of relations a catalog difference is about, lower case.
fn names_of(before: &Catalog, after: &Catalog) -> std::collections::BTreeSet<String> {
    let differences = before.diff(after);
    let mut names = std::collections::BTreeSet::new();
    for difference in &differences {
        let id = difference.object.privilege_target().unwrap_or_else(|| difference.object.clone());
        match id.owner_path() {
            Some((_, relation)) => names.insert(relation.to_lowercase()),
            None => names.insert(id.name().to_lowercase()),
        };
    }
    names
}
