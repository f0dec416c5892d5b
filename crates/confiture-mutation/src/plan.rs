//! `Plan`: which mutants a run tries, in which order.

mod hash;
mod id;
mod normal;
mod place;
mod sample;
mod suppress;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use confiture_core::Diagnostic;
use confiture_core::catalog::Catalog;
use confiture_core::migration::layout::Loaded;
use confiture_core::migration::{Direction, Migration};
use confiture_core::plugin::{Mutant, MutationContext, MutationOperator, OperatorMeta, Registry};
use confiture_core::report::{MutantResult, MutantStatus, MutationReport, SuppressedMutant};
use confiture_core::sql::EditError;

pub(crate) use hash::{Hasher, conditions};
use id::Ids;
use normal::Normal;
use place::Place;
use sample::{Candidate, draw};
use suppress::Rule;
pub use suppress::{Suppressed, Suppression};

use crate::mutated;
use crate::options::{MutationOptions, Shard};
use crate::score;

/// The version of the built-in operators. A release that adds operators raises it, and the new ones say it
/// in [`OperatorMeta::since`].
pub const OPERATORS_VERSION: u32 = 1;

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The edits of a mutant do not fit the script: a bug of its operator.
    #[error("break {migration} ({}) with the operator {operator}, which has a bug: {source}", direction.as_str())]
    Operator {
        /// Its id.
        operator: &'static str,
        /// The migration it was given.
        migration: String,
        /// Which script.
        direction: Direction,
        /// What does not fit.
        source: EditError,
    },
    /// A pattern names no operator and no category.
    #[error("choose operators: {pattern} matches no operator and no category")]
    NoOperator {
        /// As it was written.
        pattern: String,
    },
    /// The project is pinned to an operator set that does not exist yet.
    #[error("use version {asked} of the operators: this confiture has versions 1 to {OPERATORS_VERSION}")]
    UnknownVersion {
        /// What was asked for.
        asked: u32,
    },
}

/// One mutant that will be tried.
#[derive(Debug, Clone)]
pub struct Planned {
    /// `operator/migration/object/occurrence`, with `down/` before the object of a rollback. Line numbers,
    /// other objects and other migrations do not change it; it needs no quotes in a shell.
    pub id: String,
    /// Its place in the whole plan, from 0, shards not regarded.
    pub place: usize,
    /// What made it.
    pub operator: &'static OperatorMeta,
    /// Index of the migration.
    pub migration: usize,
    /// Id of the migration.
    pub migration_id: String,
    /// Which of its scripts.
    pub direction: Direction,
    /// The edits.
    pub mutant: Mutant,
    /// The file, as the user would write it.
    pub file: String,
    /// Line of the first change, from 1.
    pub line: usize,
    /// Column of the first change in characters, from 1.
    pub column: usize,
    /// The lines from the first change to the last, as they are.
    pub original: String,
    /// The same lines in the mutant.
    pub replacement: String,
    /// The earlier mutant that makes the same script: this one is not run.
    pub same_as: Option<String>,
}

impl Planned {
    /// The migration with the mutant in it.
    ///
    /// # Errors
    /// When `loaded` is not what the plan was made for.
    pub fn mutated(&self, loaded: &Loaded) -> Result<Migration, EditError> {
        mutated(&loaded.migrations[self.migration], self.direction, &self.mutant)
    }

    /// A result that says how it ended and nothing more.
    pub fn result(&self, status: MutantStatus) -> MutantResult {
        MutantResult {
            id: self.id.clone(),
            place: self.place,
            operator: self.operator.plugin.id.to_owned(),
            category: self.operator.category,
            severity: self.operator.severity,
            migration: self.migration_id.clone(),
            direction: self.direction,
            object: self.mutant.object.clone(),
            file: self.file.clone(),
            line: self.line,
            column: self.column,
            description: self.mutant.description.clone(),
            original: self.original.clone(),
            replacement: self.replacement.clone(),
            status,
            reached: Vec::new(),
            killed_by: Vec::new(),
            own_kill: false,
            same_as: self.same_as.clone(),
            reason: None,
            suggestion: None,
            duration_ms: 0.0,
        }
    }

