//! `MutationOptions`: which mutants are made, and what they are judged by.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use confiture_core::Severity;
use confiture_core::plugin::OperatorMeta;
use confiture_core::report::MutationThresholds;
use confiture_fixtures::LadderOptions;
use confiture_fixtures::sqltest::UserTest;
use globset::{Glob, GlobMatcher};

use crate::plan::Suppression;

/// Which mutants are made, and what they are judged by.
#[derive(Debug, Clone)]
pub struct MutationOptions {
    /// How the chain is climbed: setup files, rows, queries.
    pub ladder: LadderOptions,
    /// Session settings the server was opened with. They change what is found, so a result under other ones
    /// is not taken from the log.
    pub settings: BTreeMap<String, String>,
    /// Indexes of the migrations to break; `None` for all. The others are applied only.
    pub judged: Option<BTreeSet<usize>>,
    /// The chain ends after this index.
    pub last: Option<usize>,
    /// Operators that make mutants.
    pub operators: OperatorFilter,
    /// The version of the operator set: built-in operators that came later make no mutants. `None` for the
    /// set of this release.
    pub operators_version: Option<u32>,
    /// Mutants of less severity are not made.
    pub severity: Option<Severity>,
    /// How many mutants to draw, spread over operators and migrations; `None` for all.
    pub sample: Option<usize>,
    /// Seed of the draw.
    pub seed: u64,
    /// The part of the plan to run; drawn after the sample.
    pub shard: Option<Shard>,
    /// Ask every test about every mutant instead of stopping at the first that notices.
    pub matrix: bool,
    /// Ask only the tests that touch what a mutant changes.
    pub select: bool,
    /// Look for an assertion that would have noticed, for each mutant that went unnoticed.
    pub suggest: bool,
    /// The user's own tests.
    pub tests: Vec<Arc<UserTest>>,
    /// Directory of the committed schema snapshot, where the project has one.
    pub snapshot: Option<PathBuf>,
    /// Ids of built-in checks that are not asked.
    pub skipped_checks: BTreeSet<String>,
    /// Mutants the user does not want, from the configuration; comments of scripts are read besides.
    pub suppressions: Vec<Suppression>,
    /// What the scores have to reach.
    pub thresholds: MutationThresholds,
    /// The file results are appended to and taken from.
    pub log: Option<PathBuf>,
    /// Mutants run at once; at least 1.
    pub jobs: usize,
    /// Go on when tests fail on the migrations as they are; these tests are not asked about mutants.
    pub allow_red: bool,
    /// Directory to which suggested assertions are written as tests.
    pub write_tests: Option<PathBuf>,
}

impl Default for MutationOptions {
    fn default() -> Self {
        Self {
            ladder: LadderOptions::default(),
            settings: BTreeMap::new(),
            judged: None,
            last: None,
            operators: OperatorFilter::default(),
            operators_version: None,
            severity: None,
            sample: None,
            seed: 0,
            shard: None,
            matrix: false,
            select: true,
            suggest: true,
            tests: Vec::new(),
            snapshot: None,
            skipped_checks: BTreeSet::new(),
            suppressions: Vec::new(),
            thresholds: MutationThresholds::default(),
            log: None,
            jobs: 1,
            allow_red: false,
            write_tests: None,
        }
    }
}

/// A glob of operator ids, or a category: `pk-*`, `data`.
#[derive(Debug, Clone)]
pub struct OperatorPattern {
    text: String,
    glob: GlobMatcher,
}

impl OperatorPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with the glob.
    pub fn new(text: &str) -> Result<Self, String> {
        let glob = Glob::new(text).map_err(|error| error.to_string())?;
        Ok(Self { text: text.to_owned(), glob: glob.compile_matcher() })
    }

    /// Whether it names `operator` or its category.
    pub fn matches(&self, operator: &OperatorMeta) -> bool {
        self.glob.is_match(operator.plugin.id) || self.glob.is_match(operator.category.as_str())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Operators by patterns: those of `include` (all when it is empty) without those of `exclude`.
///
/// # Example
/// ```
/// use confiture_core::plugin::Registry;
/// use confiture_mutation::OperatorFilter;
///
/// let filter = OperatorFilter::parse(["schema", "!pk-*"])?;
/// let registry = Registry::linked().map_err(|error| error.to_string())?;
/// let chosen = |id: &str| {
///     registry.operators().any(|operator| operator.meta().plugin.id == id && filter.selects(operator.meta()))
/// };
/// assert!(chosen("statement-delete") && !chosen("pk-drop") && !chosen("where-relop"));
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct OperatorFilter {
    /// At least one has to match; empty for all operators.
    pub include: Vec<OperatorPattern>,
    /// None may match.
    pub exclude: Vec<OperatorPattern>,
}

impl OperatorFilter {
    /// Reads patterns; one that starts with `!` excludes.
    ///
    /// # Errors
    /// The pattern that cannot be read, and why.
    pub fn parse<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut filter = Self::default();
        for text in patterns {
            let (list, glob) = match text.strip_prefix('!') {
                Some(rest) => (&mut filter.exclude, rest),
                None => (&mut filter.include, text),
            };
            list.push(OperatorPattern::new(glob).map_err(|error| format!("{text}: {error}"))?);
        }
        Ok(filter)
    }

    /// Whether `operator` makes mutants.
    pub fn selects(&self, operator: &OperatorMeta) -> bool {
        let matched = |patterns: &[OperatorPattern]| patterns.iter().any(|pattern| pattern.matches(operator));
        (self.include.is_empty() || matched(&self.include)) && !matched(&self.exclude)
    }

    /// The patterns, in the order they were given.
    pub fn patterns(&self) -> impl Iterator<Item = &OperatorPattern> {
        self.include.iter().chain(&self.exclude)
    }
}

/// Part `index` of `count`, from 1: `2/3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// Part `index` of `count`; `None` unless `1 ≤ index ≤ count`.
    pub fn new(index: usize, count: usize) -> Option<Self> {
        (1..=count).contains(&index).then_some(Self { index, count })
    }

    /// Which part, from 1.
    pub fn index(self) -> usize {
        self.index
    }

    /// How many parts there are.
    pub fn count(self) -> usize {
        self.count
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let shard = parts.and_then(|(index, count)| Self::new(index.parse().ok()?, count.parse().ok()?));
        shard.ok_or_else(|| format!("expected K/N with K from 1 to N, such as 2/3, not {text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_count_from_one() {
        assert_eq!("2/3".parse::<Shard>().map(|shard| shard.to_string()), Ok("2/3".to_owned()));
        for wrong in ["0/3", "4/3", "1", "a/b", "1/0", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
