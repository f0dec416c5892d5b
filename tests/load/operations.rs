//! The six monitored operations, at size.

use confiture_core::migration::Direction;
use confiture_fixtures::FixtureError;
use confiture_perf::load::{Side, interleaved, timed};
use confiture_tests::{block_on, server};

use crate::{Chain, USERS};

/// Processor and wall time of one run must be there, and something must have been done.
fn runs(chain: &Chain, rows: u64, direction: Direction) {
    let _server = server();
    let ground = chain.ground(rows);
    let timing = block_on(async {
        if direction == Direction::Down {
            ground.advance(&chain.source.loaded.migrations[1]).await?;
        }
        let script = chain.script(direction);
        let timing = timed(Side { ground: &ground, script, direction }).await?;
        ground.close().await?;
        Ok::<_, FixtureError>(timing)
    })
    .unwrap_or_else(|error| panic!("{error}"));
    assert!(timing.cpu.is_some_and(|cpu| !cpu.is_zero()) && !timing.wall.is_zero(), "{timing:?}");
}

const ADD: &str = "ALTER TABLE users ADD COLUMN x int NOT NULL DEFAULT 0;";

#[test]
fn forward_on_100_000_rows() {
    runs(&Chain::new(USERS, ADD), 100_000, Direction::Up);
}

#[test]
fn rollback_on_100_000_rows() {
    runs(&Chain::with_down(USERS, ADD, "ALTER TABLE users DROP COLUMN x;"), 100_000, Direction::Down);
}

#[test]
fn bulk_inserts_of_10_000_and_50_000_rows() {
    for rows in [10_000, 50_000] {
        let insert = format!("INSERT INTO users (name) SELECT 'n' || i FROM generate_series(1, {rows}) i;");
        runs(&Chain::new(USERS, &insert), 10_000, Direction::Up);
    }
}

#[test]
fn index_build_on_100_000_rows() {
    runs(&Chain::new(USERS, "CREATE INDEX users_age ON users (age);"), 100_000, Direction::Up);
}

#[test]
fn a_migration_of_several_tables_with_50_000_rows() {
    let two = format!("{USERS} CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint NOT NULL);");
    let second = "ALTER TABLE users ALTER COLUMN age TYPE bigint; CREATE INDEX ON orders (customer); \
                  UPDATE orders SET customer = customer + 1;";
    runs(&Chain::new(&two, second), 50_000, Direction::Up);
}

#[test]
fn two_versions_are_timed_as_often_as_asked_and_a_failing_one_is_an_error() {
    let _server = server();
    let (base, broken) = (Chain::new(USERS, ADD), Chain::new(USERS, "SELECT 1/0;"));
    let ground = base.ground(1000);
    let script = base.script(Direction::Up);
    let other = broken.script(Direction::Up);
    let good = Side { ground: &ground, script, direction: Direction::Up };
    let (a, b) = block_on(interleaved(good, good, 5)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((a.len(), b.len()), (5, 5));
    let failed = block_on(interleaved(good, Side { script: other, ..good }, 5));
    assert!(failed.is_err_and(|error| error.to_string().contains("0002_b")));
    block_on(ground.close()).unwrap_or_else(|error| panic!("{error}"));
}
