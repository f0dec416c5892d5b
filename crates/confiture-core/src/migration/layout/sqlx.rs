//! sqlx (Rust).

use super::assemble::Recipe;
use super::gather::{Entry, Gather, pair};
use super::manifest::Traces;
use super::naming::{Number, sql_files, sql_stem};
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
        let named = Detection::new(Confidence::Names, format!("{} files named N_name.sql", fitting.len()));
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
