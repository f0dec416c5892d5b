//! postgres-migrations (TypeScript).

use super::assemble::Recipe;
use super::gather::{Entry, Gather, foreign, pair};
use super::manifest::Traces;
use super::naming::{Number, counted, leading_digits, sql_files, sql_stem};
use super::sections::files_with_line;
use super::{Confidence, Detection, Dir, DirFile, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::{Direction, Step, TransactionMode};
use crate::plugin::PluginMeta;

/// `N-name.sql`.
#[derive(Debug, Default)]
pub struct PostgresMigrations;

crate::register!(layout PostgresMigrations);

const MARKER: &str = "-- postgres-migrations disable-transaction";

impl Layout for PostgresMigrations {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "postgres-migrations",
            summary: "postgres-migrations: 1-name.sql",
            docs: include_str!("postgres_migrations.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let fitting = || sql_files(dir).filter(|file| parse(file).is_some());
        let count = fitting().count();
        if count == 0 {
            return Detection::no();
        }
        if let (count, Some(first)) =
            files_with_line(fitting(), |line| line.contains("-- postgres-migrations "))
        {
            let reason =
                format!("`-- postgres-migrations` in {}, first {}", counted(count, "SQL file"), first.name());
            return Detection::new(Confidence::Markers, reason);
        }
        let named = Detection::new(Confidence::Names, format!("{} named N-name.sql", counted(count, "file")));
        let found = Traces { node: &["postgres-migrations"], ..Traces::default() }.raise(dir, named);
        if found.confidence == Confidence::Names { Detection::no() } else { found }
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let entries = dir.here().filter_map(|file| {
            let (id, version, name) = parse(file)?;
            let (id, version, name) = (id.to_owned(), version.to_owned(), name.to_owned());
            Some(Entry { id, version, name, direction: Direction::Up, file })
        });
        let (pairs, left) = pair(entries.collect(), Number::new);
        let recipe = Recipe::new(TransactionMode::Wrapped, &options.vars);
        for pair in pairs {
            let up = match pair.up {
                Some(file) if sql_stem(file.name()).is_none() => foreign(file),
                // Without a transaction the file is sent as one message.
                Some(file) if file.text().contains(MARKER) => {
                    recipe.transaction(TransactionMode::Batch).file(pair.up)
                }
                file => recipe.file(file),
            };
            gather.push(pair, up, Step::Absent);
        }
        gather.leftover(left);
        gather.report_duplicates(
            |migration| Number::new(&migration.version),
            "postgres-migrations refuses to start",
        );
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("<number>-<name>.sql", &[]))
    }
}

fn parse(file: &DirFile) -> Option<(&str, &str, &str)> {
    let stem = sql_stem(file.name()).or_else(|| file.name().strip_suffix(".js"))?;
    let (version, rest) = leading_digits(stem)?;
    Some((stem, version, rest.strip_prefix(['-', '_']).unwrap_or(rest)))
}

fn tracking() -> Tracking {
    Tracking {
        create: vec![
            "CREATE TABLE IF NOT EXISTS migrations (\n  id integer PRIMARY KEY,\n  name varchar(100) UNIQUE NOT NULL,\n  \
             hash varchar(40) NOT NULL,\n  executed_at timestamp DEFAULT current_timestamp\n)"
                .to_owned(),
        ],
        insert: "INSERT INTO migrations (id, name, hash) VALUES ($VERSION, $NAME, md5($FILE))".to_owned(),
        delete: "DELETE FROM migrations WHERE id = $VERSION".to_owned(),
        select: "SELECT id::text FROM migrations ORDER BY id".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;

    #[test]
    fn the_marker_counts_anywhere_in_the_file() {
        insta::assert_snapshot!(read(&[
            ("0001-a.sql", "select 1;"),
            ("00010-c.sql", "select 3;"),
            ("0002-b.sql", "select 2;\n-- postgres-migrations disable-transaction\nselect 3;"),
            ("0011_d.js", ""),
        ]), @r"
        postgres-migrations: `-- postgres-migrations` in 1 SQL file, first 0002-b.sql
        0001-a (0001, a)
          up wrapped [1:1 select 1]
          down absent
        0002-b (0002, b)
          up batch [1:1 select 2 | 3:1 select 3]
          down absent
        00010-c (00010, c)
          up wrapped [1:1 select 3]
          down absent
        0011_d (0011, d)
          up not run: the step is written in JavaScript, which is not run: what it does is missing from the database that later migrations are tested on
          down absent
        ");
    }
}
