//! What an operator looks at: the statements of one script, taken apart.

use super::Mutant;
use crate::catalog::Catalog;
use crate::migration::{Direction, Migration, Script};
use crate::plugin::Site;
use crate::sql::Edit;

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

impl Site<'_> {
    /// A mutant of this statement, about the object it names.
    pub fn mutant(&self, edits: impl IntoIterator<Item = Edit>, description: impl Into<String>) -> Mutant {
        let mut edits: Vec<(usize, Edit)> = edits.into_iter().map(|edit| (self.index, edit)).collect();
        edits.sort_by_key(|(_, edit)| edit.span);
        Mutant { statement: self.index, object: self.object(), edits, description: description.into() }
    }

    /// The mutant that leaves the whole statement out.
    pub fn left_out(&self) -> Mutant {
        self.mutant([Edit::remove(self.span())], "the statement is left out")
    }
}
