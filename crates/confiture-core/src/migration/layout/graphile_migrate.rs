//! graphile-migrate (TypeScript).

use std::collections::BTreeMap;

use super::assemble::Recipe;
use super::gather::{Gather, Pair};
use super::naming::{Number, counted, leading_digits, sql_stem};
use super::sections::{files_with_line, lines};
use super::template::Template;
use super::{Confidence, Detection, Dir, DirFile, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::{Step, TransactionMode};
use crate::plugin::PluginMeta;

/// `committed/NNNNNN[-name].sql` with `--! ` header lines.
#[derive(Debug, Default)]
pub struct GraphileMigrate;

crate::register!(layout GraphileMigrate);

impl Layout for GraphileMigrate {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "graphile-migrate",
            summary: "graphile-migrate: committed/000001[-name].sql with `--! Previous:` and `--! Hash:`",
            docs: include_str!("graphile_migrate.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let files = committed(dir);
        if files.is_empty() {
            return Detection::no();
        }
        let (count, first) = files_with_line(files.iter().copied(), |line| line.starts_with("--! Previous:"));
        let Some(first) = first else { return Detection::no() };
        if let Some(config) = dir.any_config(&[".gmrc", ".gmrc.js", ".gmrc.cjs"]) {
            return Detection::new(Confidence::Config, format!("{} is there", config.path.display()));
        }
        let reason = format!("`--! Previous:` in {}, first {}", counted(count, "SQL file"), first.rel);
        Detection::new(Confidence::Markers, reason)
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let vars = vars(dir, options);
        let recipe = Recipe::new(TransactionMode::Wrapped, &vars).template(Template::Placeholders);
        let mut files = committed(dir);
        files.sort_by_key(|file| version(file).map(|(_, version, _)| (Number::new(version), version)));
        for file in files {
            let Some((id, version, name)) = version(file) else { continue };
            let pair = Pair {
                id: id.to_owned(),
                version: version.to_owned(),
                name: name.to_owned(),
                up: Some(file),
                down: None,
            };
            let up = recipe.transaction(mode(file.text())).file(Some(file));
            gather.push(pair, up, Step::Absent);
        }
        for file in dir.files().iter().filter(|file| file.rel == "current.sql" || file.parent() == "current")
        {
            gather.ignore(file, "the draft of the next migration, not committed", true);
        }
        for file in dir.files().iter().filter(|file| file.parent() == "fixtures") {
            gather.ignore(file, "a part that migrations include", true);
        }
        gather.report_duplicates(
            |migration| Number::new(&migration.version),
            "graphile-migrate refuses to start",
        );
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("committed/<six digits>[-<name>].sql", &["committed"]))
    }
}

/// The committed files, whether the directory itself or the one above was named.
fn committed(dir: &Dir) -> Vec<&DirFile> {
    let mut files: Vec<_> = dir.inside("committed").filter(|file| version(file).is_some()).collect();
    if files.is_empty() && dir.name() == "committed" {
        files = dir.here().filter(|file| version(file).is_some()).collect();
    }
    files
}

fn version(file: &DirFile) -> Option<(&str, &str, &str)> {
    let stem = sql_stem(file.name())?;
    let (version, rest) = leading_digits(stem).filter(|(version, _)| version.len() >= 6)?;
    let name = if rest.is_empty() { "" } else { rest.strip_prefix('-')? };
    Some((stem, version, name))
}

/// `--! no-transaction` counts in the first line after the headers; the body is then one message.
fn mode(text: &str) -> TransactionMode {
    let header =
        |line: &str| line.strip_prefix("--! ").is_some_and(|rest| rest.starts_with(char::is_uppercase));
    let mut body =
        lines(text).map(|line| line.text).skip_while(|line| header(line) || line.trim().is_empty());
    let marked = body.next().is_some_and(|line| {
        line.strip_prefix("--!").is_some_and(|rest| rest.trim_start().starts_with("no-transaction"))
    });
    if marked { TransactionMode::Batch } else { TransactionMode::Wrapped }
}

/// Placeholders of `.gmrc` (`":NAME": "value"`), then the user's.
fn vars(dir: &Dir, options: &LoadOptions) -> BTreeMap<String, String> {
    let mut vars = BTreeMap::new();
    let config =
        dir.config(".gmrc").and_then(|found| serde_json::from_str::<serde_json::Value>(&found.text).ok());
    let placeholders =
        config.as_ref().and_then(|config| config.get("placeholders")).and_then(|map| map.as_object());
    for (name, value) in placeholders.into_iter().flatten() {
        if let (Some(name), Some(value)) =
            (name.strip_prefix(':'), value.as_str().filter(|value| *value != "!ENV"))
        {
            vars.insert(name.to_owned(), value.to_owned());
        }
    }
    vars.extend(options.vars.clone());
    vars
}

fn tracking() -> Tracking {
    Tracking {
        create: vec![
            "create schema if not exists graphile_migrate".to_owned(),
            "create table if not exists graphile_migrate.migrations (\n      hash text primary key,\n      \
             previous_hash text references graphile_migrate.migrations,\n      filename text not null,\n      \
             date timestamptz not null default now()\n    )"
                .to_owned(),
            "create table if not exists graphile_migrate.current (\n      \
             filename text primary key default 'current.sql',\n      content text not null,\n      \
             date timestamptz not null default now()\n    )"
                .to_owned(),
        ],
        insert: "insert into graphile_migrate.migrations(hash, filename) values (md5($FILE), $VERSION || '.sql')".to_owned(),
        delete: "delete from graphile_migrate.migrations where filename = $VERSION || '.sql'".to_owned(),
        select: "select filename from graphile_migrate.migrations order by filename".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::project;

    #[test]
    fn headers_no_transaction_and_placeholders() {
        insta::assert_snapshot!(project(&[
            (".gmrc", r#"{"placeholders": {":APP": "app"}}"#),
            ("migrations/committed/000002-b.sql", "--! Previous: sha1:a\n--! Hash: sha1:b\n--! Message: b\n\n--! no-transaction\nalter type t add value 'x';"),
            ("migrations/committed/000001.sql", "--! Previous: -\n--! Hash: sha1:a\n\ngrant all on t to :APP; grant all on t to :DATABASE_OWNER;"),
            ("migrations/current.sql", "-- draft"),
        ])
        .read("migrations"), @r"
        graphile-migrate: .gmrc is there
        000001 (000001, )
          up not run: the template value DATABASE_OWNER (line 4) has not been given: --var DATABASE_OWNER=VALUE
          down absent
        000002-b (000002, b)
          up batch [6:1 alter type t add value 'x']
          down absent
        - migrations/current.sql: the draft of the next migration, not committed
        ");
    }
}
