//! What an operator looks at: the statements of one script, taken apart.

use std::sync::OnceLock;

use super::Mutant;
use crate::catalog::Catalog;
use crate::migration::{Direction, Migration, Script, ScriptStatement};
use crate::sql::{Ast, Edit, Outline, Span, Token, Tokens, outline, parse};

/// One script of one migration, its statements taken apart, and the catalogs around it where they are known.
#[derive(Debug)]
#[non_exhaustive]
pub struct MutationContext<'a> {
    /// The migration.
    pub migration: &'a Migration,
    /// Which of its scripts.
    pub direction: Direction,
    /// The script.
    pub script: &'a Script,
    /// Its statements, in order.
    pub sites: Vec<Site<'a>>,
    /// The catalog before the *migration*; `None` when no server was asked.
    pub before: Option<&'a Catalog>,
    /// The catalog after the *migration*; `None` when no server was asked.
    pub after: Option<&'a Catalog>,
}

impl<'a> MutationContext<'a> {
    /// The context for one script; `None` when that direction holds none.
    pub fn new(migration: &'a Migration, direction: Direction) -> Option<Self> {
        let script = migration.step(direction).script()?;
        let sites = script.statements.iter().enumerate().map(|(index, s)| Site::new(index, s)).collect();
        Some(Self { migration, direction, script, sites, before: None, after: None })
    }

    /// The same with the catalogs around the migration.
    #[must_use]
    pub fn with_catalogs(self, before: &'a Catalog, after: &'a Catalog) -> Self {
        Self { before: Some(before), after: Some(after), ..self }
    }

    /// The catalog the script starts from.
    pub fn source_catalog(&self) -> Option<&'a Catalog> {
        match self.direction {
            Direction::Up => self.before,
            Direction::Down => self.after,
        }
    }

    /// The catalog the script leads to.
    pub fn target_catalog(&self) -> Option<&'a Catalog> {
        match self.direction {
            Direction::Up => self.after,
            Direction::Down => self.before,
        }
    }
}

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
    fn new(index: usize, statement: &'a ScriptStatement) -> Self {
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

    /// A mutant of this statement, about the object it names.
    pub fn mutant(&self, edits: impl IntoIterator<Item = Edit>, description: impl Into<String>) -> Mutant {
        let mut edits: Vec<(usize, Edit)> = edits.into_iter().map(|edit| (self.index, edit)).collect();
        edits.sort_by_key(|(_, edit)| edit.span);
        Mutant { statement: self.index, object: self.object(), edits, description: description.into() }
    }

    /// All of it.
    pub fn span(&self) -> Span {
        Span::new(0, self.sql().len())
    }

    /// The mutant that leaves the whole statement out.
    pub fn left_out(&self) -> Mutant {
        self.mutant([Edit::remove(self.span())], "the statement is left out")
    }
}
