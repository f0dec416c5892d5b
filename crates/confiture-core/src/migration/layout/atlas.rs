//! Atlas's versioned migrations.

use std::ops::Range;

use super::assemble::Recipe;
use super::gather::{Gather, Pair};
use super::manifest::Traces;
use super::naming::{count_names, counted, is_numbered, sql_files, sql_stem};
use super::sections::{Line, comment_marker, files_with_line, lines, text_start, whole};
use super::{Confidence, Detection, Dir, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::{Step, TransactionMode};
use crate::plugin::PluginMeta;

/// `TIMESTAMP_name.sql` with `atlas.sum`.
#[derive(Debug, Default)]
pub struct Atlas;

crate::register!(layout Atlas);

impl Layout for Atlas {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "atlas",
            summary: "Atlas: 20240101000000_name.sql with atlas.sum",
            docs: include_str!("atlas.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let names = count_names(dir, |_| true);
        if names.sql == 0 {
            return Detection::no();
        }
        let sum = dir.file("atlas.sum").is_some();
        // Atlas writes the formats of other tools too; then those are what runs the files.
        let foreign = |line: &str| {
            ["+goose Up", "migrate:up", "liquibase formatted sql"]
                .iter()
                .any(|word| comment_marker(line, word).is_some())
        };
        let (foreign, _) = files_with_line(sql_files(dir), foreign);
        if sum && foreign == 0 && names.directed == 0 {
            return Detection::new(Confidence::Config, "atlas.sum is in it");
        }
        let marked = files_with_line(sql_files(dir), |line| comment_marker(line, "atlas:txmode").is_some());
        match marked {
            (count, Some(first)) if foreign == 0 => {
                let reason =
                    format!("`-- atlas:txmode` in {}, first {}", counted(count, "SQL file"), first.name());
                Detection::new(Confidence::Markers, reason)
            }
            _ if sum => {
                Detection::new(Confidence::Names, "atlas.sum is in it, and the files follow another tool")
            }
            _ if foreign == 0
                && names.directed == 0
                && sql_files(dir).all(|file| is_numbered(file.name())) =>
            {
                let named = Detection::new(Confidence::Names, "an Atlas project around it");
                let found = Traces { go: &["ariga.io/atlas"], ..Traces::default() }.raise(dir, named);
                if dir.config("atlas.hcl").is_some() { found } else { Detection::no() }
            }
            _ => Detection::no(),
        }
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let recipe = Recipe::new(TransactionMode::Wrapped, &options.vars);
        // Atlas takes files in the order of their names.
        for file in sql_files(dir) {
            let Some(stem) = sql_stem(file.name()) else { continue };
            if directive(file.text(), "checkpoint").is_some() {
                gather.ignore(file, "a checkpoint: the migrations before it are run in its place", true);
                continue;
            }
            let (version, name) = stem.split_once('_').unwrap_or((stem, ""));
            let (version, name) = (version.to_owned(), name.to_owned());
            let mode = match directive(file.text(), "txmode") {
                Some("none") => TransactionMode::Autocommit,
                _ => TransactionMode::Wrapped,
            };
            let up = recipe.transaction(mode).parts(file, cut);
            gather.push(
                Pair { id: stem.to_owned(), version, name, up: Some(file), down: None },
                up,
                Step::Absent,
            );
        }
        if let Some(sum) = dir.file("atlas.sum") {
            gather.ignore(sum, "Atlas's checksums", true);
        }
        gather.report_duplicates(|migration| migration.version.clone(), "Atlas refuses the directory");
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("<timestamp>_<name>.sql", &[]))
    }
}

/// The value of a `-- atlas:NAME value` line among the comments at the head of a file.
fn directive<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let head =
        lines(text).map(|line| line.text).take_while(|line| line.trim().is_empty() || line.starts_with("--"));
    let marker = format!("atlas:{name}");
    head.filter_map(|line| comment_marker(line, &marker)).next()
}

