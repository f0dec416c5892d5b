//! The `MutationOperator` trait: one way to break a script.

use std::fmt::Debug;

use super::PluginMeta;
use crate::migration::{Direction, Migration, Script};
use crate::sql::Edit;

/// What an operator may look at: one script of one migration. No database.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct MutationContext<'a> {
    /// The migration.
    pub migration: &'a Migration,
    /// Which of its scripts.
    pub direction: Direction,
    /// The script.
    pub script: &'a Script,
}

impl<'a> MutationContext<'a> {
    /// The context for one script; `None` when that direction holds none.
    pub fn new(migration: &'a Migration, direction: Direction) -> Option<Self> {
        Some(Self { migration, direction, script: migration.step(direction).script()? })
    }
}

/// One way to break a script: byte edits of the user's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// Index of the statement it breaks.
    pub statement: usize,
    /// Edits of the file the script stands in, in order, not overlapping.
    pub edits: Vec<Edit>,
    /// What it does, in one line.
    pub description: String,
}

/// A mutation operator: pure, deterministic, one kind of mistake.
pub trait MutationOperator: Send + Sync + Debug {
    /// Id, summary and documentation.
    fn meta(&self) -> &'static PluginMeta;

    /// Pushes every mutant of the script, in the order of its statements; nothing where it finds no site.
    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>);
}
