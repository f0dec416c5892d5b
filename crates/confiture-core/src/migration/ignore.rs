//! Comments `-- confiture:ignore CODE reason…` and other directives above statements.

use super::{Script, StatementKind};
use crate::diagnostic::Location;
use crate::sql::{TokenKind, Tokens};

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

/// A line comment `-- confiture:NAME …` and the statement it stands above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Above {
    /// Index of the statement below it; `None` where none follows.
    pub statement: Option<usize>,
    /// What follows the name, trimmed.
    pub text: String,
    /// The comment.
    pub at: Location,
}

impl Script {
    /// The comments `-- confiture:ignore CODE reason…` above its statements, in order.
    pub fn ignores(&self) -> Vec<Ignore> {
        let comments = self.comments_above("confiture:ignore").into_iter();
        let ignore = |above: Above| {
            let (code, reason) = above.text.split_once(char::is_whitespace).unwrap_or((&above.text, ""));
            let (code, reason) = (code.to_owned(), reason.trim().to_owned());
            Some(Ignore { statement: above.statement?, code, reason, at: above.at })
        };
        comments.filter_map(ignore).collect()
    }

    /// The line comments that start with `directive`, such as `confiture:approve`, in order.
    ///
    /// A comment on the line where a statement ends is not above the next one.
    pub fn comments_above(&self, directive: &str) -> Vec<Above> {
        let mut found = Vec::new();
        let mut from = self.span.start;
        for (index, statement) in self.statements.iter().enumerate() {
            self.gap(directive, from..statement.span.start, Some(index), index == 0, &mut found);
            from = match &statement.kind {
                StatementKind::Copy { data } => statement.span.end.max(data.end),
                StatementKind::Sql => statement.span.end,
            };
        }
        self.gap(directive, from..self.span.end, None, self.statements.is_empty(), &mut found);
        found
    }

    /// Those between two statements.
    fn gap(
        &self,
        directive: &str,
        between: std::ops::Range<usize>,
        statement: Option<usize>,
        first: bool,
        found: &mut Vec<Above>,
    ) {
        let from = between.start;
        let gap = self.source.text.get(between).unwrap_or_default();
        let above = if first { 0 } else { gap.find('\n').unwrap_or(gap.len()) };
        let comments = Tokens::new(gap).filter(|token| token.kind == TokenKind::LineComment);
        for token in comments.filter(|token| token.span.start >= above) {
            let Some(rest) = following(token.text(gap), directive) else { continue };
            let at = self.locate(token.span.start + from..token.span.end + from);
            found.push(Above { statement, text: rest.to_owned(), at });
        }
    }
}

/// What follows the directive in a line comment.
fn following<'a>(comment: &'a str, directive: &str) -> Option<&'a str> {
    let text = comment.trim_start_matches('-').trim();
    let rest = text.strip_prefix(directive)?;
    rest.is_empty().then_some(rest).or_else(|| rest.starts_with(char::is_whitespace).then(|| rest.trim()))
}
