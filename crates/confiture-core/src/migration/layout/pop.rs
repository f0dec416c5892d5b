//! pop and its command soda (Go), and Ory's popx.

use std::collections::BTreeSet;

use super::assemble::Recipe;
use super::gather::{Entry, Gather, foreign, pair};
use super::manifest::Traces;
use super::naming::{counted, leading_digits};
use super::sections::files_with_line;
use super::template::Template;
use super::{Confidence, Detection, Dir, DirFile, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::{Direction, Step, TransactionMode};
use crate::plugin::PluginMeta;

/// `VERSION_name[.dialect].up.sql` with `.down.sql`, Go templates, and `.fizz`.
#[derive(Debug, Default)]
pub struct Pop;

/// `VERSION_name[.dialect][.autocommit].up.sql` with `.down.sql`.
#[derive(Debug, Default)]
pub struct Popx;

crate::register!(layout Pop);
crate::register!(layout Popx);

impl Layout for Pop {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "pop",
            summary: "pop (soda): 20240101000000_name.up.sql with .down.sql, Go templates",
            docs: include_str!("pop.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let (fitting, dialects) = fitting(dir);
        let Some(count) = fitting else { return Detection::no() };
        if let Some(fizz) = dir.here().find(|file| parse(file).is_some_and(|name| name.fizz)) {
            return Detection::new(Confidence::Shape, format!("{} is written in fizz", fizz.name()));
        }
        let up = dir.here().filter(|file| parse(file).is_some());
        if let (count, Some(first)) = files_with_line(up, |line| line.contains(".Options")) {
            let reason =
                format!("Go templates of pop in {}, first {}", counted(count, "SQL file"), first.name());
            return Detection::new(Confidence::Markers, reason);
        }
        let named = Detection::new(
            if dialects > 0 { Confidence::Shape } else { Confidence::Names },
            format!("{} named VERSION_name.up.sql or .down.sql", counted(count, "file")),
        );
        let found = Traces { go: &["gobuffalo/pop"], ..Traces::default() }.raise(dir, named);
        if found.confidence == Confidence::Names { Detection::no() } else { found }
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        load(dir, options, Template::Go, tracking("VARCHAR (14) NOT NULL, PRIMARY KEY(version)"))
    }
}

impl Layout for Popx {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "popx",
            summary: "popx (Ory): VERSION_name[.postgres][.autocommit].up.sql with .down.sql",
            docs: include_str!("popx.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let (fitting, dialects) = fitting(dir);
        let Some(count) = fitting else { return Detection::no() };
        if let Some(file) = dir.here().find(|file| parse(file).is_some_and(|name| name.autocommit)) {
            return Detection::new(Confidence::Markers, format!("{} has .autocommit.", file.name()));
        }
        let named = Detection::new(
            if dialects > 0 { Confidence::Shape } else { Confidence::Names },
            format!("{} named VERSION_name[.dialect].up.sql or .down.sql", counted(count, "file")),
        );
        let found = Traces { go: &["ory/x ", "ory/pop"], ..Traces::default() }.raise(dir, named);
        if found.confidence == Confidence::Names { Detection::no() } else { found }
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut table = tracking("VARCHAR (48) NOT NULL, version_self INT NOT NULL DEFAULT 0");
        table.create.push(
            "CREATE INDEX IF NOT EXISTS schema_migration_version_self_idx ON schema_migration (version_self)"
                .to_owned(),
        );
        load(dir, options, Template::None, table)
    }
}

/// How many files fit (`None` when less than half), and how many of them name a dialect.
fn fitting(dir: &Dir) -> (Option<usize>, usize) {
    let sql =
        dir.here().filter(|file| file.name().ends_with(".sql") || file.name().ends_with(".fizz")).count();
    let names: Vec<_> = dir.here().filter_map(parse).collect();
    let dialects = names.iter().filter(|name| name.dialect.is_some()).count();
    ((!names.is_empty() && names.len() * 2 >= sql).then_some(names.len()), dialects)
}

fn load(
    dir: &Dir,
    options: &LoadOptions,
    template: Template,
    tracking: Tracking,
) -> Result<Loaded, LayoutError> {
    let mut gather = Gather::new(dir);
    let mut entries = Vec::new();
    let specific: BTreeSet<_> = dir
        .here()
        .filter_map(parse)
        .filter(|name| name.dialect == Some(Dialect::Postgres))
        .map(|name| (name.version, name.direction))
        .collect();
    for file in dir.here() {
        let Some(name) = parse(file) else { continue };
        match name.dialect {
            None => {
                let beaten = specific.contains(&(name.version, name.direction));
                if beaten {
                    gather.ignore(file, "the file for PostgreSQL is run in its place", true);
                    continue;
                }
            }
            Some(Dialect::Postgres) => {}
            Some(Dialect::Other) => {
                gather.ignore(file, "is for another database", true);
                continue;
            }
        }
        entries.push(Entry {
            id: format!("{}_{}", name.version, name.name),
            version: name.version.to_owned(),
            name: name.name.to_owned(),
            direction: name.direction,
            file,
        });
    }
    let (pairs, left) = pair(entries, str::to_owned);
    let recipe = Recipe::new(TransactionMode::Wrapped, &options.vars).template(template);
    for pair in pairs {
        let step = |file: Option<&DirFile>| match file.and_then(|file| Some((file, parse(file)?))) {
            None => Step::Absent,
            Some((file, name)) if name.fizz => foreign(file),
            Some((file, name)) if name.autocommit => {
                recipe.transaction(TransactionMode::Batch).file(Some(file))
            }
            Some((file, _)) => recipe.file(Some(file)),
        };
        let (up, down) = (step(pair.up), step(pair.down));
        gather.push(pair, up, down);
    }
    gather.leftover(left);
    gather.report_duplicates(|migration| migration.version.clone(), "only one of them is ever applied");
    gather.loaded.tracking = Some(tracking);
    Ok(gather.finish("<version>_<name>.up.sql", &[]))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Postgres,
    Other,
}

struct Name<'a> {
    version: &'a str,
    name: &'a str,
    dialect: Option<Dialect>,
    autocommit: bool,
    direction: Direction,
    fizz: bool,
}

