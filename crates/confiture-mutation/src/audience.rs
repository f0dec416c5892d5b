//! The tests that may notice a mutant: which, in which order, and on which state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use confiture_core::catalog::{Catalog, ConstraintType};
use confiture_core::migration::Direction;
use confiture_core::migration::layout::Loaded;
use confiture_core::sql::Tokens;
use confiture_fixtures::sqltest::{Needs, TestKind, UserTest};

/// One of the user's tests and what it needs.
#[derive(Debug, Clone)]
pub(crate) struct Listener {
    pub(crate) test: Arc<UserTest>,
    pub(crate) needs: Needs,
    /// Words of its statements, lower case; `None` where they cannot be known (a command, pgTAP).
    words: Option<BTreeSet<String>>,
}

impl Listener {
    /// `None` for a test that cannot be used; the run on the original has said so.
    pub(crate) fn new(test: &Arc<UserTest>, loaded: &Loaded) -> Option<Self> {
        let end = loaded.migrations.len().checked_sub(1);
        let needs = match test.kind() {
            TestKind::Command => Needs::at(end),
            _ => test.needs(loaded).ok()?,
        };
        let words = matches!(test.kind(), TestKind::Directives | TestKind::Verify)
            .then(|| test.statements().flat_map(words).collect());
        Some(Self { test: Arc::clone(test), needs, words })
    }

    /// Whether a change of that script can reach it.
    pub(crate) fn reaches(&self, migration: usize, direction: Direction) -> bool {
        match direction {
            Direction::Up => self.needs.start >= Some(migration) || self.needs.steps.contains(&migration),
            Direction::Down => self.needs.rolled_back.contains(&migration),
        }
    }

    /// Whether it looks at the state right after `migration`, or goes through it itself.
    pub(crate) fn is_about(&self, migration: usize) -> bool {
        self.needs.start == Some(migration) || self.needs.steps.contains(&migration)
    }

    /// Whether it mentions one of `names`; a test whose words are unknown may.
    pub(crate) fn mentions(&self, names: &BTreeSet<String>) -> bool {
        self.words.as_ref().is_none_or(|words| names.iter().any(|name| words.contains(name)))
    }
}

/// The words of `sql`, lower case, those inside of strings too.
pub(crate) fn words(sql: &str) -> Vec<String> {
    let mut found = Vec::new();
    for token in Tokens::new(sql) {
        let text = token.text(sql);
        if token.kind.is_name() {
            found.push(text.trim_matches('"').replace("\"\"", "\"").to_lowercase());
        } else if token.kind.is_string() {
            let inner = text.trim_matches(|c: char| c == '\'' || c == '$');
            if inner.len() < text.len() {
                found.extend(words(inner));
            }
        }
    }
    found
}

/// Relations that foreign keys tie to one another, directly or not, by name.
#[derive(Debug, Default)]
pub(crate) struct Ties(BTreeMap<String, BTreeSet<String>>);

impl Ties {
    pub(crate) fn of(catalog: &Catalog) -> Self {
        let mut ties = Self::default();
        for (table, _) in catalog.tables() {
            for (_, constraint) in catalog.constraints_of(table) {
                if constraint.constraint_type == ConstraintType::ForeignKey
                    && let Some(to) = &constraint.references
                {
                    let (one, other) = (table.name().to_lowercase(), to.table.name().to_lowercase());
                    ties.0.entry(one.clone()).or_default().insert(other.clone());
                    ties.0.entry(other).or_default().insert(one);
                }
            }
        }
        ties
    }

    /// `names` and what is tied to them.
    pub(crate) fn closure(&self, names: BTreeSet<String>) -> BTreeSet<String> {
        let mut open: Vec<String> = names.iter().cloned().collect();
        let mut all = names;
        while let Some(name) = open.pop() {
            for next in self.0.get(&name).into_iter().flatten() {
                if all.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        all
    }
}
