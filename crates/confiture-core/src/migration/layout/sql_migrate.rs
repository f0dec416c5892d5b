//! sql-migrate (Go).

use std::ops::Range;

use super::assemble::Recipe;
use super::gather::{Gather, Pair, refused};
use super::manifest::Traces;
use super::naming::{Number, counted, leading_digits, sql_files, sql_stem};
use super::sections::{files_with_line, lines, marked};
use super::{Detection, Dir, DirFile, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::{Step, TransactionMode};
use crate::plugin::PluginMeta;

/// Any name, with `-- +migrate Up` and `-- +migrate Down`.
#[derive(Debug, Default)]
pub struct SqlMigrate;

crate::register!(layout SqlMigrate);

impl Layout for SqlMigrate {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "sql-migrate",
            summary: "sql-migrate: *.sql with `-- +migrate Up` and `-- +migrate Down`",
            docs: include_str!("sql_migrate.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let (count, first) = files_with_line(sql_files(dir), |line| command(line).is_some());
        let (Some(first), Some(confidence)) = (first, marked(count, sql_files(dir).count())) else {
            return Detection::no();
        };
        let reason = format!("`-- +migrate` in {}, first {}", counted(count, "SQL file"), first.name());
        let mut found = Detection::new(confidence, reason);
        let traces = Traces { go: &["rubenv/sql-migrate"], ..Traces::default() };
        found.reasons.extend(traces.found(dir));
        found
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let mut files: Vec<_> = sql_files(dir).collect();
        files.sort_by_key(|file| order(file.name()));
        let recipe = Recipe::new(TransactionMode::Wrapped, &options.vars);
        for file in files {
            let Some(stem) = sql_stem(file.name()) else { continue };
            let (version, name) = leading_digits(stem).unwrap_or((stem, ""));
            let (up, down) = steps(&recipe, file);
            let pair = Pair {
                id: stem.to_owned(),
                version: version.to_owned(),
                name: name.trim_start_matches(['_', '-']).to_owned(),
                up: Some(file),
                down: None,
            };
            gather.push(pair, up, down);
        }
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("<id>.sql", &[]))
    }
}

/// Numbered files by number, then the others; within one number, and among the others, by name.
fn order(name: &str) -> (bool, Option<Number>, String) {
    let number = leading_digits(name).map(|(digits, _)| Number::new(digits));
    (number.is_none(), number, name.to_owned())
}

/// The words of a `-- +migrate …` line.
fn command(line: &str) -> Option<&str> {
    line.strip_prefix("-- +migrate ").map(str::trim)
}

fn steps(recipe: &Recipe<'_>, file: &DirFile) -> (Step, Step) {
    let cut = cut(file.text());
    if file.source().is_ok() {
        let reason = match cut.open_block {
            Some(line) => Some(format!("`-- +migrate StatementBegin` at line {line} is not ended")),
            None if cut.sections == 0 => {
                Some("it has neither `-- +migrate Up` nor `-- +migrate Down`".to_owned())
            }
            None => None,
        };
        if let Some(reason) = reason {
            let reason = format!("sql-migrate refuses it: {reason}");
            return (refused(file, reason.clone()), refused(file, reason));
        }
    }
    let step = |direction: &Section, needed: bool| match direction.ranges.is_empty() && !needed {
        true => Step::Absent,
        false => recipe.transaction(direction.transaction()).parts(file, |_| direction.ranges.clone()),
    };
    (step(&cut.up, true), step(&cut.down, false))
}

#[derive(Debug, Default)]
struct Section {
    ranges: Vec<Range<usize>>,
    no_transaction: bool,
}

impl Section {
    fn transaction(&self) -> TransactionMode {
        if self.no_transaction { TransactionMode::Autocommit } else { TransactionMode::Wrapped }
    }
}

#[derive(Debug, Default)]
struct Cut {
    up: Section,
    down: Section,
    sections: usize,
    open_block: Option<usize>,
}

