//! What a rule says PostgreSQL does, and the scripts that prove it.

use crate::db::LockMode;

/// What a rule says PostgreSQL does in one transaction of the bad example.
///
/// Relations are named as in the example's setup; they exist before the migration. A test measures all of it:
/// the locks in `pg_locks` before the transaction ends, rewrites by `pg_class.relfilenode`, scans by
/// `pg_stat_get_xact_tuples_returned` (at least as many tuples as the table has rows).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The strongest lock on each of these relations.
    pub locks: &'static [(&'static str, LockMode)],
    /// Relations that are written anew.
    pub rewrites: &'static [&'static str],
    /// Tables that are read from end to end.
    pub scans: &'static [&'static str],
    /// What the script fails with on the rows of the setup.
    pub sqlstate: Option<&'static str>,
}

impl Claim {
    /// Nothing that could be measured.
    pub const NONE: Self = Self { locks: &[], rewrites: &[], scans: &[], sqlstate: None };

    /// Whether there is nothing to measure.
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }
}

/// A hazard and the way around it: documentation and test at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleExample {
    /// The state before, with rows: run in autocommit on an empty database.
    pub setup: &'static str,
    /// A migration in which the rule, and no other of at least its severity, finds something.
    pub bad: &'static str,
    /// Migrations to the same end in which no rule finds anything, one after the other.
    pub good: &'static [&'static str],
    /// Whether the tool runs `bad` in a transaction. Scripts in `good` say `-- confiture: no-transaction`.
    pub transaction: bool,
}
