//! Mutants the user does not want to hear about, each with a reason.

use confiture_core::migration::{Direction, Script};
use confiture_core::plugin::{OperatorMeta, Registry};
use confiture_core::{Diagnostic, Location, Severity};

use super::Planned;
use crate::options::OperatorPattern;

/// Mutants the user does not want, and why.
#[derive(Debug, Clone)]
pub struct Suppression {
    /// Which ones.
    pub what: Suppressed,
    /// Id or version of the only migration it is about.
    pub migration: Option<String>,
    /// Why nobody has to notice them; a suppression without a reason has no effect.
    pub reason: String,
    /// Where it stands, for findings.
    pub at: Option<Location>,
}

/// Which mutants a [`Suppression`] is about.
#[derive(Debug, Clone)]
pub enum Suppressed {
    /// The mutant with this id, and those that make the same script.
    Mutant(String),
    /// All mutants of these operators.
    Operator(OperatorPattern),
}

impl Suppressed {
    fn text(&self) -> &str {
        match self {
            Self::Mutant(id) => id,
            Self::Operator(pattern) => pattern.as_str(),
        }
    }
}

/// A suppression at the place where it holds, and whether it was of use.
pub(super) struct Rule {
    suppression: Suppression,
    /// The statement it stands above, for comments.
    statement: Option<(usize, Direction, usize)>,
    used: bool,
}

impl Rule {
    /// The rule of the configuration.
    pub(super) fn configured(suppression: &Suppression) -> Self {
        Self { suppression: suppression.clone(), statement: None, used: false }
    }

    /// Whether it lets `planned` not be run; a mutant is known by its id alone.
    pub(super) fn applies(&mut self, planned: &Planned, migration: &[&str; 2]) -> bool {
        let Suppression { what, migration: only, .. } = &self.suppression;
        let here = only.as_deref().is_none_or(|only| migration.contains(&only));
        let touches = |statement: usize| planned.mutant.edits.iter().any(|(at, _)| *at == statement);
        let there = self.statement.is_none_or(|(index, direction, statement)| {
            index == planned.migration && direction == planned.direction && touches(statement)
        });
        let meant = match what {
            Suppressed::Mutant(id) => *id == planned.id,
            Suppressed::Operator(pattern) => pattern.matches(planned.operator),
        };
        let applies = here && there && meant;
        self.used |= applies;
        applies && !self.reason().is_empty()
    }

    /// Whether it is about one mutant, and so about those that make the same script.
    pub(super) fn names_mutant(&self) -> bool {
        matches!(self.suppression.what, Suppressed::Mutant(_))
    }

    pub(super) fn reason(&self) -> &str {
        self.suppression.reason.trim()
    }

    /// The index of the migration it stands in.
    pub(super) fn place(&self) -> Option<usize> {
        self.statement.map(|(migration, ..)| migration)
    }

    /// The migration it is limited to.
    pub(super) fn migration(&self) -> Option<&str> {
        self.suppression.migration.as_deref()
    }

    /// What is wrong with it; `complete` when every mutant it could be about was looked at.
    pub(super) fn finding(&self, registry: &Registry, complete: bool) -> Option<Diagnostic> {
        let text = self.suppression.what.text();
        let metas = || registry.operators().map(|operator| operator.meta());
        let known = |meta: &OperatorMeta| match &self.suppression.what {
            Suppressed::Mutant(id) => id.strip_prefix(meta.plugin.id).is_some_and(|r| r.starts_with('/')),
            Suppressed::Operator(pattern) => pattern.matches(meta),
        };
        let finding = if !metas().any(known) {
            let help = match nearest(text, metas().map(|meta| meta.plugin.id)) {
                Some(id) => format!("did you mean {id}? `confiture plugins` lists all operators"),
                None => "`confiture plugins` lists all operators".to_owned(),
            };
            Diagnostic::new(
                "suppression-unknown",
                Severity::Medium,
                format!("no mutation operator is called {text}"),
            )
            .with_help(help)
        } else if self.reason().is_empty() {
            Diagnostic::new(
                "suppression-without-reason",
                Severity::Medium,
                format!("{text} is ignored without a reason"),
            )
            .with_help("say why nobody has to notice it; it is not ignored until then")
        } else if !self.used && complete {
            Diagnostic::new(
                "suppression-unused",
                Severity::Medium,
                format!("nothing is ignored by {text}: there is no such mutant"),
            )
            .with_help("remove it; `confiture mutate --list` shows the mutants there are")
        } else {
            return None;
        };
        let finding = match &self.suppression.at {
            Some(at) => finding.at(at.clone()),
            None => finding,
        };
        Some(finding.with_evidence("ignored", text))
    }
}

/// The rules of comments `-- confiture:ignore OPERATOR reason…` above the statements of a script.
///
/// A comment about a rule or a code of `confiture explain` is not about mutants and is left to whoever finds that.
pub(super) fn comments(
    script: &Script,
    migration: usize,
    direction: Direction,
    registry: &Registry,
) -> Vec<Rule> {
    let mut rules = Vec::new();
    for ignore in script.ignores() {
        if registry.explanation(&ignore.code).is_some() || registry.rule(&ignore.code).is_some() {
            continue;
        }
        let what = match OperatorPattern::new(&ignore.code) {
            Ok(pattern) => Suppressed::Operator(pattern),
            Err(_) => Suppressed::Mutant(ignore.code),
        };
        rules.push(Rule {
            suppression: Suppression { what, migration: None, reason: ignore.reason, at: Some(ignore.at) },
            statement: Some((migration, direction, ignore.statement)),
            used: false,
        });
    }
    rules
}

/// The id `given` is a likely slip of.
fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.split('/').next().unwrap_or(given);
    let nearest = known.map(|id| (strsim::damerau_levenshtein(given, id), id)).min()?;
    (nearest.0 <= 2.max(nearest.1.len() / 3)).then_some(nearest.1)
}
