//! rambler (Go).

use std::ops::Range;

use super::assemble::Recipe;
use super::gather::{Gather, Pair, refused};
use super::naming::{counted, sql_files, sql_stem};
use super::plain::version_and_name;
use super::sections::{files_with_line, lines, marked};
use super::{Detection, Dir, DirFile, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::{Direction, Step, TransactionMode};
use crate::plugin::PluginMeta;

/// Any name, with `-- rambler up` and `-- rambler down`.
#[derive(Debug, Default)]
pub struct Rambler;

crate::register!(layout Rambler);

impl Layout for Rambler {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "rambler",
            summary: "rambler: *.sql with `-- rambler up` and `-- rambler down`",
            docs: include_str!("rambler.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let (count, first) = files_with_line(sql_files(dir), |line| marker(line).is_some());
        match (first, marked(count, sql_files(dir).count())) {
            (Some(first), Some(confidence)) => {
                let reason =
                    format!("`-- rambler` in {}, first {}", counted(count, "SQL file"), first.name());
                Detection::new(confidence, reason)
            }
            _ => Detection::no(),
        }
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let recipe = Recipe::new(TransactionMode::Batch, &options.vars);
        // rambler applies files in the order of their names.
        for file in sql_files(dir) {
            let Some(stem) = sql_stem(file.name()) else { continue };
            let (version, name) = version_and_name(stem).unwrap_or((stem, ""));
            let (version, name) = (version.to_owned(), name.to_owned());
            let (up, down) = steps(&recipe, file);
            let pair = Pair { id: stem.to_owned(), version, name, up: Some(file), down: None };
            gather.push(pair, up, down);
        }
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("<name>.sql", &[]))
    }
}

fn marker(line: &str) -> Option<Direction> {
    match line.trim().strip_prefix("--")?.trim_start().strip_prefix("rambler ")?.trim() {
        "up" => Some(Direction::Up),
        "down" => Some(Direction::Down),
        _ => None,
    }
}

fn steps(recipe: &Recipe<'_>, file: &DirFile) -> (Step, Step) {
    let (up, down) = cut(file.text());
    if file.source().is_ok() && up.is_empty() && down.is_empty() {
        let reason = "it has neither `-- rambler up` nor `-- rambler down`";
        return (refused(file, reason), refused(file, reason));
    }
    let up = recipe.parts(file, |_| up);
    let down = if down.is_empty() { Step::Absent } else { recipe.parts(file, |_| down) };
    (up, down)
}

/// The sections of each direction: every marker opens one.
fn cut(text: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let (mut up, mut down) = (Vec::new(), Vec::new());
    let mut open: Option<(Direction, usize)> = None;
    let mut close = |open: Option<(Direction, usize)>, end: usize| match open {
        Some((Direction::Up, start)) => up.push(start..end),
        Some((Direction::Down, start)) => down.push(start..end),
        None => {}
    };
    for line in lines(text) {
        if let Some(direction) = marker(line.text) {
            close(open.take(), line.start);
            open = Some((direction, line.end));
        }
    }
    close(open, text.len());
    (up, down)
}

fn tracking() -> Tracking {
    Tracking {
        create: vec!["CREATE TABLE IF NOT EXISTS migrations ( migration VARCHAR(255) NOT NULL )".to_owned()],
        insert: "INSERT INTO migrations (migration) VALUES ($FILE)".to_owned(),
        delete: "DELETE FROM migrations WHERE migration = $FILE".to_owned(),
        select: "SELECT migration FROM migrations ORDER BY migration".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;

    #[test]
    fn sections_may_repeat() {
        insta::assert_snapshot!(read(&[
            ("02_b.sql", "-- rambler up\nselect 2;\n-- rambler down\nselect -2;\n-- rambler up\nselect 3;"),
            ("01_a.sql", "-- rambler up\nselect 1;"),
            ("03_c.sql", "select 4;"),
        ]), @r"
        rambler: `-- rambler` in 2 SQL files, first 01_a.sql
        01_a (01, a)
          up batch [2:1 select 1]
          down absent
        02_b (02, b)
          up batch [2:1 select 2 | 6:1 select 3]
          down batch [4:1 select -2]
        03_c (03, c)
          up not run: it has neither `-- rambler up` nor `-- rambler down`
          down not run: it has neither `-- rambler up` nor `-- rambler down`
        ");
    }
}
