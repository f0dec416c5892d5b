//! diesel (Rust).

use super::assemble::Recipe;
use super::directories::{holding, numbered_with_up, within};
use super::gather::{Gather, Pair};
use super::manifest::Traces;
use super::naming::directories;
use super::{Confidence, Detection, Dir, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::TransactionMode;
use crate::plugin::PluginMeta;

/// `VERSION_name/up.sql` with `down.sql`.
#[derive(Debug, Default)]
pub struct Diesel;

crate::register!(layout Diesel);

impl Layout for Diesel {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "diesel",
            summary: "diesel: 2024-01-01-000000_name/up.sql with down.sql",
            docs: include_str!("diesel.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let subdirs = numbered_with_up(dir);
        if subdirs.is_empty() {
            return Detection::no();
        }
        let shape = Detection::new(Confidence::Shape, format!("up.sql in {}", directories(subdirs.len())));
        let own = subdirs.iter().any(|sub| {
            sub.starts_with("00000000000000_diesel") || within(dir, sub, "metadata.toml").is_some()
        });
        if own {
            return Detection::new(Confidence::Markers, "diesel's own files are in it");
        }
        if let Some(config) = dir.config("diesel.toml") {
            return Detection::new(Confidence::Config, format!("{} is there", config.path.display()));
        }
        Traces { crates: &["diesel", "diesel_migrations"], ..Traces::default() }.raise(dir, shape)
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let mut subdirs = holding(dir, "up.sql");
        subdirs.sort_by_key(|sub| (comparable(sub), *sub));
        for sub in &subdirs {
            let (version, name) = sub.split_once('_').unwrap_or((sub, ""));
            let pair = Pair {
                id: (*sub).to_owned(),
                version: version.to_owned(),
                name: name.to_owned(),
                up: within(dir, sub, "up.sql"),
                down: within(dir, sub, "down.sql"),
            };
            let metadata = within(dir, sub, "metadata.toml");
            let recipe = Recipe::new(mode(metadata.map_or("", |file| file.text())), &options.vars);
            let (up, down) = (recipe.file(pair.up), recipe.file(pair.down));
            gather.push(pair, up, down);
            if let Some(metadata) = metadata {
                gather.ignore(metadata, "configuration of the migration", true);
            }
        }
        gather.report_duplicates(
            |migration| comparable(&migration.version),
            "diesel runs only one of them, without saying so",
        );
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("<version>_<name>/up.sql", &subdirs))
    }
}

/// diesel compares what stands before the first `_`, with every `-` left out, as text.
fn comparable(name: &str) -> String {
    name.split('_').next().unwrap_or(name).replace('-', "")
}

/// Without a transaction diesel sends the file as one message; the setting holds for both directions.
fn mode(metadata: &str) -> TransactionMode {
    let off = toml::from_str::<toml::Table>(metadata)
        .is_ok_and(|table| table.get("run_in_transaction").and_then(toml::Value::as_bool) == Some(false));
    if off { TransactionMode::Batch } else { TransactionMode::Wrapped }
}

fn tracking() -> Tracking {
    Tracking {
        create: vec![
            "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (\n       version VARCHAR(50) PRIMARY KEY NOT NULL,\n       \
             run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP\n)"
                .to_owned(),
        ],
        insert: "INSERT INTO __diesel_schema_migrations (version) VALUES (replace($VERSION, '-', ''))".to_owned(),
        delete: "DELETE FROM __diesel_schema_migrations WHERE version = replace($VERSION, '-', '')".to_owned(),
        select: "SELECT version FROM __diesel_schema_migrations ORDER BY version".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{project, read};

    #[test]
    fn versions_compare_without_hyphens_and_metadata_holds_for_both_directions() {
        insta::assert_snapshot!(read(&[
            ("2024-01-02-000000_b/up.sql", "select 2"),
            ("2024-01-02-000000_b/down.sql", "-- nothing"),
            ("20240101000000_a/up.sql", "select 1"),
            ("2024-01-03-000000_c/up.sql", "create index concurrently i on t (x)"),
            ("2024-01-03-000000_c/down.sql", "drop index i"),
            ("2024-01-03-000000_c/metadata.toml", "run_in_transaction = false"),
        ]), @r"
        diesel: diesel's own files are in it
        20240101000000_a (20240101000000, a)
          up wrapped [1:1 select 1]
          down absent
        2024-01-02-000000_b (2024-01-02-000000, b)
          up wrapped [1:1 select 2]
          down wrapped []
        2024-01-03-000000_c (2024-01-03-000000, c)
          up batch [1:1 create index concurrently i on t (x)]
          down batch [1:1 drop index i]
        - migrations/2024-01-03-000000_c/metadata.toml: configuration of the migration
        ");
    }

    #[test]
    fn diesel_toml_settles_the_tie_with_hasura() {
        insta::assert_snapshot!(project(&[("migrations/1_a/up.sql", "select 1"), ("diesel.toml", "")]).read("migrations"), @r"
        diesel: diesel.toml is there
        1_a (1, a)
          up wrapped [1:1 select 1]
          down absent
        ");
    }

    #[test]
    fn without_a_hint_the_tie_is_stated() {
        insta::assert_snapshot!(read(&[("1_a/up.sql", "select 1"), ("01_b/up.sql", "select 2"), ("2-3_c/up.sql", ""), ("stray.sql", "")]), @r"
        diesel: up.sql in 3 directories; hasura fits as well: --layout NAME settles it
        01_b (01, b)
          up wrapped [1:1 select 2]
          down absent
        1_a (1, a)
          up wrapped [1:1 select 1]
          down absent
        2-3_c (2-3, c)
          up wrapped []
          down absent
        ? migrations/stray.sql: its name is not <version>_<name>/up.sql
        ");
    }
}
