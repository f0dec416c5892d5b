//! Databases for the tests of Rust programs: the attribute, the builder, and what a failed test leaves.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use confiture_core::db::{Env, ServerOptions, Session};
use confiture_core::report::RunStatus;
use confiture_fixtures::{
    FixtureError, MigrationRunner, TestDb, Verification, report_text, verify_migrations,
};
use tempfile::TempDir;

const SHOP: &str = "../examples/shop/migrations";

/// A chain whose second migration makes a role, which belongs to the whole server.
fn chain() -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let files = [
        ("0001_users.sql", "CREATE TABLE users (name text);"),
        ("0001_users.down.sql", "DROP TABLE users;"),
        ("0002_role.sql", "CREATE ROLE test_db_reader; GRANT SELECT ON users TO test_db_reader;"),
        ("0002_role.down.sql", "DROP OWNED BY test_db_reader; DROP ROLE test_db_reader;"),
        ("0003_age.sql", "ALTER TABLE users ADD COLUMN age int;"),
        ("0003_age.down.sql", "ALTER TABLE users DROP COLUMN age;"),
    ];
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).expect("a file");
    }
    dir
}

/// A server of the environment, with one more variable.
fn with_variable(name: &str, value: &str) -> ServerOptions {
    let variables = std::env::vars_os().chain([(name.into(), value.into())]);
    ServerOptions { env: variables.collect::<Env>(), ..ServerOptions::default() }
}

#[confiture_fixtures::test(migrations = "../examples/shop/migrations", at = "0001")]
async fn attribute_gives_a_client_at_a_version(db: TestDb) {
    let sql = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    let few: i64 = db.query_one(sql, &[]).await.expect("a count").get(0);
    db.migrate_to("0005").await.expect("migrated");
    let more: i64 = db.query_one(sql, &[]).await.expect("a count").get(0);
    assert!(0 < few && few < more, "{few} {more}");
}

#[confiture_fixtures::test(migrations = "../examples/shop/migrations")]
async fn attribute_takes_results(db: TestDb) -> Result<(), Box<dyn std::error::Error>> {
    let before = db.snapshot().await?;
    db.batch_execute("CREATE TABLE one_more ()").await?;
    assert_eq!(db.snapshot().await?.changes_since(&before).len(), 1);
    let other = db.connect().await?;
    other.batch_execute("TABLE one_more").await?;
    assert!(db.url().contains(db.config().get_dbname().expect("a database")));
    Ok(())
}

#[confiture_fixtures::test(migrations = "../examples/shop/migrations", rows = 20, seed = 7)]
async fn attribute_fills_every_table_but_the_tools_own(db: TestDb) {
    let sql =
        "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
    let tables = db.query(sql, &[]).await.expect("tables");
    assert!(tables.len() > 5);
    for row in tables {
        let table: String = row.get(0);
        let count: i64 =
            db.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.expect("a count").get(0);
        assert!(if table == "tb_confiture" { count == 27 } else { count > 0 }, "{table}: {count}");
    }
}

#[tokio::test]
async fn table_that_takes_no_row_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let sql = "CREATE TABLE never (a int NOT NULL CHECK (a > 5 AND a < 4));";
    std::fs::write(dir.path().join("0001_never.sql"), sql).expect("a file");
    TestDb::builder(dir.path()).build().await.expect("a database without rows");
    let error = TestDb::builder(dir.path()).rows(3).build().await.expect_err("no such row");
    assert!(matches!(&error, FixtureError::Rows { table, .. } if table == "public.never"), "{error}");
}

#[confiture_fixtures::test(migrations = "../examples/shop/migrations")]
#[should_panic(expected = "as it should")]
async fn attributes_stay_in_force(db: TestDb) {
    db.batch_execute("SELECT 1").await.expect("a row");
    panic!("as it should");
}

