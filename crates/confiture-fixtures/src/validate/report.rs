//! What a validation found.

use std::fmt;

use confiture_core::catalog::ObjectId;
use serde::{Deserialize, Serialize};

/// What rows were held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Rule {
    /// Referring rows have what they refer to.
    ForeignKey,
    /// The same for a [`Link`](super::Link) that no constraint states.
    Orphan,
    /// A CHECK is not false.
    Check,
    /// A NOT NULL column holds no NULL.
    NotNull,
    /// A unique index or constraint has no duplicates.
    Unique,
    /// An index is valid and ready.
    Index,
    /// An [`Invariant`](super::Invariant) of the user's.
    Invariant,
    /// Rows and values of an earlier state are still there.
    NoLoss,
}

impl Rule {
    /// The kebab-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ForeignKey => "foreign-key",
            Self::Orphan => "orphan",
            Self::Check => "check",
            Self::NotNull => "not-null",
            Self::Unique => "unique",
            Self::Index => "index",
            Self::Invariant => "invariant",
            Self::NoLoss => "no-loss",
        }
    }
}

/// One column of a row's key and its value as text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyPart {
    /// The column; `ctid` for tables without a primary key, with `tableoid` for partitioned ones.
    pub column: String,
    /// Its value; `None` is NULL.
    pub value: Option<String>,
}

/// What names one row: its primary key, or its place where there is none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RowKey(pub Vec<KeyPart>);

impl RowKey {
    pub(super) fn new(columns: &[String], values: &[Option<String>]) -> Self {
        let parts = columns.iter().zip(values);
        Self(parts.map(|(column, value)| KeyPart { column: column.clone(), value: value.clone() }).collect())
    }
}

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{} = {}", part.column, part.value.as_deref().unwrap_or("NULL"))?;
        }
        Ok(())
    }
}

/// Rows that break a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    /// Which rule.
    pub rule: Rule,
    /// The constraint, index, column or table.
    pub object: ObjectId,
    /// One line.
    pub message: String,
    /// Number of offending rows, exact; 1 for an index.
    pub total: u64,
    /// Keys of some of them, ordered; at most as many as the validator was told.
    pub rows: Vec<RowKey>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for (at, row) in self.rows.iter().enumerate() {
            write!(f, "{}{row}", if at == 0 { ": " } else { "; " })?;
        }
        if !self.rows.is_empty() && (self.rows.len() as u64) < self.total {
            f.write_str("; …")?;
        }
        Ok(())
    }
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotExamined {
    /// What.
    pub object: ObjectId,
    /// Against which rule.
    pub rule: Rule,
    /// Why.
    pub reason: String,
}

/// What was looked at and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ValidationReport {
    /// What was scanned, in order.
    pub examined: Vec<(Rule, ObjectId)>,
    /// What was found.
    pub violations: Vec<Violation>,
    /// What could not be judged.
    pub not_examined: Vec<NotExamined>,
}

impl ValidationReport {
    /// Whether nothing was found and everything could be judged. A database without anything to judge
    /// holds; [`examined`](Self::examined) tells.
    pub fn holds(&self) -> bool {
        self.violations.is_empty() && self.not_examined.is_empty()
    }

    /// Adds what another scan found.
    pub fn extend(&mut self, other: Self) {
        self.examined.extend(other.examined);
        self.violations.extend(other.violations);
        self.not_examined.extend(other.not_examined);
    }
}

impl fmt::Display for ValidationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for violation in &self.violations {
            writeln!(f, "{violation}")?;
        }
        for skipped in &self.not_examined {
            writeln!(
                f,
                "{} of {} was not examined: {}",
                skipped.rule.as_str(),
                skipped.object,
                skipped.reason
            )?;
        }
        let (examined, violations) = (self.examined.len(), self.violations.len());
        write!(f, "{examined} examined, {violations} violated, {} not examined", self.not_examined.len())
    }
}
