//! Migrations under load: who waits, what it costs at size, on real servers with up to 100 000 rows.

mod blocked;
mod ground;
mod operations;
mod scaled;
mod sessions;

use confiture_core::migration::{Direction, Script};
use confiture_fixtures::TestSource;
use confiture_perf::StageOptions;
use confiture_perf::load::Ground;
use confiture_tests::{Scenario, block_on, server};

/// The migrations of a test: `0001` makes the tables, `0002` is tried.
struct Chain {
    source: TestSource,
    _scenario: Scenario,
}

impl Chain {
    fn new(first: &str, second: &str) -> Self {
        Self::with_down(first, second, "SELECT 1;")
    }

    fn with_down(first: &str, second: &str, down: &str) -> Self {
        let files = [("0001_a.sql", first), ("0002_b.sql", second), ("0002_b.down.sql", down)];
        Self::of(Scenario::new(&files))
    }

    /// Statements of `second` are run one by one, each in autocommit.
    fn autocommit(first: &str, second: &str) -> Self {
        let files = [("0001_a.sql", first), ("0002_b.sql", second)];
        Self::of(Scenario::new(&files).layout("plain"))
    }

    fn of(scenario: Scenario) -> Self {
        let source = scenario.load().unwrap_or_else(|error| panic!("{error}"));
        Self { source, _scenario: scenario }
    }

    /// A script of the migration that is tried.
    fn script(&self, direction: Direction) -> &Script {
        self.source.loaded.migrations[1].step(direction).script().expect("a script")
    }

    fn ground(&self, rows: u64) -> Ground {
        let server = server();
        let lay = Ground::lay(&server, &self.source.loaded, 1, StageOptions::rows(rows));
        let ground = block_on(lay).unwrap_or_else(|e| panic!("{e}"));
        assert!(ground.filled.short().next().is_none(), "{:?}", ground.filled);
        ground
    }
}

const USERS: &str =
    "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, age int);";