#[tokio::test]
async fn databases_of_one_template_see_nothing_of_each_other() {
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(TestDb::builder(SHOP).build().await.expect("a database"));
    }
    for db in &all {
        db.batch_execute("CREATE TABLE mine ()").await.expect("the first of its name");
    }
    for db in all {
        db.close().await.expect("dropped");
    }
}

#[tokio::test]
async fn templates_at_two_versions_may_make_the_same_role() {
    let dir = chain();
    let at = async |version: &str| TestDb::builder(dir.path()).at(version).build().await.expect("a database");
    let (two, three) = (at("0002").await, at("3").await);
    assert!(two.query_one("SELECT age FROM users", &[]).await.is_err());
    three.query("SELECT age FROM users", &[]).await.expect("the column");
    three.rollback_to("0002").await.expect("rolled back");
    three.query("SELECT name FROM users", &[]).await.expect("0001 is still applied");
    assert!(three.query("SELECT age FROM users", &[]).await.is_err());
}

#[tokio::test]
async fn changed_file_is_picked_up() {
    let dir = chain();
    TestDb::builder(dir.path()).build().await.expect("a database");
    std::fs::write(dir.path().join("0003_age.sql"), "ALTER TABLE users ADD COLUMN years int;")
        .expect("a file");
    let db = TestDb::builder(dir.path()).build().await.expect("a database");
    db.query("SELECT years FROM users", &[]).await.expect("the new column");
}

#[tokio::test]
async fn what_goes_wrong_names_file_and_line() {
    let dir = chain();
    std::fs::write(dir.path().join("0004_wrong.sql"), "SELECT 1;\nDROP TABLE missing;\n").expect("a file");
    let error = TestDb::builder(dir.path()).build().await.expect_err("refused").to_string();
    assert!(error.starts_with("apply 0004_wrong: ") && error.contains("0004_wrong.sql:2:"), "{error}");
    let error = TestDb::builder(dir.path()).at("9").build().await.expect_err("no such version");
    assert!(matches!(error, FixtureError::UnknownVersion { .. }), "{error}");
    let error = TestDb::builder("nowhere").build().await.expect_err("no such directory");
    assert!(matches!(error, FixtureError::Load(_)), "{error}");
    let db = TestDb::builder(dir.path()).at("0003").build().await.expect("a database");
    let error = db.migrate_to("0004").await.expect_err("refused").to_string();
    assert!(error.contains("42P01"), "{error}");
    std::fs::remove_file(dir.path().join("0002_role.down.sql")).expect("removed");
    let db = TestDb::builder(dir.path()).at("0003").build().await.expect("a database");
    let error = db.rollback_to("0001").await.expect_err("no way back");
    assert!(
        matches!(&error, FixtureError::Irreversible { migration } if migration == "0002_role"),
        "{error}"
    );
}

#[tokio::test]
async fn setup_and_template_values_reach_the_database() {
    let dir = tempfile::tempdir().expect("a directory");
    let setup = dir.path().join("setup.sql");
    std::fs::write(&setup, "CREATE SCHEMA host;").expect("a file");
    let migrations = dir.path().join("migrations");
    std::fs::create_dir(&migrations).expect("a directory");
    std::fs::write(migrations.join("0001_t.sql"), "CREATE TABLE host.t ();").expect("a file");
    let error = TestDb::builder(&migrations).build().await.expect_err("no schema");
    assert!(matches!(error, FixtureError::Migration { .. }), "{error}");
    let db = TestDb::builder(&migrations).setup(&setup).layout("plain").build().await.expect("a database");
    db.batch_execute("TABLE host.t").await.expect("the table");
}

#[tokio::test]
async fn runner_and_snapshot_work_on_a_client_of_ones_own() {
    let db = TestDb::builder(SHOP).at("0001").build().await.expect("a database");
    let session = Session::adopt(db.connect().await.expect("a client")).await.expect("adopted");
    let dir = chain();
    let registry = confiture_core::plugin::Registry::linked().expect("plugins");
    let options = confiture_core::migration::layout::LoadOptions::default();
    let (_, _, loaded) =
        confiture_core::migration::layout::load(&registry, dir.path(), Some("plain"), &options)
            .expect("loaded");
    let runner = MigrationRunner::new(&session, &loaded).await.expect("a runner");
    assert!(!runner.pending().await.expect("pending").is_empty());
    confiture_fixtures::SchemaSnapshotter::capture(&session).await.expect("a snapshot");
}

