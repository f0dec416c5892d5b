//! Numbered directories of SQL files, as projects with a runner of their own use them.

use super::assemble::Recipe;
use super::gather::{Entry, Gather, Pair};
use super::naming::{
    Number, counted, directories, is_numbered, leading_digits, split_direction, sql_files, sql_stem,
};
use super::plain::{mode, version_and_name};
use super::template::Template;
use super::{Confidence, Detection, Dir, DirFile, Layout, LayoutError, LoadOptions, Loaded};
use crate::migration::{Direction, TransactionMode};
use crate::plugin::PluginMeta;

/// `N/up.sql` with `N/down.sql`, `N/NN_name.up.sql`, or `V0001.Name.up.sql`.
#[derive(Debug, Default)]
pub struct Numbered;

crate::register!(layout Numbered);

impl Layout for Numbered {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "numbered",
            summary: "numbered directories: 1/up.sql with 1/down.sql, 1/01_name.up.sql; also V0001.Name.up.sql",
            docs: include_str!("numbered.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let subdirs: Vec<_> = dir
            .subdirs()
            .into_iter()
            .filter(|sub| is_number(sub) && dir.inside(sub).any(|file| in_directory(sub, file).is_some()))
            .collect();
        if !subdirs.is_empty() && sql_files(dir).all(|file| !is_numbered(file.name())) {
            let reason =
                format!("{} with a number for a name, first {}", directories(subdirs.len()), subdirs[0]);
            return Detection::new(Confidence::Shape, reason);
        }
        let flat = sql_files(dir).filter(|file| flat(file).is_some()).count();
        if flat > 0 && flat * 2 >= sql_files(dir).count() {
            return Detection::new(
                Confidence::Shape,
                format!("{} named V0001.Name.up.sql", counted(flat, "file")),
            );
        }
        Detection::no()
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let subdirs: Vec<_> = dir.subdirs().into_iter().filter(|sub| is_number(sub)).collect();
        let inside =
            subdirs.iter().flat_map(|sub| dir.inside(sub).filter_map(|file| in_directory(sub, file)));
        let (pairs, left) = pair(inside.chain(sql_files(dir).filter_map(flat)).collect());
        let recipe = Recipe { psql: true, ..Recipe::new(TransactionMode::Wrapped, &options.vars) }
            .template(Template::Placeholders);
        for pair in pairs {
            let up = recipe.transaction(mode(pair.up)).file(pair.up);
            let down = recipe.transaction(mode(pair.down)).file(pair.down);
            gather.push(pair, up, down);
        }
        gather.leftover(left);
        gather.report_duplicates(|migration| key(&migration.version, ""), "their order is left to chance");
        Ok(gather.finish("<number>/<name>.up.sql", &subdirs))
    }
}

fn is_number(sub: &str) -> bool {
    leading_digits(sub.trim_start_matches(['v', 'V'])).is_some_and(|(_, rest)| rest.is_empty())
}

/// A file of a numbered directory: `up.sql`, `down.sql`, `01_name.up.sql`, `01_name.sql`.
fn in_directory<'d>(sub: &str, file: &'d DirFile) -> Option<Entry<'d>> {
    let stem = sql_stem(file.name())?;
    let direct = match stem {
        "up" => Some(Direction::Up),
        "down" => Some(Direction::Down),
        _ => None,
    };
    if let Some(direction) = direct {
        return Some(Entry {
            id: sub.to_owned(),
            version: sub.to_owned(),
            name: String::new(),
            direction,
            file,
        });
    }
    let (stem, direction) = split_direction(stem);
    let direction = direction.unwrap_or(Direction::Up);
    let (version, name) = version_and_name(stem).unwrap_or(("", stem));
    let version = if version.is_empty() { sub.to_owned() } else { format!("{sub}/{version}") };
    Some(Entry { id: format!("{sub}/{stem}"), version, name: name.to_owned(), direction, file })
}

/// `V0001.Name.up.sql` in the directory itself.
fn flat(file: &DirFile) -> Option<Entry<'_>> {
    let (id, direction) = split_direction(sql_stem(file.name())?);
    if super::flyway::parse(id).is_some() {
        return None;
    }
    let (version, name) = leading_digits(id.strip_prefix(['V', 'v'])?)?;
    let name = name.strip_prefix('.')?;
    let (id, version, name) = (id.to_owned(), version.to_owned(), name.to_owned());
    Some(Entry { id, version, name, direction: direction.unwrap_or(Direction::Up), file })
}

/// Numbers of the version in order, then the name: files without a number of their own come last.
fn key(version: &str, id: &str) -> (Vec<Number>, String) {
    let numbers = version.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    (numbers.map(Number::new).collect(), id.to_owned())
}

fn pair(entries: Vec<Entry<'_>>) -> (Vec<Pair<'_>>, Vec<Entry<'_>>) {
    let (mut pairs, left) = super::gather::pair(entries, |version| version.to_owned());
    pairs.sort_by_cached_key(|pair| key(&pair.version, &pair.id));
    (pairs, left)
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;

    #[test]
    fn directories_of_single_steps_sort_by_number() {
        insta::assert_snapshot!(read(&[("10/up.sql", "select 10"), ("9/up.sql", "select 9"), ("9/down.sql", "select -9")]), @r"
        numbered: 2 directories with a number for a name, first 10
        9 (9, )
          up wrapped [1:1 select 9]
          down wrapped [1:1 select -9]
        10 (10, )
          up wrapped [1:1 select 10]
          down absent
        ");
    }

    #[test]
    fn directories_of_several_files_sort_by_both_numbers() {
        insta::assert_snapshot!(read(&[
            ("2/01_c.up.sql", "select 3"),
            ("1/10_b.up.sql", "select 2"),
            ("1/02_a.up.sql", "select 1"),
            ("1/03_test.go", ""),
            ("1/README.md", ""),
        ]), @r"
        numbered: 2 directories with a number for a name, first 1
        1/02_a (1/02, a)
          up wrapped [1:1 select 1]
          down absent
        1/10_b (1/10, b)
          up wrapped [1:1 select 2]
          down absent
        2/01_c (2/01, c)
          up wrapped [1:1 select 3]
          down absent
        - migrations/1/03_test.go: source code (Go)
        - migrations/1/README.md: documentation
        ");
    }

    #[test]
    fn flat_files_with_a_letter_in_front() {
        insta::assert_snapshot!(read(&[
            ("V0002.Orders.up.sql", "select 2"),
            ("V0001.Users.up.sql", "select 1"),
            ("V0001.Users.down.sql", "select -1"),
        ]), @r"
        numbered: 3 files named V0001.Name.up.sql
        V0001.Users (0001, Users)
          up wrapped [1:1 select 1]
          down wrapped [1:1 select -1]
        V0002.Orders (0002, Orders)
          up wrapped [1:1 select 2]
          down absent
        ");
    }
}
