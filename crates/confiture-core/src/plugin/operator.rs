//! The `MutationOperator` trait: one way to break a script.

mod context;
mod example;

use std::fmt::{self, Debug};

pub use context::MutationContext;
pub use example::{Killer, MutationExample};

use super::{PluginMeta, Site};
use crate::Severity;
use crate::migration::{Direction, Script};
use crate::sql::{Edit, EditError};

/// What kind of mistake an operator makes.
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
#[serde(rename_all = "lowercase")]
pub enum MutationCategory {
    /// The schema comes out otherwise.
    Schema,
    /// Rows come out otherwise.
    Data,
    /// The rollback is wrong.
    Rollback,
    /// The same result at a higher cost.
    Performance,
    /// The same result under a stronger or longer lock.
    Locking,
    /// Somebody may do what they should not, or may no longer do what they should.
    Security,
}

impl MutationCategory {
    /// The lower-case name used in every report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Data => "data",
            Self::Rollback => "rollback",
            Self::Performance => "performance",
            Self::Locking => "locking",
            Self::Security => "security",
        }
    }
}

/// What a mutant may change, and so what can tell it from the original: a set.
///
/// A mutant is called equivalent only when it is equal on every channel of its operator.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Channels(u8);

impl Channels {
    /// Catalog and rows.
    pub const STATE: Self = Self(1);
    /// Which rows constraints let in.
    pub const BEHAVIOUR: Self = Self(2);
    /// What the rollback does.
    pub const ROLLBACK: Self = Self(4);
    /// Query plans and the work a statement takes.
    pub const PLAN: Self = Self(8);
    /// Locks the migration takes.
    pub const LOCK: Self = Self(16);
    /// What an abort in the middle leaves, and whether a second run goes through.
    pub const ABORT: Self = Self(32);
    /// What another role may do.
    pub const ROLE: Self = Self(64);

    const NAMES: [(Self, &'static str); 7] = [
        (Self::STATE, "state"),
        (Self::BEHAVIOUR, "behaviour"),
        (Self::ROLLBACK, "rollback"),
        (Self::PLAN, "plan"),
        (Self::LOCK, "lock"),
        (Self::ABORT, "abort"),
        (Self::ROLE, "role"),
    ];

    /// Both sets together.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every channel of `other` is in it.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names of its channels, in the order of the constants.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(channel, _)| self.has(*channel)).map(|(_, name)| name)
    }
}

impl Debug for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// What an operator says of itself.
#[derive(Debug, Clone, Copy)]
pub struct OperatorMeta {
    /// Id, summary and documentation: when a mutant is equivalent, stillborn or rejected.
    pub plugin: PluginMeta,
    /// What kind of mistake it makes.
    pub category: MutationCategory,
    /// How much it matters when nobody notices.
    pub severity: Severity,
    /// What its mutants may change.
    pub channels: Channels,
    /// Which scripts it looks at; `None` for both.
    pub direction: Option<Direction>,
    /// The version of the operator set it came with, from 1.
    pub since: u32,
    /// A pair of scripts it breaks, and what notices; what the registry is tested with.
    pub example: Option<MutationExample>,
}

/// One way to break a script: byte edits of its statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// Index of the first statement it breaks.
    pub statement: usize,
    /// What it breaks, as a person would call it: `users.email`, `users_pkey`.
    pub object: String,
    /// Per statement, in order: edits of its [`sql`](crate::migration::ScriptStatement::sql), not overlapping.
    pub edits: Vec<(usize, Edit)>,
    /// What it does, in one line, lower case, no full stop.
    pub description: String,
}

impl Mutant {
    /// The same with edits of another statement of the script.
    #[must_use]
    pub fn with(mut self, site: &Site<'_>, edits: impl IntoIterator<Item = Edit>) -> Self {
        self.edits.extend(edits.into_iter().map(|edit| (site.index, edit)));
        self.edits.sort_by_key(|(statement, edit)| (*statement, edit.span));
        self.statement = self.edits.first().map_or(self.statement, |(statement, _)| *statement);
        self
    }

    /// The same about another object than the one the statement names.
    #[must_use]
    pub fn on(mut self, object: impl Into<String>) -> Self {
        self.object = object.into();
        self
    }

    /// The text of statement `index` of `script` with the edits that belong to it.
    ///
    /// # Errors
    /// When an edit does not fit the statement.
    pub fn statement_text(&self, script: &Script, index: usize) -> Result<String, EditError> {
        let sql = script.statements.get(index).map_or("", |statement| &statement.sql);
        let edits: Vec<Edit> =
            self.edits.iter().filter(|(at, _)| *at == index).map(|(_, edit)| edit.clone()).collect();
        crate::sql::apply(sql, &edits)
    }

    /// The same edits as edits of the user's file, in order; a statement that templates changed is replaced
    /// as a whole.
    ///
    /// # Errors
    /// When an edit does not fit its statement.
    pub fn file_edits(&self, script: &Script) -> Result<Vec<Edit>, EditError> {
        let mut edits: Vec<Edit> = Vec::new();
        for (index, statement) in script.statements.iter().enumerate() {
            let mut own = self.edits.iter().filter(|(at, _)| *at == index).map(|(_, edit)| edit).peekable();
            if own.peek().is_none() {
                continue;
            }
            if statement.moved.is_empty() {
                let start = statement.span.start;
                edits.extend(own.map(|edit| Edit {
                    span: crate::sql::Span::new(edit.span.start + start, edit.span.end + start),
                    replacement: edit.replacement.clone(),
                }));
            } else {
                let text = self.statement_text(script, index)?;
                edits.push(Edit::replace(statement.span.clone().into(), text));
            }
        }
        Ok(edits)
    }
}

/// A mutation operator: pure, deterministic, one kind of mistake.
pub trait MutationOperator: Send + Sync + Debug {
    /// What it says of itself.
    fn meta(&self) -> &'static OperatorMeta;

    /// Pushes every mutant of the script, in the order of its statements; nothing where it finds no site.
    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>);

    /// Whether it breaks statements of any kind alike: a mutant that a more particular operator makes as
    /// well counts for that one.
    fn is_general(&self) -> bool {
        false
    }
}
