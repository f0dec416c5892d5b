//! Collecting a directory's migrations: pairs of files, files left over, duplicate versions.

use std::collections::{BTreeMap, BTreeSet};

use super::naming::counted;
use super::{Dir, DirFile, IgnoredFile, Loaded, naming};
use crate::diagnostic::{Diagnostic, Location, Severity};
use crate::migration::{Direction, Migration, Step};

/// One file that is a direction of a migration.
#[derive(Debug, Clone)]
pub(super) struct Entry<'d> {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) name: String,
    pub(super) direction: Direction,
    pub(super) file: &'d DirFile,
}

/// The files of one migration.
#[derive(Debug, Clone)]
pub(super) struct Pair<'d> {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) name: String,
    pub(super) up: Option<&'d DirFile>,
    pub(super) down: Option<&'d DirFile>,
}

impl Pair<'_> {
    /// The migration with these steps.
    pub(super) fn migration(self, up: Step, down: Step) -> Migration {
        Migration { id: self.id, version: self.version, name: self.name, up, down, verify: None }
    }
}

/// Brings the directions of each migration together: by id, then (for a rollback whose name differs) by
/// version where only one migration has it. Sorted by `key` of the version, then id.
///
/// Entries that repeat a direction of their id, and rollbacks of nothing, are returned as left over.
pub(super) fn pair<'d, K: Ord>(
    entries: Vec<Entry<'d>>,
    key: impl Fn(&str) -> K,
) -> (Vec<Pair<'d>>, Vec<Entry<'d>>) {
    let mut pairs: BTreeMap<String, Pair<'d>> = BTreeMap::new();
    let (ups, downs): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| entry.direction == Direction::Up);
    let mut left = Vec::new();
    for entry in ups {
        if pairs.contains_key(&entry.id) {
            left.push(entry);
            continue;
        }
        let Entry { id, version, name, file, .. } = entry;
        pairs.insert(id.clone(), Pair { id, version, name, up: Some(file), down: None });
    }
    let mut loose = Vec::new();
    for entry in downs {
        match pairs.get_mut(&entry.id) {
            Some(pair) if pair.down.is_none() => pair.down = Some(entry.file),
            _ => loose.push(entry),
        }
    }
    let mut pairs: Vec<_> = pairs.into_values().collect();
    for entry in loose {
        let same = |pair: &&mut Pair<'_>| {
            pair.down.is_none() && !entry.version.is_empty() && key(&pair.version) == key(&entry.version)
        };
        let mut fitting: Vec<_> = pairs.iter_mut().filter(same).collect();
        match fitting.as_mut_slice() {
            [only] => only.down = Some(entry.file),
            _ => left.push(entry),
        }
    }
    pairs.sort_by(|a, b| key(&a.version).cmp(&key(&b.version)).then_with(|| a.id.cmp(&b.id)));
    (pairs, left)
}

/// A directory being read: what is a migration, what is not.
#[derive(Debug)]
pub(super) struct Gather<'d> {
    pub(super) dir: &'d Dir,
    pub(super) loaded: Loaded,
    used: BTreeSet<&'d str>,
}

impl<'d> Gather<'d> {
    pub(super) fn new(dir: &'d Dir) -> Self {
        Self { dir, loaded: Loaded::default(), used: BTreeSet::new() }
    }

    /// Marks `file` as part of a migration, or otherwise accounted for.
    pub(super) fn used(&mut self, file: &'d DirFile) {
        self.used.insert(&file.rel);
    }

    /// Lists `file` as not a migration.
    pub(super) fn ignore(&mut self, file: &'d DirFile, reason: impl Into<String>, understood: bool) {
        if self.used.insert(&file.rel) {
            self.loaded.ignored.push(IgnoredFile {
                path: file.path.clone(),
                reason: reason.into(),
                understood,
            });
        }
    }

