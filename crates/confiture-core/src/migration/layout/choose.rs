//! Which layout a directory has, and reading it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::gather::language;
use super::naming::{counted, is_numbered, split_direction, sql_stem};
use super::problems;
use super::sections::{comment_marker, lines};
use super::{Confidence, Detection, Dir, DirFile, Layout, LayoutError, LoadOptions, Loaded};
use crate::plugin::Registry;

/// Which of several equally sure layouts is taken: the first. Others come after these, by id.
const PREFERENCE: &[&str] = &[
    "sqitch",
    "drizzle",
    "prisma",
    "supabase",
    "flyway",
    "refinery",
    "diesel",
    "hasura",
    "numbered",
    "goose",
    "dbmate",
    "sql-migrate",
    "liquibase",
    "rambler",
    "tern",
    "graphile-migrate",
    "node-pg-migrate",
    "postgres-migrations",
    "postgrator",
    "maragudk-migrate",
    "popx",
    "pop",
    "river",
    "golang-migrate",
    "morph",
    "plain",
    "sqlx",
    "atlas",
];

/// Every layout that fits `dir`, best first.
pub fn detect(registry: &Registry, dir: &Dir) -> Vec<(&'static str, Detection)> {
    let mut found: Vec<_> = registry
        .layouts()
        .map(|layout| (layout.meta().id, layout.detect(dir)))
        .filter(|(_, detection)| detection.confidence > Confidence::No)
        .collect();
    let rank = |id: &str| PREFERENCE.iter().position(|known| *known == id).unwrap_or(PREFERENCE.len());
    found.sort_by(|(a, left), (b, right)| {
        right.confidence.cmp(&left.confidence).then_with(|| rank(a).cmp(&rank(b))).then_with(|| a.cmp(b))
    });
    found
}

/// Reads the migrations of the directory `path`, with the layout named `layout` or else the one that fits.
///
/// Where the directory itself holds no migrations but one of its sub-directories does, that one is read;
/// the reasons of the returned [`Detection`] say so, and name other layouts that fit as well.
///
/// # Errors
/// [`LayoutError::Io`] when the directory cannot be listed, [`LayoutError::Unknown`] when no layout has the
/// name, [`LayoutError::Empty`] when there are no migrations, [`LayoutError::Unrecognised`] when no layout
/// fits, files of two tools are mixed or several sub-directories hold migrations, and those of
/// [`Layout::load`].
pub fn load(
    registry: &Registry,
    path: &Path,
    layout: Option<&str>,
    options: &LoadOptions,
) -> Result<(&'static str, Detection, Loaded), LayoutError> {
    let dir = Dir::open(path)?;
    let Some(name) = layout else {
        return load_detected(registry, &dir, options);
    };
    let layout = named(registry, name)?;
    load_named(layout, &dir, options)
}

fn load_detected(
    registry: &Registry,
    dir: &Dir,
    options: &LoadOptions,
) -> Result<(&'static str, Detection, Loaded), LayoutError> {
    let found = detect(registry, dir);
    let Some((id, detection)) = found.first() else {
        let fits = |dir: &Dir| !detect(registry, dir).is_empty();
        let (inside, reason) = descend(dir, fits)?;
        let (id, mut detection, loaded) = load_detected(registry, &inside, options)?;
        detection.reasons.insert(0, reason);
        return Ok((id, detection, loaded));
    };
    refuse_mixture(dir, id)?;
    let Some(layout) = registry.layout(id) else {
        return Err(unrecognised(dir, format!("the layout {id} is gone")));
    };
    let mut detection = detection.clone();
    let loaded = layout.load(dir, options)?;
    let equal: Vec<_> = found[1..]
        .iter()
        .filter(|(_, other)| other.confidence == detection.confidence)
        .map(|(id, _)| *id)
        .collect();
    if !equal.is_empty() {
        detection.reasons.push(format!(
            "{} {} as well: --layout NAME settles it",
            equal.join(", "),
            if equal.len() == 1 { "fits" } else { "fit" }
        ));
    }
    some_migrations(dir, id, loaded).map(|loaded| (*id, detection, loaded))
}

