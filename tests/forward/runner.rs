//! `MigrationRunner`: forwards, backwards, part of the way, and what it says about it.

use confiture_core::db::Session;
use confiture_core::migration::{Direction, TransactionMode};
use confiture_fixtures::{FixtureError, MigrationRunner, Planned, Ran, Target};
use confiture_tests::Scenario;
use insta::assert_snapshot;

use super::on_database;

const FILES: [(&str, &str); 6] = [
    ("0001_a.up.sql", "CREATE TABLE a (id int);\nCREATE INDEX a_id ON a (id);\n"),
    ("0001_a.down.sql", "DROP TABLE a;"),
    ("0002_b.up.sql", "CREATE TABLE b (id int);"),
    ("0002_b.down.sql", "DROP TABLE b;"),
    ("0003_c.up.sql", "CREATE TABLE c (id int);"),
    ("0003_c.down.sql", "DROP TABLE c;"),
];

/// Runs `work` with a runner for `files` on a database of its own.
fn with_runner<T>(
    layout: &str,
    files: &[(&str, &str)],
    work: impl AsyncFnOnce(&MigrationRunner<'_>, &Session) -> T,
) -> T {
    let source = Scenario::new(files).layout(layout).load().unwrap_or_else(|error| panic!("{error}"));
    on_database(async |session| {
        let runner = MigrationRunner::new(session, &source.loaded).await.expect("a runner");
        work(&runner, session).await
    })
}

/// `0001_a up, 0002_b up 42P01`.
fn ran(ran: Result<Vec<Ran>, FixtureError>) -> String {
    let word = |ran: &Ran| {
        let failed = ran.run.failure.as_ref().and_then(|failed| failed.failure.sqlstate.as_deref());
        let failed = failed.map(|code| format!(" {code}")).unwrap_or_default();
        format!("{} {}{failed}", ran.migration, ran.run.direction.as_str())
    };
    match ran {
        Ok(ran) if ran.is_empty() => "nothing".to_owned(),
        Ok(ran) => ran.iter().map(word).collect::<Vec<_>>().join(", "),
        Err(error) => format!("failed to {error}"),
    }
}

/// `applied | pending`, and the tables that are there.
async fn state(runner: &MigrationRunner<'_>, session: &Session) -> String {
    let applied = runner.applied().await.expect("the applied migrations");
    let pending = runner.pending().await.expect("the pending migrations");
    let tables = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^.$' ORDER BY 1";
    let tables = session.query_simple(tables).await.expect("the tables").rows;
    let tables: Vec<String> = tables.into_iter().flatten().flatten().collect();
    let pending: Vec<&str> = pending.iter().map(|migration| migration.id.as_str()).collect();
    format!("{} | {} | {}", applied.join(" "), pending.join(" "), tables.join(" "))
}

#[test]
fn run_applies_what_is_pending_and_nothing_twice() {
    with_runner("sqlx", &FILES, async |runner, session| {
        assert_eq!(state(runner, session).await, " | 0001_a 0002_b 0003_c | ");
        assert_eq!(ran(runner.run(&Target::All).await), "0001_a up, 0002_b up, 0003_c up");
        assert_eq!(state(runner, session).await, "0001_a 0002_b 0003_c |  | a b c");
        assert_eq!(ran(runner.run(&Target::All).await), "nothing");
    });
}

#[test]
fn run_stops_at_the_first_failure_and_goes_on_from_there() {
    let files =
        [&FILES[..2], &[("0002_b.up.sql", "ALTER TABLE later ADD COLUMN b int;")], &FILES[4..]].concat();
    with_runner("sqlx", &files, async |runner, session| {
        assert_eq!(ran(runner.run(&Target::All).await), "0001_a up, 0002_b up 42P01");
        assert_eq!(state(runner, session).await, "0001_a | 0002_b 0003_c | a");
        session.execute("CREATE TABLE later (id int)").await.expect("a table");
        assert_eq!(ran(runner.run(&Target::All).await), "0002_b up, 0003_c up");
        assert_eq!(state(runner, session).await, "0001_a 0002_b 0003_c |  | a c");
    });
}

#[test]
fn run_goes_so_many_steps_or_up_to_a_version() {
    with_runner("sqlx", &FILES, async |runner, session| {
        assert_eq!(ran(runner.run(&Target::Steps(1)).await), "0001_a up");
        assert_eq!(ran(runner.run(&Target::Version("2".to_owned())).await), "0002_b up");
        assert_eq!(state(runner, session).await, "0001_a 0002_b | 0003_c | a b");
        assert_eq!(ran(runner.run(&Target::Version("0001".to_owned())).await), "nothing");
        assert_eq!(ran(runner.run(&Target::Version("0003_c".to_owned())).await), "0003_c up");
    });
}

#[test]
fn rollback_goes_newest_first() {
    with_runner("sqlx", &FILES, async |runner, session| {
        assert_eq!(ran(runner.rollback(&Target::All).await), "nothing");
        runner.run(&Target::All).await.expect("applied");
        assert_eq!(ran(runner.rollback(&Target::Steps(1)).await), "0003_c down");
        assert_eq!(state(runner, session).await, "0001_a 0002_b | 0003_c | a b");
        assert_eq!(ran(runner.rollback(&Target::Version("1".to_owned())).await), "0002_b down");
        assert_eq!(ran(runner.rollback(&Target::All).await), "0001_a down");
        assert_eq!(state(runner, session).await, " | 0001_a 0002_b 0003_c | ");
    });
}

#[test]
fn rollback_stops_at_the_first_failure() {
    let files = [&FILES[..3], &[("0002_b.down.sql", "DROP TABLE bb;")], &FILES[4..]].concat();
    with_runner("sqlx", &files, async |runner, session| {
        runner.run(&Target::All).await.expect("applied");
        assert_eq!(ran(runner.rollback(&Target::All).await), "0003_c down, 0002_b down 42P01");
        assert_eq!(state(runner, session).await, "0001_a 0002_b | 0003_c | a b");
    });
}

#[test]
fn a_migration_without_a_rollback_is_irreversible() {
    let files = [("1_a.sql", FILES[0].1), ("2_b.sql", FILES[2].1), ("2_b.down.sql", FILES[3].1)];
    with_runner("plain", &files, async |runner, session| {
        runner.run(&Target::All).await.expect("applied");
        assert_eq!(ran(runner.rollback(&Target::Steps(1)).await), "2_b down");
        assert_eq!(
            ran(runner.rollback(&Target::All).await),
            "failed to roll back 1_a: it has no down script"
        );
        assert_eq!(state(runner, session).await, "1_a | 2_b | a");
    });
}

#[test]
fn a_version_that_is_not_there_is_an_error_that_says_which_are() {
    with_runner("sqlx", &FILES, async |runner, session| {
        let nowhere = Target::Version("7".to_owned());
        let expected = "failed to find version 7: the directory holds 0001 to 0003";
        assert_eq!(ran(runner.run(&nowhere).await), expected);
        runner.run(&Target::Version("0003".to_owned())).await.expect("applied");
        assert_eq!(ran(runner.rollback(&nowhere).await), expected);
        assert_eq!(state(runner, session).await, "0001_a 0002_b 0003_c |  | a b c");
    });
}

#[test]
fn a_dry_run_plans_the_pending_statements_and_sends_none() {
    let planned = |migration: &str, statements: &[&str]| Planned {
        migration: migration.to_owned(),
        direction: Direction::Up,
        transaction: TransactionMode::Wrapped,
        statements: statements.iter().map(|sql| (*sql).to_owned()).collect(),
    };
    with_runner("sqlx", &FILES, async |runner, session| {
        let plan = runner.dry_run(&Target::Version("2".to_owned())).await.expect("a plan");
        let a = planned("0001_a", &["CREATE TABLE a (id int)", "CREATE INDEX a_id ON a (id)"]);
        assert_eq!(plan, [a, planned("0002_b", &["CREATE TABLE b (id int)"])]);
        assert_eq!(state(runner, session).await, " | 0001_a 0002_b 0003_c | ");
        runner.run(&Target::Steps(2)).await.expect("applied");
        let plan = runner.dry_run(&Target::All).await.expect("a plan");
        assert_eq!(plan, [planned("0003_c", &["CREATE TABLE c (id int)"])]);
        assert!(runner.dry_run(&Target::Version("9".to_owned())).await.is_err());
    });
}

#[test]
fn steps_in_another_language_are_passed_over() {
    let files = |third: &str| {
        [
            ("1_a.sql", "-- +goose Up\nCREATE TABLE a (id int);\n".to_owned()),
            ("2_fill.go", "package migrations\n".to_owned()),
            ("3_c.sql", format!("-- +goose Up\n{third};\n")),
        ]
    };
    let go = |third: &str| {
        let files = files(third);
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        with_runner("goose", &files, async |runner, session| {
            let done = ran(runner.run(&Target::All).await);
            format!("{done}\n{}", state(runner, session).await)
        })
    };
    assert_snapshot!(go("CREATE TABLE c (id int)"), @r"
    1_a up, 3_c up
    1_a 3_c | 2_fill | a c
    ");
    assert_snapshot!(go("CREATE TABLE a (id int)"), @r"
    1_a up, 3_c up 42P07
    1_a | 2_fill 3_c | a
    ");
}