    /// Lists the entries [`pair`] could not use.
    pub(super) fn leftover(&mut self, entries: Vec<Entry<'d>>) {
        for entry in entries {
            let reason = match entry.direction {
                Direction::Down => format!("rolls back {}, which no file applies", entry.id),
                Direction::Up => format!("is a second file for {}", entry.id),
            };
            if entry.direction == Direction::Up {
                let problem = Diagnostic::new(
                    "duplicate-version",
                    Severity::High,
                    format!("{} is a second file for {}", entry.file.path.display(), entry.id),
                )
                .with_help("remove one of them, or give it a version of its own")
                .at(Location::new(&entry.file.path, "", 0..0))
                .in_script(&entry.id, Direction::Up);
                self.loaded.problems.push(problem);
            }
            self.ignore(entry.file, reason, false);
        }
    }

    /// Adds a migration made of the files of `pair`.
    pub(super) fn push(&mut self, pair: Pair<'d>, up: Step, down: Step) {
        for file in [pair.up, pair.down].into_iter().flatten() {
            self.used(file);
        }
        self.loaded.migrations.push(pair.migration(up, down));
    }

    /// Accounts for the files nothing has used: those in the directory itself and in `inside`.
    ///
    /// Other sub-directories are named once. `expected` says how a migration file is named.
    pub(super) fn finish(mut self, expected: &str, inside: &[&str]) -> Loaded {
        let dir = self.dir;
        self.attach_verify();
        let mut elsewhere: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for file in dir.files() {
            if self.used.contains(file.rel.as_str()) {
                continue;
            }
            let parent = file.parent();
            if parent.is_empty() || inside.contains(&parent) {
                let (reason, understood) = why_not(file.name(), expected);
                self.ignore(file, reason, understood);
            } else {
                let top = parent.split('/').next().unwrap_or(parent);
                let count = elsewhere.entry(top).or_default();
                count.0 += 1;
                count.1 += usize::from(file.name().ends_with(".sql"));
            }
        }
        let used_below = |top: &str| {
            let prefix = format!("{top}/");
            self.used.iter().any(|rel| rel.starts_with(&prefix))
        };
        for (top, (files, sql)) in elsewhere {
            let reason = match sql {
                0 => format!("sub-directory with {}, none of them SQL", counted(files, "file")),
                _ if used_below(top) => format!("{} in it not part of a migration", counted(sql, "SQL file")),
                _ => format!("sub-directory with {}, which the tool does not read", counted(sql, "SQL file")),
            };
            self.loaded.ignored.push(IgnoredFile { path: dir.path.join(top), reason, understood: sql == 0 });
        }
        self.loaded
    }

    fn attach_verify(&mut self) {
        for file in self.dir.files() {
            let Some(stem) = file.name().strip_suffix(".verify.sql") else { continue };
            let stem =
                if file.parent().is_empty() { stem.to_owned() } else { format!("{}/{stem}", file.parent()) };
            let owner =
                self.loaded.migrations.iter_mut().find(|migration| {
                    migration.id == stem || (!stem.is_empty() && migration.version == stem)
                });
            match owner {
                Some(migration) => {
                    migration.verify = Some(file.path.clone());
                    self.used.insert(&file.rel);
                }
                None => self.ignore(file, "verifies a migration that is not here", false),
            }
        }
    }

    /// Reports migrations that share a version; `key` says what the tool compares.
    pub(super) fn report_duplicates<K: Ord>(&mut self, key: impl Fn(&Migration) -> K, consequence: &str) {
        let mut seen: BTreeMap<K, &Migration> = BTreeMap::new();
        for migration in &self.loaded.migrations {
            let Some(first) = seen.get(&key(migration)) else {
                seen.insert(key(migration), migration);
                continue;
            };
            let (Some(one), Some(two)) = (first.file(), migration.file()) else { continue };
            let problem = Diagnostic::new(
                "duplicate-version",
                Severity::High,
                format!(
                    "version {} is used by {} and by {}",
                    migration.version,
                    one.display(),
                    two.display()
                ),
            )
            .with_help(format!("{consequence}; give one of them a version of its own"))
            .at(Location::new(two, "", 0..0))
            .in_script(&migration.id, Direction::Up)
            .with_evidence("version", migration.version.as_str())
            .with_evidence("files", vec![one.display().to_string(), two.display().to_string()]);
            self.loaded.problems.push(problem);
        }
    }

