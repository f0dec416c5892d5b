//! Liquibase's formatted SQL changelogs (Java).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::assemble::Recipe;
use super::gather::Gather;
use super::naming::{counted, sql_stem};
use super::sections::{Line, lines};
use super::template::Template;
use super::{
    Confidence, Detection, Dir, DirFile, IgnoredFile, Layout, LayoutError, LoadOptions, Loaded, Tracking,
};
use crate::diagnostic::{Diagnostic, Location, Severity};
use crate::migration::{Direction, Migration, Script, Step, TransactionMode};
use crate::plugin::PluginMeta;

/// `--liquibase formatted sql` with `--changeset author:id` and `--rollback …`.
#[derive(Debug, Default)]
pub struct Liquibase;

crate::register!(layout Liquibase);

impl Layout for Liquibase {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "liquibase",
            summary: "Liquibase formatted SQL: --changeset author:id with --rollback",
            docs: include_str!("liquibase.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        let files: Vec<_> = changelogs(dir).collect();
        match files.first() {
            Some(first) if dir.is_home_of(|file| is_changelog(file) || is_index(file)) => {
                let count = counted(files.len(), "file");
                let reason = format!("`--liquibase formatted sql` in {count}, first {}", first.rel);
                Detection::new(Confidence::Markers, reason)
            }
            _ => Detection::no(),
        }
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        let mut gather = Gather::new(dir);
        let mut files: Vec<_> = changelogs(dir).collect();
        let mentions = Mentions::read(dir);
        files.sort_by_key(|file| (mentions.place(file), file.rel.clone()));
        let mut ids = BTreeSet::new();
        for file in files {
            gather.used(file);
            load_file(&mut gather, file, options, &mut ids);
        }
        for file in dir.files().iter().filter(|file| is_index(file)) {
            let own =
                ["<changeSet", "changeSet:", "\"changeSet\""].iter().any(|mark| file.text().contains(mark));
            match own {
                true => gather.ignore(file, "holds changesets that are not SQL, which are not run", false),
                false => gather.ignore(file, "a changelog that only includes others", true),
            }
        }
        gather.loaded.tracking = Some(tracking());
        Ok(gather.finish("a file that starts with `--liquibase formatted sql`", &[]))
    }
}

/// Formatted SQL files, in sub-directories too.
fn changelogs(dir: &Dir) -> impl Iterator<Item = &DirFile> {
    dir.files().iter().filter(|file| is_changelog(file))
}

fn is_changelog(file: &DirFile) -> bool {
    let first = || lines(file.text()).find(|line| !line.text.trim().is_empty());
    sql_stem(file.name()).is_some()
        && first().is_some_and(|line| marker(line.text, "liquibase formatted sql").is_some())
}

/// What follows `--`, spaces and `word` in a line, in any case.
fn marker<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let rest = line.trim_start().strip_prefix("--")?.trim_start();
    let head = rest.get(..word.len())?;
    let rest = rest.get(word.len()..)?;
    let whole = rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || c == ':');
    (head.eq_ignore_ascii_case(word) && whole).then(|| rest.trim_start_matches(':').trim())
}

fn is_index(file: &DirFile) -> bool {
    [".xml", ".yaml", ".yml", ".json"].iter().any(|end| file.name().ends_with(end))
        && file.text().contains("databaseChangeLog")
}

/// Where the changelogs that include others name each file.
struct Mentions {
    text: String,
}

impl Mentions {
    fn read(dir: &Dir) -> Self {
        Self { text: dir.files().iter().filter(|file| is_index(file)).map(DirFile::text).collect() }
    }

    /// The place of a file among the included ones; files that nothing names come last.
    fn place(&self, file: &DirFile) -> usize {
        let quoted = |start: char| self.text.find(&format!("{start}{}", file.name()));
        ['/', '"', '\'', ' '].into_iter().filter_map(quoted).min().unwrap_or(usize::MAX)
    }
}

