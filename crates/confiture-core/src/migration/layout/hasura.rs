//! The Hasura CLI.

use super::assemble::Recipe;
use super::directories::{numbered_with_up, within};
use super::gather::{Gather, Pair};
use super::naming::{Number, directories, leading_digits};
use super::{Confidence, Detection, Dir, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::TransactionMode;
use crate::plugin::PluginMeta;

/// `migrations/<database>/TIMESTAMP_name/up.sql` with `down.sql`.
#[derive(Debug, Default)]
pub struct Hasura;

crate::register!(layout Hasura);

impl Layout for Hasura {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "hasura",
            summary: "Hasura: migrations/default/1600000000000_name/up.sql with down.sql",
            docs: include_str!("hasura.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let subdirs = numbered_with_up(dir);
        if subdirs.is_empty() {
            return Detection::no();
        }
        let config = dir.configs("config.yaml").into_iter().find(|config| {
            config.up <= 3
                && (config.text.contains("metadata_directory")
                    || config.text.contains("HASURA")
                    || config.text.contains("hasura"))
        });
        if let Some(config) = config {
            return Detection::new(Confidence::Config, format!("{} is Hasura's", config.path.display()));
        }
        let shape = format!("up.sql in {}", directories(subdirs.len()));
        // Milliseconds since 1970 have 13 digits; diesel's dates have 14.
        let stamped =
            subdirs.iter().any(|sub| leading_digits(sub).is_some_and(|(digits, _)| digits.len() == 13));
        if stamped {
            return Detection::new(Confidence::Manifest, format!("{shape}, numbered by milliseconds"));
        }
        let called = |name: &str| name.contains("hasura");
        match dir
            .levels()
            .iter()
            .take(4)
            .any(|level| level.file_name().and_then(|name| name.to_str()).is_some_and(called))
        {
            true => Detection::new(Confidence::Manifest, format!("{shape}, in a directory called hasura")),
            false => Detection::new(Confidence::Shape, shape),
        }
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let mut subdirs = numbered_with_up(dir);
        subdirs.sort_by_key(|sub| (leading_digits(sub).map(|(digits, _)| Number::new(digits)), *sub));
        // Hasura's run_sql runs the whole text in one transaction.
        let recipe = Recipe::new(TransactionMode::Wrapped, &options.vars);
        for sub in &subdirs {
            let Some((version, name)) = leading_digits(sub) else { continue };
            let pair = Pair {
                id: (*sub).to_owned(),
                version: version.to_owned(),
                name: name.trim_start_matches(['_', '-']).to_owned(),
                up: within(dir, sub, "up.sql"),
                down: within(dir, sub, "down.sql"),
            };
            let (up, down) = (recipe.file(pair.up), recipe.file(pair.down));
            gather.push(pair, up, down);
        }
        gather.report_duplicates(|migration| Number::new(&migration.version), "only one of them is applied");
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("<integer>_<name>/up.sql", &subdirs))
    }
}

/// Hasura also installs pgcrypto when it first connects, which migrations rely on.
fn tracking() -> Tracking {
    let table = "hdb_catalog.schema_migrations";
    Tracking {
        create: vec![
            "CREATE SCHEMA IF NOT EXISTS hdb_catalog".to_owned(),
            "DO $$ BEGIN IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pgcrypto') \
             THEN CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA public; END IF; END $$"
                .to_owned(),
            format!(
                "CREATE TABLE IF NOT EXISTS {table} (version bigint not null primary key, dirty boolean not null)"
            ),
        ],
        insert: format!("INSERT INTO {table} (version, dirty) VALUES ($VERSION, false)"),
        delete: format!("DELETE FROM {table} WHERE version = $VERSION"),
        select: format!("SELECT version::text FROM {table} ORDER BY version"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::project;

    #[test]
    fn one_database_below_migrations_is_found() {
        insta::assert_snapshot!(project(&[
            ("hasura/config.yaml", "version: 3\nmetadata_directory: metadata\n"),
            ("hasura/migrations/default/10_b/up.sql", "select 2"),
            ("hasura/migrations/default/9_a/up.sql", "select 1"),
            ("hasura/migrations/default/9_a/down.sql", "select -1"),
        ])
        .read("hasura/migrations"), @r"
        hasura: the migrations of hasura/migrations are in hasura/migrations/default; hasura/config.yaml is Hasura's
        9_a (9, a)
          up wrapped [1:1 select 1]
          down wrapped [1:1 select -1]
        10_b (10, b)
          up wrapped [1:1 select 2]
          down absent
        ");
    }

    #[test]
    fn several_databases_have_to_be_chosen_from() {
        insta::assert_snapshot!(project(&[
            ("migrations/one/1_a/up.sql", "select 1"),
            ("migrations/two/1_a/up.sql", "select 1"),
        ])
        .read("migrations"), @r"
        error: recognise the layout of migrations: it holds no migrations itself, and several of its sub-directories do: migrations/one, migrations/two; name one of them
        ");
    }
}
