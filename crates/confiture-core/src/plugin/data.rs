//! What a migration did to rows: the part of a [`RungRecord`](super::RungRecord) about data.

use crate::catalog::ObjectId;
use crate::plugin::ScriptRun;

/// A migration on tables with rows.
#[derive(Debug, Clone)]
pub struct DataRecord {
    /// Rows in all tables before the up.
    pub rows: u64,
    /// Tables that are empty although rows were wanted, and why.
    pub unfilled: Vec<(ObjectId, String)>,
    /// The up on these rows.
    pub up: ScriptRun,
    /// What it did to them; empty when it failed.
    pub up_changes: Vec<RowChange>,
    /// Sequences that give values their columns hold already, since this up.
    pub sequences_behind: Vec<SequenceBehind>,
    /// The rollback on the rows the up left; `None` when the up failed or there is no down to run.
    pub down: Option<ScriptRun>,
    /// What differs from the rows before the up, after up and down; empty when the rollback failed.
    pub down_changes: Vec<RowChange>,
}

/// Rows or values of one table that are not what they were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowChange {
    /// The table, as it was called before the up.
    pub table: ObjectId,
    /// What happened.
    pub kind: RowChangeKind,
    /// Rows or values it happened to.
    pub count: u64,
    /// Rows of the table before the up.
    pub of: u64,
    /// One of them.
    pub example: Option<RowExample>,
}

/// What happened to rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowChangeKind {
    /// The table is gone.
    TableDropped,
    /// Rows are gone.
    RowsLost,
    /// There are rows that were not there.
    RowsAdded,
    /// A column is gone; `count` is its values that were not NULL.
    ColumnDropped {
        /// Its name.
        column: String,
    },
    /// Values are others.
    ValuesChanged {
        /// Their column.
        column: String,
    },
    /// NULLs have values now, and no other value changed.
    NullsFilled {
        /// Their column.
        column: String,
    },
    /// Points in time are others, and none of the new ones is before the migration: set by a trigger or a
    /// default.
    Stamped {
        /// Their column.
        column: String,
    },
    /// Values are others when they are cast back to the type they had.
    Narrowed {
        /// Their column.
        column: String,
        /// Its type before.
        from: String,
        /// Its type after.
        to: String,
    },
    /// A column that the up adds and fills has rows without a value.
    LeftNull {
        /// Its name.
        column: String,
    },
}

/// One row that shows a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowExample {
    /// `id = 7`; the values of the primary key, or of the whole row where there is none.
    pub key: String,
    /// The value before; `None` is NULL, or that whole rows are meant.
    pub before: Option<String>,
    /// The value now; `None` is NULL, or that whole rows are meant.
    pub after: Option<String>,
}

/// A sequence whose next value its column holds already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceBehind {
    /// The table.
    pub table: ObjectId,
    /// The column that draws from it.
    pub column: String,
    /// The sequence, quoted where needed.
    pub sequence: String,
    /// What it gives next.
    pub next: i64,
    /// The highest value of the column (the lowest for a descending sequence).
    pub reached: i64,
}
