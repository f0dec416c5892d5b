//! What every layout reports of a directory, and the pages for it.

use std::collections::BTreeSet;
use std::path::Path;

use super::dir::bad_byte;
use super::{Dir, Loaded};
use crate::migration::{Direction, Step};
use crate::plugin::Explanation;
use crate::{Diagnostic, Location, Severity};

/// Adds a problem for every migration file that could not be read: what it does is not known, so the
/// directory must not pass.
pub(super) fn report_unreadable(dir: &Dir, loaded: &mut Loaded) {
    let mut paths: Vec<(&Path, Option<(&str, Direction)>)> = Vec::new();
    for migration in &loaded.migrations {
        for (step, direction) in [(&migration.up, Direction::Up), (&migration.down, Direction::Down)] {
            if let Step::NotRunnable { file, .. } = step {
                paths.push((file, Some((&migration.id, direction))));
            }
        }
    }
    let left = loaded.ignored.iter().filter(|file| file.path.extension().is_some_and(|e| e == "sql"));
    paths.extend(left.map(|file| (file.path.as_path(), None)));
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for (path, script) in paths {
        // One file may hold both directions.
        if !seen.insert(path) {
            continue;
        }
        let Some(file) = dir.files().iter().find(|file| file.path == path) else { continue };
        let Err(reason) = file.source() else { continue };
        let problem =
            Diagnostic::new("unreadable-file", Severity::High, format!("{}: {reason}", path.display()))
                .with_help("a migration that cannot be read is not applied: repair the file or remove it")
                .at(place(path));
        problems.push(match script {
            Some((id, direction)) => problem.in_script(id, direction),
            None => problem,
        });
    }
    loaded.problems.extend(problems);
}

/// Where the first byte stands that makes a file unreadable; its start when it is not about a byte.
fn place(path: &Path) -> Location {
    let bytes = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes[..bad_byte(&bytes).unwrap_or(0)]);
    Location::new(path, &text, text.len()..text.len())
}

crate::register!(explanation Explanation {
    code: "duplicate-version",
    title: "two migrations have the same version",
    page: include_str!("problems/duplicate_version.md"),
});

crate::register!(explanation Explanation {
    code: "unparsable-version",
    title: "a file's version cannot be read by its tool",
    page: include_str!("problems/unparsable_version.md"),
});

crate::register!(explanation Explanation {
    code: "stale-journal",
    title: "the journal or plan and the files disagree",
    page: include_str!("problems/stale_journal.md"),
});

crate::register!(explanation Explanation {
    code: "unreadable-file",
    title: "a migration file cannot be read",
    page: include_str!("problems/unreadable_file.md"),
});
