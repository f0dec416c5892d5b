//! How each layout says that a script runs without a transaction, and where a further migration goes.

use std::path::{Path, PathBuf};

use confiture_core::migration::{Migration, Script};
use confiture_core::sql::Edit;
use confiture_fixtures::TestSource;

/// A migration to be made behind all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewMigration {
    /// What it does, in words.
    pub(super) name: String,
    pub(super) up: String,
    pub(super) down: String,
}

/// Edits after which the layout's tool opens no transaction around `script`.
///
/// Whether they do is seen when the file is loaded again.
pub(super) fn without_transaction(layout: &str, script: &Script) -> Result<Vec<Edit>, String> {
    let first_line = |line: &str| Ok(vec![Edit::insert(0, format!("{line}\n"))]);
    match layout {
        "plain" | "numbered" => first_line("-- confiture: no-transaction"),
        "sqlx" => first_line("-- no-transaction"),
        "goose" => first_line("-- +goose NO TRANSACTION"),
        "morph" => first_line("-- morph:nontransactional"),
        "postgres-migrations" => first_line("-- postgres-migrations disable-transaction"),
        "dbmate" => behind(script, "-- migrate:up", " transaction:false"),
        "sql-migrate" => behind(script, "-- +migrate Up", " notransaction"),
        // The statement decides, or there is no transaction but that of several statements in one message.
        "flyway" | "golang-migrate" | "prisma" | "postgrator" | "rambler" | "sqitch" => Ok(Vec::new()),
        other => Err(format!(
            "for the layout {other} it is not known how a file says that it runs without a transaction"
        )),
    }
}

/// Adds `more` to the line that begins the script with `marker`.
fn behind(script: &Script, marker: &str, more: &str) -> Result<Vec<Edit>, String> {
    let first = script.statements.first().map_or(script.span.start, |statement| statement.span.start);
    let head = script.source.text.get(..first).unwrap_or_default();
    let Some(at) = head.rfind(marker) else {
        return Err(format!("no line {marker} stands above the script"));
    };
    Ok(vec![Edit::insert(at + marker.len(), more)])
}

/// The files of new migrations, named like the last one of the directory.
pub(super) fn make(source: &TestSource, new: &[NewMigration]) -> Result<Vec<(PathBuf, String)>, String> {
    let mut files = Vec::new();
    if new.is_empty() {
        return Ok(files);
    }
    let all = &source.loaded.migrations;
    let last = all.iter().rev().find(|migration| !migration.version.is_empty());
    let last = last.ok_or_else(|| "no migration has a version to follow".to_owned())?;
    let mut version = last.version.clone();
    for migration in new {
        version =
            next(&version).ok_or_else(|| format!("what comes after the version {version} is not known"))?;
        let name = migration.name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let name = name.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_");
        let path =
            |file: &Path, like: &Migration| renamed(Path::new(&source.dir), file, like, &version, &name);
        let up_file = last.up.file().ok_or_else(|| format!("{} has no file to be named like", last.id))?;
        let up_path = path(up_file, last)?;
        if let Some(whole) = sections(&source.layout, migration) {
            files.push((up_path, whole));
            continue;
        }
        // A directory without rollbacks gets none.
        if let Some(like) = all.iter().rev().find(|m| m.down.script().is_some() && m.up.file().is_some()) {
            let down_file = like.down.file().ok_or_else(|| format!("{} has no rollback file", like.id))?;
            if Some(down_file) == like.up.file() {
                return Err(format!("how {} writes both directions into a file is not known", source.layout));
            }
            files.push((path(down_file, like)?, migration.down.clone()));
        }
        files.push((up_path, migration.up.clone()));
    }
    Ok(files)
}

/// Both directions, in layouts that have them in one file.
fn sections(layout: &str, migration: &NewMigration) -> Option<String> {
    let (up, down) = match layout {
        "goose" => ("-- +goose Up", "-- +goose Down"),
        "dbmate" => ("-- migrate:up", "-- migrate:down"),
        "sql-migrate" => ("-- +migrate Up", "-- +migrate Down"),
        _ => return None,
    };
    Some(format!("{up}\n{}\n{down}\n{}", migration.up, migration.down))
}

/// `file` of the migration `like` with another version and name.
fn renamed(dir: &Path, file: &Path, like: &Migration, version: &str, name: &str) -> Result<PathBuf, String> {
    let unknown = || format!("no file can be named like {}", file.display());
    let rel = file.strip_prefix(dir).map_err(|_| unknown())?;
    let rel = rel.to_str().ok_or_else(unknown)?;
    let at = rel.find(&like.version).ok_or_else(unknown)?;
    let (before, after) = (&rel[..at], &rel[at + like.version.len()..]);
    let rest = match like.name.is_empty() {
        true => return Err(unknown()),
        false => {
            let at = after.find(&like.name).ok_or_else(unknown)?;
            format!("{}{name}{}", &after[..at], &after[at + like.name.len()..])
        }
    };
    Ok(dir.join(format!("{before}{version}{rest}")))
}

/// The version after `version`: its last number plus one, a time plus one second.
fn next(version: &str) -> Option<String> {
    let end = version.trim_end_matches(|c: char| !c.is_ascii_digit()).len();
    let digits = version[..end].bytes().rev().take_while(u8::is_ascii_digit).count();
    let (head, group) = version[..end].split_at(end - digits);
    // 20240131235959, or 235959 behind a date.
    if digits == 14 || (digits == 6 && head.len() >= 8) {
        let (date, time) = group.split_at(digits - 6);
        let time: u32 = time.parse().ok()?;
        let seconds = (time / 10_000) * 3600 + (time / 100 % 100) * 60 + time % 100 + 1;
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        let later = format!("{head}{date}{hours:02}{minutes:02}{:02}", seconds % 60);
        return (hours < 24).then_some(later);
    }
    let number: u64 = group.parse().ok()?;
    Some(format!("{head}{:0digits$}{}", number.checked_add(1)?, &version[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_version_keeps_the_shape() {
        for (version, expected) in [
            ("0009", "0010"),
            ("9", "10"),
            ("1.2", "1.3"),
            ("20240131095959", "20240131100000"),
            ("2024-01-31-235958", "2024-01-31-235959"),
            ("1700000000", "1700000001"),
        ] {
            assert_eq!(next(version).as_deref(), Some(expected));
        }
        assert_eq!(next("20240131235959"), None, "the next day is not guessed");
        assert_eq!(next("initial"), None);
    }
}
