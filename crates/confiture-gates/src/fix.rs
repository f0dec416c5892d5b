//! Repairs of what the rules find, as edits of the user's files.
//!
//! A repair is tried on a copy of the directory, which is loaded and linted again: what would be reported
//! afterwards that was not before, or would still be reported, is not repaired but said.

mod concurrent;
mod later;
mod layouts;
mod timeout;
mod workshop;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use confiture_core::Severity;
use confiture_core::migration::layout::{LayoutError, LoadOptions};
use confiture_core::plugin::Registry;
use confiture_core::sql::Edit;
use confiture_fixtures::TestSource;

use crate::lint::{Found, LintOptions, Surroundings, find};
use layouts::NewMigration;
use workshop::Workshop;

/// What may be changed, and how it is judged.
#[derive(Debug, Clone, Default)]
pub struct FixOptions {
    /// What is linted; only migrations judged by it are repaired.
    pub lint: LintOptions,
    /// Ids of migrations that stay as they are: production has them already.
    pub released: BTreeSet<String>,
    /// How the directory was loaded.
    pub load: LoadOptions,
}

/// A file that is changed or made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixedFile {
    /// Path as the user would write it.
    pub path: PathBuf,
    /// Its text now; `None` when it is made.
    pub before: Option<String>,
    /// Its text afterwards.
    pub after: String,
}

/// What becomes of one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixNote {
    /// Code of the finding.
    pub code: &'static str,
    /// `file:line` of the finding.
    pub place: String,
    /// What is done, or why nothing is.
    pub text: String,
}

/// Every repair of a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fixes {
    /// In the order of their paths.
    pub files: Vec<FixedFile>,
    /// What is repaired.
    pub made: Vec<FixNote>,
    /// What could be, by its code, but is not.
    pub refused: Vec<FixNote>,
}

/// Why a directory cannot be repaired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FixError {
    /// The copy that repairs are tried on could not be made or read, or a file not be written.
    #[error("write {path}: {source}", path = path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The directory cannot be loaded.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

impl Fixes {
    /// Works the repairs out; changes nothing of the user's.
    ///
    /// # Errors
    /// [`FixError`], when the copy they are tried on cannot be made or loaded.
    ///
    /// # Example
    /// ```
    /// use confiture_core::plugin::Registry;
    /// use confiture_fixtures::TestSource;
    /// use confiture_gates::{FixOptions, Fixes};
    ///
    /// let dir = tempfile::tempdir()?;
    /// std::fs::write(dir.path().join("0001_nick.sql"), "ALTER TABLE users ADD COLUMN nick text;")?;
    /// let registry = Registry::linked()?;
    /// let source = TestSource::load(&registry, dir.path(), Some("plain"), &Default::default())?;
    /// let fixes = Fixes::of(&registry, &source, &FixOptions::default())?;
    /// let expected = "SET LOCAL lock_timeout = '2s';\nALTER TABLE users ADD COLUMN nick text;";
    /// assert_eq!(fixes.files[0].after, expected);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(registry: &Registry, source: &TestSource, options: &FixOptions) -> Result<Self, FixError> {
        let mut shop = Workshop::new(source, options)?;
        let mut fixes = Self::default();
        // What changes how a script is run comes first: it decides what a timeout is needed for.
        for propose in [structure as Propose, timeout::propose as Propose] {
            phase(registry, &mut shop, options, propose, &mut fixes)?;
        }
        fixes.files = shop.changes()?;
        Ok(fixes)
    }

    /// Writes every file.
    ///
    /// # Errors
    /// [`FixError::Io`] with the first file that cannot be written; those before it are written.
    pub fn write(&self) -> Result<(), FixError> {
        for file in &self.files {
            let failed = |source| FixError::Io { path: file.path.clone(), source };
            if let Some(parent) = file.path.parent() {
                std::fs::create_dir_all(parent).map_err(failed)?;
            }
            std::fs::write(&file.path, &file.after).map_err(failed)?;
        }
        Ok(())
    }

    /// Every change as a unified diff, which `patch -p1` takes; empty when there is none.
    pub fn diff(&self) -> String {
        let mut text = String::new();
        for file in &self.files {
            let name = file.path.display();
            let old = match file.before {
                Some(_) => format!("a/{name}"),
                None => "/dev/null".to_owned(),
            };
            let before = file.before.as_deref().unwrap_or_default();
            let diff = similar::TextDiff::from_lines(before, &file.after);
            text.push_str(&diff.unified_diff().header(&old, &format!("b/{name}")).to_string());
        }
        text
    }
}

/// A directory as it stands in the workshop, and what the rules say of it.
struct State {
    source: TestSource,
    found: Vec<Found>,
}

impl State {
    fn read(registry: &Registry, shop: &Workshop, options: &FixOptions) -> Result<Self, FixError> {
        let source = shop.load(registry)?;
        // New migrations are judged, too.
        let lint = LintOptions { judged: None, ..options.lint.clone() };
        let mut found = find(registry, &source.loaded, &lint, |_| Surroundings::default());
        found.retain(|found| found.suppressed.is_none() && found.diagnostic.severity > Severity::Info);
        Ok(Self { source, found })
    }