    /// How it ended, taken from an earlier result about the same edits of the same script.
    pub(crate) fn recalled(&self, known: &MutantResult) -> MutantResult {
        MutantResult {
            reached: known.reached.clone(),
            killed_by: known.killed_by.clone(),
            own_kill: known.own_kill,
            same_as: known.same_as.clone(),
            reason: known.reason.clone(),
            suggestion: known.suggestion.clone(),
            duration_ms: known.duration_ms,
            ..self.result(known.status)
        }
    }

    /// The mutant as a unified diff of the user's file, three lines of context.
    ///
    /// # Errors
    /// When `loaded` is not what the plan was made for.
    pub fn diff(&self, loaded: &Loaded) -> Result<String, EditError> {
        let Some(script) = loaded.migrations[self.migration].step(self.direction).script() else {
            return Ok(String::new());
        };
        let text = &script.source.text;
        let changed = confiture_core::sql::apply(text, &self.mutant.file_edits(script)?)?;
        let header = (format!("a/{}", self.file), format!("b/{}", self.file));
        let diff = similar::TextDiff::from_lines(text.as_str(), changed.as_str());
        Ok(diff.unified_diff().context_radius(3).header(&header.0, &header.1).to_string())
    }
}

/// The mutants of a run: by migration in chain order, then up before down, then by operator.
///
/// Operators that break statements of any kind come last, so that a mutant is counted where it says most.
/// The same input gives the same plan.
///
/// # Example
/// ```
/// use confiture_core::migration::layout::{self, LoadOptions};
/// use confiture_core::plugin::Registry;
/// use confiture_mutation::{MutationOptions, Plan};
///
/// # let dir = std::env::temp_dir().join(format!("confiture-plan-{}", std::process::id()));
/// # std::fs::create_dir_all(&dir).map_err(|error| error.to_string())?;
/// # std::fs::write(dir.join("0001_users.sql"), "CREATE TABLE users (id int PRIMARY KEY);").unwrap();
/// let registry = Registry::linked().map_err(|error| error.to_string())?;
/// let (.., loaded) = layout::load(&registry, &dir, Some("sqlx"), &LoadOptions::default())
///     .map_err(|error| error.to_string())?;
/// let plan = Plan::new(&loaded, &registry, |_| None, &MutationOptions::default())
///     .map_err(|error| error.to_string())?;
/// assert!(plan.mutants.iter().any(|mutant| mutant.id == "pk-drop/0001_users/users.id/1"));
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone)]
pub struct Plan {
    /// The version of the operator set it was made with.
    pub operators_version: u32,
    /// Hash of the whole plan, shards not regarded, and of what its mutants are judged by.
    pub hash: String,
    /// Mutants of the whole plan, shards not regarded.
    pub planned: usize,
    /// Mutants there were before the sample was drawn.
    pub found: usize,
    /// The part that [`mutants`](Self::mutants) holds.
    pub shard: Option<Shard>,
    /// The mutants to try, and those that are redundant with one of them.
    pub mutants: Vec<Planned>,
    /// Mutants left out on request.
    pub suppressed: Vec<SuppressedMutant>,
    /// What is wrong with suppressions.
    pub findings: Vec<Diagnostic>,
}

/// A mutant found in a script, and what the script says with it.
struct Found {
    planned: Planned,
    says: [u8; 32],
    suppressed: Option<String>,
}

