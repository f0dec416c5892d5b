//! tern (Go).

use std::collections::BTreeMap;

use super::assemble::Recipe;
use super::gather::{Entry, Gather, pair};
use super::manifest::Traces;
use super::naming::{Number, counted, number_and_name, sql_files, sql_stem};
use super::sections::{Line, files_with_line, lines, whole};
use super::template::{self, Template};
use super::{Confidence, Detection, Dir, DirFile, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::migration::{Direction, Step, TransactionMode};
use crate::plugin::PluginMeta;

/// `N_name.sql` with `---- create above / drop below ----`.
#[derive(Debug, Default)]
pub struct Tern;

crate::register!(layout Tern);

const SEPARATOR: &str = "---- create above / drop below ----";
const NO_TRANSACTION: &str = "---- tern: disable-tx ----";

impl Layout for Tern {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "tern",
            summary: "tern: 001_name.sql with `---- create above / drop below ----`",
            docs: include_str!("tern.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let fitting = || sql_files(dir).filter(|file| parse(file).is_some());
        let count = fitting().count();
        if count == 0 {
            return Detection::no();
        }
        let marks = |line: &str| line.contains(SEPARATOR) || line == NO_TRANSACTION;
        if let (count, Some(first)) = files_with_line(fitting(), marks) {
            let reason = format!(
                "tern's `---- … ----` lines in {}, first {}",
                counted(count, "SQL file"),
                first.name()
            );
            return Detection::new(Confidence::Markers, reason);
        }
        if let Some(config) = dir.config("tern.conf") {
            return Detection::new(Confidence::Config, format!("{} is there", config.path.display()));
        }
        let named = Detection::new(Confidence::Names, format!("{} named N_name.sql", counted(count, "file")));
        if dir.name().contains("tern") {
            return Detection::new(Confidence::Shape, format!("the directory is called {}", dir.name()));
        }
        let found = Traces { go: &["jackc/tern"], ..Traces::default() }.raise(dir, named);
        if found.confidence == Confidence::Names { Detection::no() } else { found }
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let mut entries = Vec::new();
        for file in sql_files(dir) {
            let Some((version, name)) = parse(file) else { continue };
            if Number::new(version) > Number::new("2147483647") {
                gather.unparsable(file, "tern wants an integer of 32 bits, counting from 1");
                continue;
            }
            let id = sql_stem(file.name()).unwrap_or_default().to_owned();
            let (version, name) = (version.to_owned(), name.to_owned());
            entries.push(Entry { id, version, name, direction: Direction::Up, file });
        }
        let vars = vars(dir, options);
        let (pairs, left) = pair(entries, Number::new);
        let recipe = Recipe::new(TransactionMode::Wrapped, &vars).template(Template::Go);
        for pair in pairs {
            let Some(file) = pair.up else { continue };
            let (up, down) = steps(&recipe, file);
            gather.push(pair, up, down);
        }
        gather.leftover(left);
        for file in dir.files().iter().filter(|file| file.rel.matches('/').count() == 1) {
            if sql_stem(file.name()).is_some() {
                gather.ignore(file, "a part that migrations include", true);
            }
        }
        gather.report_duplicates(|migration| Number::new(&migration.version), "tern refuses to start");
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("<number>_<name>.sql", &[]))
    }
}

fn parse(file: &DirFile) -> Option<(&str, &str)> {
    number_and_name(sql_stem(file.name())?, &['_']).filter(|(_, name)| !name.is_empty())
}

/// Values of tern.conf's `[data]`, the user's, and the files that `{{ template "dir/name.sql" . }}` puts in.
fn vars(dir: &Dir, options: &LoadOptions) -> BTreeMap<String, String> {
    let mut vars = BTreeMap::new();
    let mut in_data = false;
    let config = dir.config("tern.conf").map(|config| config.text).unwrap_or_default();
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            in_data = line == "[data]";
        } else if let Some((name, value)) = line.split_once('=').filter(|_| in_data && !line.starts_with('#'))
        {
            vars.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }
    vars.extend(options.vars.clone());
    for file in dir.files().iter().filter(|file| file.rel.matches('/').count() == 1) {
        if sql_stem(file.name()).is_none() {
            continue;
        }
        if let Ok(part) = template::expand(file.text(), 0, Template::Go, &vars) {
            vars.insert(file.rel.clone(), part.text);
        }
    }
    vars
}

fn steps(recipe: &Recipe<'_>, file: &DirFile) -> (Step, Step) {
    let text = file.text();
    let separator = lines(text).find(|line| line.text.contains(SEPARATOR));
    let all = whole(text);
    let step = |range: std::ops::Range<usize>| {
        let marked =
            text.get(range.clone()).is_some_and(|part| lines(part).any(|line| line.text == NO_TRANSACTION));
        let mode = if marked { TransactionMode::Autocommit } else { TransactionMode::Wrapped };
        recipe.transaction(mode).parts(file, |_| vec![range])
    };
    match separator {
        None => (step(all), Step::Absent),
        // tern calls a migration with nothing below the line irreversible.
        Some(Line { start, end, .. }) if text.get(end..).is_none_or(|below| below.trim().is_empty()) => {
            (step(all.start..start), Step::Absent)
        }
        Some(Line { start, end, .. }) => (step(all.start..start), step(end..text.len())),
    }
}

fn tracking() -> Tracking {
    Tracking {
        create: vec![
            "create table if not exists public.schema_version(version int4 not null)".to_owned(),
            "insert into public.schema_version(version) select 0 where 0=(select count(*) from public.schema_version)"
                .to_owned(),
        ],
        insert: "update public.schema_version set version=$VERSION".to_owned(),
        delete: "update public.schema_version set version=$VERSION::int4 - 1".to_owned(),
        select: "select v::text from public.schema_version, generate_series(1, version) v order by v".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{project, read};

    #[test]
    fn the_separator_cuts_and_each_half_has_its_own_marker() {
        insta::assert_snapshot!(read(&[
            ("001_a.sql", "---- tern: disable-tx ----\ncreate index concurrently i on t (x);\n---- create above / drop below ----\ndrop index i;"),
            ("002_b.sql", "select 2;\n"),
        ]), @r"
        tern: tern's `---- … ----` lines in 1 SQL file, first 001_a.sql
        001_a (001, a)
          up autocommit [2:1 create index concurrently i on t (x)]
          down wrapped [4:1 drop index i]
        002_b (002, b)
          up wrapped [1:1 select 2]
          down absent
        ");
    }

    #[test]
    fn templates_include_files_and_take_values_of_the_configuration() {
        insta::assert_snapshot!(project(&[
            ("m/001_a.sql", "{{ template \"func/f.sql\" . }}\ngrant select on t to {{.user}};\n---- create above / drop below ----\nselect {{.nobody}};"),
            ("m/func/f.sql", "select '{{.user}}';"),
            ("m/tern.conf", "[database]\nuser = x\n[data]\nuser = app\n"),
        ])
        .read("m"), @r"
        tern: tern's `---- … ----` lines in 1 SQL file, first 001_a.sql
        001_a (001, a)
          up wrapped [1:1 select 'app' | 2:1 grant select on t to app]
          down not run: the template value nobody (line 4) has not been given: --var nobody=VALUE
        - m/func/f.sql: a part that migrations include
        - m/tern.conf: configuration
        ");
    }
}