    /// How often each code is found in each migration, and in the directory as a whole.
    fn counts(&self) -> BTreeMap<(String, &'static str), usize> {
        let mut counts = BTreeMap::new();
        let problems = self.source.loaded.problems.iter();
        for diagnostic in self.found.iter().map(|found| &found.diagnostic).chain(problems) {
            let migration = diagnostic.migration.clone().unwrap_or_default();
            *counts.entry((migration, diagnostic.code)).or_default() += 1;
        }
        counts
    }
}

/// One repair: edits of files, by their path in the workshop, and migrations to be made.
#[derive(Debug, Clone, Default)]
struct Proposal {
    code: &'static str,
    migration: String,
    place: String,
    text: String,
    edits: Vec<(PathBuf, Edit)>,
    new: Vec<NewMigration>,
}

/// What is proposed for the findings of one migration: `None` where a rule has no repair.
type Propose = fn(&State, usize, &Found) -> Option<Result<Proposal, String>>;

/// The repairs that change statements.
fn structure(state: &State, migration: usize, found: &Found) -> Option<Result<Proposal, String>> {
    concurrent::propose(state, migration, found).or_else(|| later::propose(state, migration, found))
}

fn phase(
    registry: &Registry,
    shop: &mut Workshop,
    options: &FixOptions,
    propose: Propose,
    fixes: &mut Fixes,
) -> Result<(), FixError> {
    let before = State::read(registry, shop, options)?;
    let mut proposals: Vec<Proposal> = Vec::new();
    let mut refused: Vec<FixNote> = Vec::new();
    for found in &before.found {
        let Some(migration) = before.source.loaded.migrations.get(found.migration) else { continue };
        if !shop.is_judged(&migration.id) {
            continue;
        }
        let Some(proposed) = propose(&before, found.migration, found) else { continue };
        let (code, place) = (found.diagnostic.code, shop.place(found));
        if options.released.contains(&migration.id) {
            let text = "the reference has this migration already; --released changes it all the same";
            refused.push(FixNote { code, place, text: text.to_owned() });
            continue;
        }
        match proposed {
            Ok(proposal) => {
                proposals.push(Proposal { code, place, migration: migration.id.clone(), ..proposal })
            }
            Err(text) => refused.push(FixNote { code, place, text }),
        }
    }
    let counts = before.counts();
    let saved = shop.save()?;
    let mut accepted: Vec<Proposal> = Vec::new();
    if attempt(registry, shop, options, &before, &counts, &proposals)?.is_ok() {
        accepted = proposals;
    } else {
        for proposal in proposals {
            shop.restore(&saved)?;
            let wanted = [accepted.as_slice(), std::slice::from_ref(&proposal)].concat();
            match attempt(registry, shop, options, &before, &counts, &wanted)? {
                Ok(()) => accepted = wanted,
                Err(text) => {
                    refused.push(FixNote { code: proposal.code, place: proposal.place, text });
                }
            }
        }
        shop.restore(&saved)?;
        // Each was accepted together with those before it.
        if attempt(registry, shop, options, &before, &counts, &accepted)?.is_err() {
            shop.restore(&saved)?;
            accepted.clear();
        }
    }
    let note =
        |proposal: Proposal| FixNote { code: proposal.code, place: proposal.place, text: proposal.text };
    fixes.made.extend(accepted.into_iter().map(note));
    fixes.refused.append(&mut refused);
    Ok(())
}

/// Makes the repairs in the workshop and says what speaks against them.
fn attempt(
    registry: &Registry,
    shop: &mut Workshop,
    options: &FixOptions,
    before: &State,
    counts: &BTreeMap<(String, &'static str), usize>,
    proposals: &[Proposal],
) -> Result<Result<(), String>, FixError> {
    if proposals.is_empty() {
        return Ok(Ok(()));
    }
    if let Err(why) = shop.edit(proposals)? {
        return Ok(Err(why));
    }
    let new: Vec<NewMigration> = proposals.iter().flat_map(|proposal| proposal.new.clone()).collect();
    let made = match layouts::make(&before.source, &new) {
        Ok(files) => files,
        Err(why) => return Ok(Err(why)),
    };
    if let Err(why) = shop.add(&made)? {
        return Ok(Err(why));
    }
    let after = match State::read(registry, shop, options) {
        Ok(after) => after,
        Err(FixError::Layout(error)) => return Ok(Err(format!("afterwards nobody can {error}"))),
        Err(error) => return Err(error),
    };
    let ids = |state: &State| state.source.loaded.migrations.iter().map(|m| m.id.clone()).collect::<Vec<_>>();
    let (known, now) = (ids(before), ids(&after));
    // New ones stand at the end, behind all they need.
    if now.len() != known.len() + new.len() || !now.starts_with(&known) {
        return Ok(Err("the layout does not take the new migration for the last one".to_owned()));
    }
    let mut left = after.counts();
    for proposal in proposals {
        let entry = left.entry((proposal.migration.clone(), proposal.code)).or_default();
        *entry += 1;
    }
    for (key, count) in left {
        // A later phase sees to that of new migrations.
        if key.1 == timeout::CODE && !known.contains(&key.0) {
            continue;
        }
        if count > counts.get(&key).copied().unwrap_or_default() {
            let (migration, code) = key;
            return Ok(Err(format!("afterwards {code} would be reported of {migration}")));
        }
    }
    Ok(Ok(()))
}

/// The text of a path for a person.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
