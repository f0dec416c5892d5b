//! Comments `-- confiture:ignore CODE reason…` above statements.

use super::{Script, StatementKind};
use crate::diagnostic::Location;
use crate::sql::{TokenKind, Tokens};

/// What the comment starts with.
const DIRECTIVE: &str = "confiture:ignore";

/// A comment that asks not to hear about something of the statement below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    /// The statement it stands above.
    pub statement: usize,
    /// What is not to be heard of: a code, an operator, a mutant; empty when nothing is named.
    pub code: String,
    /// Why; empty when no reason is given.
    pub reason: String,
    /// The comment.
    pub at: Location,
}

impl Script {
    /// The comments `-- confiture:ignore CODE reason…` above its statements, in order.
    ///
    /// A comment on the line where a statement ends is not above the next one.
    pub fn ignores(&self) -> Vec<Ignore> {
        let text = &self.source.text;
        let mut found = Vec::new();
        let mut from = self.span.start;
        for (index, statement) in self.statements.iter().enumerate() {
            let gap = text.get(from..statement.span.start).unwrap_or_default();
            let above = if index == 0 { 0 } else { gap.find('\n').unwrap_or(gap.len()) };
            let comments = Tokens::new(gap).filter(|token| token.kind == TokenKind::LineComment);
            for token in comments.filter(|token| token.span.start >= above) {
                let span = token.span.start + from..token.span.end + from;
                let Some(rest) = directive(token.text(gap)) else { continue };
                let (code, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                found.push(Ignore {
                    statement: index,
                    code: code.to_owned(),
                    reason: reason.trim().to_owned(),
                    at: self.locate(span),
                });
            }
            from = match &statement.kind {
                StatementKind::Copy { data } => statement.span.end.max(data.end),
                StatementKind::Sql => statement.span.end,
            };
        }
        found
    }
}

/// What follows the directive in a line comment.
fn directive(comment: &str) -> Option<&str> {
    let text = comment.trim_start_matches('-').trim();
    let rest = text.strip_prefix(DIRECTIVE)?;
    rest.is_empty().then_some(rest).or_else(|| rest.starts_with(char::is_whitespace).then(|| rest.trim()))
}
