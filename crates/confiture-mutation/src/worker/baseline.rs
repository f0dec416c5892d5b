//! The migration as it is, tried like a mutant: what everything is compared with, and the controls.

use std::collections::HashMap;
use std::time::Duration;

use confiture_core::catalog::Detail;
use confiture_core::migration::{Migration, ScriptStatement, StatementKind, Step, TransactionMode};
use confiture_core::plugin::Outcome;
use confiture_core::sql::classify;
use confiture_fixtures::{Ground, ScriptTraits, Trial, Want};

use super::{Group, Worker};
use crate::audience::{Ties, words};
use crate::behaviour::Departure;
use crate::error::MutationError;
use crate::rows::Mask;
use crate::state::{Divergence, Refusal};

/// What the original does.
pub(super) struct Baseline {
    pub(super) trial: Trial,
    pub(super) mask: Mask,
    pub(super) down_mask: Mask,
    /// Whether the schema comes out the same in every run.
    pub(super) stable: bool,
    /// Whether a second up after the rollback may fail on rows.
    pub(super) wants_re_up: bool,
    verdicts: HashMap<&'static str, Outcome>,
}

/// What the original did when it was tried again after its mutants.
pub(super) enum Recheck {
    /// The same.
    Same,
    /// Its rows come out otherwise from time to time: what is to be left out of every comparison.
    Wider { mask: Mask, down_mask: Mask },
}

impl Baseline {
    /// What was wrong with a verdict was what it was compared by.
    pub(super) fn widen(&mut self, mask: Mask, down_mask: Mask) {
        self.mask = mask;
        self.down_mask = down_mask;
    }

    /// Whether a check holds on the original, so that it may kill.
    pub(super) fn passed(&self, check: &str) -> bool {
        self.verdicts.get(check) == Some(&Outcome::Passed)
    }
}

const ALL: Want = Want { locks: true, re_up: true, rerun: true, rows: true };

impl Worker<'_> {
    /// Tries the original twice, once as a mutant that changes nothing, and a sentinel that has to die.
    pub(super) async fn baseline(&mut self, index: usize) -> Result<Group, MutationError> {
        let original = self.brief.loaded.migrations[index].clone();
        let mut ground = self.ladder.prepare().await?;
        let mut first = self.ladder.attempt(&original, ground, ALL).await?;
        if ground == Ground::Rows && failed(&first) {
            ground = Ground::Chain;
            self.ladder.rest().await?;
            first = self.ladder.attempt(&original, ground, ALL).await?;
        }
        if let Some(failure) = first.record.up.as_ref().and_then(|run| run.failure.as_ref()) {
            return Err(MutationError::Baseline {
                migration: original.id.clone(),
                what: format!("its up fails: {}", failure.failure),
            });
        }
        let second = self.ladder.attempt(&original, ground, ALL).await?;
        let (mut mask, mut down_mask) = masks(&first, &second);
        let differs = mask.names().next().is_some() || down_mask.names().next().is_some();
        let more = match (draws_lots(&original, &first), differs) {
            (true, _) => LOT_RUNS,
            (false, true) => MORE_RUNS,
            (false, false) => 0,
        };
        (mask, down_mask) = self.chances(&original, ground, &first, (mask, down_mask), more).await?;
        let divergence = Divergence::between(&first, &second, &mask, &down_mask, ALL);
        let verdicts = self.verdicts(index, &first.record).await?.into_iter().collect();
        let up = original.up.script();
        let statements = up.map_or(&[][..], |script| &script.statements);
        let slowest = [&first, &second].into_iter().map(elapsed).max().unwrap_or_default();
        let baseline = Baseline {
            stable: divergence.schema.is_none() && !divergence.rollback,
            wants_re_up: statements.iter().any(|statement| classify(&statement.sql).modifies_data),
            trial: first,
            mask,
            down_mask,
            verdicts,
        };
        // Ten times what the original took here and now, never less than two seconds.
        let limit = (slowest * 10).max(Duration::from_secs(2));
        let limit = self.brief.ladder.deadline.map_or(limit, |deadline| deadline.min(limit));
        self.ladder.set_deadline(Some(limit));
        self.sentinel(&original, ground).await?;
        Ok(Group {
            ground,
            ties: Ties::of(&baseline.trial.record.after),
            baseline,
            seen: HashMap::new(),
            manners: HashMap::new(),
            foreseen: HashMap::new(),
        })
    }

    /// A migration that raises an error of its own at its end: if that goes unnoticed, nothing else that is
    /// reported is worth anything.
    async fn sentinel(&mut self, original: &Migration, ground: Ground) -> Result<(), MutationError> {
        let mut dying = original.clone();
        let Step::Sql(script) = &mut dying.up else { return Ok(()) };
        let Some(last) = script.statements.last() else { return Ok(()) };
        if script.transaction == TransactionMode::Batch && !ScriptTraits::of(script).transaction_safe {
            // A second statement in the message would refuse the first one: CREATE INDEX CONCURRENTLY stands alone.
            script.transaction = TransactionMode::Autocommit;
        }
        script.statements.push(ScriptStatement {
            sql: "DO $$ BEGIN RAISE EXCEPTION 'sentinel'; END $$".into(),
            kind: StatementKind::Sql,
            span: last.span.clone(),
            moved: Vec::new(),
        });
        let trial = self.ladder.attempt(&dying, ground, Want::default()).await?;
        let failure = trial.record.up.and_then(|run| run.failure);
        match failure.map(|failed| Refusal::of(&failed.failure)) {
            Some(Refusal::Raised) => Ok(()),
            _ => Err(MutationError::Control {
                migration: original.id.clone(),
                what: "a mutant that has to die went through",
            }),
        }
    }

    /// The masks after some more runs of an original whose rows come out otherwise: a coin shows only one of its
    /// sides in two runs every second time.
    async fn chances(
        &mut self,
        original: &Migration,
        ground: Ground,
        first: &Trial,
        (mut mask, mut down_mask): (Mask, Mask),
        runs: usize,
    ) -> Result<(Mask, Mask), MutationError> {
        for _ in 0..runs {
            let again = self.ladder.attempt(original, ground, ALL).await?;
            let (wider, down) = masks(first, &again);
            (mask, down_mask) = (mask.and(wider), down_mask.and(down));
        }
        Ok((mask, down_mask))
    }

    /// The original once more, after its mutants: it has to be what it was, but for rows that chance decides.
    pub(super) async fn recheck(&mut self, index: usize, group: &Group) -> Result<Recheck, MutationError> {
        let original = self.brief.loaded.migrations[index].clone();
        let again = self.ladder.attempt(&original, group.ground, ALL).await?;
        let baseline = &group.baseline;
        let (before, _) = Departure::between(&baseline.trial.record.before, &again.record.before);
        let (mask, down_mask) = masks(&baseline.trial, &again);
        let (mask, down_mask) = (mask.and(baseline.mask.clone()), down_mask.and(baseline.down_mask.clone()));
        let divergence = Divergence::between(&baseline.trial, &again, &mask, &down_mask, ALL);
        let same = divergence.schema.is_none() && !divergence.rollback;
        if !before.is_none() || !same && baseline.stable {
            return Err(MutationError::Control {
                migration: original.id.clone(),
                what: "the original does something else after its mutants than before them",
            });
        }
        if mask == baseline.mask && down_mask == baseline.down_mask {
            return Ok(Recheck::Same);
        }
        let first = &baseline.trial;
        let (mask, down_mask) =
            self.chances(&original, group.ground, first, (mask, down_mask), MORE_RUNS).await?;
        Ok(Recheck::Wider { mask, down_mask })
    }
}