/// Cuts a file as sql-migrate's parser does: every `Up` and `Down` line opens a section, one direction may
/// have several, `notransaction` on any of them holds for its direction.
fn cut(text: &str) -> Cut {
    let mut cut = Cut::default();
    let mut down = false;
    for line in lines(text) {
        let Some(command) = command(line.text) else { continue };
        let mut words = command.split_whitespace();
        let section = match words.next() {
            Some("Up") => &mut cut.up,
            Some("Down") => &mut cut.down,
            Some("StatementBegin") => {
                cut.open_block = (cut.sections > 0).then_some(line.number);
                continue;
            }
            Some("StatementEnd") => {
                cut.open_block = None;
                continue;
            }
            _ => continue,
        };
        section.no_transaction |= words.any(|word| word == "notransaction");
        section.ranges.push(line.end..text.len());
        let now_down = command.starts_with("Down");
        cut.end_before(down, now_down, line.start);
        down = now_down;
        cut.sections += 1;
    }
    cut
}

impl Cut {
    /// Ends the section before the one just opened at byte `at`.
    fn end_before(&mut self, was_down: bool, now_down: bool, at: usize) {
        if self.sections == 0 {
            return;
        }
        let back = if was_down == now_down { 2 } else { 1 };
        let ranges = if was_down { &mut self.down.ranges } else { &mut self.up.ranges };
        if let Some(range) = ranges.len().checked_sub(back).and_then(|index| ranges.get_mut(index)) {
            range.end = at;
        }
    }
}

fn tracking() -> Tracking {
    Tracking {
        create: vec![
            "CREATE TABLE IF NOT EXISTS \"gorp_migrations\" (\"id\" text not null primary key, \
             \"applied_at\" timestamp with time zone)"
                .to_owned(),
        ],
        insert: "INSERT INTO \"gorp_migrations\" (\"id\", \"applied_at\") VALUES ($FILE, now())".to_owned(),
        delete: "DELETE FROM \"gorp_migrations\" WHERE \"id\" = $FILE".to_owned(),
        select: "SELECT \"id\" FROM \"gorp_migrations\" ORDER BY \"id\"".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;

    #[test]
    fn sections_may_repeat_and_each_direction_has_its_option() {
        insta::assert_snapshot!(read(&[
            ("10_b.sql", "-- +migrate Up\nselect 1;\n-- +migrate Down notransaction\nselect 2;\n-- +migrate Up notransaction\nselect 3;"),
            ("9_a.sql", "-- comment\n-- +migrate Up\nselect 4;"),
            ("init.sql", "-- +migrate Up\nselect 5;"),
        ]), @r"
        sql-migrate: `-- +migrate` in 3 SQL files, first 10_b.sql
        9_a (9, a)
          up wrapped [3:1 select 4]
          down absent
        10_b (10, b)
          up autocommit [2:1 select 1 | 6:1 select 3]
          down autocommit [4:1 select 2]
        init (init, )
          up wrapped [2:1 select 5]
          down absent
        ");
    }

    #[test]
    fn files_sql_migrate_refuses_say_why() {
        insta::assert_snapshot!(read(&[
            ("1_a.sql", "-- +migrate Up\nselect 1;\n-- +migrate Down\n"),
            ("2_b.sql", "select 2;"),
            ("3_c.sql", "-- +migrate Up\n-- +migrate StatementBegin\nselect 3;"),
        ]), @r"
        sql-migrate: `-- +migrate` in 2 SQL files, first 1_a.sql
        1_a (1, a)
          up wrapped [2:1 select 1]
          down wrapped []
        2_b (2, b)
          up not run: sql-migrate refuses it: it has neither `-- +migrate Up` nor `-- +migrate Down`
          down not run: sql-migrate refuses it: it has neither `-- +migrate Up` nor `-- +migrate Down`
        3_c (3, c)
          up not run: sql-migrate refuses it: `-- +migrate StatementBegin` at line 2 is not ended
          down not run: sql-migrate refuses it: `-- +migrate StatementBegin` at line 2 is not ended
        ");
    }
}
