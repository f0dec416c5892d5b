//! What confiture has to say about the user's SQL: data, never an error.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::migration::Direction;

/// How much a finding matters, least first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; never fails a check.
    Info,
    /// A weakness with little consequence.
    Low,
    /// A defect that will cost somebody time.
    Medium,
    /// A defect that breaks a deployment or a rollback.
    High,
    /// A defect that loses data or stops an application.
    Critical,
}

impl Severity {
    /// The lower-case name used in every report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// A place in one of the user's files.
///
/// `line` and `column` count from 1; columns count characters. `span` holds byte offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Path as the user would write it: relative to the working directory where possible.
    pub file: PathBuf,
    /// Bytes of the file the finding is about.
    pub span: std::ops::Range<usize>,
    /// Line of the start of `span`, from 1.
    pub line: usize,
    /// Column of the start of `span` in characters, from 1.
    pub column: usize,
}

impl Location {
    /// Locates `span` in `text`, the whole content of `file`.
    ///
    /// Offsets beyond the end of `text` are moved to its end; offsets inside a character to its start.
    pub fn new(file: impl Into<PathBuf>, text: &str, span: std::ops::Range<usize>) -> Self {
        let floor = |mut at: usize| {
            at = at.min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = floor(span.start);
        let end = floor(span.end).max(start);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            file: file.into(),
            span: start..end,
            line: before.bytes().filter(|&b| b == b'\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
        }
    }
}

/// One finding: what is wrong, where, and what to do about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// Kebab-case code; `confiture explain CODE` prints its page.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// One line, lower case, no full stop.
    pub message: String,
    /// What to do, ready to paste where it is SQL.
    pub help: Option<String>,
    /// Where, when a file is to blame.
    pub location: Option<Location>,
    /// Short text printed under the marked source.
    pub label: Option<String>,
    /// Id of the migration it is about.
    pub migration: Option<String>,
    /// Which script of the migration.
    pub direction: Option<Direction>,
    /// Machine-readable facts: SQLSTATE, objects, counts.
    pub evidence: serde_json::Map<String, serde_json::Value>,
}

impl Diagnostic {
    /// A finding with only a code, a severity and a message; fill the rest with the `with_` methods.
    pub fn new(code: &'static str, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            message: message.into(),
            help: None,
            location: None,
            label: None,
            migration: None,
            direction: None,
            evidence: serde_json::Map::new(),
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds where it is.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    /// Adds the text printed under the marked source.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Says which script of which migration it is about.
    #[must_use]
    pub fn in_script(mut self, migration: impl Into<String>, direction: Direction) -> Self {
        self.migration = Some(migration.into());
        self.direction = Some(direction);
        self
    }

    /// Adds a machine-readable fact.
    #[must_use]
    pub fn with_evidence(mut self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        self.evidence.insert(key.to_owned(), value.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_count_lines_and_characters_from_one() {
        let at = Location::new("a.sql", "select 1;\nséléct 2;", 18..19);
        assert_eq!((at.line, at.column), (2, 7));
    }

    #[test]
    fn offsets_outside_the_text_are_clamped() {
        let at = Location::new("a.sql", "é", 1..99);
        assert_eq!(at.span, 0..2);
    }
}
