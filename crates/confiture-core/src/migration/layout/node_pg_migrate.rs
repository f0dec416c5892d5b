//! node-pg-migrate's SQL files (TypeScript).

use std::ops::Range;

use super::assemble::Recipe;
use super::gather::{Entry, Gather, foreign, is_test, pair};
use super::manifest::Traces;
use super::naming::{Number, counted, number_and_name, split_direction, sql_files, sql_stem};
use super::sections::{files_with_line, lines, marked, whole};
use super::{Confidence, Detection, Dir, DirFile, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::{Direction, Step, TransactionMode};
use crate::plugin::PluginMeta;

/// `TIMESTAMP_name.sql` with `-- Up Migration` and `-- Down Migration`.
#[derive(Debug, Default)]
pub struct NodePgMigrate;

crate::register!(layout NodePgMigrate);

impl Layout for NodePgMigrate {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "node-pg-migrate",
            summary: "node-pg-migrate: TIMESTAMP_name.sql with `-- Up Migration` and `-- Down Migration`",
            docs: include_str!("node_pg_migrate.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let fitting =
            || sql_files(dir).filter(|file| parse(file).is_some_and(|name| name.direction.is_none()));
        let count = fitting().count();
        if count == 0 {
            return Detection::no();
        }
        let marks = |line: &str| is_marker(line, "up") || is_marker(line, "down");
        let (marked_count, first) = files_with_line(fitting(), marks);
        if let (Some(first), Some(confidence)) = (first, marked(marked_count, sql_files(dir).count())) {
            let reason = format!(
                "`-- Up Migration` or `-- Down Migration` in {}, first {}",
                counted(marked_count, "SQL file"),
                first.name()
            );
            return Detection::new(confidence, reason);
        }
        let named =
            Detection::new(Confidence::Names, format!("{} named TIMESTAMP_name.sql", counted(count, "file")));
        let found = Traces { node: &["node-pg-migrate"], ..Traces::default() }.raise(dir, named);
        if found.confidence == Confidence::Names { Detection::no() } else { found }
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let entries = dir.here().filter_map(|file| {
            let name = parse(file)?;
            Some(Entry {
                id: name.id.to_owned(),
                version: name.version.to_owned(),
                name: name.name.to_owned(),
                direction: name.direction.unwrap_or(Direction::Up),
                file,
            })
        });
        let (pairs, left) = pair(entries.collect(), Number::new);
        let recipe = Recipe::new(TransactionMode::Wrapped, &options.vars);
        for pair in pairs {
            let (up, down) = match pair.up {
                Some(file) if sql_stem(file.name()).is_none() => (foreign(file), foreign(file)),
                Some(file) if pair.down.is_none() => steps(&recipe, file),
                file => (recipe.file(file), recipe.file(pair.down)),
            };
            gather.push(pair, up, down);
        }
        gather.leftover(left);
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("<timestamp>_<name>.sql", &[]))
    }
}

struct Name<'a> {
    id: &'a str,
    version: &'a str,
    name: &'a str,
    direction: Option<Direction>,
}

fn parse(file: &DirFile) -> Option<Name<'_>> {
    let script = || [".js", ".ts", ".cjs", ".mjs"].iter().find_map(|end| file.name().strip_suffix(end));
    let stem = sql_stem(file.name()).or_else(|| script().filter(|_| !is_test(file.name())))?;
    let (id, direction) = split_direction(stem);
    let (version, name) = number_and_name(id, &['_', '-'])?;
    Some(Name { id, version, name, direction })
}

/// Whether a line matches `^\s*--[\s-]*up\s+migration`, in any case.
fn is_marker(line: &str, direction: &str) -> bool {
    let Some(rest) = line.trim_start().strip_prefix("--") else { return false };
    let mut words = rest.trim_start_matches([' ', '\t', '-']).split_whitespace();
    words.next().is_some_and(|word| word.eq_ignore_ascii_case(direction))
        && words
            .next()
            .is_some_and(|word| word.get(..9).is_some_and(|word| word.eq_ignore_ascii_case("migration")))
}

fn steps(recipe: &Recipe<'_>, file: &DirFile) -> (Step, Step) {
    let (up, down) = cut(file.text());
    let step = |range: Range<usize>| recipe.parts(file, |_| vec![range]);
    (step(up), down.map_or(Step::Absent, step))
}

/// Cuts a file at the first marker of each direction; without a marker for up everything is up.
fn cut(text: &str) -> (Range<usize>, Option<Range<usize>>) {
    let first = |direction| lines(text).find(|line| is_marker(line.text, direction)).map(|line| line.start);
    let (up, down) = (first("up"), first("down"));
    let until = |start: usize, other: Option<usize>| {
        start..other.filter(|other| *other > start).unwrap_or(text.len())
    };
    let up_range = match up {
        Some(start) => until(start, down),
        None => whole(text),
    };
    (up_range, down.map(|start| until(start, up)))
}

fn tracking() -> Tracking {
    Tracking {
        create: vec![
            "CREATE TABLE IF NOT EXISTS \"public\".\"pgmigrations\" ( id SERIAL PRIMARY KEY, name varchar(255) NOT NULL, \
             run_on timestamp NOT NULL)"
                .to_owned(),
        ],
        insert: "INSERT INTO \"public\".\"pgmigrations\" (name, run_on) \
                 VALUES (regexp_replace($FILE, '\\.[^.]*$', ''), NOW())"
            .to_owned(),
        delete: "DELETE FROM \"public\".\"pgmigrations\" WHERE name = regexp_replace($FILE, '\\.[^.]*$', '')".to_owned(),
        select: "SELECT name FROM \"public\".\"pgmigrations\" ORDER BY run_on, id".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;

    #[test]
    fn the_first_marker_of_each_direction_cuts() {
        insta::assert_snapshot!(read(&[
            ("1700000000000_a.sql", "-- Up Migration\nselect 1;\n-- Down Migration\nselect 2; -- again\n-- Down Migration\n"),
            ("1700000000001_b.sql", "select 3;\n  --- down migration\nselect 4;"),
            ("1700000000002_c.js", ""),
        ]), @r"
        node-pg-migrate: `-- Up Migration` or `-- Down Migration` in 2 SQL files, first 1700000000000_a.sql
        1700000000000_a (1700000000000, a)
          up wrapped [2:1 select 1]
          down wrapped [4:1 select 2]
        1700000000001_b (1700000000001, b)
          up wrapped [1:1 select 3 | 3:1 select 4]
          down wrapped [3:1 select 4]
        1700000000002_c (1700000000002, c)
          up not run: the step is written in JavaScript, which is not run: what it does is missing from the database that later migrations are tested on
          down not run: the step is written in JavaScript, which is not run: what it does is missing from the database that later migrations are tested on
        ");
    }
}
