//! What the tests of the layouts share: a project written to disk, and what is read of it as text.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use proptest::strategy::Strategy;

use super::{LoadOptions, load};
use crate::migration::{StatementKind, Step, TransactionMode};
use crate::plugin::Registry;

/// A project on disk, removed when dropped.
pub(super) struct Project {
    root: tempfile::TempDir,
    vars: LoadOptions,
    layout: Option<&'static str>,
}

/// A project with these files, `(path, content)`.
pub(super) fn project(files: &[(&str, &str)]) -> Project {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join(".git")).unwrap();
    let project = Project { root, vars: LoadOptions::default(), layout: None };
    for (path, content) in files {
        project.write(path, content.as_bytes());
    }
    project
}

impl Project {
    pub(super) fn write(&self, path: &str, content: &[u8]) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(super) fn var(mut self, name: &str, value: &str) -> Self {
        self.vars.vars.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(super) fn layout(mut self, layout: &'static str) -> Self {
        self.layout = Some(layout);
        self
    }

    pub(super) fn path(&self) -> &Path {
        self.root.path()
    }

    /// What is read of the directory `dir`: the layout and why, migrations with their statements, files that
    /// are not migrations (`?` when not understood), problems.
    pub(super) fn read(&self, dir: &str) -> String {
        let registry = Registry::linked().unwrap();
        let path = if dir.is_empty() { self.path().to_path_buf() } else { self.path().join(dir) };
        let mut out = String::new();
        match load(&registry, &path, self.layout, &self.vars) {
            Err(error) => writeln!(out, "error: {error}").unwrap(),
            Ok((id, detection, loaded)) => {
                writeln!(out, "{id}: {}", detection.reasons.join("; ")).unwrap();
                for migration in &loaded.migrations {
                    let verify = if migration.verify.is_some() { " verified" } else { "" };
                    writeln!(out, "{} ({}, {}){verify}", migration.id, migration.version, migration.name)
                        .unwrap();
                    writeln!(out, "  up {}", step(&migration.up)).unwrap();
                    writeln!(out, "  down {}", step(&migration.down)).unwrap();
                }
                for ignored in &loaded.ignored {
                    let mark = if ignored.understood { "-" } else { "?" };
                    writeln!(out, "{mark} {}: {}", ignored.path.display(), ignored.reason).unwrap();
                }
                for problem in &loaded.problems {
                    writeln!(out, "{}: {}", problem.code, problem.message).unwrap();
                }
            }
        }
        let plain = self.path().display().to_string();
        let full = fs::canonicalize(self.path()).unwrap().display().to_string();
        out.replace(&format!("{full}/"), "").replace(&format!("{plain}/"), "").replace(&plain, "PROJECT")
    }
}

fn step(step: &Step) -> String {
    let script = match step {
        Step::Absent => return "absent".to_owned(),
        Step::NotRunnable { reason, .. } => return format!("not run: {reason}"),
        Step::Sql(script) => script,
    };
    let mode = match script.transaction {
        TransactionMode::Wrapped => "wrapped",
        TransactionMode::Autocommit => "autocommit",
        TransactionMode::Batch => "batch",
    };
    let statements: Vec<_> = script
        .statements
        .iter()
        .map(|statement| {
            let place = script.locate(statement.span.clone());
            let data = match &statement.kind {
                StatementKind::Sql => String::new(),
                StatementKind::Copy { data } => format!(" <- {:?}", &script.source.text[data.clone()]),
            };
            format!("{}:{} {}{data}", place.line, place.column, statement.sql.replace('\n', "↵"))
        })
        .collect();
    format!("{mode} [{}]", statements.join(" | "))
}

/// What is read of `migrations/` with these files in it.
pub(super) fn read(files: &[(&str, &str)]) -> String {
    let files: Vec<_> =
        files.iter().map(|(path, content)| (format!("migrations/{path}"), *content)).collect();
    let files: Vec<_> = files.iter().map(|(path, content)| (path.as_str(), *content)).collect();
    project(&files).read("migrations")
}

/// A layout, the directory that is opened, and the files of a project.
type Example = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// The smallest directory of each layout.
const EXAMPLES: &[Example] = &[
    ("atlas", "m", &[("m/20240101000000_a.sql", "select 1;"), ("m/atlas.sum", "h1:x")]),
    ("dbmate", "m", &[("m/20240101000000_a.sql", "-- migrate:up\nselect 1;\n-- migrate:down\nselect 2;")]),
    ("diesel", "m", &[("m/2024-01-01-000000_a/up.sql", "select 1;"), ("diesel.toml", "")]),
    (
        "drizzle",
        "m",
        &[("m/0000_a.sql", "select 1;"), ("m/meta/_journal.json", r#"{"entries":[{"tag":"0000_a"}]}"#)],
    ),
    ("flyway", "m", &[("m/V1.1__a.sql", "select 1;")]),
    ("golang-migrate", "m", &[("m/000001_a.up.sql", "select 1;")]),
    ("goose", "m", &[("m/00001_a.sql", "-- +goose Up\nselect 1;")]),
    ("graphile-migrate", "m", &[("m/committed/000001.sql", "--! Previous: -\n--! Hash: x\n\nselect 1;")]),
    ("hasura", "m", &[("m/1600000000000_a/up.sql", "select 1;")]),
    ("liquibase", "m", &[("m/a.sql", "--liquibase formatted sql\n--changeset a:1\nselect 1;")]),
    ("maragudk-migrate", "m", &[("m/1_a.up.sql", "select 1;"), ("m/1_b.up.sql", "select 1;")]),
    ("morph", "m", &[("m/000001_a.up.sql", "-- morph:nontransactional\nselect 1;")]),
    ("node-pg-migrate", "m", &[("m/1700000000000_a.sql", "-- Up Migration\nselect 1;")]),
    ("numbered", "m", &[("m/1/up.sql", "select 1;")]),
    ("plain", "m", &[("m/001_a.sql", "select 1;")]),
    ("pop", "m", &[("m/1_a.up.sql", "select 1; -- {{ .Options.X }}")]),
    ("popx", "m", &[("m/1_a.postgres.up.sql", "select 1;")]),
    ("postgrator", "m", &[("m/001.do.a.sql", "select 1;")]),
    ("postgres-migrations", "m", &[("m/1-a.sql", "-- postgres-migrations disable-transaction\nselect 1;")]),
    ("prisma", "m", &[("m/20240101000000_a/migration.sql", "select 1;")]),
    ("rambler", "m", &[("m/1_a.sql", "-- rambler up\nselect 1;")]),
    ("refinery", "m", &[("m/V1__a.sql", "select 1;"), ("Cargo.toml", "[dependencies]\nrefinery = \"0\"")]),
    ("river", "m", &[("m/001_a.up.sql", "create table /* TEMPLATE: schema */a ();")]),
    ("sqitch", "m", &[("m/sqitch.plan", "a 2024-01-01T00:00:00Z A <a@b>"), ("m/deploy/a.sql", "select 1;")]),
    ("sql-migrate", "m", &[("m/1_a.sql", "-- +migrate Up\nselect 1;")]),
    ("sqlx", "m", &[("m/1_a.sql", "-- no-transaction\nselect 1;")]),
    ("supabase", "supabase/migrations", &[("supabase/migrations/20240101000000_a.sql", "select 1;")]),
    ("tern", "m", &[("m/001_a.sql", "select 1;\n---- create above / drop below ----\n")]),
];

#[test]
fn every_layout_recognises_its_own_example_and_documents_itself() {
    let registry = Registry::linked().unwrap();
    let known: Vec<_> = registry.layouts().map(|layout| layout.meta().id).collect();
    let shown: Vec<_> = EXAMPLES.iter().map(|(id, ..)| *id).collect();
    assert_eq!(known, shown);
    for (id, dir, files) in EXAMPLES {
        let meta = registry.layout(id).unwrap().meta();
        assert!(!meta.summary.is_empty() && meta.docs.starts_with("# "), "{id}");
        for section in ["## Files", "## Transactions", "## Order"] {
            assert!(meta.docs.contains(section), "{id} does not document {section}");
        }
        let project = project(files);
        let options = LoadOptions { vars: [("X".to_owned(), "x".to_owned())].into() };
        let (found, detection, loaded) = load(&registry, &project.path().join(dir), None, &options).unwrap();
        assert_eq!(found, *id, "{:?}", detection.reasons);
        assert!(!detection.reasons.is_empty());
        assert!(loaded.migrations.iter().all(|migration| migration.up.script().is_some()), "{id}");
        assert!(!loaded.ignored.iter().any(|ignored| !ignored.understood), "{id}: {:?}", loaded.ignored);
        assert!(loaded.problems.is_empty(), "{id}: {:?}", loaded.problems);
        if let Some(tracking) = loaded.tracking {
            assert!(tracking.insert.contains('$') && tracking.delete.contains('$'), "{id}");
        }
    }
}

/// Lines that one tool or another reads more into than SQL.
fn line() -> impl proptest::strategy::Strategy<Value = String> {
    proptest::sample::select(vec![
        "select 1;",
        "select 'é; :x ${x} {{ .X }}';",
        "create function f() returns int as $$ select :X; $$ language sql;",
        "copy t from stdin;\n1\n\\.",
        "\\set x y",
        "\\c other",
        "-- +goose Up",
        "-- +goose Down",
        "-- +goose ENVSUB ON",
        "-- +goose StatementBegin",
        "-- +migrate Up notransaction",
        "-- +migrate Down",
        "-- migrate:up transaction:false",
        "-- migrate:down",
        "-- rambler up",
        "-- rambler down",
        "--liquibase formatted sql",
        "--changeset é:1 endDelimiter:é",
        "--rollback select 'é';",
        "/* liquibase rollback",
        "*/",
        "---- create above / drop below ----",
        "-- Down Migration",
        "-- atlas:delimiter é",
        "--> statement-breakpoint",
        "${a} $b ${c:-é}",
        "{{ index .Options \"X\" }} {{ if }}",
        ":x :'x' :\"x\" :X é",
        "unfinished 'é",
        "\u{FEFF}",
        "\r",
        "",
    ])
    .prop_map(str::to_owned)
}

fn name() -> impl proptest::strategy::Strategy<Value = String> {
    proptest::sample::select(vec![
        "1_a.sql",
        "001_é.up.sql",
        "1_a.down.sql",
        "2-b.sql",
        "V1.1__é.sql",
        "U1__x.sql",
        "R__é.sql",
        "3.do.é.sql",
        "1/up.sql",
        "2_é/up.sql",
        "2_é/migration.sql",
        "committed/000001.sql",
        "sqitch.plan",
        "deploy/é.sql",
        "meta/_journal.json",
        "é.sql",
        "_.sql",
        "1.sql",
        "1_.postgres.autocommit.up.sql",
    ])
    .prop_map(str::to_owned)
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

    #[test]
    fn statements_are_the_text_of_their_place_whatever_the_files_hold(
        files in proptest::collection::btree_map(name(), proptest::collection::vec(line(), 0..8), 1..6),
        given in proptest::bool::ANY,
    ) {
        let files: Vec<_> = files.into_iter().map(|(name, lines)| (name, lines.join("\n"))).collect();
        let borrowed: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let project = project(&borrowed);
        let mut options = LoadOptions::default();
        if given {
            options.vars = [("x".to_owned(), "é".to_owned()), ("X".to_owned(), "é;é".to_owned())].into();
        }
        let registry = Registry::linked().unwrap();
        let dir = super::Dir::open(project.path()).unwrap();
        super::detect(&registry, &dir);
        for layout in registry.layouts() {
            let Ok(loaded) = layout.load(&dir, &options) else { continue };
            let scripts = loaded.migrations.iter().flat_map(|migration| [&migration.up, &migration.down]);
            for script in scripts.filter_map(Step::script) {
                for statement in &script.statements {
                    let text = script.source.text.get(statement.span.clone());
                    proptest::prop_assert!(text.is_some(), "{}: {:?}", layout.meta().id, statement);
                    if statement.moved.is_empty() {
                        proptest::prop_assert_eq!(text, Some(statement.sql.as_ref()));
                    }
                    proptest::prop_assert!(script.source.text.get(script.span.clone()).is_some());
                }
            }
        }
    }
}