impl Plan {
    /// Finds every mutant of the migrations that `options` choose.
    ///
    /// `catalogs` are those before and after a migration, where a server was asked; without them operators
    /// that have to know the schema find less. A mutant that says the same as the original is left out, one
    /// that says the same as an earlier mutant of its script is redundant. White space, comments and the
    /// case of words say nothing.
    ///
    /// # Errors
    /// [`PlanError`]
    pub fn new<'c>(
        loaded: &Loaded,
        registry: &Registry,
        catalogs: impl Fn(usize) -> Option<(&'c Catalog, &'c Catalog)>,
        options: &MutationOptions,
    ) -> Result<Self, PlanError> {
        let operators_version = options.operators_version.unwrap_or(OPERATORS_VERSION);
        if !(1..=OPERATORS_VERSION).contains(&operators_version) {
            return Err(PlanError::UnknownVersion { asked: operators_version });
        }
        for pattern in options.operators.patterns() {
            if !registry.operators().any(|operator| pattern.matches(operator.meta())) {
                return Err(PlanError::NoOperator { pattern: pattern.as_str().to_owned() });
            }
        }
        // Operators of other crates have versions of their own.
        let old_enough =
            |meta: &OperatorMeta| meta.plugin.id.contains('/') || meta.since <= operators_version;
        let mut operators: Vec<&dyn MutationOperator> =
            registry.operators().filter(|operator| old_enough(operator.meta())).collect();
        operators.sort_by_key(|operator| (operator.is_general(), operator.meta().plugin.id));

        let mut rules: Vec<Rule> = options.suppressions.iter().map(Rule::configured).collect();
        let mut scripts: Vec<Vec<Found>> = Vec::new();
        let mut known = BTreeSet::new();
        let end = options.last.map_or(loaded.migrations.len(), |last| last + 1);
        for (index, migration) in loaded.migrations.iter().enumerate().take(end) {
            if options.judged.as_ref().is_some_and(|judged| !judged.contains(&index)) {
                continue;
            }
            let around = catalogs(index);
            if around.is_some() {
                known.insert(index);
            }
            let mut ids = Ids::default();
            for direction in [Direction::Up, Direction::Down] {
                let Some(mut cx) = MutationContext::new(migration, direction) else { continue };
                if let Some((before, after)) = around {
                    cx = cx.with_catalogs(before, after);
                }
                rules.extend(suppress::comments(cx.script, index, direction, registry));
                scripts.push(find(&cx, index, &operators, &mut ids)?);
            }
        }
        suppress(&mut scripts, &mut rules, loaded);
        let complete = |rule: &Rule| match (rule.place(), rule.migration()) {
            (Some(index), _) => known.contains(&index),
            (None, Some(only)) => {
                let at =
                    loaded.migrations.iter().position(|m| [&m.id, &m.version].contains(&&only.to_owned()));
                at.is_none_or(|at| known.contains(&at))
            }
            (None, None) => known.len() == loaded.migrations.len(),
        };
        let findings = rules.iter().filter_map(|rule| rule.finding(registry, complete(rule))).collect();

        let chosen = |found: &Found| {
            let operator = found.planned.operator;
            options.operators.selects(operator)
                && options.severity.is_none_or(|least| operator.severity >= least)
        };
        let mut suppressed = Vec::new();
        let mut all = Vec::new();
        for script in scripts {
            let mut first: BTreeMap<[u8; 32], String> = BTreeMap::new();
            for mut found in script.into_iter().filter(chosen) {
                if let Some(reason) = found.suppressed {
                    suppressed.push(SuppressedMutant { id: found.planned.id, reason });
                    continue;
                }
                found.planned.same_as = first.get(&found.says).cloned();
                first.entry(found.says).or_insert_with(|| found.planned.id.clone());
                all.push(found.planned);
            }
        }
        let found = all.len();
        if let Some(count) = options.sample {
            all = sampled(all, count, options.seed);
        }
        for (place, planned) in all.iter_mut().enumerate() {
            planned.place = place;
        }
        let mut plan = Self {
            operators_version,
            hash: hash_of(&all, operators_version, loaded, options),
            planned: all.len(),
            found,
            shard: options.shard,
            mutants: all,
            suppressed,
            findings,
        };
        if let Some(shard) = options.shard {
            plan.mutants = in_shard(plan.mutants, shard);
        }
        Ok(plan)
    }

    /// The report about `results`, one for each of [`mutants`](Self::mutants), in any order: counted, with
    /// what each test did and what is untested.
    pub fn report(&self, mut results: Vec<MutantResult>, options: &MutationOptions) -> MutationReport {
        results.sort_by_key(|result| result.place);
        let mut report = MutationReport::new(self.operators_version, self.hash.clone(), results);
        report.shard = self.shard.map(|shard| shard.to_string());
        report.planned = self.planned;
        report.matrix = options.matrix;
        report.suggestions = options.suggest;
        report.thresholds = (!options.thresholds.is_empty()).then_some(options.thresholds);
        report.suppressed.clone_from(&self.suppressed);
        let own = options.tests.iter().map(|test| test.name().to_owned()).collect();
        score::fill(&mut report, &own);
        report
    }
}