    /// Reports a file whose version the tool cannot read.
    pub(super) fn unparsable(&mut self, file: &'d DirFile, rule: &str) {
        let problem = Diagnostic::new(
            "unparsable-version",
            Severity::High,
            format!("the version of {} cannot be read: {rule}", file.path.display()),
        )
        .with_help("rename it, or move it out of the directory")
        .at(Location::new(&file.path, "", 0..0));
        self.loaded.problems.push(problem);
        self.ignore(file, format!("its version cannot be read: {rule}"), false);
    }
}

/// Why a file is not a migration, and whether that is understood.
fn why_not(name: &str, expected: &str) -> (String, bool) {
    let lower = name.to_ascii_lowercase();
    let known = |reason: &str| (reason.to_owned(), true);
    if lower.starts_with('.') {
        return known("a hidden file");
    }
    if ["readme", "license", "changelog.md", "contributing"].iter().any(|start| lower.starts_with(start)) {
        return known("documentation");
    }
    match lower.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "md" | "txt" | "adoc" | "rst" | "png" | "svg" | "pdf" => known("documentation"),
        "toml" | "yml" | "yaml" | "json" | "conf" | "ini" | "cfg" | "properties" | "sum" | "lock" | "hcl"
        | "env" | "bazel" | "bzl" => known("configuration"),
        "sql" => (format!("its name is not {expected}"), false),
        "bak" | "orig" | "swp" | "tmp" => known("a backup or temporary file"),
        extension => match language(extension) {
            Some(language) if naming::is_numbered(name) && !is_test(&lower) => {
                (format!("a numbered file in {language}, which only {expected} would be"), false)
            }
            Some(language) => known(&format!("source code ({language})")),
            None if lower == "makefile" || lower == "dockerfile" || lower == "build" => {
                known("configuration")
            }
            None => ("not an SQL file".to_owned(), false),
        },
    }
}

/// Whether a source file is a test.
pub(super) fn is_test(lower: &str) -> bool {
    ["_test.", ".test.", ".spec.", "_spec."].iter().any(|mark| lower.contains(mark))
}

/// The language of a file extension that a migration step may be written in.
pub(super) fn language(extension: &str) -> Option<&'static str> {
    Some(match extension {
        "go" => "Go",
        "rs" => "Rust",
        "py" => "Python",
        "rb" => "Ruby",
        "ts" | "mts" | "cts" => "TypeScript",
        "js" | "mjs" | "cjs" => "JavaScript",
        "java" => "Java",
        "kt" | "kts" => "Kotlin",
        "scala" => "Scala",
        "php" => "PHP",
        "ex" | "exs" => "Elixir",
        "cs" => "C#",
        "sh" | "bash" => "shell",
        "xml" => "XML",
        "fizz" => "fizz",
        "pl" => "Perl",
        _ => return None,
    })
}

/// A step in another language.
pub(super) fn foreign(file: &DirFile) -> Step {
    let extension = file.name().rsplit_once('.').map_or("", |(_, extension)| extension);
    let language = language(extension).unwrap_or("another language");
    Step::NotRunnable {
        file: file.path.clone(),
        reason: format!(
            "the step is written in {language}, which is not run: what it does is missing from the database \
             that later migrations are tested on"
        ),
    }
}

/// The step of a file that its tool refuses.
pub(super) fn refused(file: &DirFile, reason: impl Into<String>) -> Step {
    Step::NotRunnable { file: file.path.clone(), reason: reason.into() }
}
