//! The `Rule` trait: one hazard of a migration's statements.

mod claim;
mod context;
mod ledger;
mod session;
mod unfold;

use std::fmt::Debug;

use super::PluginMeta;
use crate::Severity;
use crate::sql::Span;

pub use claim::{Claim, RuleExample};
pub use context::{RuleContext, RuleStatement};
pub use session::Timeouts;
pub use unfold::{Routines, Unfolded, Unread};

/// What kind of harm a rule is about.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum RuleCategory {
    /// Others wait: a strong lock, a rewrite, a scan under a lock.
    Lock,
    /// It fails, stops half-way or silently does something else.
    Fails,
    /// Rows or values are gone.
    DataLoss,
    /// The application of the previous version stops working.
    ClientBreak,
    /// Nothing breaks, but it should not be built like this.
    Design,
}

impl RuleCategory {
    /// The name used in every report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Fails => "fails",
            Self::DataLoss => "data-loss",
            Self::ClientBreak => "client-break",
            Self::Design => "design",
        }
    }
}

/// What a judgement rests on, least first.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// The files alone.
    Static,
    /// The catalog before the migration.
    Catalog,
    /// The migration was run and measured.
    Measured,
}

impl Tier {
    /// The name used in every report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Catalog => "catalog",
            Self::Measured => "measured",
        }
    }
}

/// What a measurement has to show for a finding of a rule to be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Withdrawal {
    /// Nothing takes it back: losses and broken clients are what they are.
    Never,
    /// The statement did not rewrite the table.
    NoRewrite,
    /// The statement neither rewrote nor scanned the table.
    NoScan,
}

/// What a rule says of itself.
#[derive(Debug, Clone, Copy)]
pub struct RuleMeta {
    /// Id, summary and documentation: cause, the lock or the loss, versions, the fix.
    pub plugin: PluginMeta,
    /// What kind of harm it is about.
    pub category: RuleCategory,
    /// High and critical are errors, medium is a warning.
    pub severity: Severity,
    /// What is needed to be sure. A rule that needs more than it is given may still report what is likely.
    pub knowledge: Tier,
    /// The first PostgreSQL major it holds on; `None`: all.
    pub since: Option<u32>,
    /// The last PostgreSQL major it holds on; `None`: all.
    pub until: Option<u32>,
    /// What it says PostgreSQL does with the bad example; a test measures it on every major.
    pub claim: Claim,
    /// What takes a finding back.
    pub withdrawal: Withdrawal,
    /// What the registry is tested with, and what `confiture explain` prints.
    pub example: RuleExample,
}

impl RuleMeta {
    /// Whether it holds on `major`.
    pub fn holds_on(&self, major: u32) -> bool {
        self.since.is_none_or(|since| since <= major) && self.until.is_none_or(|until| major <= until)
    }
}

/// What a rule found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RuleFinding {
    /// Index into [`RuleContext::statements`].
    pub statement: usize,
    /// Bytes of the statement that are to blame.
    pub span: Span,
    /// One line, lower case, no full stop.
    pub message: String,
    /// What to do, ready to paste where it is SQL.
    pub help: Option<String>,
    /// Short text printed under the marked source.
    pub label: Option<String>,
    /// The table it is about, as the statement names it; the severity of lock rules follows its rows.
    pub table: Option<Vec<String>>,
    /// Another severity than the rule's own.
    pub severity: Option<Severity>,
    /// What the judgement rests on.
    pub tier: Tier,
    /// Machine-readable facts.
    pub evidence: serde_json::Map<String, serde_json::Value>,
}

impl RuleFinding {
    /// A finding about `span` of `statement`.
    pub fn new(statement: &RuleStatement<'_>, span: Span, message: impl Into<String>) -> Self {
        Self {
            statement: statement.index,
            span,
            message: message.into(),
            help: None,
            label: None,
            table: None,
            severity: None,
            tier: Tier::Static,
            evidence: serde_json::Map::new(),
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the text printed under the marked source.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Says which table it is about.
    #[must_use]
    pub fn on(mut self, table: &crate::sql::ObjectName) -> Self {
        self.table = Some(table.parts.clone());
        self
    }

    /// Says that it matters more or less than the rule's own severity.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// Says that the catalog confirms it.
    #[must_use]
    pub fn seen_in_catalog(mut self) -> Self {
        self.tier = Tier::Catalog;
        self
    }

    /// Adds a machine-readable fact.
    #[must_use]
    pub fn evidence(mut self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        self.evidence.insert(key.to_owned(), value.into());
        self
    }
}

/// A rule: pure, deterministic, one hazard.
pub trait Rule: Send + Sync + Debug {
    /// What it says of itself.
    fn meta(&self) -> &'static RuleMeta;

    /// Pushes what it finds in the forward script of one migration, in the order of its statements.
    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>);
}
