//! maragudk/migrate (Go).

use std::collections::BTreeSet;

use super::assemble::Recipe;
use super::gather::{Entry, Gather, pair};
use super::manifest::Traces;
use super::naming::{counted, leading_digits, split_direction, sql_files, sql_stem};
use super::{Confidence, Detection, Dir, DirFile, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::{Direction, TransactionMode};
use crate::plugin::PluginMeta;

/// `any-name.up.sql` with `any-name.down.sql`; the whole name is the version.
#[derive(Debug, Default)]
pub struct MaragudkMigrate;

crate::register!(layout MaragudkMigrate);

impl Layout for MaragudkMigrate {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "maragudk-migrate",
            summary: "maragudk/migrate: name.up.sql with name.down.sql, the whole name is the version",
            docs: include_str!("maragudk_migrate.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let ups: Vec<_> =
            sql_files(dir).filter_map(parse).filter(|name| name.direction == Direction::Up).collect();
        if ups.is_empty() {
            return Detection::no();
        }
        let numbers: BTreeSet<_> =
            ups.iter().filter_map(|name| Some(leading_digits(name.version)?.0)).collect();
        let shared = ups.iter().filter(|name| leading_digits(name.version).is_some()).count() - numbers.len();
        let mut found = match shared {
            0 => {
                Detection::new(Confidence::Names, format!("{} named name.up.sql", counted(ups.len(), "file")))
            }
            _ => Detection::new(
                Confidence::Shape,
                format!(
                    "{shared} of {} files share a number with another, which only this tool allows",
                    ups.len()
                ),
            ),
        };
        found =
            Traces { go: &["maragudk/migrate", "maragu.dev/migrate"], ..Traces::default() }.raise(dir, found);
        if found.confidence == Confidence::Names { Detection::no() } else { found }
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let entries = sql_files(dir).filter_map(|file| {
            let name = parse(file)?;
            let label =
                leading_digits(name.version).map_or("", |(_, rest)| rest.trim_start_matches(['_', '-']));
            Some(Entry {
                id: name.version.to_owned(),
                version: name.version.to_owned(),
                name: label.to_owned(),
                direction: name.direction,
                file,
            })
        });
        let (pairs, left) = pair(entries.collect(), str::to_owned);
        let recipe = Recipe::new(TransactionMode::Wrapped, &options.vars);
        for pair in pairs {
            let (up, down) = (recipe.file(pair.up), recipe.file(pair.down));
            gather.push(pair, up, down);
        }
        gather.leftover(left);
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("<name>.up.sql, with letters, digits, _ and - in the name", &[]))
    }
}

struct Name<'a> {
    version: &'a str,
    direction: Direction,
}

fn parse(file: &DirFile) -> Option<Name<'_>> {
    let (version, direction) = split_direction(sql_stem(file.name())?);
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (!version.is_empty() && version.chars().all(word)).then_some(Name { version, direction: direction? })
}

fn tracking() -> Tracking {
    Tracking {
        create: vec![
            "create table if not exists migrations (version text not null)".to_owned(),
            "insert into migrations select '' where not exists (select from migrations)".to_owned(),
        ],
        insert: "update migrations set version = $VERSION".to_owned(),
        delete: "update migrations set version = '' where version = $VERSION".to_owned(),
        select: "select version from migrations".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;

    #[test]
    fn the_whole_name_is_the_version() {
        insta::assert_snapshot!(read(&[
            ("0001_b.up.sql", "select 2"),
            ("0001_a.up.sql", "select 1"),
            ("0001_a.down.sql", "select -1"),
            ("0002_c_up.sql", "select 3"),
        ]), @r"
        maragudk-migrate: 1 of 2 files share a number with another, which only this tool allows
        0001_a (0001_a, a)
          up wrapped [1:1 select 1]
          down wrapped [1:1 select -1]
        0001_b (0001_b, b)
          up wrapped [1:1 select 2]
          down absent
        ? migrations/0002_c_up.sql: its name is not <name>.up.sql, with letters, digits, _ and - in the name
        ");
    }
}
