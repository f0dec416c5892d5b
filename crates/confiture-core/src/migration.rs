//! What a migration is, in any tool's layout.

mod ignore;
mod script;

pub mod layout;

use serde::{Deserialize, Serialize};

pub use ignore::{Above, Ignore};
pub use script::{Script, ScriptStatement, Source, StatementKind, TransactionMode};

/// Which script of a migration.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Forward.
    Up,
    /// Rollback.
    Down,
}

impl Direction {
    /// `up` or `down`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// One direction of a migration.
#[derive(Debug, Clone)]
pub enum Step {
    /// SQL that can be run.
    Sql(Script),
    /// The author wrote nothing for this direction.
    Absent,
    /// There is something, but confiture cannot run it; `reason` says why in the user's words
    /// (a step in Go, a template without its values, a file that is not UTF-8, psql meta commands).
    NotRunnable {
        /// The file that holds the step.
        file: std::path::PathBuf,
        /// Why it is not run, lower case, no full stop.
        reason: String,
    },
}

impl Step {
    /// The script, when there is one to run.
    pub fn script(&self) -> Option<&Script> {
        match self {
            Self::Sql(script) => Some(script),
            Self::Absent | Self::NotRunnable { .. } => None,
        }
    }

    /// The file that holds the step.
    pub fn file(&self) -> Option<&std::path::Path> {
        match self {
            Self::Sql(script) => Some(&script.source.path),
            Self::NotRunnable { file, .. } => Some(file),
            Self::Absent => None,
        }
    }
}

/// One migration: a version, a name and its scripts.
#[derive(Debug, Clone)]
pub struct Migration {
    /// Unique in its directory and stable: the file or directory name without direction and extension.
    pub id: String,
    /// The version as the tool writes it (`0007`, `2021-02-02-153240`, `1.2`); empty for repeatables.
    pub version: String,
    /// What follows the version in the name; may be empty.
    pub name: String,
    /// The forward step.
    pub up: Step,
    /// The rollback step.
    pub down: Step,
    /// A `<version>.verify.sql` or sqitch `verify/` script beside it.
    pub verify: Option<std::path::PathBuf>,
}

impl Migration {
    /// The step for `direction`.
    pub fn step(&self, direction: Direction) -> &Step {
        match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        }
    }

    /// The file of its forward step, else that of its rollback.
    pub fn file(&self) -> Option<&std::path::Path> {
        self.up.file().or_else(|| self.down.file())
    }
}