fn load_file<'d>(
    gather: &mut Gather<'d>,
    file: &'d DirFile,
    options: &LoadOptions,
    ids: &mut BTreeSet<String>,
) {
    let text = file.text();
    let changesets = changesets(text);
    let mut vars = properties(text);
    vars.extend(options.vars.clone());
    let mut keys = BTreeMap::new();
    for changeset in changesets {
        let key = format!("{}:{}", changeset.author, changeset.id);
        if changeset.for_other_database() {
            let reason = format!("changeset {key} is for another database");
            gather.loaded.ignored.push(IgnoredFile { path: file.path.clone(), reason, understood: true });
            continue;
        }
        let id = if ids.contains(&key) { format!("{}::{key}", file.rel) } else { key.clone() };
        if let Some(first) = keys.insert(key.clone(), changeset.line) {
            let problem = Diagnostic::new(
                "duplicate-version",
                Severity::High,
                format!("changeset {key} of {} is defined at lines {first} and {}", file.rel, changeset.line),
            )
            .with_help("Liquibase refuses to start; give one of them an id of its own")
            .at(Location::new(&file.path, text, changeset.start..changeset.start + 2))
            .in_script(&id, Direction::Up);
            gather.loaded.problems.push(problem);
            continue;
        }
        ids.insert(id.clone());
        let recipe = Recipe::new(changeset.transaction(), &vars).template(Template::KnownDollarBrace);
        let up = recipe.parts(file, |text| changeset.parts(text));
        let down = match &changeset.rollback {
            None => Step::Absent,
            Some(ranges) if ranges.is_empty() => nothing(file, changeset.transaction()),
            Some(ranges) => recipe.groups(file, |_| vec![ranges.clone()]),
        };
        gather.loaded.migrations.push(Migration {
            id,
            version: changeset.id.to_owned(),
            name: changeset.author.to_owned(),
            up,
            down,
            verify: None,
        });
    }
}

/// A rollback that the author declared to be empty.
fn nothing(file: &DirFile, transaction: TransactionMode) -> Step {
    match file.source() {
        Ok(source) => {
            Step::Sql(Script { source: source.clone(), span: 0..0, statements: Vec::new(), transaction })
        }
        Err(_) => Step::Absent,
    }
}

#[derive(Debug)]
struct Changeset<'a> {
    author: &'a str,
    id: &'a str,
    attributes: &'a str,
    start: usize,
    line: usize,
    body: Vec<Range<usize>>,
    /// `None` without a rollback, empty for `--rollback empty`.
    rollback: Option<Vec<Range<usize>>>,
}

impl Changeset<'_> {
    fn attribute(&self, name: &str) -> Option<&str> {
        let mut rest = self.attributes;
        while let Some(at) = rest.find(name) {
            let after = &rest[at + name.len()..];
            let bounded = rest[..at].ends_with(char::is_whitespace) || at == 0;
            if let (true, Some(value)) = (bounded, after.strip_prefix(':')) {
                return Some(match value.strip_prefix('"') {
                    Some(quoted) => quoted.split('"').next().unwrap_or(quoted),
                    None => value.split_whitespace().next().unwrap_or(""),
                });
            }
            rest = after;
        }
        None
    }

    fn transaction(&self) -> TransactionMode {
        match self.attribute("runInTransaction").is_some_and(|value| value.eq_ignore_ascii_case("false")) {
            true => TransactionMode::Autocommit,
            false => TransactionMode::Wrapped,
        }
    }

    fn for_other_database(&self) -> bool {
        let Some(dbms) = self.attribute("dbms") else { return false };
        let names: Vec<_> = dbms.split(',').map(str::trim).collect();
        let postgres = |name: &&str| matches!(*name, "postgresql" | "all" | "edb");
        let (denied, named): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| name.starts_with('!'));
        denied.contains(&"!postgresql") || (!named.is_empty() && !named.iter().any(postgres))
    }

    /// The body, cut at the changeset's own delimiter when it has one.
    fn parts(&self, text: &str) -> Vec<Range<usize>> {
        let delimiter =
            self.attribute("endDelimiter").map(|value| value.replace("\\n", "").replace("\\r", ""));
        let Some(delimiter) = delimiter.filter(|value| !value.is_empty() && value != ";") else {
            return self.body.clone();
        };
        let mut parts = Vec::new();
        for body in &self.body {
            let mut start = body.start;
            for line in lines(text.get(body.clone()).unwrap_or_default()) {
                let trimmed = line.text.trim_end();
                let ends = trimmed.len() >= delimiter.len()
                    && trimmed
                        .get(trimmed.len() - delimiter.len()..)
                        .is_some_and(|end| end.eq_ignore_ascii_case(&delimiter));
                if ends {
                    parts.push(start..body.start + line.start + trimmed.len() - delimiter.len());
                    start = body.start + line.end;
                }
            }
            parts.push(start..body.end);
        }
        parts
    }
}