fn load_named(
    layout: &dyn Layout,
    dir: &Dir,
    options: &LoadOptions,
) -> Result<(&'static str, Detection, Loaded), LayoutError> {
    let id = layout.meta().id;
    let asked = |mut detection: Detection| {
        detection.reasons.insert(0, format!("--layout {id}"));
        detection
    };
    let fits = |dir: &Dir| layout.detect(dir).confidence > Confidence::No;
    if !fits(dir) {
        let loaded = layout.load(dir, options);
        if let Ok(loaded) = loaded
            && !loaded.migrations.is_empty()
        {
            return Ok((id, asked(layout.detect(dir)), loaded));
        }
        if let Ok((inside, reason)) = descend(dir, fits) {
            let mut detection = asked(layout.detect(&inside));
            detection.reasons.push(reason);
            let loaded = layout.load(&inside, options)?;
            return some_migrations(&inside, id, loaded).map(|loaded| (id, detection, loaded));
        }
    }
    let loaded = layout.load(dir, options)?;
    some_migrations(dir, id, loaded).map(|loaded| (id, asked(layout.detect(dir)), loaded))
}

fn some_migrations(dir: &Dir, id: &str, mut loaded: Loaded) -> Result<Loaded, LayoutError> {
    problems::report_unreadable(dir, &mut loaded);
    if !loaded.migrations.is_empty() {
        return Ok(loaded);
    }
    let seen = match loaded.ignored.first() {
        Some(first) => format!("; {} is not one: {}", first.path.display(), first.reason),
        None => String::new(),
    };
    Err(LayoutError::Empty {
        path: dir.path.clone(),
        reason: format!("no file is a migration in the {id} layout{seen}"),
    })
}

/// The layout called `name`, however it is spelt.
fn named<'r>(registry: &'r Registry, name: &str) -> Result<&'r dyn Layout, LayoutError> {
    let wanted = name.trim().to_ascii_lowercase().replace(['_', ' '], "-");
    if let Some(layout) = registry.layout(name).or_else(|| registry.layout(&wanted)) {
        return Ok(layout);
    }
    let known: Vec<_> = registry.layouts().map(|layout| layout.meta().id).collect();
    let nearest = known.iter().min_by_key(|id| {
        let inside = id.contains(&wanted) || wanted.contains(*id);
        if inside && !wanted.is_empty() { 0 } else { distance(id, &wanted) }
    });
    let hint = match nearest {
        Some(id)
            if id.contains(&wanted) || wanted.contains(id) || distance(id, &wanted) <= wanted.len() / 2 =>
        {
            format!("did you mean {id}? ")
        }
        _ => String::new(),
    };
    Err(LayoutError::Unknown {
        name: name.to_owned(),
        reason: format!("{hint}known layouts: {}", known.join(", ")),
    })
}

/// Edits that turn `a` into `b` (Levenshtein 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
        row[0] = i + 1;
    }
    row[b.len()]
}

/// The one sub-directory that `fits`, and the reason to take it.
fn descend(dir: &Dir, fits: impl Fn(&Dir) -> bool) -> Result<(Dir, String), LayoutError> {
    let mut candidates: Vec<Dir> = Vec::new();
    for rel in sql_directories(dir) {
        let below = |taken: &Dir| dir.path.join(&rel).starts_with(&taken.path);
        if candidates.iter().any(below) {
            continue;
        }
        let inside = dir.enter(&rel)?;
        if fits(&inside) {
            candidates.push(inside);
        }
    }
    if candidates.len() > 1 && candidates.iter().any(|found| !is_aside(dir, found)) {
        candidates.retain(|found| !is_aside(dir, found));
    }
    if candidates.len() > 1 {
        let usual = |dir: &Dir| matches!(dir.name(), "migrations" | "migration" | "migrate");
        if candidates.iter().filter(|dir| usual(dir)).count() == 1 {
            candidates.retain(usual);
        }
    }
    match candidates.len() {
        0 => Err(nothing_found(dir)),
        1 => candidates.pop().map_or_else(
            || Err(nothing_found(dir)),
            |found| {
                let reason =
                    format!("the migrations of {} are in {}", dir.path.display(), found.path.display());
                Ok((found, reason))
            },
        ),
        _ => {
            let names: Vec<_> = candidates.iter().take(5).map(|dir| dir.path.display().to_string()).collect();
            let more = if candidates.len() > 5 { ", …" } else { "" };
            Err(unrecognised(
                dir,
                format!(
                    "it holds no migrations itself, and several of its sub-directories do: {}{more}; name one of them",
                    names.join(", ")
                ),
            ))
        }
    }
}

