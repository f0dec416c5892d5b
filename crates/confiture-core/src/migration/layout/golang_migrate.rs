//! golang-migrate (Go).

use super::assemble::Recipe;
use super::gather::{Entry, Gather, pair};
use super::manifest::Traces;
use super::naming::{Number, count_names, number_and_name, split_direction, sql_stem};
use super::{Confidence, Detection, Dir, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::TransactionMode;
use crate::plugin::PluginMeta;

/// `N_name.up.sql` with `N_name.down.sql`.
#[derive(Debug, Default)]
pub struct GolangMigrate;

crate::register!(layout GolangMigrate);

impl Layout for GolangMigrate {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "golang-migrate",
            summary: "golang-migrate: 000001_name.up.sql with 000001_name.down.sql",
            docs: include_str!("golang_migrate.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let names = count_names(dir, |stem| number_and_name(stem, &['_']).is_some());
        if names.directed == 0 || names.directed * 2 < names.sql {
            return Detection::no();
        }
        let named = Detection::new(
            Confidence::Names,
            format!("{} files named N_name.up.sql or .down.sql", names.directed),
        );
        Traces { go: &["golang-migrate/migrate"], ..Traces::default() }.raise(dir, named)
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let entries = directed_entries(
            &mut gather,
            "golang-migrate wants an unsigned integer of 64 bits",
            Number::fits_u64,
        );
        let (pairs, left) = pair(entries, Number::new);
        let recipe = Recipe::new(TransactionMode::Batch, &options.vars);
        for pair in pairs {
            let (up, down) = (recipe.file(pair.up), recipe.file(pair.down));
            gather.push(pair, up, down);
        }
        gather.leftover(left);
        gather.report_duplicates(
            |migration| Number::new(&migration.version),
            "golang-migrate refuses to start",
        );
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("<integer>_<name>.up.sql", &[]))
    }
}

/// The files named `N_name.up.sql` or `N_name.down.sql`; others are left, numbers that do not fit reported.
pub(super) fn directed_entries<'d>(
    gather: &mut Gather<'d>,
    rule: &str,
    fits: impl Fn(&Number) -> bool,
) -> Vec<Entry<'d>> {
    let mut entries = Vec::new();
    for file in gather.dir.here() {
        let Some((stem, Some(direction))) = sql_stem(file.name()).map(split_direction) else { continue };
        let Some((version, name)) = number_and_name(stem, &['_']) else { continue };
        if !fits(&Number::new(version)) {
            gather.unparsable(file, rule);
            continue;
        }
        let (id, version, name) = (stem.to_owned(), version.to_owned(), name.to_owned());
        entries.push(Entry { id, version, name, direction, file });
    }
    entries
}

fn tracking() -> Tracking {
    Tracking {
        create: vec![
            "CREATE TABLE IF NOT EXISTS schema_migrations (version bigint not null primary key, dirty boolean not null)"
                .to_owned(),
        ],
        insert: "INSERT INTO schema_migrations (version, dirty) VALUES ($VERSION, false)".to_owned(),
        delete: "DELETE FROM schema_migrations WHERE version = $VERSION".to_owned(),
        select: "SELECT version::text FROM schema_migrations ORDER BY version".to_owned(),
    }
}