/// Where the databases of failed tests called `name` are, of whatever project.
fn kept(name: &str) -> Vec<PathBuf> {
    let base = Path::new("/tmp").join(format!("confiture-kept-{}", rustix::process::geteuid().as_raw()));
    let entries = std::fs::read_dir(base).into_iter().flatten().flatten().map(|entry| entry.path());
    let ends = format!("-{name}");
    entries.filter(|path| path.to_string_lossy().ends_with(&ends)).collect()
}

fn forget(name: &str) {
    for path in kept(name) {
        let _ = std::fs::remove_dir_all(path);
    }
}

#[test]
fn failed_tests_of_two_projects_keep_a_database_each() {
    forget("twice.same");
    let (a, b) = (chain(), chain());
    for dir in [a.path(), b.path()] {
        let builder =
            TestDb::builder(dir).label("twice::same").server(with_variable("CONFITURE_KEEP", "100"));
        let fails = async |_: TestDb| -> Result<(), String> { Err("as it should".to_owned()) };
        drop(confiture_fixtures::run_test(builder, false, fails));
    }
    let count = kept("twice.same").len();
    forget("twice.same");
    assert_eq!(count, 2);
}

#[test]
fn failed_test_keeps_its_database_and_a_passed_one_does_not() {
    let fails = async |db: TestDb| -> Result<(), String> {
        db.batch_execute("CREATE TABLE evidence ()").await.expect("a table");
        Err("as it should".to_owned())
    };
    let panics = async |_: TestDb| panic!("as it should");
    let run = |name: &str, keep: &str| {
        let builder = TestDb::builder(SHOP).label(format!("kept::{name}"));
        let builder = builder.server(with_variable("CONFITURE_KEEP", keep));
        let directory = format!("kept.{name}");
        forget(&directory);
        let _ = catch_unwind(AssertUnwindSafe(|| match name {
            "panic" => confiture_fixtures::run_test(builder, false, panics),
            "expected" => confiture_fixtures::run_test(builder, true, panics),
            "pass" => confiture_fixtures::run_test(builder, false, async |_| ()),
            _ => drop(confiture_fixtures::run_test(builder, false, fails)),
        }));
        let whole = |path: &PathBuf| path.join("backup_label").is_file() && path.join("PG_VERSION").is_file();
        let there = kept(&directory).iter().any(whole);
        forget(&directory);
        there
    };
    assert!(run("error", "100"));
    assert!(run("panic", "100"));
    assert!(!run("panic", "0"));
    assert!(!run("expected", "100"));
    assert!(!run("pass", "100"));
}

#[test]
fn verify_migrations_passes_what_is_sound() {
    verify_migrations(chain().path());
}

#[test]
fn verify_migrations_shows_what_is_not() {
    let dir = chain();
    std::fs::write(dir.path().join("0003_age.down.sql"), "-- nothing\nSELECT 1;\n").expect("a file");
    let panicked = catch_unwind(|| verify_migrations(dir.path())).expect_err("a defect");
    let text = panicked.downcast_ref::<String>().expect("a text");
    let text = text.replace(&dir.path().display().to_string(), "migrations");
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn verification_can_leave_checks_out() {
    let dir = chain();
    std::fs::write(dir.path().join("0003_age.down.sql"), "SELECT 1;").expect("a file");
    let report = Verification::of(dir.path()).skip("down").skip("re-up").run().await.expect("a report");
    assert_eq!(report.status, RunStatus::Passed, "{}", report_text(&report));
    let error = Verification::of(dir.path()).skip("downn").run().await.expect_err("no such check");
    assert!(matches!(error, FixtureError::UnknownCheck { .. }), "{error}");
}