/// Whether `found` lies below a directory of tests, examples or build results of `dir`.
fn is_aside(dir: &Dir, found: &Dir) -> bool {
    let below = found.path.strip_prefix(&dir.path).unwrap_or(&found.path);
    below.iter().filter_map(|part| part.to_str()).any(|part| {
        matches!(
            part,
            "test"
                | "tests"
                | "testdata"
                | "fixtures"
                | "examples"
                | "example"
                | "build"
                | "bin"
                | "out"
                | "docs"
        )
    })
}

/// Sub-directories with SQL files in or below them, outer ones first, at most 300.
fn sql_directories(dir: &Dir) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in dir.files().iter().filter(|file| file.name().ends_with(".sql")) {
        let mut parent = file.parent();
        while !parent.is_empty() && found.len() < 300 && found.insert(parent.to_owned()) {
            parent = parent.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }
    found
}

fn nothing_found(dir: &Dir) -> LayoutError {
    let path = dir.path.clone();
    let mut kinds: BTreeMap<&str, Vec<&DirFile>> = BTreeMap::new();
    for file in dir.files().iter().filter(|file| !file.name().starts_with('.')) {
        let extension = file.name().rsplit_once('.').map_or("", |(_, extension)| extension);
        kinds.entry(extension).or_default().push(file);
    }
    if kinds.is_empty() {
        return LayoutError::Empty {
            path,
            reason: "it is empty; name the directory with the migrations".to_owned(),
        };
    }
    let numbered: Vec<(&str, &DirFile, usize)> = kinds
        .iter()
        .filter_map(|(extension, files)| {
            let language = language(extension)?;
            let numbered: Vec<_> = files.iter().filter(|file| is_numbered(file.name())).collect();
            Some((language, **numbered.first()?, numbered.len()))
        })
        .collect();
    let sql = kinds.get("sql").map_or(0, Vec::len);
    if sql == 0
        && let Some((language, first, count)) = numbered.iter().max_by_key(|(_, _, count)| *count)
    {
        let reason = format!(
            "{} in {language}, first {}, and no SQL files; let the tool write its migrations as SQL \
             (Alembic: `alembic upgrade head --sql`, Django: `sqlmigrate`) and name that directory",
            counted(*count, "step"),
            first.rel
        );
        return LayoutError::Empty { path, reason };
    }
    let names: Vec<_> = dir.files().iter().take(3).map(|file| file.rel.as_str()).collect();
    if sql == 0 {
        return LayoutError::Empty { path, reason: format!("no SQL files; it holds {}", names.join(", ")) };
    }
    let sql: Vec<_> = kinds.get("sql").into_iter().flatten().take(3).map(|file| file.rel.as_str()).collect();
    unrecognised(
        dir,
        format!(
            "no tool's file names or markers fit {}; name the directory with the migrations, or say which \
             tool's they are with --layout NAME",
            sql.join(", ")
        ),
    )
}

fn unrecognised(dir: &Dir, reason: String) -> LayoutError {
    LayoutError::Unrecognised { path: dir.path.clone(), reason }
}

/// What a file says it belongs to, for [`refuse_mixture`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    Goose,
    Dbmate,
    SqlMigrate,
    Liquibase,
    Flyway,
    Postgrator,
    Pairs,
    Numbered,
    UpDirectories,
    MigrationDirectories,
}