/// The parts a custom delimiter makes; of an archive of files (`atlas:txtar`) the migration.
fn cut(text: &str) -> Vec<Range<usize>> {
    let mut range = whole(text);
    if directive(text, "txtar").is_some() {
        range = archived(text, "migration.sql").unwrap_or(range);
    }
    let delimiter = directive(text, "delimiter").map(|value| value.replace("\\n", "\n"));
    let Some(delimiter) = delimiter.filter(|delimiter| !delimiter.is_empty() && delimiter != ";") else {
        return vec![range];
    };
    let mut parts = Vec::new();
    let mut start = range.start.max(text_start(text));
    while let Some(at) = text.get(start..range.end).and_then(|rest| rest.find(&delimiter)) {
        parts.push(start..start + at);
        start += at + delimiter.len();
    }
    parts.push(start..range.end);
    // The head holds the directive itself, which may hold the delimiter.
    parts.retain(|part| text.get(part.clone()).is_some_and(super::sections::has_sql));
    parts
}

/// The lines after `-- NAME --` up to the next such line.
fn archived(text: &str, name: &str) -> Option<Range<usize>> {
    let header = |line: &Line<'_>| {
        Some(line.text.strip_prefix("-- ")?.strip_suffix(" --")?.trim().to_owned())
            .filter(|name| name.contains('.'))
    };
    let mut headers = lines(text).filter_map(|line| Some((header(&line)?, line)));
    let (_, start) = headers.find(|(found, _)| found == name)?;
    let end = headers.next().map_or(text.len(), |(_, line)| line.start);
    Some(start.end..end)
}

fn tracking() -> Tracking {
    let table = "\"atlas_schema_revisions\".\"atlas_schema_revisions\"";
    Tracking {
        create: vec![
            "CREATE SCHEMA IF NOT EXISTS \"atlas_schema_revisions\"".to_owned(),
            format!(
                "CREATE TABLE IF NOT EXISTS {table} (\"version\" character varying NOT NULL, \"description\" character varying \
                 NOT NULL, \"type\" bigint NOT NULL DEFAULT 2, \"applied\" bigint NOT NULL DEFAULT 0, \"total\" bigint NOT NULL \
                 DEFAULT 0, \"executed_at\" timestamptz NOT NULL, \"execution_time\" bigint NOT NULL, \"error\" text NULL, \
                 \"error_stmt\" text NULL, \"hash\" character varying NOT NULL, \"partial_hashes\" jsonb NULL, \
                 \"operator_version\" character varying NOT NULL, PRIMARY KEY (\"version\"))"
            ),
        ],
        insert: format!(
            "INSERT INTO {table} (\"version\", \"description\", \"executed_at\", \"execution_time\", \"hash\", \"operator_version\") \
             VALUES ($VERSION, $NAME, now(), 0, '', 'confiture')"
        ),
        delete: format!("DELETE FROM {table} WHERE \"version\" = $VERSION"),
        select: format!("SELECT \"version\" FROM {table} ORDER BY \"version\""),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;

    #[test]
    fn directives_of_the_head_are_followed() {
        insta::assert_snapshot!(read(&[
            ("atlas.sum", "h1:x\n"),
            ("20240101000000_a.sql", "-- atlas:txmode none\n\ncreate index concurrently i on t (x);\nselect 1;"),
            ("20240102000000.sql", "-- atlas:delimiter \\n--end\n\nselect 1\n--end\nselect 2\n--end\n"),
            ("20240103000000_c.sql", "-- atlas:checkpoint\n\nselect 3;"),
            ("20240104000000_d.sql", "-- atlas:txtar\n\n-- checks.sql --\nselect 4;\n-- migration.sql --\nselect 5;\n"),
        ]), @r"
        atlas: atlas.sum is in it
        20240101000000_a (20240101000000, a)
          up autocommit [3:1 create index concurrently i on t (x) | 4:1 select 1]
          down absent
        20240102000000 (20240102000000, )
          up wrapped [3:1 select 1 | 5:1 select 2]
          down absent
        20240104000000_d (20240104000000, d)
          up wrapped [6:1 select 5]
          down absent
        - migrations/20240103000000_c.sql: a checkpoint: the migrations before it are run in its place
        - migrations/atlas.sum: Atlas's checksums
        ");
    }

    #[test]
    fn a_sum_file_beside_goose_files_leaves_them_to_goose() {
        insta::assert_snapshot!(read(&[("atlas.sum", ""), ("1_a.sql", "-- +goose Up\nselect 1;\n-- +goose Down\n")]), @r"
        goose: `-- +goose` in 1 SQL file, first 1_a.sql
        1_a (1, a)
          up wrapped [2:1 select 1]
          down wrapped []
        - migrations/atlas.sum: configuration
        ");
    }
}
