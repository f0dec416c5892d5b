//! Drizzle Kit (TypeScript).

use std::collections::BTreeSet;

use super::assemble::Recipe;
use super::directories::{holding, within};
use super::gather::{Gather, Pair};
use super::naming::{leading_digits, sql_files, sql_stem};
use super::{Confidence, Detection, Dir, DirFile, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::diagnostic::{Diagnostic, Location, Severity};
use crate::migration::{Step, TransactionMode};
use crate::plugin::PluginMeta;

/// `NNNN_name.sql` in the order of `meta/_journal.json`, or `TIMESTAMP_name/migration.sql` with
/// `snapshot.json`.
#[derive(Debug, Default)]
pub struct Drizzle;

crate::register!(layout Drizzle);

const JOURNAL: &str = "meta/_journal.json";

impl Layout for Drizzle {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "drizzle",
            summary: "Drizzle Kit: 0000_name.sql with meta/_journal.json",
            docs: include_str!("drizzle.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        if dir.file(JOURNAL).is_some() {
            return Detection::new(Confidence::Config, format!("{JOURNAL} is in it"));
        }
        if !snapshots(dir).is_empty() {
            return Detection::new(Confidence::Markers, "directories with migration.sql and snapshot.json");
        }
        let breaks = sql_files(dir).find(|file| file.text().contains("--> statement-breakpoint"));
        match breaks {
            Some(file) => {
                Detection::new(Confidence::Markers, format!("`--> statement-breakpoint` in {}", file.name()))
            }
            None => Detection::no(),
        }
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let recipe = Recipe::new(TransactionMode::Wrapped, &options.vars);
        let subdirs = snapshots(dir);
        for sub in &subdirs {
            push(&mut gather, &recipe, sub, within(dir, sub, "migration.sql"));
            if let Some(snapshot) = within(dir, sub, "snapshot.json") {
                gather.ignore(snapshot, "Drizzle's snapshot", true);
            }
        }
        match dir.file(JOURNAL) {
            Some(journal) => by_journal(&mut gather, &recipe, journal)?,
            None => {
                for file in sql_files(dir).filter(|file| numbered(file)) {
                    push(&mut gather, &recipe, sql_stem(file.name()).unwrap_or_default(), Some(file));
                }
            }
        }
        for file in dir.files().iter().filter(|file| file.parent() == "meta") {
            gather.ignore(file, "Drizzle's journal or snapshot", true);
        }
        gather.loaded.tracking = Some(tracking());
        let mut inside = subdirs;
        inside.push("meta");
        Ok(gather.finish("<number>_<name>.sql", &inside))
    }
}

fn snapshots(dir: &Dir) -> Vec<&str> {
    holding(dir, "migration.sql")
        .into_iter()
        .filter(|sub| within(dir, sub, "snapshot.json").is_some())
        .collect()
}

fn numbered(file: &DirFile) -> bool {
    leading_digits(file.name()).is_some_and(|(_, rest)| rest.starts_with('_'))
}

fn push<'d>(gather: &mut Gather<'d>, recipe: &Recipe<'_>, tag: &str, file: Option<&'d DirFile>) {
    let (version, name) = leading_digits(tag).unwrap_or((tag, ""));
    let pair = Pair {
        id: tag.to_owned(),
        version: version.to_owned(),
        name: name.trim_start_matches('_').to_owned(),
        up: file,
        down: None,
    };
    let up = recipe.file(file);
    gather.push(pair, up, Step::Absent);
}

#[derive(serde::Deserialize)]
struct Journal {
    entries: Vec<JournalEntry>,
}

#[derive(serde::Deserialize)]
struct JournalEntry {
    tag: String,
}