fn parse(file: &DirFile) -> Option<Name<'_>> {
    let name = file.name();
    let (stem, fizz) = match name.strip_suffix(".sql") {
        Some(stem) => (stem, false),
        None => (name.strip_suffix(".fizz")?, true),
    };
    let (stem, direction) = super::naming::split_direction(stem);
    let direction = direction?;
    let (stem, autocommit) = stem.strip_suffix(".autocommit").map_or((stem, false), |stem| (stem, true));
    let (version, rest) = leading_digits(stem)?;
    let (name, dialect) = match rest.strip_prefix('_')?.split_once('.') {
        Some((name, dialect)) => (name, Some(dialect)),
        None => (rest.strip_prefix('_')?, None),
    };
    let dialect = match dialect {
        None | Some("all") => None,
        Some("postgres" | "postgresql" | "pg") => Some(Dialect::Postgres),
        Some("mysql" | "mariadb" | "sqlite" | "sqlite3" | "cockroach" | "cockroachdb" | "crdb") => {
            Some(Dialect::Other)
        }
        Some(_) => return None,
    };
    (!name.is_empty()).then_some(Name { version, name, dialect, autocommit, direction, fizz })
}

fn tracking(version: &str) -> Tracking {
    Tracking {
        create: vec![
            format!("CREATE TABLE IF NOT EXISTS schema_migration (version {version})"),
            "CREATE UNIQUE INDEX IF NOT EXISTS schema_migration_version_idx ON schema_migration (version)"
                .to_owned(),
        ],
        insert: "INSERT INTO schema_migration (version) VALUES ($VERSION)".to_owned(),
        delete: "DELETE FROM schema_migration WHERE version = $VERSION".to_owned(),
        select: "SELECT version FROM schema_migration ORDER BY version".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{project, read};

    #[test]
    fn dialects_and_autocommit_follow_popx() {
        insta::assert_snapshot!(read(&[
            ("20240101000000000000_a.up.sql", "select 'generic'"),
            ("20240101000000000000_a.postgres.up.sql", "select 'postgres'"),
            ("20240101000000000000_a.mysql.up.sql", "select 'mysql'"),
            ("20240101000000000000_a.down.sql", "select -1"),
            ("20240101000000000001_b.autocommit.up.sql", "create index concurrently i on t (x)"),
            ("20240101000000000002_c.sqlite.up.sql", "select 'sqlite'"),
        ]), @r"
        popx: 20240101000000000001_b.autocommit.up.sql has .autocommit.
        20240101000000000000_a (20240101000000000000, a)
          up wrapped [1:1 select 'postgres']
          down wrapped [1:1 select -1]
        20240101000000000001_b (20240101000000000001, b)
          up batch [1:1 create index concurrently i on t (x)]
          down absent
        - migrations/20240101000000000000_a.mysql.up.sql: is for another database
        - migrations/20240101000000000000_a.up.sql: the file for PostgreSQL is run in its place
        - migrations/20240101000000000002_c.sqlite.up.sql: is for another database
        ");
    }

    #[test]
    fn templates_of_pop_take_values() {
        insta::assert_snapshot!(project(&[
            ("m/00_a.up.sql", "create table {{ index .Options \"Namespace\" }}.users (id int);"),
            ("m/20240101000000_b.up.sql", "select 1;\nselect '{{ .Options.Missing }}'"),
            ("m/20240102000000_c.up.fizz", "create_table(\"x\")"),
        ])
        .var("Namespace", "auth")
        .layout("pop")
        .read("m"), @r"
        pop: --layout pop; 20240102000000_c.up.fizz is written in fizz
        00_a (00, a)
          up wrapped [1:1 create table auth.users (id int)]
          down absent
        20240101000000_b (20240101000000, b)
          up not run: the template value Missing (line 2) has not been given: --var Missing=VALUE
          down absent
        20240102000000_c (20240102000000, c)
          up not run: the step is written in fizz, which is not run: what it does is missing from the database that later migrations are tested on
          down absent
        ");
    }
}
