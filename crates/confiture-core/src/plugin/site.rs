//! One statement as plugins look at it, taken apart on demand.

use std::sync::OnceLock;

use crate::migration::ScriptStatement;
use crate::sql::{Ast, Outline, Span, Token, Tokens, outline, parse};

/// One statement of a script. Spans count from the start of its text.
#[derive(Debug)]
pub struct Site<'a> {
    /// Its index in the script.
    pub index: usize,
    /// The statement.
    pub statement: &'a ScriptStatement,
    outline: OnceLock<Outline>,
    tokens: OnceLock<Vec<Token>>,
    ast: OnceLock<Option<Ast>>,
}

impl<'a> Site<'a> {
    pub(super) fn new(index: usize, statement: &'a ScriptStatement) -> Self {
        Self { index, statement, outline: OnceLock::new(), tokens: OnceLock::new(), ast: OnceLock::new() }
    }

    /// Its text.
    pub fn sql(&self) -> &'a str {
        &self.statement.sql
    }

    /// What its tokens tell.
    pub fn outline(&self) -> &Outline {
        self.outline.get_or_init(|| outline(self.sql()))
    }

    /// Its tokens without white space and comments.
    pub fn tokens(&self) -> &[Token] {
        self.tokens.get_or_init(|| Tokens::new(self.sql()).filter(|token| !token.kind.is_trivia()).collect())
    }

    /// The tokens of [`tokens`](Self::tokens) that lie in `span`.
    pub fn tokens_in(&self, span: Span) -> &[Token] {
        let tokens = self.tokens();
        let start = tokens.partition_point(|token| token.span.start < span.start);
        let end = tokens.partition_point(|token| token.span.end <= span.end);
        tokens.get(start..end).unwrap_or_default()
    }

    /// Its syntax tree, where sqlparser reads it.
    pub fn ast(&self) -> Option<&Ast> {
        self.ast.get_or_init(|| parse(self.sql())).as_ref()
    }

    /// The first object it names, without quotes; the table for an index or trigger without a name; its
    /// verb for a statement that names none.
    pub fn object(&self) -> String {
        let outline = self.outline();
        match outline.name().or(outline.on.as_ref()) {
            Some(name) => name.parts.join("."),
            None => format!("{:?}", outline.verb).to_lowercase(),
        }
    }

    /// All of it.
    pub fn span(&self) -> Span {
        Span::new(0, self.sql().len())
    }
}