/// Every mutant of one script that changes what it says.
fn find(
    cx: &MutationContext<'_>,
    migration: usize,
    operators: &[&dyn MutationOperator],
    ids: &mut Ids,
) -> Result<Vec<Found>, PlanError> {
    let normal = Normal::new(cx.script);
    let mut found = Vec::new();
    let mut mutants = Vec::new();
    for operator in operators {
        let meta = operator.meta();
        if meta.direction.is_some_and(|direction| direction != cx.direction) {
            continue;
        }
        let refused = |source: EditError| PlanError::Operator {
            operator: meta.plugin.id,
            migration: cx.migration.id.clone(),
            direction: cx.direction,
            source,
        };
        operator.mutate(cx, &mut mutants);
        for mutant in mutants.drain(..) {
            let id = ids.next(meta.plugin.id, &cx.migration.id, cx.direction, &mutant.object);
            let changed = mutated(cx.migration, cx.direction, &mutant).map_err(refused)?;
            let Some(script) = changed.step(cx.direction).script() else { continue };
            let says = normal.of(script);
            if says == normal.original() {
                tracing::debug!(%id, "the operator has a bug: the mutant says the same as the original");
                continue;
            }
            let place = Place::of(cx.script, &mutant).map_err(refused)?;
            let planned = Planned {
                id,
                place: 0,
                operator: meta,
                migration,
                migration_id: cx.migration.id.clone(),
                direction: cx.direction,
                mutant,
                file: place.file,
                line: place.line,
                column: place.column,
                original: place.original,
                replacement: place.replacement,
                same_as: None,
            };
            found.push(Found { planned, says, suppressed: None });
        }
    }
    Ok(found)
}

/// Marks the mutants that rules name; with a mutant those of its script that say the same.
fn suppress(scripts: &mut [Vec<Found>], rules: &mut [Rule], loaded: &Loaded) {
    for script in scripts {
        let mut twins: BTreeMap<[u8; 32], String> = BTreeMap::new();
        for found in script.iter_mut() {
            let migration = &loaded.migrations[found.planned.migration];
            let names = [migration.id.as_str(), migration.version.as_str()];
            for rule in rules.iter_mut() {
                if rule.applies(&found.planned, &names) {
                    found.suppressed.get_or_insert_with(|| rule.reason().to_owned());
                    if rule.names_mutant() {
                        let reason = format!("the same as {}: {}", found.planned.id, rule.reason());
                        twins.entry(found.says).or_insert(reason);
                    }
                }
            }
        }
        for found in script.iter_mut().filter(|found| found.suppressed.is_none()) {
            found.suppressed = twins.get(&found.says).cloned();
        }
    }
}

/// A sample of the mutants that are run; redundant ones are not drawn.
fn sampled(all: Vec<Planned>, count: usize, seed: u64) -> Vec<Planned> {
    let run: Vec<Planned> = all.into_iter().filter(|planned| planned.same_as.is_none()).collect();
    let candidates: Vec<Candidate<'_>> = run
        .iter()
        .map(|p| Candidate { id: &p.id, operator: p.operator.plugin.id, migration: p.migration })
        .collect();
    let drawn: BTreeSet<usize> = draw(&candidates, count, seed).into_iter().collect();
    run.into_iter().enumerate().filter(|(at, _)| drawn.contains(at)).map(|(_, planned)| planned).collect()
}

/// The mutants of one shard. Migrations are kept whole, as what is redundant depends on the mutants before it in
/// its migration; a shard gets a stretch of the chain that holds about its part of the mutants.
fn in_shard(all: Vec<Planned>, shard: Shard) -> Vec<Planned> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for planned in &all {
        *counts.entry(planned.migration).or_default() += 1;
    }
    let (total, mut before) = (all.len(), 0);
    let mut own = BTreeSet::new();
    for (migration, count) in counts {
        // Where the middle of the migration's mutants lies.
        let middle = 2 * before + count;
        if middle * shard.count() / (2 * total.max(1)) + 1 == shard.index() {
            own.insert(migration);
        }
        before += count;
    }
    all.into_iter().filter(|planned| own.contains(&planned.migration)).collect()
}

fn hash_of(all: &[Planned], operators_version: u32, loaded: &Loaded, options: &MutationOptions) -> String {
    let mut hasher = Hasher::default();
    hasher.number(u64::from(operators_version)).field(conditions(loaded, options));
    for planned in all {
        hasher.field(&planned.id).edits(&planned.mutant);
    }
    hasher.hex()
}