impl Family {
    fn of(file: &DirFile) -> Option<Self> {
        if file.parent().contains('/') {
            return None;
        }
        let stem = sql_stem(file.name())?;
        if !file.parent().is_empty() {
            return match stem {
                "up" => Some(Self::UpDirectories),
                "migration" => Some(Self::MigrationDirectories),
                _ => None,
            };
        }
        let marked = lines(file.text()).find_map(|line| {
            let marks = |word| comment_marker(line.text, word).is_some();
            if marks("+goose Up") {
                return Some(Self::Goose);
            }
            if marks("+migrate Up") {
                return Some(Self::SqlMigrate);
            }
            if marks("migrate:up") {
                return Some(Self::Dbmate);
            }
            (line.number == 1 && marks("liquibase formatted sql")).then_some(Self::Liquibase)
        });
        let named = || match split_direction(stem) {
            (stem, _) if super::flyway::parse(stem).is_some() => Some(Self::Flyway),
            (stem, _) if super::postgrator::parse(stem).is_some() => Some(Self::Postgrator),
            (stem, Some(_)) if is_numbered(stem) => Some(Self::Pairs),
            (stem, None) if is_numbered(stem) => Some(Self::Numbered),
            _ => None,
        };
        marked.or_else(named)
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Goose => "with `-- +goose Up`",
            Self::Dbmate => "with `-- migrate:up`",
            Self::SqlMigrate => "with `-- +migrate Up`",
            Self::Liquibase => "with `--liquibase formatted sql`",
            Self::Flyway => "named like V1__x.sql",
            Self::Postgrator => "named like 001.do.x.sql",
            Self::Pairs => "named like 001_x.up.sql",
            Self::Numbered => "named like 001_x.sql, without markers",
            Self::UpDirectories => "named x/up.sql",
            Self::MigrationDirectories => "named x/migration.sql",
        }
    }

    /// Whether both may be in one directory of one tool.
    fn agrees(self, other: Self) -> bool {
        let either = |a, b| (self, other) == (a, b) || (self, other) == (b, a);
        self == other || either(Self::Pairs, Self::Numbered) || either(Self::Liquibase, Self::Numbered)
    }
}

