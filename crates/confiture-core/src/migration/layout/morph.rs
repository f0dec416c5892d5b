//! Mattermost's morph (Go).

use super::assemble::Recipe;
use super::gather::{Gather, pair};
use super::golang_migrate::directed_entries;
use super::manifest::Traces;
use super::naming::{Number, count_names, counted, number_and_name, sql_files};
use super::sections::{comment_marker, files_with_line, lines};
use super::{Confidence, Detection, Dir, DirFile, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::TransactionMode;
use crate::plugin::PluginMeta;

/// `N_name.up.sql` with `N_name.down.sql` and `-- morph:nontransactional`.
#[derive(Debug, Default)]
pub struct Morph;

crate::register!(layout Morph);

const MARKER: &str = "morph:nontransactional";

impl Layout for Morph {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "morph",
            summary: "morph (Mattermost): 000001_name.up.sql with 000001_name.down.sql",
            docs: include_str!("morph.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let (count, first) = files_with_line(sql_files(dir), |line| comment_marker(line, MARKER).is_some());
        if let Some(first) = first {
            let reason = format!("`-- {MARKER}` in {}, first {}", counted(count, "SQL file"), first.name());
            return Detection::new(Confidence::Markers, reason);
        }
        let names = count_names(dir, |stem| number_and_name(stem, &['_']).is_some());
        if names.directed == 0 || names.directed * 2 < names.sql {
            return Detection::no();
        }
        let named = Detection::new(
            Confidence::Names,
            format!("{} named N_name.up.sql or .down.sql", counted(names.directed, "file")),
        );
        let found =
            Traces { go: &["mattermost/morph", "go-morph/morph"], ..Traces::default() }.raise(dir, named);
        if found.confidence == Confidence::Names { Detection::no() } else { found }
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let entries = directed_entries(&mut gather, "morph wants an unsigned integer", Number::fits_u64);
        let (pairs, left) = pair(entries, Number::new);
        let recipe = Recipe::new(TransactionMode::Wrapped, &options.vars);
        for pair in pairs {
            let up = recipe.transaction(mode(pair.up)).file(pair.up);
            let down = recipe.transaction(mode(pair.down)).file(pair.down);
            gather.push(pair, up, down);
        }
        gather.leftover(left);
        gather.report_duplicates(|migration| Number::new(&migration.version), "morph refuses to start");
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("<integer>_<name>.up.sql", &[]))
    }
}

/// The marker stands in the first line; without a transaction the file is sent as one message.
fn mode(file: Option<&DirFile>) -> TransactionMode {
    let first = file.and_then(|file| lines(file.text()).next());
    match first.is_some_and(|line| comment_marker(line.text, MARKER).is_some()) {
        true => TransactionMode::Batch,
        false => TransactionMode::Wrapped,
    }
}

fn tracking() -> Tracking {
    Tracking {
        create: vec![
            "CREATE TABLE IF NOT EXISTS db_migrations (version bigint not null primary key, name varchar not null)".to_owned(),
        ],
        insert: "INSERT INTO db_migrations (version, name) VALUES ($VERSION, $NAME)".to_owned(),
        delete: "DELETE FROM db_migrations WHERE version = $VERSION".to_owned(),
        select: "SELECT version::text FROM db_migrations ORDER BY version".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;

    #[test]
    fn the_marker_takes_a_file_out_of_its_transaction() {
        insta::assert_snapshot!(read(&[
            ("000001_a.up.sql", "-- morph:nontransactional\ncreate index concurrently i on t (x);"),
            ("000001_a.down.sql", "drop index i;"),
        ]), @r"
        morph: `-- morph:nontransactional` in 1 SQL file, first 000001_a.up.sql
        000001_a (000001, a)
          up batch [2:1 create index concurrently i on t (x)]
          down wrapped [1:1 drop index i]
        ");
    }
}
