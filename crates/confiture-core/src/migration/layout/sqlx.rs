//! sqlx (Rust).

use super::assemble::Recipe;
use super::gather::{Entry, Gather, pair};
use super::manifest::Traces;
use super::naming::{Number, counted, sql_files, sql_stem};
use super::{Confidence, Detection, Dir, DirFile, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::{Direction, TransactionMode};
use crate::plugin::PluginMeta;

/// `N_name.sql`, or `N_name.up.sql` with `N_name.down.sql`.
#[derive(Debug, Default)]
pub struct Sqlx;

crate::register!(layout Sqlx);

const MARKER: &str = "-- no-transaction";

impl Layout for Sqlx {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "sqlx",
            summary: "sqlx: 20240101000000_name.sql, or .up.sql with .down.sql",
            docs: include_str!("sqlx.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let sql = sql_files(dir).count();
        let fitting: Vec<_> =
            sql_files(dir).filter(|file| parse(file.name()).is_some_and(|n| n.numeric)).collect();
        if fitting.is_empty() || fitting.len() * 2 < sql {
            return Detection::no();
        }
        if let Some(file) = fitting.iter().find(|file| file.text().starts_with(MARKER)) {
            return Detection::new(
                Confidence::Markers,
                format!("`{MARKER}` at the start of {}", file.name()),
            );
        }
        let named =
            Detection::new(Confidence::Names, format!("{} named N_name.sql", counted(fitting.len(), "file")));
        if let Some(found) = dir.config("sqlx.toml") {
            return Detection::new(Confidence::Manifest, format!("{} is there", found.path.display()));
        }
        Traces { crates: &["sqlx", "sqlx-core", "sqlx-cli"], ..Traces::default() }.raise(dir, named)
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let mut entries = Vec::new();
        for file in dir.here() {
            let Some(name) = parse(file.name()) else { continue };
            if !name.numeric || !Number::new(name.version).fits_i64() {
                gather.unparsable(file, "sqlx wants an integer before the first `_` and stops at this file");
                continue;
            }
            entries.push(Entry {
                id: name.id.to_owned(),
                version: name.version.to_owned(),
                name: name.name.to_owned(),
                direction: name.direction,
                file,
            });
        }
        let (pairs, left) = pair(entries, Number::new);
        let recipe = Recipe::new(TransactionMode::Wrapped, &options.vars);
        for pair in pairs {
            let up = recipe.transaction(mode(pair.up)).file(pair.up);
            let down = recipe.transaction(mode(pair.down)).file(pair.down);
            gather.push(pair, up, down);
        }
        gather.leftover(left);
        gather.report_duplicates(
            |migration| Number::new(&migration.version),
            "sqlx fails on the second: its version is the primary key of _sqlx_migrations",
        );
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("<integer>_<name>.sql", &[]))
    }
}

struct Name<'a> {
    id: &'a str,
    version: &'a str,
    name: &'a str,
    direction: Direction,
    numeric: bool,
}

/// Cuts a file name at its first `_`, as sqlx does; `None` for the files it passes over.
fn parse(file: &str) -> Option<Name<'_>> {
    let stem = sql_stem(file)?;
    let (version, _) = file.split_once('_')?;
    let (id, direction) = super::naming::split_direction(stem);
    let name = id.split_once('_').map_or("", |(_, name)| name);
    let numeric = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    Some(Name { id, version, name, direction: direction.unwrap_or(Direction::Up), numeric })
}

/// sqlx asks for the marker at the very first byte, in each file for itself. Without a transaction it sends
/// the file as one message.
fn mode(file: Option<&DirFile>) -> TransactionMode {
    match file.is_some_and(|file| file.text().starts_with(MARKER)) {
        true => TransactionMode::Batch,
        false => TransactionMode::Wrapped,
    }
}

fn tracking() -> Tracking {
    Tracking {
        create: vec![
            "CREATE TABLE IF NOT EXISTS _sqlx_migrations (\n    version BIGINT PRIMARY KEY,\n    description TEXT NOT NULL,\n    \
             installed_on TIMESTAMPTZ NOT NULL DEFAULT now(),\n    success BOOLEAN NOT NULL,\n    \
             checksum BYTEA NOT NULL,\n    execution_time BIGINT NOT NULL\n)"
                .to_owned(),
        ],
        insert: "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES ($VERSION, $NAME, TRUE, '', -1)"
            .to_owned(),
        delete: "DELETE FROM _sqlx_migrations WHERE version = $VERSION".to_owned(),
        select: "SELECT version::text FROM _sqlx_migrations ORDER BY version".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{project, read};

    #[test]
    fn the_marker_counts_at_the_first_byte_of_each_file() {
        insta::assert_snapshot!(read(&[
            ("20240101000000_a.up.sql", "-- no-transaction\ncreate index concurrently i on t (x);"),
            ("20240101000000_a.down.sql", "drop index i;"),
            ("20240102000000_b_c.sql", "\n-- no-transaction\nselect 1; select 2;"),
        ]), @r"
        sqlx: `-- no-transaction` at the start of 20240101000000_a.up.sql
        20240101000000_a (20240101000000, a)
          up batch [2:1 create index concurrently i on t (x)]
          down wrapped [1:1 drop index i]
        20240102000000_b_c (20240102000000, b_c)
          up wrapped [3:1 select 1 | 3:11 select 2]
          down absent
        ");
    }

    #[test]
    fn cargo_toml_tells_sqlx_from_plain() {
        insta::assert_snapshot!(project(&[
            ("crates/db/migrations/1_a.sql", "select 1"),
            ("crates/db/Cargo.toml", "[dependencies]\nsqlx.workspace = true\n"),
        ])
        .read("crates/db/migrations"), @r"
        sqlx: 1 file named N_name.sql; crates/db/Cargo.toml depends on sqlx
        1_a (1, a)
          up wrapped [1:1 select 1]
          down absent
        ");
    }

    #[test]
    fn unparsable_and_duplicate_versions_are_reported() {
        insta::assert_snapshot!(project(&[
            ("m/1_a.sql", "select 1"),
            ("m/001_b.sql", "select 2"),
            ("m/99999999999999999999_c.sql", "select 3"),
        ])
        .layout("sqlx")
        .read("m"), @r"
        sqlx: --layout sqlx; 3 files named N_name.sql
        001_b (001, b)
          up wrapped [1:1 select 2]
          down absent
        1_a (1, a)
          up wrapped [1:1 select 1]
          down absent
        ? m/99999999999999999999_c.sql: its version cannot be read: sqlx wants an integer before the first `_` and stops at this file
        unparsable-version: the version of m/99999999999999999999_c.sql cannot be read: sqlx wants an integer before the first `_` and stops at this file
        duplicate-version: version 1 is used by m/001_b.sql and by m/1_a.sql
        ");
    }
}