/// `author`, `id` and the attributes of `author:id key:value …`; both may be quoted.
fn parse_changeset(rest: &str) -> Option<(&str, &str, &str)> {
    let part = |text: &'_ str, end: fn(char) -> bool| -> (usize, usize, usize) {
        match text.strip_prefix('"').and_then(|inner| inner.find('"')) {
            Some(close) => (1, close + 1, close + 2),
            None => {
                let len = text.find(end).unwrap_or(text.len());
                (0, len, len)
            }
        }
    };
    let (from, to, next) = part(rest, |c| c == ':');
    let author = rest[from..to].trim();
    let rest = rest[next..].trim_start().strip_prefix(':')?.trim_start();
    let (from, to, next) = part(rest, char::is_whitespace);
    let id = &rest[from..to];
    (!id.is_empty()).then(|| (author, id, rest[next..].trim()))
}

fn changesets(text: &str) -> Vec<Changeset<'_>> {
    let mut found: Vec<Changeset<'_>> = Vec::new();
    let mut in_comment = None;
    for line in lines(text) {
        if let Some((author, id, attributes)) = marker(line.text, "changeset").and_then(parse_changeset) {
            found.push(Changeset {
                author,
                id,
                attributes,
                start: line.start,
                line: line.number,
                body: std::iter::once(line.end..line.end).collect(),
                rollback: None,
            });
            in_comment = None;
            continue;
        }
        let Some(current) = found.last_mut() else { continue };
        if let Some(start) = in_comment {
            if let Some(end) = line.text.find("*/") {
                current.rollback.get_or_insert_default().push(start..line.start + end);
                in_comment = None;
                current.body.push(line.end..line.end);
            }
            continue;
        }
        if is_rollback_comment(line.text) {
            in_comment = Some(line.end);
            continue;
        }
        match marker(line.text, "rollback") {
            Some(sql) => {
                let ranges = current.rollback.get_or_insert_default();
                if !matches!(sql.to_ascii_lowercase().as_str(), "" | "empty" | "not required") {
                    ranges.push(rollback_range(line, sql));
                }
                current.body.push(line.end..line.end);
            }
            None => {
                if let Some(last) = current.body.last_mut() {
                    last.end = line.end;
                }
            }
        }
    }
    for changeset in &mut found {
        changeset.body.retain(|range| !range.is_empty());
    }
    found
}

/// `/* liquibase rollback`, which ends with `*/` on a later line.
fn is_rollback_comment(line: &str) -> bool {
    line.trim().strip_prefix("/*").is_some_and(|rest| rest.trim().eq_ignore_ascii_case("liquibase rollback"))
}

/// The bytes of `sql`, the tail of `line`, with the line's end, so that lines stay apart.
fn rollback_range(line: Line<'_>, sql: &str) -> Range<usize> {
    let at = line.text.rfind(sql).unwrap_or(0);
    let mark = line.end - line.start;
    let before = mark.min(at);
    line.start + before..line.end
}

/// `--property name:x value:y` lines.
fn properties(text: &str) -> BTreeMap<String, String> {
    let found = lines(text).filter_map(|line| {
        let rest = marker(line.text, "property")?;
        let (_, name) = rest.split_once("name:")?;
        let (_, value) = rest.split_once("value:")?;
        let clean = |text: &str| match text.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap_or(quoted).to_owned(),
            None => text.split_whitespace().next().unwrap_or("").to_owned(),
        };
        Some((clean(name), clean(value)))
    });
    found.collect()
}

