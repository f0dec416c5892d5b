//! `Log`: how mutants ended, kept so that a run can be resumed.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use confiture_core::migration::layout::Loaded;
use confiture_core::report::{MutantResult, MutantStatus};
use serde::{Deserialize, Serialize};

use crate::options::MutationOptions;
use crate::plan::{Hasher, Plan, Planned, conditions};

/// Why a log cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// It cannot be read or written.
    #[error("use the log {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another run writes to it.
    #[error("use the log {}: another run writes to it", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It is something else.
    #[error("use the log {}: line {line} is no result of a mutant; name another file", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
}

/// One line of the file.
#[derive(Serialize)]
struct Line<'a> {
    key: &'a str,
    mutant: &'a MutantResult,
}

/// One line, the result not yet looked at: another version may have written it.
#[derive(Deserialize)]
struct ReadLine {
    key: String,
    mutant: serde_json::Value,
}

/// Results of mutants, one line of JSON each, only ever appended.
///
/// A line is written whole, by one system call, so a run that is killed loses at most the mutant it was at;
/// what an interrupted write left of a last line is cut off when the file is opened. One process at a time
/// writes to a log.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    known: HashMap<String, MutantResult>,
}

impl Log {
    /// Opens a log and reads what it holds; creates it, and its directory, where there is none.
    ///
    /// # Errors
    /// [`LogError`]
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let fail = |source: io::Error| LogError::Io { path: path.to_owned(), source };
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(fail)?;
        }
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(fail)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => LogError::InUse { path: path.to_owned() },
            TryLockError::Error(source) => fail(source),
        })?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(fail)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let mut known = HashMap::new();
        for (at, line) in bytes[..whole].split(|byte| *byte == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            let foreign = |_| LogError::Foreign { path: path.to_owned(), line: at + 1 };
            let line: ReadLine = serde_json::from_slice(line).map_err(foreign)?;
            match serde_json::from_value(line.mutant) {
                Ok(result) => drop(known.insert(line.key, result)),
                Err(error) => tracing::debug!(%error, line = at + 1, "a line of another version"),
            }
        }
        // A file that never held a whole line is one of ours only if its start looks like it.
        if whole == 0 && !b"{\"key\":".starts_with(&bytes[..bytes.len().min(7)]) {
            return Err(LogError::Foreign { path: path.to_owned(), line: 1 });
        }
        if whole < bytes.len() {
            file.set_len(whole as u64).map_err(fail)?;
        }
        Ok(Self { path: path.to_owned(), state: Mutex::new(State { file, known }) })
    }

    /// The result under `key`; the last one when there are several.
    pub fn known(&self, key: &str) -> Option<MutantResult> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).known.get(key).cloned()
    }

    /// How `planned` ended in an earlier run, told about its present place and lines.
    ///
    /// `None` when it was never tried under these conditions, when it ended in an error, and when it was
    /// redundant with a mutant that `plan` does not hold.
    pub fn recall(&self, keys: &LogKeys, plan: &Plan, planned: &Planned) -> Option<MutantResult> {
        let known = self.known(&keys.of(planned))?;
        let stands = match known.status {
            MutantStatus::Error => false,
            MutantStatus::Redundant => {
                let twin = known.same_as.as_ref()?;
                plan.mutants.iter().any(|other| other.place < planned.place && other.id == *twin)
            }
            _ => true,
        };
        stands.then(|| planned.recalled(&known))
    }

    /// Adds a result; it is in the file when this returns.
    ///
    /// # Errors
    /// [`LogError::Io`]
    pub fn append(&self, key: &str, mutant: &MutantResult) -> Result<(), LogError> {
        let fail = |source: io::Error| LogError::Io { path: self.path.clone(), source };
        let mut line = serde_json::to_vec(&Line { key, mutant }).map_err(|error| fail(error.into()))?;
        line.push(b'\n');
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.file.write_all(&line).and_then(|()| state.file.flush()).map_err(fail)?;
        state.known.insert(key.to_owned(), mutant.clone());
        Ok(())
    }
}

/// Makes the keys of results: everything that decides how a mutant ends.
///
/// That is the edits and the script they belong to, all migrations that are applied (a later one may fail on
/// what the mutant left), the tests, setup files, queries and rows, the checks, the version of the server and
/// that of confiture. Which other mutants are tried, and how many at once, is not part of it.
#[derive(Debug, Clone)]
pub struct LogKeys {
    conditions: [u8; 32],
    server: String,
}

impl LogKeys {
    /// The keys of a run on a server of version `server`.
    pub fn new(loaded: &Loaded, options: &MutationOptions, server: &str) -> Self {
        Self { conditions: conditions(loaded, options), server: server.to_owned() }
    }

    /// The key of one mutant, in hexadecimal.
    pub fn of(&self, planned: &Planned) -> String {
        let mut hasher = Hasher::default();
        hasher.field(self.conditions).field(&self.server);
        hasher.field(&planned.migration_id).field(planned.direction.as_str());
        hasher.field(planned.operator.plugin.id).edits(&planned.mutant);
        hasher.hex()
    }
}
