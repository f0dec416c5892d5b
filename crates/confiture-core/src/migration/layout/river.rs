//! River's own migrations (Go), and others written with its schema template.

use super::assemble::Recipe;
use super::gather::{Gather, pair};
use super::golang_migrate::directed_entries;
use super::naming::{Number, counted, split_direction, sql_files, sql_stem};
use super::sections::files_with_line;
use super::template::Template;
use super::{Confidence, Detection, Dir, Layout, LayoutError, LoadOptions, Loaded};
use crate::migration::TransactionMode;
use crate::plugin::PluginMeta;

/// `NNN_name.up.sql` with `/* TEMPLATE: schema */`.
#[derive(Debug, Default)]
pub struct River;

crate::register!(layout River);

impl Layout for River {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "river",
            summary: "River: 001_name.up.sql with `/* TEMPLATE: schema */`",
            docs: include_str!("river.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let directed = sql_files(dir)
            .filter(|file| sql_stem(file.name()).is_some_and(|stem| split_direction(stem).1.is_some()));
        match files_with_line(directed, |line| line.contains("/* TEMPLATE: schema */")) {
            (count, Some(first)) => Detection::new(
                Confidence::Markers,
                format!("`/* TEMPLATE: schema */` in {}, first {}", counted(count, "SQL file"), first.name()),
            ),
            _ => Detection::no(),
        }
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let entries = directed_entries(&mut gather, "River wants an integer", Number::fits_i64);
        let (pairs, left) = pair(entries, Number::new);
        let recipe = Recipe::new(TransactionMode::Wrapped, &options.vars).template(Template::River);
        for pair in pairs {
            let (up, down) = (recipe.file(pair.up), recipe.file(pair.down));
            gather.push(pair, up, down);
        }
        gather.leftover(left);
        gather.report_duplicates(|migration| Number::new(&migration.version), "River refuses to start");
        // River's first migration creates its tracking table itself.
        Ok(gather.finish("<integer>_<name>.up.sql", &[]))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;

    #[test]
    fn the_schema_template_is_filled_in_or_left_out() {
        insta::assert_snapshot!(read(&[
            ("001_a.up.sql", "select to_regclass('/* TEMPLATE: schema */river_job');"),
            ("001_a.down.sql", "drop table /* TEMPLATE: schema */river_job;"),
        ]), @r"
        river: `/* TEMPLATE: schema */` in 2 SQL files, first 001_a.down.sql
        001_a (001, a)
          up wrapped [1:1 select to_regclass('river_job')]
          down wrapped [1:1 drop table river_job]
        ");
    }
}