fn tracking() -> Tracking {
    Tracking {
        create: vec![
            "CREATE TABLE IF NOT EXISTS public.databasechangeloglock (ID INTEGER NOT NULL, LOCKED BOOLEAN NOT NULL, \
             LOCKGRANTED TIMESTAMP WITHOUT TIME ZONE, LOCKEDBY VARCHAR(255), \
             CONSTRAINT databasechangeloglock_pkey PRIMARY KEY (ID))"
                .to_owned(),
            "CREATE TABLE IF NOT EXISTS public.databasechangelog (ID VARCHAR(255) NOT NULL, AUTHOR VARCHAR(255) NOT NULL, \
             FILENAME VARCHAR(255) NOT NULL, DATEEXECUTED TIMESTAMP WITHOUT TIME ZONE NOT NULL, \
             ORDEREXECUTED INTEGER NOT NULL, EXECTYPE VARCHAR(10) NOT NULL, MD5SUM VARCHAR(35), \
             DESCRIPTION VARCHAR(255), COMMENTS VARCHAR(255), TAG VARCHAR(255), LIQUIBASE VARCHAR(20), \
             CONTEXTS VARCHAR(255), LABELS VARCHAR(255), DEPLOYMENT_ID VARCHAR(10))"
                .to_owned(),
        ],
        insert: "INSERT INTO public.databasechangelog (ID, AUTHOR, FILENAME, DATEEXECUTED, ORDEREXECUTED, EXECTYPE) \
                 SELECT $VERSION, $NAME, $FILE, now(), coalesce(max(orderexecuted), 0) + 1, 'EXECUTED' \
                 FROM public.databasechangelog"
            .to_owned(),
        delete: "DELETE FROM public.databasechangelog WHERE id = $VERSION AND author = $NAME AND filename = $FILE".to_owned(),
        select: "SELECT filename || '::' || author || ':' || id FROM public.databasechangelog ORDER BY orderexecuted"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;

    #[test]
    fn changesets_are_migrations_with_attributes_and_rollbacks() {
        insta::assert_snapshot!(read(&[(
            "db.sql",
            "--liquibase formatted sql\n\n--property name:prefix value:app\n--changeset ada:1 runInTransaction:false\ncreate index concurrently i on ${prefix}_t (x);\n--rollback drop index\n--rollback   i;\n\n\
             --changeset \"ada l\":two words endDelimiter:/\nselect 1\n/\nselect 2;\n/\n--rollback empty\n\
             --changeset ada:3 dbms:mysql\nselect 3;\n\
             -- changeset ada:4\nselect ${unknown};\n/* liquibase rollback\nselect 4;\nselect 5;\n*/\n--changeset ada:4\nselect 6;\n",
        )]), @r"
        liquibase: `--liquibase formatted sql` in 1 file, first db.sql
        ada:1 (1, ada)
          up autocommit [5:1 create index concurrently i on app_t (x)]
          down autocommit [6:12 drop index↵i]
        ada l:two (two, ada l)
          up wrapped [10:1 select 1 | 12:1 select 2]
          down wrapped []
        ada:4 (4, ada)
          up wrapped [18:1 select ${unknown}]
          down wrapped [20:1 select 4 | 21:1 select 5]
        - migrations/db.sql: changeset ada:3 is for another database
        duplicate-version: changeset ada:4 of db.sql is defined at lines 17 and 23
        ");
    }

    #[test]
    fn the_changelog_that_includes_files_gives_their_order() {
        insta::assert_snapshot!(read(&[
            ("master.xml", "<databaseChangeLog><include file=\"x/b.sql\"/><include file=\"x/a.sql\"/></databaseChangeLog>"),
            ("x/a.sql", "--liquibase formatted sql\n--changeset m:1\nselect 'a';"),
            ("x/b.sql", "--liquibase formatted sql\n--changeset m:1\nselect 'b';"),
            ("x/c.xml", "<databaseChangeLog><changeSet id=\"1\"/></databaseChangeLog>"),
        ]), @r"
        liquibase: `--liquibase formatted sql` in 2 files, first x/a.sql
        m:1 (1, m)
          up wrapped [3:1 select 'b']
          down absent
        x/a.sql::m:1 (1, m)
          up wrapped [3:1 select 'a']
          down absent
        - migrations/master.xml: a changelog that only includes others
        ? migrations/x/c.xml: holds changesets that are not SQL, which are not run
        ");
    }
}
