//! Prisma Migrate (TypeScript).

use super::assemble::Recipe;
use super::directories::{holding, within};
use super::gather::{Gather, Pair};
use super::naming::{directories, leading_digits, number_and_name};
use super::{Confidence, Detection, Dir, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::TransactionMode;
use crate::plugin::PluginMeta;

/// `TIMESTAMP_name/migration.sql`.
#[derive(Debug, Default)]
pub struct Prisma;

crate::register!(layout Prisma);

impl Layout for Prisma {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "prisma",
            summary: "Prisma Migrate: 20240101000000_name/migration.sql",
            docs: include_str!("prisma.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let subdirs = holding(dir, "migration.sql");
        if subdirs.is_empty() {
            return Detection::no();
        }
        if dir.file("migration_lock.toml").is_some() {
            return Detection::new(Confidence::Config, "migration_lock.toml is in it");
        }
        Detection::new(Confidence::Shape, format!("migration.sql in {}", directories(subdirs.len())))
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let recipe = Recipe::new(TransactionMode::Batch, &options.vars);
        let subdirs = holding(dir, "migration.sql");
        for sub in &subdirs {
            let version = leading_digits(sub).map_or(*sub, |(digits, _)| digits);
            let pair = Pair {
                id: (*sub).to_owned(),
                version: version.to_owned(),
                name: number_and_name(sub, &['_']).map_or("", |(_, name)| name).to_owned(),
                up: within(dir, sub, "migration.sql"),
                down: within(dir, sub, "down.sql"),
            };
            let (up, down) = (recipe.file(pair.up), recipe.file(pair.down));
            gather.push(pair, up, down);
        }
        if let Some(lock) = dir.file("migration_lock.toml") {
            gather.ignore(lock, "Prisma's lock file", true);
        }
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("<timestamp>_<name>/migration.sql", &subdirs))
    }
}

fn tracking() -> Tracking {
    Tracking {
        create: vec![
            "CREATE TABLE IF NOT EXISTS _prisma_migrations (\n    id                      VARCHAR(36) PRIMARY KEY NOT NULL,\n    \
             checksum                VARCHAR(64) NOT NULL,\n    finished_at             TIMESTAMPTZ,\n    \
             migration_name          VARCHAR(255) NOT NULL,\n    logs                    TEXT,\n    \
             rolled_back_at          TIMESTAMPTZ,\n    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),\n    \
             applied_steps_count     INTEGER NOT NULL DEFAULT 0\n)"
                .to_owned(),
        ],
        insert: "INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count) \
                 VALUES (md5($VERSION || $NAME), md5($NAME), now(), concat_ws('_', $VERSION, nullif($NAME, '')), 1)"
            .to_owned(),
        delete: "DELETE FROM _prisma_migrations WHERE id = md5($VERSION || $NAME)".to_owned(),
        select: "SELECT migration_name FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY migration_name"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;

    #[test]
    fn directories_sort_by_name() {
        insta::assert_snapshot!(read(&[
            ("20240102000000_b/migration.sql", "select 2"),
            ("20240101000000_a/migration.sql", "select 1"),
            ("20240101000000_a/down.sql", "select -1"),
            ("migration_lock.toml", ""),
            ("20240103000000_c/notes.txt", ""),
        ]), @r"
        prisma: migration_lock.toml is in it
        20240101000000_a (20240101000000, a)
          up batch [1:1 select 1]
          down batch [1:1 select -1]
        20240102000000_b (20240102000000, b)
          up batch [1:1 select 2]
          down absent
        - migrations/migration_lock.toml: Prisma's lock file
        - migrations/20240103000000_c: sub-directory with 1 file, none of them SQL
        ");
    }
}