/// Further runs of an original of which two came out otherwise.
const MORE_RUNS: usize = 4;
/// Further runs of one that draws lots: a coin shows the same side in all of them once in 8192 times.
const LOT_RUNS: usize = 12;
/// What gives one of a few values by chance, so that two runs may well be alike. What differs in every run (times,
/// UUIDs, sequences) shows in two.
const LOTS: [&str; 5] = ["random", "random_normal", "array_sample", "array_shuffle", "tablesample"];

/// Whether a migration may leave rows to chance: by its scripts, or by a routine or a default of its schema.
fn draws_lots(migration: &Migration, trial: &Trial) -> bool {
    let draws = |sql: &str| words(sql).iter().any(|word| LOTS.contains(&word.as_str()));
    let scripts = [&migration.up, &migration.down].into_iter().filter_map(Step::script);
    scripts.flat_map(|script| &script.statements).any(|statement| draws(&statement.sql))
        || trial.record.after.iter().any(|(_, object)| match &object.detail {
            Detail::Routine(routine) => draws(&routine.body),
            Detail::Column(column) => column.default.as_deref().is_some_and(draws),
            _ => false,
        })
}

/// What two runs of the same differ in: after the up, and after the rollback.
fn masks(first: &Trial, second: &Trial) -> (Mask, Mask) {
    let mask = Mask::between(&first.rows, &second.rows);
    let down_mask = match (&first.rows_after_down, &second.rows_after_down) {
        (Some(one), Some(other)) => Mask::between(one, other).and(mask.clone()),
        _ => mask.clone(),
    };
    (mask, down_mask)
}

fn failed(trial: &Trial) -> bool {
    let down = trial.record.round_trip.as_ref().map(|trip| &trip.down);
    trial.record.up.iter().chain(down).any(|run| run.failure.is_some())
}

fn elapsed(trial: &Trial) -> Duration {
    let down = trial.record.round_trip.as_ref().map(|trip| trip.down.elapsed);
    trial.record.up.as_ref().map(|run| run.elapsed).into_iter().chain(down).max().unwrap_or_default()
}
