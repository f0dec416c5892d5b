//! golang-migrate (Go).

use super::assemble::Recipe;
use super::gather::{Entry, Gather, pair};
use super::manifest::Traces;
use super::naming::{Number, count_names, counted, number_and_name, split_direction, sql_stem};
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
        // 1_a.sql with 1_a.down.sql is another tool's: golang-migrate applies only `.up.sql`.
        if names.ups == 0 || names.directed * 2 < names.sql {
            return Detection::no();
        }
        let named = Detection::new(
            Confidence::Names,
            format!("{} named N_name.up.sql or .down.sql", counted(names.directed, "file")),
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

#[cfg(test)]
mod tests {
    use super::super::testing::{project, read};

    #[test]
    fn files_pair_by_version_and_are_one_message() {
        insta::assert_snapshot!(read(&[
            ("2_b.up.sql", "select 2; select 3;"),
            ("10_c.up.sql", "select 4"),
            ("1_a.up.sql", "select 1"),
            ("1_renamed.down.sql", "select -1"),
        ]), @r"
        golang-migrate: 4 files named N_name.up.sql or .down.sql; plain, sqlx fit as well: --layout NAME settles it
        1_a (1, a)
          up batch [1:1 select 1]
          down batch [1:1 select -1]
        2_b (2, b)
          up batch [1:1 select 2 | 1:11 select 3]
          down absent
        10_c (10, c)
          up batch [1:1 select 4]
          down absent
        ");
    }

    #[test]
    fn go_mod_settles_the_tie() {
        insta::assert_snapshot!(project(&[
            ("db/1_a.up.sql", "select 1"),
            ("go.mod", "require github.com/golang-migrate/migrate/v4 v4.17.0\n"),
        ])
        .read("db"), @r"
        golang-migrate: 1 file named N_name.up.sql or .down.sql; go.mod depends on golang-migrate/migrate
        1_a (1, a)
          up batch [1:1 select 1]
          down absent
        ");
    }

    #[test]
    fn duplicate_versions_name_both_files() {
        insta::assert_snapshot!(project(&[
            ("m/1_a.up.sql", "select 1"),
            ("m/01_b.up.sql", "select 2"),
        ])
        .layout("golang-migrate")
        .read("m"), @r"
        golang-migrate: --layout golang-migrate; 2 files named N_name.up.sql or .down.sql
        01_b (01, b)
          up batch [1:1 select 2]
          down absent
        1_a (1, a)
          up batch [1:1 select 1]
          down absent
        duplicate-version: version 1 is used by m/01_b.up.sql and by m/1_a.up.sql
        ");
    }
}
