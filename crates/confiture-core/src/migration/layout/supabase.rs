//! The Supabase CLI.

use super::assemble::Recipe;
use super::gather::{Gather, Pair};
use super::naming::{number_and_name, sql_files, sql_stem};
use super::{Confidence, Detection, Dir, DirFile, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::{Step, TransactionMode};
use crate::plugin::PluginMeta;

/// `supabase/migrations/TIMESTAMP_name.sql`.
#[derive(Debug, Default)]
pub struct Supabase;

crate::register!(layout Supabase);

impl Layout for Supabase {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "supabase",
            summary: "Supabase CLI: supabase/migrations/20240101000000_name.sql",
            docs: include_str!("supabase.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        if !sql_files(dir).any(|file| parse(file).is_some()) || dir.name() != "migrations" {
            return Detection::no();
        }
        let config = dir.config("config.toml").filter(|config| config.up == 1);
        match config.filter(|config| config.text.contains("project_id") || config.text.contains("[db]")) {
            Some(config) if dir.parent_name() == "supabase" => {
                Detection::new(Confidence::Config, format!("{} is beside it", config.path.display()))
            }
            _ if dir.parent_name() == "supabase" => {
                Detection::new(Confidence::Shape, "the directory is called supabase/migrations")
            }
            _ => Detection::no(),
        }
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        // The statements of a file and the entry in the history table are sent as one pipeline.
        let recipe = Recipe::new(TransactionMode::Wrapped, &options.vars);
        for file in sql_files(dir) {
            let Some((version, name)) = parse(file) else { continue };
            let id = sql_stem(file.name()).unwrap_or_default().to_owned();
            let (version, name) = (version.to_owned(), name.to_owned());
            let up = recipe.file(Some(file));
            gather.push(Pair { id, version, name, up: Some(file), down: None }, up, Step::Absent);
        }
        gather.report_duplicates(
            |migration| migration.version.clone(),
            "the second fails: the version is the primary key of the history table",
        );
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("<timestamp>_<name>.sql", &[]))
    }
}

fn parse(file: &DirFile) -> Option<(&str, &str)> {
    number_and_name(sql_stem(file.name())?, &['_'])
}

fn tracking() -> Tracking {
    let table = "supabase_migrations.schema_migrations";
    Tracking {
        create: vec![
            "CREATE SCHEMA IF NOT EXISTS supabase_migrations".to_owned(),
            format!("CREATE TABLE IF NOT EXISTS {table} (version text NOT NULL PRIMARY KEY)"),
            format!("ALTER TABLE {table} ADD COLUMN IF NOT EXISTS statements text[]"),
            format!("ALTER TABLE {table} ADD COLUMN IF NOT EXISTS name text"),
        ],
        insert: format!("INSERT INTO {table} (version, name, statements) VALUES ($VERSION, $NAME, '{{}}')"),
        delete: format!("DELETE FROM {table} WHERE version = $VERSION"),
        select: format!("SELECT version FROM {table} ORDER BY version"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::project;

    #[test]
    fn the_project_root_leads_to_the_migrations() {
        insta::assert_snapshot!(project(&[
            ("supabase/config.toml", "project_id = \"x\""),
            ("supabase/seed.sql", "select 0"),
            ("supabase/migrations/20240102000000_b.sql", "select 2"),
            ("supabase/migrations/20240101000000_a.sql", "select 1"),
            ("supabase/migrations/20240101000000_c.sql", "select 3"),
            ("supabase/migrations/notes.sql", ""),
        ])
        .read(""), @r"
        supabase: the migrations of PROJECT are in supabase/migrations; supabase/config.toml is beside it
        20240101000000_a (20240101000000, a)
          up wrapped [1:1 select 1]
          down absent
        20240101000000_c (20240101000000, c)
          up wrapped [1:1 select 3]
          down absent
        20240102000000_b (20240102000000, b)
          up wrapped [1:1 select 2]
          down absent
        ? supabase/migrations/notes.sql: its name is not <timestamp>_<name>.sql
        duplicate-version: version 20240101000000 is used by supabase/migrations/20240101000000_a.sql and by supabase/migrations/20240101000000_c.sql
        ");
    }
}
