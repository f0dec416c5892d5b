//! The state before a migration, with rows.

use confiture_core::db::LockMode;
use confiture_core::migration::Direction;
use confiture_fixtures::FixtureError;
use confiture_perf::StageOptions;
use confiture_perf::load::{Ground, SIZES, WatchedRun, measured_session, watch};
use confiture_tests::{block_on, server};

use crate::{Chain, USERS};

fn run(chain: &Chain, rows: u64) -> WatchedRun {
    let _server = server();
    let ground = chain.ground(rows);
    block_on(async {
        let copy = ground.copy("test").await?;
        let session = measured_session(&copy, None).await?;
        let script = chain.script(Direction::Up);
        let run = watch(&copy, &session, script, Direction::Up, true).await?;
        session.close().await;
        copy.close().await?;
        ground.close().await?;
        Ok::<WatchedRun, FixtureError>(run)
    })
    .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn tables_are_filled_to_the_standard_sizes() {
    let _server = server();
    let chain = Chain::new(USERS, "SELECT 1;");
    for size in SIZES {
        let ground = chain.ground(size);
        let counted = block_on(async {
            let copy = ground.copy("test").await?;
            let session = copy.session().await?;
            let rows = session.query("SELECT count(*) FROM users", &[]).await;
            session.close().await;
            copy.close().await?;
            ground.close().await?;
            Ok::<i64, FixtureError>(rows.expect("a count")[0].get(0))
        });
        assert_eq!(counted.unwrap_or_else(|error| panic!("{error}")), size as i64);
    }
}

#[test]
fn a_migration_before_that_fails_is_an_error_and_not_an_empty_ground() {
    let server = server();
    let chain = Chain::new("SELECT 1/0;", "SELECT 1;");
    let laid = block_on(Ground::lay(&server, &chain.source.loaded, 1, StageOptions::rows(10)));
    assert!(laid.is_err_and(|error| error.to_string().contains("0001_a")));
}

#[test]
fn a_statement_is_charged_with_its_own_locks_log_and_processor_time() {
    let run = run(&Chain::new(USERS, "ALTER TABLE users ADD COLUMN x int; UPDATE users SET x = 1;"), 10_000);
    let [add, update] = &run.statements[..] else { panic!("{run:?}") };
    assert_eq!(add.locks.get("public.users"), Some(&LockMode::AccessExclusive));
    // Its transaction holds a stronger one already.
    assert!(update.locks.is_empty());
    assert_eq!(add.transaction, update.transaction);
    assert!(update.wal_bytes > 100_000 && add.wal_bytes < 50_000, "{run:?}");
    assert!(update.timing.cpu > add.timing.cpu && add.timing.cpu.is_some(), "{run:?}");
}

#[test]
fn what_fails_is_told_with_what_ran_before() {
    let run = run(&Chain::new(USERS, "ALTER TABLE users ADD COLUMN x int; SELECT 1/0;"), 10);
    assert_eq!(run.failure.and_then(|failure| failure.sqlstate).as_deref(), Some("22012"));
    assert_eq!(run.statements.len(), 1);
}