/// Refuses a directory where files of two tools are mixed, if `chosen` is a tool that reads only one kind.
///
/// One stray file among many is left to the list of files not understood.
fn refuse_mixture(dir: &Dir, chosen: &str) -> Result<(), LayoutError> {
    if !PREFERENCE.contains(&chosen) || matches!(chosen, "sqitch" | "numbered" | "drizzle") {
        return Ok(());
    }
    let mut families: BTreeMap<Family, Vec<&DirFile>> = BTreeMap::new();
    for file in dir.files() {
        if let Some(family) = Family::of(file) {
            families.entry(family).or_default().push(file);
        }
    }
    let mut families: Vec<_> = families.into_iter().collect();
    families.sort_by_key(|(family, files)| (std::cmp::Reverse(files.len()), *family));
    let [(first, some), rest @ ..] = families.as_slice() else { return Ok(()) };
    let Some((second, others)) = rest.iter().find(|(family, _)| !family.agrees(*first)) else {
        return Ok(());
    };
    // A file without a marker is shown as one the tool refuses, unless they are many.
    let few = match second {
        Family::Numbered => others.len() < 2 || others.len() * 2 < some.len(),
        _ => others.len() < 2 && others.len() * 3 < some.len(),
    };
    if few {
        return Ok(());
    }
    let show = |family: &Family, files: &[&DirFile]| {
        let name = files.first().map_or("", |file| file.rel.as_str());
        format!("{} {} ({name})", counted(files.len(), "file"), family.describe())
    };
    Err(unrecognised(
        dir,
        format!(
            "it mixes two tools' migrations: {} and {}; move one kind to a directory of its own, or read only one \
             with --layout NAME",
            show(first, some),
            show(second, others)
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{project, read};

    #[test]
    fn an_unknown_layout_is_answered_with_a_suggestion() {
        insta::assert_snapshot!(project(&[("m/1_a.sql", "")]).layout("gose").read("m"), @r"
        error: find the layout gose: did you mean goose? known layouts: atlas, dbmate, diesel, drizzle, flyway, golang-migrate, goose, graphile-migrate, hasura, liquibase, maragudk-migrate, morph, node-pg-migrate, numbered, plain, pop, popx, postgrator, postgres-migrations, prisma, rambler, refinery, river, sqitch, sql-migrate, sqlx, supabase, tern
        ");
    }

    #[test]
    fn layout_names_are_read_generously() {
        insta::assert_snapshot!(project(&[("m/1_a.up.sql", "select 1")]).layout("Golang_Migrate").read("m"), @r"
        golang-migrate: --layout golang-migrate; 1 file named N_name.up.sql or .down.sql
        1_a (1, a)
          up batch [1:1 select 1]
          down absent
        ");
    }

    #[test]
    fn a_missing_directory_is_an_error() {
        insta::assert_snapshot!(project(&[]).read("nowhere"), @r"
        error: read nowhere: there is no such directory; name the one with the migrations
        ");
    }

    #[test]
    fn an_empty_directory_is_an_error() {
        insta::assert_snapshot!(project(&[("m/.gitkeep", "")]).read("m"), @r"
        error: find migrations in m: it is empty; name the directory with the migrations
        ");
    }

    #[test]
    fn a_directory_of_other_things_says_what_it_holds() {
        insta::assert_snapshot!(project(&[("m/a.txt", ""), ("m/b.html", "")]).read("m"), @r"
        error: find migrations in m: no SQL files; it holds a.txt, b.html
        ");
    }

    #[test]
    fn sql_without_a_tool_says_so() {
        insta::assert_snapshot!(project(&[("m/schema.sql", ""), ("m/seed.sql", "")]).read("m"), @r"
        error: recognise the layout of m: no tool's file names or markers fit schema.sql, seed.sql; name the directory with the migrations, or say which tool's they are with --layout NAME
        ");
    }

    #[test]
    fn steps_in_python_are_named() {
        insta::assert_snapshot!(project(&[("m/0001_initial.py", ""), ("m/0002_b.py", ""), ("m/__init__.py", "")]).read("m"), @r"
        error: find migrations in m: 2 steps in Python, first 0001_initial.py, and no SQL files; let the tool write its migrations as SQL (Alembic: `alembic upgrade head --sql`, Django: `sqlmigrate`) and name that directory
        ");
    }

    #[test]
    fn half_goose_half_pairs_is_refused() {
        insta::assert_snapshot!(read(&[
            ("1_a.sql", "-- +goose Up\nselect 1;\n-- +goose Down\n"),
            ("2_b.sql", "-- +goose Up\nselect 1;\n-- +goose Down\n"),
            ("3_c.up.sql", "select 1;"),
            ("3_c.down.sql", "select 1;"),
        ]), @r"
        error: recognise the layout of migrations: it mixes two tools' migrations: 2 files with `-- +goose Up` (1_a.sql) and 2 files named like 001_x.up.sql (3_c.down.sql); move one kind to a directory of its own, or read only one with --layout NAME
        ");
    }

    #[test]
    fn a_mixture_can_be_read_by_name() {
        insta::assert_snapshot!(project(&[
            ("m/1_a.sql", "-- +goose Up\nselect 1;"),
            ("m/3_c.up.sql", "select 1;"),
        ])
        .layout("golang-migrate")
        .read("m"), @r"
        golang-migrate: --layout golang-migrate; 1 file named N_name.up.sql or .down.sql
        3_c (3, c)
          up batch [1:1 select 1]
          down absent
        ? m/1_a.sql: its name is not <integer>_<name>.up.sql
        ");
    }

    #[test]
    fn the_one_directory_with_migrations_is_taken() {
        insta::assert_snapshot!(project(&[("db/migrations/1_a.sql", "select 1"), ("db/seed.sql", "")]).read(""), @r"
        plain: the migrations of PROJECT are in db/migrations; 1 numbered SQL file; sqlx fits as well: --layout NAME settles it
        1_a (1, a)
          up wrapped [1:1 select 1]
          down absent
        ");
    }

    #[test]
    fn directories_of_tests_and_build_results_come_second() {
        insta::assert_snapshot!(project(&[
            ("src/main/resources/db/migration/V1__a.sql", "select 1"),
            ("build/resources/main/db/migration/V1__a.sql", "select 1"),
            ("tests/migrations/1_a.sql", "select 1"),
        ])
        .read(""), @r"
        flyway: the migrations of PROJECT are in src/main/resources/db/migration; 1 file named V1__name.sql or R__name.sql; refinery fits as well: --layout NAME settles it
        V1__a (1, a)
          up wrapped [1:1 select 1]
          down absent
        ");
    }

    #[test]
    fn several_directories_with_migrations_are_named() {
        insta::assert_snapshot!(project(&[("a/1_a.sql", ""), ("b/1_a.sql", "")]).read(""), @r"
        error: recognise the layout of PROJECT: it holds no migrations itself, and several of its sub-directories do: a, b; name one of them
        ");
    }

    #[test]
    fn manifests_above_the_repository_do_not_count() {
        insta::assert_snapshot!({
            let project = project(&[("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"), ("sub/m/1_a.sql", "select 1")]);
            std::fs::create_dir(project.path().join("sub/.git")).unwrap();
            project.read("sub/m")
        }, @r"
        plain: 1 numbered SQL file; sqlx fits as well: --layout NAME settles it
        1_a (1, a)
          up wrapped [1:1 select 1]
          down absent
        ");
    }
}
