//! The registry: every linked plugin, sorted by id, duplicates refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Check, Explanation, Gate, MutationOperator, PluginMeta, Probe, Reporter, Rule};
use crate::migration::layout::Layout;

/// Where a plugin was registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Cargo package.
    pub package: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Source file.
    pub file: &'static str,
    /// Line in it.
    pub line: u32,
}

/// Makes one plugin.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Factory {
    /// A migration directory convention.
    Layout(fn() -> Box<dyn Layout>),
    /// A built-in or downstream check of `confiture test`.
    Check(fn() -> Box<dyn Check>),
    /// A mutation operator.
    Operator(fn() -> Box<dyn MutationOperator>),
    /// A rule about statements.
    Rule(fn() -> Box<dyn Rule>),
    /// A deployment gate.
    Gate(fn() -> Box<dyn Gate>),
    /// A measurement.
    Probe(fn() -> Box<dyn Probe>),
    /// An output format.
    Reporter(fn() -> Box<dyn Reporter>),
}

/// One plugin, as [`register!`](crate::register) submits it.
#[derive(Debug)]
pub struct Registration {
    /// Makes the plugin.
    pub factory: Factory,
    /// Where it was registered.
    pub origin: Origin,
}

inventory::collect!(Registration);
inventory::collect!(Explanation);

/// What a plugin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PluginKind {
    /// A migration directory convention.
    Layout,
    /// A check of `confiture test`.
    Check,
    /// A mutation operator.
    Operator,
    /// A rule about statements.
    Rule,
    /// A deployment gate.
    Gate,
    /// A measurement.
    Probe,
    /// An output format.
    Reporter,
}

impl PluginKind {
    /// The word used in listings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Layout => "layout",
            Self::Check => "check",
            Self::Operator => "operator",
            Self::Rule => "rule",
            Self::Gate => "gate",
            Self::Probe => "probe",
            Self::Reporter => "reporter",
        }
    }
}

/// Why a registry could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// Two plugins of one kind share an id.
    #[error("register {kind} {id}: registered by {first} and by {second}")]
    Duplicate {
        /// Kind of both.
        kind: &'static str,
        /// Their id.
        id: &'static str,
        /// `package file:line` of one.
        first: String,
        /// `package file:line` of the other.
        second: String,
    },
}

/// Plugins by kind, each sorted by id. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    layouts: BTreeMap<&'static str, (Arc<dyn Layout>, Option<Origin>)>,
    checks: BTreeMap<&'static str, (Arc<dyn Check>, Option<Origin>)>,
    operators: BTreeMap<&'static str, (Arc<dyn MutationOperator>, Option<Origin>)>,
    rules: BTreeMap<&'static str, (Arc<dyn Rule>, Option<Origin>)>,
    gates: BTreeMap<&'static str, (Arc<dyn Gate>, Option<Origin>)>,
    probes: BTreeMap<&'static str, (Arc<dyn Probe>, Option<Origin>)>,
    reporters: BTreeMap<&'static str, (Arc<dyn Reporter>, Option<Origin>)>,
    explanations: BTreeMap<&'static str, Explanation>,
}

fn insert<T: ?Sized>(
    map: &mut BTreeMap<&'static str, (Arc<T>, Option<Origin>)>,
    kind: PluginKind,
    id: &'static str,
    plugin: Box<T>,
    origin: Option<Origin>,
) -> Result<(), PluginError> {
    let place = |origin: &Option<Origin>| match origin {
        Some(at) => format!("{} {}:{}", at.package, at.file, at.line),
        None => "the program itself".to_owned(),
    };
    if let Some((_, first)) = map.get(id) {
        return Err(PluginError::Duplicate {
            kind: kind.as_str(),
            id,
            first: place(first),
            second: place(&origin),
        });
    }
    map.insert(id, (Arc::from(plugin), origin));
    Ok(())
}

impl Registry {
    /// A registry with nothing in it.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Every plugin linked into this program.
    ///
    /// # Errors
    /// [`PluginError::Duplicate`] when two plugins of one kind share an id.
    pub fn linked() -> Result<Self, PluginError> {
        let mut registry = Self::empty();
        for registration in inventory::iter::<Registration> {
            let origin = Some(registration.origin);
            match registration.factory {
                Factory::Layout(build) => {
                    let layout = build();
                    insert(&mut registry.layouts, PluginKind::Layout, layout.meta().id, layout, origin)?;
                }
                Factory::Check(build) => {
                    let check = build();
                    insert(&mut registry.checks, PluginKind::Check, check.meta().id, check, origin)?;
                }
                Factory::Operator(build) => {
                    let operator = build();
                    insert(
                        &mut registry.operators,
                        PluginKind::Operator,
                        operator.meta().plugin.id,
                        operator,
                        origin,
                    )?;
                }
                Factory::Rule(build) => {
                    let rule = build();
                    insert(&mut registry.rules, PluginKind::Rule, rule.meta().plugin.id, rule, origin)?;
                }
                Factory::Gate(build) => {
                    let gate = build();
                    insert(&mut registry.gates, PluginKind::Gate, gate.meta().id, gate, origin)?;
                }
                Factory::Probe(build) => {
                    let probe = build();
                    insert(&mut registry.probes, PluginKind::Probe, probe.meta().id, probe, origin)?;
                }
                Factory::Reporter(build) => {
                    let reporter = build();
                    insert(
                        &mut registry.reporters,
                        PluginKind::Reporter,
                        reporter.meta().id,
                        reporter,
                        origin,
                    )?;
                }
            }
        }
        for explanation in inventory::iter::<Explanation> {
            registry.explanations.insert(explanation.code, *explanation);
        }
        Ok(registry)
    }