/// Drizzle runs what the journal lists, in its order; other files are never run.
fn by_journal<'d>(
    gather: &mut Gather<'d>,
    recipe: &Recipe<'_>,
    journal: &'d DirFile,
) -> Result<(), LayoutError> {
    let text = journal.source().map_err(str::to_owned).map(|source| source.text.as_str());
    let parsed =
        text.and_then(|text| serde_json::from_str::<Journal>(text).map_err(|error| error.to_string()));
    let entries = match parsed {
        Ok(journal) => journal.entries,
        Err(reason) => {
            let reason =
                format!("it is not a journal: {reason}; restore it, or let drizzle-kit write it again");
            return Err(LayoutError::Broken { path: journal.path.clone(), reason });
        }
    };
    let dir = gather.dir;
    let mut listed = BTreeSet::new();
    for entry in &entries {
        let Some(file) = dir.file(&format!("{}.sql", entry.tag)) else {
            let message = format!("the journal lists {}, and there is no {0}.sql", entry.tag);
            stale(
                gather,
                journal,
                &entry.tag,
                message,
                "restore the file; drizzle refuses to run without it",
            );
            continue;
        };
        if listed.insert(entry.tag.as_str()) {
            push(gather, recipe, &entry.tag, Some(file));
        }
    }
    for file in sql_files(dir).filter(|file| !listed.contains(sql_stem(file.name()).unwrap_or_default())) {
        if !numbered(file) {
            continue;
        }
        let message = format!("{} is not in the journal {}", file.name(), journal.rel);
        let help = "drizzle never runs it: generate it again, or remove it";
        stale(gather, file, sql_stem(file.name()).unwrap_or_default(), message, help);
        gather.ignore(file, "the journal does not list it, so drizzle never runs it", false);
    }
    Ok(())
}

fn stale(gather: &mut Gather<'_>, file: &DirFile, tag: &str, message: String, help: &str) {
    let text = file.text();
    let at = text.find(tag).map_or(0..0, |at| at..at + tag.len());
    let problem = Diagnostic::new("stale-journal", Severity::High, message)
        .with_help(help)
        .at(Location::new(&file.path, text, at))
        .with_evidence("tag", tag);
    gather.loaded.problems.push(problem);
}

fn tracking() -> Tracking {
    Tracking {
        create: vec![
            "CREATE SCHEMA IF NOT EXISTS \"drizzle\"".to_owned(),
            "CREATE TABLE IF NOT EXISTS \"drizzle\".\"__drizzle_migrations\" (\n\t\t\t\tid SERIAL PRIMARY KEY,\n\t\t\t\t\
             hash text NOT NULL,\n\t\t\t\tcreated_at bigint\n\t\t\t)"
                .to_owned(),
        ],
        insert: "INSERT INTO \"drizzle\".\"__drizzle_migrations\" (\"hash\", \"created_at\") \
                 VALUES (concat_ws('_', $VERSION, nullif($NAME, '')), (extract(epoch FROM clock_timestamp()) * 1000)::bigint)"
            .to_owned(),
        delete: "DELETE FROM \"drizzle\".\"__drizzle_migrations\" WHERE \"hash\" = concat_ws('_', $VERSION, nullif($NAME, ''))"
            .to_owned(),
        select: "SELECT \"hash\" FROM \"drizzle\".\"__drizzle_migrations\" ORDER BY id".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;

    #[test]
    fn the_journal_gives_the_order_and_may_be_stale() {
        insta::assert_snapshot!(read(&[
            ("meta/_journal.json", r#"{"entries":[{"idx":0,"tag":"0001_b"},{"idx":1,"tag":"0000_a"},{"idx":2,"tag":"0002_gone"}]}"#),
            ("0000_a.sql", "create table a (id int);\n--> statement-breakpoint\nselect 1;"),
            ("0001_b.sql", "select 2;"),
            ("0003_orphan.sql", "select 3;"),
        ]), @r"
        drizzle: meta/_journal.json is in it
        0001_b (0001, b)
          up wrapped [1:1 select 2]
          down absent
        0000_a (0000, a)
          up wrapped [1:1 create table a (id int) | 3:1 select 1]
          down absent
        ? migrations/0003_orphan.sql: the journal does not list it, so drizzle never runs it
        - migrations/meta/_journal.json: Drizzle's journal or snapshot
        stale-journal: the journal lists 0002_gone, and there is no 0002_gone.sql
        stale-journal: 0003_orphan.sql is not in the journal meta/_journal.json
        ");
    }

    #[test]
    fn a_broken_journal_is_one_error() {
        insta::assert_snapshot!(read(&[("meta/_journal.json", "{"), ("0000_a.sql", "select 1;")]), @r"
        error: read migrations/meta/_journal.json: it is not a journal: EOF while parsing an object at line 1 column 1; restore it, or let drizzle-kit write it again
        ");
    }

    #[test]
    fn directories_with_snapshots_are_read_by_name() {
        insta::assert_snapshot!(read(&[
            ("20240101000000_a/migration.sql", "select 1;"),
            ("20240101000000_a/snapshot.json", "{}"),
        ]), @r"
        drizzle: directories with migration.sql and snapshot.json
        20240101000000_a (20240101000000, a)
          up wrapped [1:1 select 1]
          down absent
        - migrations/20240101000000_a/snapshot.json: Drizzle's snapshot
        ");
    }
}
