//! postgrator (JavaScript).

use super::assemble::Recipe;
use super::gather::{Entry, Gather, foreign, pair};
use super::naming::{Number, counted, leading_digits, sql_files};
use super::{Confidence, Detection, Dir, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::{Direction, TransactionMode};
use crate::plugin::PluginMeta;

/// `N.do.name.sql` with `N.undo.name.sql`.
#[derive(Debug, Default)]
pub struct Postgrator;

crate::register!(layout Postgrator);

impl Layout for Postgrator {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "postgrator",
            summary: "postgrator: 001.do.name.sql with 001.undo.name.sql",
            docs: include_str!("postgrator.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let fitting =
            sql_files(dir).filter(|file| stem(file.name()).is_some_and(|stem| parse(stem).is_some())).count();
        if fitting == 0 || fitting * 2 < sql_files(dir).count() {
            return Detection::no();
        }
        Detection::new(
            Confidence::Shape,
            format!("{} named N.do.name.sql or N.undo.name.sql", counted(fitting, "file")),
        )
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let mut entries = Vec::new();
        for file in dir.here() {
            let Some(name) = stem(file.name()).and_then(parse) else { continue };
            let id = match name.name {
                "" => name.version.to_owned(),
                rest => format!("{}.{rest}", name.version),
            };
            let (version, name, direction) = (name.version.to_owned(), name.name.to_owned(), name.direction);
            entries.push(Entry { id, version, name, direction, file });
        }
        let (pairs, left) = pair(entries, Number::new);
        let recipe = Recipe::new(TransactionMode::Batch, &options.vars);
        let step = |file: Option<&_>| match file {
            Some(file) if !super::DirFile::name(file).ends_with(".sql") => foreign(file),
            file => recipe.file(file),
        };
        for pair in pairs {
            let (up, down) = (step(pair.up), step(pair.down));
            gather.push(pair, up, down);
        }
        gather.leftover(left);
        gather.report_duplicates(|migration| Number::new(&migration.version), "postgrator refuses to start");
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("<number>.do.<name>.sql", &[]))
    }
}

/// The name without the extension of a file postgrator reads.
fn stem(name: &str) -> Option<&str> {
    [".sql", ".js", ".mjs", ".cjs"].iter().find_map(|extension| name.strip_suffix(extension))
}

/// A file name in parts.
pub(super) struct Name<'a> {
    version: &'a str,
    name: &'a str,
    direction: Direction,
}

/// The parts of `001.do.name`.
pub(super) fn parse(stem: &str) -> Option<Name<'_>> {
    let (version, rest) = leading_digits(stem)?;
    let rest = rest.strip_prefix('.')?;
    let (action, name) = rest.split_once('.').unwrap_or((rest, ""));
    let direction = match action {
        "do" => Direction::Up,
        "undo" => Direction::Down,
        _ => return None,
    };
    Some(Name { version, name, direction })
}

fn tracking() -> Tracking {
    let add = |column: &str| format!("ALTER TABLE schemaversion ADD COLUMN IF NOT EXISTS {column}");
    Tracking {
        create: vec![
            "CREATE TABLE IF NOT EXISTS schemaversion (version BIGINT PRIMARY KEY)".to_owned(),
            add("name TEXT"),
            add("md5 TEXT"),
            add("run_at TIMESTAMP WITH TIME ZONE"),
        ],
        insert: "INSERT INTO schemaversion (version, name, run_at) VALUES ($VERSION, $NAME, now())"
            .to_owned(),
        delete: "DELETE FROM schemaversion WHERE version = $VERSION".to_owned(),
        select: "SELECT version::text FROM schemaversion ORDER BY version".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;

    #[test]
    fn do_and_undo_pair_by_version() {
        insta::assert_snapshot!(read(&[
            ("002.do.b.sql", "select 2; select 3"),
            ("001.do.a.sql", "select 1"),
            ("001.undo.other.sql", "select -1"),
            ("003.do.sql", "select 4"),
            ("004.do.d.js", ""),
        ]), @r"
        postgrator: 4 files named N.do.name.sql or N.undo.name.sql
        001.a (001, a)
          up batch [1:1 select 1]
          down batch [1:1 select -1]
        002.b (002, b)
          up batch [1:1 select 2 | 1:11 select 3]
          down absent
        003 (003, )
          up batch [1:1 select 4]
          down absent
        004.d (004, d)
          up not run: the step is written in JavaScript, which is not run: what it does is missing from the database that later migrations are tested on
          down absent
        ");
    }

    #[test]
    fn duplicate_versions_are_reported() {
        insta::assert_snapshot!(read(&[("1.do.a.sql", ""), ("01.do.b.sql", ""), ("1.x.sql", "")]), @r"
        postgrator: 2 files named N.do.name.sql or N.undo.name.sql
        01.b (01, b)
          up batch []
          down absent
        1.a (1, a)
          up batch []
          down absent
        ? migrations/1.x.sql: its name is not <number>.do.<name>.sql
        duplicate-version: version 1 is used by migrations/01.do.b.sql and by migrations/1.do.a.sql
        ");
    }
}