    /// Adds a layout.
    ///
    /// # Errors
    /// [`PluginError::Duplicate`] when its id is taken.
    pub fn with_layout(mut self, layout: Box<dyn Layout>) -> Result<Self, PluginError> {
        insert(&mut self.layouts, PluginKind::Layout, layout.meta().id, layout, None)?;
        Ok(self)
    }

    /// Adds a check.
    ///
    /// # Errors
    /// [`PluginError::Duplicate`] when its id is taken.
    pub fn with_check(mut self, check: Box<dyn Check>) -> Result<Self, PluginError> {
        insert(&mut self.checks, PluginKind::Check, check.meta().id, check, None)?;
        Ok(self)
    }

    /// Layouts by id.
    pub fn layouts(&self) -> impl Iterator<Item = &dyn Layout> {
        self.layouts.values().map(|(layout, _)| layout.as_ref())
    }

    /// The layout called `id`.
    pub fn layout(&self, id: &str) -> Option<&dyn Layout> {
        self.layouts.get(id).map(|(layout, _)| layout.as_ref())
    }

    /// Checks by id.
    pub fn checks(&self) -> impl Iterator<Item = &dyn Check> {
        self.checks.values().map(|(check, _)| check.as_ref())
    }

    /// Adds an output format.
    ///
    /// # Errors
    /// [`PluginError::Duplicate`] when its id is taken.
    pub fn with_reporter(mut self, reporter: Box<dyn Reporter>) -> Result<Self, PluginError> {
        insert(&mut self.reporters, PluginKind::Reporter, reporter.meta().id, reporter, None)?;
        Ok(self)
    }

    /// Adds a mutation operator.
    ///
    /// # Errors
    /// [`PluginError::Duplicate`] when its id is taken.
    pub fn with_operator(mut self, operator: Box<dyn MutationOperator>) -> Result<Self, PluginError> {
        let id = operator.meta().plugin.id;
        insert(&mut self.operators, PluginKind::Operator, id, operator, None)?;
        Ok(self)
    }

    /// Mutation operators by id.
    pub fn operators(&self) -> impl Iterator<Item = &dyn MutationOperator> {
        self.operators.values().map(|(operator, _)| operator.as_ref())
    }

    /// Adds a rule.
    ///
    /// # Errors
    /// [`PluginError::Duplicate`] when its id is taken.
    pub fn with_rule(mut self, rule: Box<dyn Rule>) -> Result<Self, PluginError> {
        let id = rule.meta().plugin.id;
        insert(&mut self.rules, PluginKind::Rule, id, rule, None)?;
        Ok(self)
    }

    /// Rules by id.
    pub fn rules(&self) -> impl Iterator<Item = &dyn Rule> {
        self.rules.values().map(|(rule, _)| rule.as_ref())
    }

    /// The rule called `id`.
    pub fn rule(&self, id: &str) -> Option<&dyn Rule> {
        self.rules.get(id).map(|(rule, _)| rule.as_ref())
    }

    /// Deployment gates by id.
    pub fn gates(&self) -> impl Iterator<Item = &dyn Gate> {
        self.gates.values().map(|(gate, _)| gate.as_ref())
    }

    /// Measurements by id.
    pub fn probes(&self) -> impl Iterator<Item = &dyn Probe> {
        self.probes.values().map(|(probe, _)| probe.as_ref())
    }

    /// Output formats by id.
    pub fn reporters(&self) -> impl Iterator<Item = &dyn Reporter> {
        self.reporters.values().map(|(reporter, _)| reporter.as_ref())
    }

    /// The output format called `id`.
    pub fn reporter(&self, id: &str) -> Option<&dyn Reporter> {
        self.reporters.get(id).map(|(reporter, _)| reporter.as_ref())
    }

    /// The page for a finding code.
    pub fn explanation(&self, code: &str) -> Option<&Explanation> {
        self.explanations.get(code)
    }

    /// All pages by code.
    pub fn explanations(&self) -> impl Iterator<Item = &Explanation> {
        self.explanations.values()
    }

    /// Kind, description and origin of every plugin, by kind and id.
    pub fn list(&self) -> Vec<(PluginKind, &'static PluginMeta, Option<Origin>)> {
        let layouts = self.layouts.values().map(|(l, origin)| (PluginKind::Layout, l.meta(), *origin));
        let checks = self.checks.values().map(|(c, origin)| (PluginKind::Check, c.meta(), *origin));
        let reporters = self.reporters.values().map(|(r, origin)| (PluginKind::Reporter, r.meta(), *origin));
        let operators = self
            .operators
            .values()
            .map(|(plugin, origin)| (PluginKind::Operator, &plugin.meta().plugin, *origin));
        let rules =
            self.rules.values().map(|(plugin, origin)| (PluginKind::Rule, &plugin.meta().plugin, *origin));
        let gates = self.gates.values().map(|(plugin, origin)| (PluginKind::Gate, plugin.meta(), *origin));
        let probes = self.probes.values().map(|(plugin, origin)| (PluginKind::Probe, plugin.meta(), *origin));
        layouts
            .chain(checks)
            .chain(operators)
            .chain(rules)
            .chain(gates)
            .chain(probes)
            .chain(reporters)
            .collect()
    }
}
