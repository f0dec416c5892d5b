//! dbmate (Go).

use std::ops::Range;

use super::assemble::Recipe;
use super::gather::{Entry, Gather, pair, refused};
use super::naming::{counted, leading_digits, sql_files, sql_stem};
use super::sections::{comment_marker, files_with_line, has_sql, lines, marked, text_start};
use super::{Detection, Dir, DirFile, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::{Direction, Step, TransactionMode};
use crate::plugin::PluginMeta;

/// `N_name.sql` with `-- migrate:up` and `-- migrate:down`.
#[derive(Debug, Default)]
pub struct Dbmate;

crate::register!(layout Dbmate);

impl Layout for Dbmate {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "dbmate",
            summary: "dbmate: N_name.sql with `-- migrate:up` and `-- migrate:down`",
            docs: include_str!("dbmate.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let (count, first) =
            files_with_line(sql_files(dir), |line| comment_marker(line, "migrate:up").is_some());
        match (first, marked(count, sql_files(dir).count())) {
            (Some(first), Some(confidence)) => {
                let reason =
                    format!("`-- migrate:up` in {}, first {}", counted(count, "SQL file"), first.name());
                Detection::new(confidence, reason)
            }
            _ => Detection::no(),
        }
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let mut entries = Vec::new();
        for file in sql_files(dir) {
            let Some(stem) = sql_stem(file.name()) else { continue };
            let Some((version, name)) = leading_digits(stem) else { continue };
            let name = name.trim_start_matches(['_', '-']).to_owned();
            let (id, version) = (stem.to_owned(), version.to_owned());
            entries.push(Entry { id, version, name, direction: Direction::Up, file });
        }
        // dbmate takes files in the order of their names.
        let (pairs, left) = pair(entries, |_| ());
        let recipe = Recipe::new(TransactionMode::Wrapped, &options.vars);
        for pair in pairs {
            let Some(file) = pair.up else { continue };
            let (up, down) = steps(&recipe, file);
            gather.push(pair, up, down);
        }
        gather.leftover(left);
        gather.report_duplicates(
            |migration| migration.version.clone(),
            "dbmate fails on the second: the version is the primary key of schema_migrations",
        );
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("<digits>_<name>.sql", &[]))
    }
}

fn steps(recipe: &Recipe<'_>, file: &DirFile) -> (Step, Step) {
    let cut = match cut(file.text()) {
        Ok(cut) => cut,
        Err(reason) if file.source().is_ok() => {
            return (refused(file, reason.clone()), refused(file, reason));
        }
        Err(_) => Cut::default(),
    };
    let section = |section: &Section| {
        recipe.transaction(section.transaction).parts(file, |_| vec![section.range.clone()])
    };
    (section(&cut.up), cut.down.as_ref().map_or(Step::Absent, section))
}

#[derive(Debug)]
struct Section {
    range: Range<usize>,
    transaction: TransactionMode,
}

impl Default for Section {
    fn default() -> Self {
        Self { range: 0..0, transaction: TransactionMode::Wrapped }
    }
}

#[derive(Debug, Default)]
struct Cut {
    up: Section,
    down: Option<Section>,
}

/// Cuts a file at the first `-- migrate:up` and the first `-- migrate:down`. Without a transaction dbmate
/// sends a section as one message.
fn cut(text: &str) -> Result<Cut, String> {
    let mut up = None;
    let mut down = None;
    for line in lines(text) {
        if let Some(options) = comment_marker(line.text, "migrate:up") {
            up.get_or_insert((line, options));
        } else if let Some(options) = comment_marker(line.text, "migrate:down") {
            down.get_or_insert((line, options));
        }
    }
    let Some((up, up_options)) = up else {
        return Err("dbmate refuses it: it has no `-- migrate:up` line".to_owned());
    };
    if down.is_some_and(|(down, _)| down.start < up.start) {
        return Err("dbmate refuses it: `-- migrate:up` must come before `-- migrate:down`".to_owned());
    }
    if has_sql(&text[text_start(text)..up.start]) {
        return Err("dbmate refuses it: SQL before `-- migrate:up`".to_owned());
    }
    let transaction = |options: &str| match options.split_whitespace().any(|word| word == "transaction:false")
    {
        true => TransactionMode::Batch,
        false => TransactionMode::Wrapped,
    };
    let end = down.map_or(text.len(), |(down, _)| down.start);
    Ok(Cut {
        up: Section { range: up.end..end, transaction: transaction(up_options) },
        down: down.map(|(down, options)| Section {
            range: down.end..text.len(),
            transaction: transaction(options),
        }),
    })
}

fn tracking() -> Tracking {
    Tracking {
        create: vec![
            "CREATE TABLE IF NOT EXISTS schema_migrations (version varchar(128) primary key)".to_owned(),
        ],
        insert: "INSERT INTO schema_migrations (version) VALUES ($VERSION)".to_owned(),
        delete: "DELETE FROM schema_migrations WHERE version = $VERSION".to_owned(),
        select: "SELECT version FROM schema_migrations ORDER BY version".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;

    #[test]
    fn transaction_options_hold_for_their_section() {
        insta::assert_snapshot!(read(&[
            ("20240101000000_a.sql", "-- migrate:up transaction:false\ncreate index concurrently i on t (x);\n-- migrate:down\ndrop index i;"),
            ("20240102000000_b.sql", "-- migrate:up\nselect 1;\n\n-- migrate:down\n"),
        ]), @r"
        dbmate: `-- migrate:up` in 2 SQL files, first 20240101000000_a.sql
        20240101000000_a (20240101000000, a)
          up batch [2:1 create index concurrently i on t (x)]
          down wrapped [4:1 drop index i]
        20240102000000_b (20240102000000, b)
          up wrapped [2:1 select 1]
          down wrapped []
        ");
    }

    #[test]
    fn files_dbmate_refuses_say_why() {
        insta::assert_snapshot!(read(&[
            ("1_a.sql", "-- migrate:up\nselect 1;\n-- migrate:down\n"),
            ("2_b.sql", "select 1;\n-- migrate:up\n"),
            ("3_c.sql", "-- migrate:down\n-- migrate:up\n"),
        ]), @r"
        dbmate: `-- migrate:up` in 3 SQL files, first 1_a.sql
        1_a (1, a)
          up wrapped [2:1 select 1]
          down wrapped []
        2_b (2, b)
          up not run: dbmate refuses it: SQL before `-- migrate:up`
          down not run: dbmate refuses it: SQL before `-- migrate:up`
        3_c (3, c)
          up not run: dbmate refuses it: `-- migrate:up` must come before `-- migrate:down`
          down not run: dbmate refuses it: `-- migrate:up` must come before `-- migrate:down`
        ");
    }
}
